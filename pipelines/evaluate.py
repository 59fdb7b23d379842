"""Translates a test set with a model, scores it, and registers the model.

./nmt evaluate -P model=runs:/RUN_ID/translator -P data_dir=data/KEY
./nmt evaluate -P test_corpus="test.{en,fr}"
"""

import dataclasses
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from components.dataset.heldout import read_heldout
from components.dataset.manifest import Manifest
from components.errors import InputError
from components.evaluation.corpus_page import corpus_facts
from components.evaluation.measurement import (
    Measurement,
    as_metrics,
    as_table,
    as_text,
    guard_metrics,
    measure,
    read_measurement,
    test_metrics,
    translator_forms,
)
from components.evaluation.report import Report, Rival, render
from components.evaluation.scores import Example, Scores, bleu, chrf, compare
from components.evaluation.test_set import TestSet, read_pairs
from components.parameters import force_parameter, forced_steps, parameter, select
from components.serving.options import SearchOptions, TranslationOptions
from components.serving.package import FoundModel, find_model
from components.text.codec import TextCodec
from components.tracking import StepRun, check_tracking, step_run
from components.tracking.cache import find_finished, mark_reused, remember, step_key
from components.tracking.description import git_facts
from components.tracking.gate import Candidate, Champion, Guard, decide, kept_translations, present_champion
from components.tracking.registry import model_name_parameter
from components.tracking.store import read_curves
from pipelines import cli
from pipelines.local_dataset import local_dataset

STEP = "evaluate"
ABOUT = "Translates a test set with a model, scores it, and registers the model."
SHOWN_EXAMPLES = 5
# Charts of the report → metrics that `train` records.
CURVES = {"Loss": ("train_loss", "train_sampled_loss", "val_loss"), "Validation BLEU": ("val_bleu",)}
# Artifacts of the run: the page, the same as data, and the sentences.
PAGE, DOCUMENT, TABLE, GUARD_TABLE = "report.html", "report.json", "translations.json", "guard.json"


@dataclass(frozen=True)
class EvaluateParameters(SearchOptions):
    """Which model, on which sentences, registered as what."""

    model: str = parameter(
        "models:/nmt-en-fr@champion",
        "the model: models:/NAME@ALIAS, models:/NAME/VERSION, models:/MODEL_ID, runs:/RUN_ID/NAME or a folder",
    )
    data_dir: str = parameter("", "folder of a prepared dataset, the test split of which is translated")
    test_corpus: str = parameter("", "a corpus to translate instead of the dataset's test split: PATH.{en,fr}, …")
    guard_corpus: str = parameter("", "a second test, on which a new version must not lose what the champion knows")
    guard_loss: float = parameter(
        0.5, "BLEU that a new version may lose on `guard_corpus`, with 95 % confidence", minimum=0, maximum=100
    )
    model_name: str = model_name_parameter("the registered model that gets the model as a new version")
    promotion_p: float = parameter(
        0.05,
        "p value below which a model that scores better than the champion replaces it",
        minimum=0,
        maximum=1,
    )
    force: str = force_parameter()


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found out.

    ``name`` and ``version`` are those under which the model is registered, empty if it is a folder that MLflow does not
    know; ``promotion`` is what was decided about that version, in a line; ``run_id`` is that of the MLflow run.
    """

    measured: Measurement
    name: str
    version: str
    promotion: str
    run_id: str

    @property
    def examples(self) -> tuple[Example, ...]:
        """A few sentences from all over the test set."""
        examples = self.measured.scores.examples
        return examples[:: max(len(examples) // SHOWN_EXAMPLES, 1)][:SHOWN_EXAMPLES]


def main(argv: Sequence[str]) -> None:
    values = cli.parse(argv, STEP, ABOUT, [EvaluateParameters])
    check_tracking()
    if values["data_dir"]:
        values["data_dir"] = str(local_dataset(values["data_dir"]))
    evaluation = run(cli.select(EvaluateParameters, values))
    print(as_text(evaluation.measured, evaluation.examples))
    print(f"Model  {evaluation.name} version {evaluation.version}" if evaluation.name else "Model  not registered")
    if evaluation.promotion:
        print(f"Gate   {evaluation.promotion}")


def run(parameters: EvaluateParameters, model_uri: str = "", data_dir: Path | None = None) -> Evaluation:
    """Translates and scores, unless that was done before; records, registers, and decides which model is champion.

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
    forced = STEP in forced_steps(parameters.force)
    _check(parameters)
    with step_run(STEP, parameters, name=f"{STEP} beam {parameters.beam_width}") as tracked:
        model = find_model(parameters.model)
        guard = _sentences("guard", parameters, model, tracked)
        test = _sentences("test", parameters, model, tracked)
        if not test:
            raise InputError("test set: it holds no sentence")
        measured = _measured(parameters, model, test, guard, tracked, forced)
        rival_name = model.name or parameters.model_name
        champion = present_champion(rival_name)  # The decision below may change that.
        tracked.flush()  # A promotion refers to what this run logged.
        name, version, promotion = _registered(tracked, model, parameters, test, guard, measured)
        if champion and champion.version == version:
            champion = None  # It is no rival to itself.
        rivals = _rivals(rival_name, champion, test, measured.scores)
        guard_rivals = _rivals(rival_name, champion, guard, measured.guard)
        title = f"{name} version {version}" if name else model.label
        report = _report(title, parameters, model, measured, rivals, guard_rivals, promotion)
        tracked.log_text(render(report), PAGE)
        tracked.log_text(report.as_json(), DOCUMENT)
        tracked.set_tags({"model": f"models:/{name}/{version}" if name else model.uri})
        tracked.describe("\n\n".join(filter(None, (tracked.note, promotion))))
    return Evaluation(measured, name, version, promotion, tracked.run_id)


