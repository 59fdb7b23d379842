"""Translates a test set with a model, scores it, and registers the model.

mlflow run . -e evaluate -P model=runs:/RUN_ID/translator -P data_dir=data/KEY
mlflow run . -e evaluate -P test_corpus="test.{en,fr}"
"""

import dataclasses
import shlex
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from components.dataset.heldout import read_heldout
from components.dataset.manifest import Manifest
from components.errors import InputError
from components.evaluation.facts import corpus_facts, rare_words, shown_alignments, unknown_rate
from components.evaluation.metrics import bleu, chrf
from components.evaluation.paired import compare
from components.evaluation.parameters import EvaluateParameters
from components.evaluation.report import Report, Rival, render
from components.evaluation.scores import Example, Scores, score_translations
from components.evaluation.summary import as_document, as_metrics, as_table, as_text
from components.serving.loading import LoadedModel, load_model
from components.serving.options import TranslationOptions
from components.serving.translation import Translation
from components.serving.translator import Translator
from components.tracking import StepRun, check_tracking, step_run
from components.tracking.gate import Candidate, decide, pairs_digest
from components.translation.stream import translate_stream
from pipelines import cli
from pipelines.local_dataset import local_dataset

ABOUT = "Translates a test set with a model, scores it, and registers the model."
SHOWN_EXAMPLES = 5
# Charts of the report → metrics that `train` records.
CURVES = {"Loss": ("train_loss", "train_sampled_loss", "val_loss"), "Validation BLEU": ("val_bleu",)}


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found out.

    ``bleu`` and ``chrf`` go from 0 to 100; ``signature`` is sacreBLEU's of BLEU; ``examples`` are a few sentences from
    all over the test set; ``name`` and ``version`` are those under which the model is registered, empty if it is a
    folder that MLflow does not know; ``promotion`` is what was decided about that version, in a line; ``run_id`` is
    that of the MLflow run.
    """

    bleu: float
    chrf: float
    signature: str
    examples: tuple[Example, ...]
    sentences_per_second: float
    name: str
    version: str
    promotion: str
    run_id: str
    scores: Scores


def main(argv: Sequence[str]) -> None:
    values = cli.parse(argv, "evaluate", ABOUT, [EvaluateParameters])
    check_tracking()
    if values["data_dir"]:
        values["data_dir"] = str(local_dataset(values["data_dir"]))
    evaluation = run(cli.select(EvaluateParameters, values))
    print(as_text(evaluation.scores, evaluation.examples, evaluation.sentences_per_second))
    print(f"Model  {evaluation.name} version {evaluation.version}" if evaluation.name else "Model  not registered")
    if evaluation.promotion:
        print(f"Gate   {evaluation.promotion}")


def run(parameters: EvaluateParameters, model_uri: str = "", data_dir: Path | None = None) -> Evaluation:
    """Translates, scores, records and registers, in an MLflow run of its own.

    Args:
        parameters: what is set.
        model_uri: the model, if a step before made it; otherwise ``parameters.model``.
        data_dir: the dataset, if a step before made it; otherwise ``parameters.data_dir``.

    Raises:
        InputError: if model or test set cannot be used.
    """
    parameters = dataclasses.replace(
        parameters, model=model_uri or parameters.model, data_dir=str(data_dir or parameters.data_dir)
    )
    _check(parameters)
    with step_run("evaluate", parameters) as tracked:
        model = load_model(parameters.model)
        codec = model.translator.codec
        pairs = _test_pairs(parameters, model.translator, tracked)
        sources, references = ([pair[side] for pair in pairs] for side in (0, 1))
        translations, speed = _translate(model.translator, sources, parameters)
        texts = [translation.text for translation in translations]
        scores = score_translations(sources, references, texts, rare_words(sources, codec))
        _record(tracked, model, scores, speed)
        tracked.log_text(render(_report(parameters, model, scores, translations, speed)), "report.html")
        name, version, promotion = _registered(tracked, model, parameters, scores)
        tracked.set_tags({"model": f"models:/{name}/{version}" if name else model.found.uri})
    step = max(len(pairs) // SHOWN_EXAMPLES, 1)
    return Evaluation(
        bleu=scores.bleu.value,
        chrf=scores.chrf.value,
        signature=scores.bleu.signature,
        examples=scores.examples[::step][:SHOWN_EXAMPLES],
        sentences_per_second=speed,
        name=name,
        version=version,
        promotion=promotion,
        run_id=tracked.run_id,
        scores=scores,
    )


def _check(parameters: EvaluateParameters) -> None:
    """Refuses what needs no model to be seen through."""
    if not parameters.test_corpus and not parameters.data_dir:
        raise InputError("data_dir, test_corpus: neither is set; one of them names the sentences to translate")
    if not parameters.test_corpus and "test" not in Manifest.load(Path(parameters.data_dir)).heldout:
        raise InputError(f"data_dir: the dataset in {parameters.data_dir} has no test split; set test_corpus")


def _test_pairs(parameters: EvaluateParameters, translator: Translator, tracked: StepRun) -> list[tuple[str, str]]:
    """(source, reference) of the test set, at least one, in order."""
    if parameters.test_corpus:
        # Brings Beam with it, which takes seconds.
        from components.evaluation.pairs import read_pairs

        languages = translator.codec.settings
        pairs = read_pairs("test_corpus", parameters.test_corpus, languages.source_language, languages.target_language)
        tracked.log_corpus(parameters.test_corpus, pairs_digest(pairs), "test", len(pairs))
    else:
        folder = Path(parameters.data_dir)
        manifest = Manifest.load(folder)
        pairs = read_heldout(folder, manifest.heldout["test"])
        tracked.log_dataset(folder, manifest, context="test")
    if not pairs:
        raise InputError("test set: it holds no sentence")
    return pairs


def _translate(
    translator: Translator, sources: Sequence[str], parameters: EvaluateParameters
) -> tuple[list[Translation], float]:
    """Translations, and sentences a second. A line of a test set is one sentence to its references: it stays whole."""
    options = TranslationOptions(parameters.beam_width, parameters.length_penalty, split_sentences=False)
    translator.translate(sources[:1], options)  # The first call prepares the graph: not what the speed is about.
    start = time.monotonic()
    translations = list(translate_stream(translator, sources, options, len(sources)))
    return translations, len(sources) / (time.monotonic() - start)


def _record(tracked: StepRun, model: LoadedModel, scores: Scores, speed: float) -> None:
    """The scores are those of this model on this test set, which MLflow shows with both."""
    tracked.log_metrics(as_metrics(scores), model_id=model.model_id or None, dataset=tracked.datasets[-1])
    tracked.log_metrics({"sentences_per_second": speed})
    tracked.log_table(as_table(scores), "translations.json")
    tracked.log_text(as_document(scores), "scores.json")


def _report(
    parameters: EvaluateParameters,
    model: LoadedModel,
    scores: Scores,
    translations: Sequence[Translation],
    speed: float,
) -> Report:
    sources, references = ([getattr(e, side) for e in scores.examples] for side in ("source", "reference"))
    settings = {name: value for name, value in asdict(parameters).items() if value != "" and name != "model_name"}
    flags = " ".join(f"-P {name}={shlex.quote(str(value))}" for name, value in settings.items())
    manifest = Manifest.load(Path(parameters.data_dir)) if parameters.data_dir else None
    return Report(
        title=f"{parameters.model_name}: {model.found.label}",
        scores=scores,
        unknown_rate=unknown_rate(translations, model.translator.codec),
        sentences_per_second=speed,
        rivals=[Rival("the source, copied", bleu(sources, references), chrf(sources, references))],
        facts={
            "Model": model.found.uri,
            "Test set": parameters.test_corpus or f"test split of {parameters.data_dir}",
            "Search": f"beam width {parameters.beam_width}, length penalty {parameters.length_penalty:g}",
            "chrF": scores.chrf.signature,
        },
        corpus=corpus_facts(manifest) if manifest else {},
        curves=_training_curves(model),
        alignments=shown_alignments(translations),
        commands=[f"mlflow run . -e evaluate {flags}"],
    )


def _training_curves(model: LoadedModel) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """What the run that made the model recorded by step: chart → metric → (step, value); empty without such a run."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    run_id, charts = model.pyfunc.metadata.run_id, {}
    with suppress(MlflowException):
        client = MlflowClient()
        recorded = client.get_run(run_id).data.metrics if run_id else {}
        for chart, wanted in CURVES.items():
            histories = {name: client.get_metric_history(run_id, name) for name in wanted if name in recorded}
            curves = {name: [(m.step, m.value) for m in history] for name, history in histories.items()}
            charts[chart] = {name: curve for name, curve in curves.items() if len(curve) > 1}
    return {chart: curves for chart, curves in charts.items() if curves}


def _registered(
    tracked: StepRun, model: LoadedModel, parameters: EvaluateParameters, scores: Scores
) -> tuple[str, str, str]:
    """Name and version in the registry, and what was decided about it; all empty for a mere folder.

    A model that is in the registry already stays what it is there.
    """
    if model.found.name or not model.model_id:
        return model.found.name, model.found.version, ""

    def translate(sources: Sequence[str]) -> list[str]:
        return [translation.text for translation in _translate(model.translator, sources, parameters)[0]]

    sources, references, translations = (
        [getattr(example, side) for example in scores.examples] for side in ("source", "reference", "translation")
    )
    candidate = Candidate(f"models:/{model.model_id}", sources, references, translations, translate)
    tags = {name: f"{value:.2f}" for name, value in as_metrics(scores).items()}
    decision = decide(tracked, candidate, parameters.model_name, compare, parameters.promotion_p, tags)
    return decision.name, decision.version, decision.line


if __name__ == "__main__":
    cli.run(main)
