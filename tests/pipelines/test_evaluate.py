"""`evaluate` as a user starts it, with a model that echoes: the reference is the source, with some words changed."""

import json
import re
from pathlib import Path
from types import ModuleType

import mlflow
import pytest

from components.dataset.heldout import write_heldout
from components.dataset.manifest import Counts, Manifest
from components.errors import InputError
from components.serving.package import log_translator
from pipelines import evaluate, rollback, workflow
from pipelines.evaluate import EvaluateParameters

PAIRS = [
    ("A man rides a bicycle.", "A man rides a bicycle."),
    ("Yes! Where are my keys?", "Yes! Where are my cars?"),
    ("One two three four.", "One two three four."),
]


@pytest.fixture
def model(echo_exported: tuple[Path, Path]) -> str:
    """A logged model, as `train` leaves it."""
    with mlflow.start_run():
        return log_translator(*echo_exported).model_uri


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "dataset"
    heldout = {"test": write_heldout(folder, "test", PAIRS, given=True)}
    Manifest("key", "fingerprint", {}, Counts(0, 0, 0, {}), {}, {}, heldout).save(folder)
    return folder


def test_scores_are_recorded_and_the_model_registered(
    model: str, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate.main(["--model", model, "--data_dir", str(data_dir), "--model_name", "echo"])
    printed = capsys.readouterr().out
    assert "Model  echo version 1" in printed
    assert "translation  Yes! Where are my keys?" in printed

    client = mlflow.MlflowClient()
    version = client.get_model_version_by_alias("echo", "champion")
    (run,) = client.search_runs(["0"], "tags.step = 'evaluate'")
    assert run.info.status == "FINISHED"
    assert f"{run.data.metrics['test_bleu']:.2f}" == version.tags["test_bleu"]
    assert 60 < run.data.metrics["test_bleu"] < 100
    assert run.data.metrics["sentences_per_second"] > 0
    table = mlflow.load_table("translations.json", run_ids=[run.info.run_id])
    assert table["translation"].tolist() == [source for source, _ in PAIRS]
    report = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/report.html")
    assert "the source, copied" in report
    # Under another name it would have other rivals.
    assert "-P model_name=echo" in report
    assert "-P force" not in report
    document = mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/report.json")
    assert document["scores"]["bleu"]["value"] == run.data.metrics["test_bleu"]
    tags = {tag.key: tag.value for tag in run.inputs.dataset_inputs[0].tags}
    assert tags["mlflow.data.context"] == "test"


def test_the_champion_is_no_rival_of_its_own(model: str, echo_exported: tuple[Path, Path], data_dir: Path) -> None:
    def rivals(uri: str) -> list[str]:
        evaluation = evaluate.run(EvaluateParameters(model=uri, data_dir=str(data_dir), beam_width=1))
        report = mlflow.artifacts.load_dict(f"runs:/{evaluation.run_id}/report.json")
        return [rival["name"] for rival in report["rivals"]]

    copied = "the source, copied"
    assert rivals(model) == rivals(model) == rivals("models:/nmt-en-fr@champion") == [copied]
    with mlflow.start_run():
        another = log_translator(*echo_exported).model_uri
    assert rivals(another) == ["nmt-en-fr version 1, the champion before", copied]


def test_a_guard_is_a_second_test(
    model: str, echo_exported: tuple[Path, Path], data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    guard = tmp_path / "guard.tsv"
    guard.write_text("".join(f"{source}\t{source}\n" for source in ("A cat sleeps here.", "Two birds sing there.")))

    def evaluated(uri: str) -> tuple[dict, dict, str]:
        parameters = EvaluateParameters(model=uri, data_dir=str(data_dir), guard_corpus=str(guard), beam_width=1)
        run = mlflow.get_run(evaluate.run(parameters).run_id)
        page = mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/report.html")
        return run.data.metrics, mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/report.json"), page

    # Judged before there was a guard.
    evaluate.run(EvaluateParameters(model=model, data_dir=str(data_dir), beam_width=1))
    with mlflow.start_run():
        another = log_translator(*echo_exported).model_uri
    metrics, document, page = evaluated(another)
    assert metrics["guard_bleu"] == document["guard"]["bleu"]["value"] == pytest.approx(100)
    assert metrics["guard_sentences"] == 2
    copied = "the source, copied"
    assert [rival["name"] for rival in document["guard_rivals"]] == ["nmt-en-fr version 1, the champion before", copied]
    assert "On the guard" in page
    client = mlflow.MlflowClient()
    version = client.get_model_version("nmt-en-fr", "2")
    assert version.tags["promotion.guard_low"] == "+0.0000"
    assert "loses no more than 0.5 on the guard's 2 sentences" in version.tags["promotion.reason"]
    assert version.tags["guard_bleu"] == "100.00"
    # Nothing is translated twice.
    capsys.readouterr()
    assert evaluated(another)[0]["guard_bleu"] == metrics["guard_bleu"]
    assert "scored this model on this test set already" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["en/fr", "en:fr", "en@fr", "l'ete", 'a"b', "", " "])
@pytest.mark.parametrize("entry", [workflow, evaluate, rollback])
def test_a_name_that_the_registry_cannot_take_is_refused_at_once(entry: ModuleType, name: str) -> None:
    refusal = f"model_name: found {name!r}, must be a text, not empty, without / : @ ' \""
    with pytest.raises(InputError, match=re.escape(refusal)):
        entry.main(["--model_name", name])
    assert mlflow.MlflowClient().search_runs(["0"]) == []


def test_a_registered_model_is_not_registered_again(model: str, tmp_path: Path) -> None:
    mlflow.register_model(model, "echo")
    corpus = tmp_path / "test.tsv"
    corpus.write_text("".join(f"{source}\t{target}\n" for source, target in PAIRS))
    parameters = EvaluateParameters(model="models:/echo/1", test_corpus=str(corpus), beam_width=1)
    evaluation = evaluate.run(parameters)
    assert (evaluation.name, evaluation.version) == ("echo", "1")
    assert [example.source for example in evaluation.examples] == [source for source, _ in PAIRS]
    assert len(mlflow.MlflowClient().search_model_versions("name='echo'")) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "data_dir, test_corpus: neither is set"),
        ("--data_dir nowhere", "data_dir: nowhere holds no prepared dataset"),
        ("--data_dir DATASET --model models:/nobody@champion", "model: models:/nobody@champion cannot be loaded"),
        ("--data_dir EMPTY --model MODEL", "test set: it holds no sentence"),
        ("--test_corpus nowhere.tsv --model MODEL", "nowhere.tsv"),
        ("--data_dir DATASET --guard_corpus nowhere.tsv --model MODEL", "guard_corpus: there is no file nowhere.tsv"),
        ("--data_dir DATASET --guard_corpus NOTHING --model MODEL", "guard_corpus: "),
        ("--data_dir DATASET --guard_corpus NO_PAIR --model MODEL", "line 2"),
        ("--data_dir DATASET --guard_loss -1 --model MODEL", "guard_loss: found '-1', must be"),
    ],
)
def test_refusals(arguments: str, message: str, echo_packaged: Path, data_dir: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    heldout = {"test": write_heldout(empty, "test", [], given=True)}
    Manifest("key", "fingerprint", {}, Counts(0, 0, 0, {}), {}, {}, heldout).save(empty)
    (tmp_path / "nothing.tsv").touch()
    (tmp_path / "no_pair.tsv").write_text("One.\tUn.\nTwo.\n")
    places = {"MODEL": str(echo_packaged), "DATASET": str(data_dir), "EMPTY": str(empty)}
    places |= {name.upper(): str(tmp_path / f"{name}.tsv") for name in ("nothing", "no_pair")}
    with pytest.raises(InputError) as refusal:
        evaluate.main([places.get(word, word) for word in arguments.split()])
    assert message in str(refusal.value)
    assert json.dumps(str(refusal.value)).count("\\n") == 0