def _check(parameters: EvaluateParameters) -> None:
    """Refuses what can be refused before a model is loaded."""
    if not parameters.test_corpus and not parameters.data_dir:
        raise InputError("data_dir, test_corpus: neither is set; one of them names the sentences to translate")
    if not parameters.test_corpus and "test" not in Manifest.load(Path(parameters.data_dir)).heldout:
        raise InputError(f"data_dir: the dataset in {parameters.data_dir} has no test split; set test_corpus")


def _sentences(part: str, parameters: EvaluateParameters, model: FoundModel, tracked: StepRun) -> TestSet | None:
    """The test set or the guard, logged as an input of the run; None if there is none.

    Args:
        part: ``test`` or ``guard``: a corpus of its own, else that part of the dataset.
        parameters: which name them.
        model: that is to translate them.
        tracked: the run.
    """
    if corpus := getattr(parameters, f"{part}_corpus"):
        languages = TextCodec.load(model.codec_folder).settings
        pairs = read_pairs(f"{part}_corpus", corpus, languages.source_language, languages.target_language)
        if not pairs:
            raise InputError(f"{part}_corpus: {corpus} is empty; at least one pair of sentences is needed")
        sentences = TestSet.of(pairs)
        tracked.log_corpus(corpus, sentences.digest, part, len(pairs))
        return sentences
    folder = Path(parameters.data_dir)
    manifest = Manifest.load(folder) if parameters.data_dir else None
    if not manifest or part not in manifest.heldout:
        return None
    tracked.log_dataset(folder, manifest, context=part)
    sentences = TestSet.of(read_heldout(folder, manifest.heldout[part]))
    return sentences if sentences.sources else None


def _measured(
    parameters: EvaluateParameters,
    model: FoundModel,
    test: TestSet,
    guard: TestSet | None,
    tracked: StepRun,
    forced: bool,
) -> Measurement:
    """The scores of this model on these sentences: those of an earlier run if they are still there, else new ones."""
    options = _options(parameters)
    inputs = {"model": model.digest(), "test": test.digest, **({"guard": guard.digest} if guard else {})}
    key = step_key(STEP, "pipelines.evaluate", inputs, asdict(options))
    measured, earlier = None, None
    for earlier in [] if forced else find_finished(STEP, key):
        guard_table = earlier.read(GUARD_TABLE) if guard else None
        if measured := read_measurement(earlier.read(DOCUMENT), earlier.read(TABLE), test, guard_table, guard):
            print(f"{STEP}: run {earlier.run_id} scored this model on this test set already, and is reused")
            mark_reused(tracked, earlier, metrics=False)
            break
    if measured is None:
        translator = model.load().translator
        measured = measure(translator, translator.attention, test.sources, test.references, options, guard)
        remember(tracked, key, {"document": DOCUMENT, "table": TABLE})
    # Of this model on this test set: MLflow shows them with both. The model may be another with the same content.
    # The guard, if there is one, was logged before the test set.
    for metrics, dataset in zip(
        (test_metrics(measured), guard_metrics(measured)), tracked.datasets[::-1], strict=False
    ):
        tracked.log_metrics(metrics, model_id=model.model_id or None, dataset=dataset)
    tracked.log_metrics(
        {"sentences_per_second": measured.sentences_per_second, "test_unknown_rate": measured.unknown_rate}
    )
    tracked.log_table(as_table(measured.scores), TABLE)
    if measured.guard:
        tracked.log_table(as_table(measured.guard), GUARD_TABLE)
    return measured


def _options(parameters: EvaluateParameters) -> TranslationOptions:
    # A line of a test set is one sentence to its references: it stays whole.
    return TranslationOptions(**asdict(select(SearchOptions, vars(parameters))), split_sentences=False)


def _rivals(name: str, champion: Champion | None, test: TestSet | None, scores: Scores | None) -> list[Rival]:
    """The champion of ``name``, if its translations of this test set are known, and the source itself."""
    rivals: list[Rival] = []
    if not test or not scores:
        return rivals
    if champion and (theirs := kept_translations(name, champion.version, test)):
        p_value = compare(test.references, theirs, scores.translations).p_value
        label = f"{name} version {champion.version}, the champion before"
        rivals.append(Rival(label, bleu(theirs, test.references), chrf(theirs, test.references), p_value))
    copied = bleu(test.sources, test.references), chrf(test.sources, test.references)
    return [*rivals, Rival("the source, copied", *copied)]


def _registered(
    tracked: StepRun,
    model: FoundModel,
    parameters: EvaluateParameters,
    test: TestSet,
    guard: TestSet | None,
    measured: Measurement,
) -> tuple[str, str, str]:
    """Name and version in the registry, and what was decided about it; all empty for a folder that was never logged.

    A model that is in the registry already stays what it is there.
    """
    if model.name or not model.model_id:
        return model.name, model.version, ""

    def translate(sources: Sequence[str], other: FoundModel = model) -> list[str]:
        translated = other.load().translator.translate(sources, _options(parameters))
        return [found.text for found in translated]

    def translate_by(version: str, sources: Sequence[str]) -> list[str]:
        return translate(sources, find_model(f"models:/{parameters.model_name}/{version}"))

    def forms(other: TestSet) -> dict[str, float]:
        if other.digest == test.digest:
            return measured.forms
        return translator_forms(model.load().translator, other.sources, other.references, _options(parameters))

    watched = Guard(guard, measured.guard.translations, parameters.guard_loss) if guard and measured.guard else None
    translations = measured.scores.translations
    candidate = Candidate(f"models:/{model.model_id}", test, translations, translate, forms, watched)
    tags = {name: f"{value:.2f}" for name, value in as_metrics(measured).items()}
    decision = decide(tracked, candidate, parameters.model_name, parameters.promotion_p, tags, translate_by)
    return decision.name, decision.version, decision.line


def _report(
    title: str,
    parameters: EvaluateParameters,
    model: FoundModel,
    measured: Measurement,
    rivals: Sequence[Rival],
    guard_rivals: Sequence[Rival],
    promotion: str,
) -> Report:
    settings = {name: value for name, value in asdict(parameters).items() if value != "" and name != "force"}
    flags = " ".join(f"-P {name}={shlex.quote(str(value))}" for name, value in settings.items())
    manifest = Manifest.load(Path(parameters.data_dir)) if parameters.data_dir else None
    checkout = [f"git checkout {commit}" for commit in [git_facts().get("git.commit")] if commit]
    facts = {
        "Model": model.uri,
        "Trained by": f"run {model.run_id}" if model.run_id else "",
        "Test set": parameters.test_corpus or f"test split of {parameters.data_dir}",
        "Guard": parameters.guard_corpus or (f"guard of {parameters.data_dir}" if measured.guard else ""),
        "Search": f"beam width {parameters.beam_width}, length penalty {parameters.length_penalty:g},"
        f" coverage penalty {parameters.coverage_penalty:g}",
        "Promotion": promotion,
        "chrF2": measured.scores.chrf.signature,
    }
    return Report(
        title=title,
        measured=measured,
        rivals=rivals,
        guard_rivals=guard_rivals,
        facts={label: fact for label, fact in facts.items() if fact},
        corpus=corpus_facts(manifest) if manifest else {},
        curves=read_curves(model.run_id, CURVES),
        commands=[*checkout, f"./nmt evaluate {flags}"],
    )


if __name__ == "__main__":
    cli.run(main)
