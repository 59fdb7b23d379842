"""The whole workflow, for real, on a corpus of a few hundred pairs: run tree, summary, and what is not done again."""

import dataclasses
import io
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from components.dataset.manifest import Manifest
from components.errors import InputError
from components.parameters import STEPS, forced_steps
from pipelines import cli, train, translate, workflow
from pipelines.evaluate import Evaluation
from tests.conftest import forget_store, new_store

SMALL = ["--units=8", "--embedding_size=8", "--epochs=1", "--min_count=2", "--batch_tokens=512"]


def write_corpus(path: Path, last: str = "tard") -> None:
    subjects = [("I", "Je"), ("You", "Tu"), ("Paul", "Paul"), ("The cat", "Le chat"), ("We", "Nous")]
    verbs = [(f"see {n} dogs", f"voir {n} chiens") for n in range(60)]
    lines = [f"{en} {what} today .\t{fr} {quoi} {last} .\n" for en, fr in subjects for what, quoi in verbs]
    path.write_text("".join(lines), encoding="utf-8")


def steps_of(parent: Run) -> dict[str, Run]:
    runs = MlflowClient().search_runs(["0"], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")
    return {run.data.tags["step"]: run for run in runs}


Worked = tuple[Evaluation, Run, set[str]]


def workflow_of(*argv: str) -> Worked:
    """Runs the workflow on ``pairs.tsv`` where it stands: the evaluation, the parent run, and the steps not reused."""
    arguments = ["--corpus", "pairs.tsv", *SMALL, *argv]
    values = cli.parse(arguments, "workflow", "", workflow.PARAMETERS, workflow.WITHOUT)
    evaluation = workflow.run(values)
    parent = MlflowClient().search_runs(["0"], "tags.step = 'main'", max_results=1)[0]
    done = {step for step, run in steps_of(parent).items() if "reused" not in run.data.tags}
    return evaluation, parent, done


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Worked]:
    """Runs the workflow in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path / "pairs.tsv")
    return workflow_of


@dataclass(frozen=True)
class First:
    """A workflow that ran once, in a folder and with a tracking store of its own."""

    folder: Path
    uri: str
    evaluation: Evaluation
    parent: Run
    done: set[str]
    printed: str


@pytest.fixture(scope="module")
def first_of_module(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> First:
    folder = tmp_path_factory.mktemp("workflow")
    uri = new_store(empty_store, folder / "tracking")
    write_corpus(folder / "pairs.tsv")
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(printed):
        patched.setenv("MLFLOW_TRACKING_URI", uri)
        patched.chdir(folder)
        first = First(folder, uri, *workflow_of(), printed="")
        forget_store()
    return dataclasses.replace(first, printed=printed.getvalue())


@pytest.fixture
def first(first_of_module: First, tracking_uri: str, monkeypatch: pytest.MonkeyPatch) -> First:
    """It, with the test in its folder, at its store."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", first_of_module.uri)
    monkeypatch.chdir(first_of_module.folder)
    return first_of_module


def test_tree_and_summary(first: First) -> None:
    assert first.done == {"prepare", "train", "evaluate"}
    parent, steps = first.parent, steps_of(first.parent)
    assert {run.info.status for run in [parent, *steps.values()]} == {"FINISHED"}
    assert parent.info.run_name == "workflow pairs.tsv"
    assert steps["prepare"].data.params["corpus"] == parent.data.params["corpus"] == "pairs.tsv"
    assert steps["train"].data.params["units"] == parent.data.params["units"] == "8"
    scores = first.evaluation.measured.scores
    assert parent.data.metrics["test_bleu"] == steps["evaluate"].data.metrics["test_bleu"] == scores.bleu.value
    for line in (
        *(f"[{number}/3] {step} …" for number, step in enumerate(STEPS, start=1)),
        f"BLEU {scores.bleu.value:.1f}   chrF {scores.chrf.value:.1f}",
        "Model  nmt-en-fr version 1",
        "Gate   nmt-en-fr version 1 is now champion: there was no champion",
        "Serve  ./nmt serve -P model=models:/nmt-en-fr/1",
        "UI     ./nmt ui --backend-store-uri sqlite:////",
    ):
        assert line in first.printed
    assert first.printed.count("    translation  ") == 5


def test_lineage_by_plain_calls(first: First) -> None:
    """Corpus → dataset → run → logged model → version and back, each by one call of MLflow's own client."""
    client = MlflowClient()
    version = client.get_model_version_by_alias("nmt-en-fr", "champion")
    train = client.get_run(version.run_id)
    model = client.get_logged_model(version.source.removeprefix("models:/"))
    assert model.source_run_id == train.info.run_id
    assert [output.model_id for output in train.outputs.model_outputs] == [model.model_id]

    (trained_on,) = train.inputs.dataset_inputs
    fingerprint = train.data.tags["fingerprint"]
    assert trained_on.dataset.digest == fingerprint[:36]
    assert version.tags["train.fingerprint"] == fingerprint
    assert version.tags["train.run"] == train.info.run_id
    users = client.search_runs(["0"], f"dataset.digest = '{fingerprint[:36]}'")
    assert {run.data.tags["step"] for run in users} == {"main", "prepare", "train"}
    (prepared,) = [run for run in users if run.data.tags["step"] == "prepare"]
    inputs = {tag.value: used.dataset for used in prepared.inputs.dataset_inputs for tag in used.tags}
    assert inputs["corpus"].name == "pairs.tsv"
    assert inputs["prepare"].digest == fingerprint[:36]

    scores = {metric.key: metric for metric in model.metrics}
    evaluate = client.get_run(scores["test_bleu"].run_id)
    assert evaluate.data.metrics["test_bleu"] == scores["test_bleu"].value
    assert scores["test_bleu"].dataset_digest == version.tags["test.digest"][:36]
    assert evaluate.inputs.dataset_inputs[0].dataset.digest == version.tags["test.digest"][:36]
    assert evaluate.data.tags["model"] == "models:/nmt-en-fr/1"


def test_where_nothing_changed_nothing_is_done(first: First) -> None:
    """The tree says whose results stand, and the gate decides again."""
    steps = steps_of(first.parent)
    again, parent, done = workflow_of()
    assert done == set()
    reused = steps_of(parent)
    for step in STEPS:
        assert reused[step].data.tags["reused"] == steps[step].info.run_id
        assert reused[step].info.run_name == f"{steps[step].info.run_name} (reused)"
        assert f"(#/experiments/0/runs/{steps[step].info.run_id})" in reused[step].data.tags["mlflow.note.content"]
        assert reused[step].data.tags["fingerprint"] == parent.data.tags["fingerprint"]
    assert again.measured == first.evaluation.measured
    assert again.promotion == "nmt-en-fr version 1 stays: it is the champion already"
    assert again.promotion in reused["evaluate"].data.tags["mlflow.note.content"]
    assert "report.html" in {file.path for file in MlflowClient().list_artifacts(reused["evaluate"].info.run_id)}


def test_with_another_learning_rate_it_is_trained_and_evaluated_again(first: First) -> None:
    assert workflow_of("--learning_rate=0.002")[2] == {"train", "evaluate"}


class AskedToTrainError(Exception):
    """Instead of a training, which takes long."""


def test_with_another_corpus_it_is_prepared_and_trained_again(first: First, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object) -> None:
        raise AskedToTrainError

    monkeypatch.setattr(train, "_train", asked)
    write_corpus(Path("pairs.tsv"), last="tôt")
    try:
        with pytest.raises(AskedToTrainError):
            workflow_of()
    finally:
        write_corpus(Path("pairs.tsv"))
    steps = steps_of(MlflowClient().search_runs(["0"], "tags.step = 'main'", max_results=1)[0])
    assert {step: (run.info.status, "reused" in run.data.tags) for step, run in steps.items()} == {
        "prepare": ("FINISHED", False),
        "train": ("FAILED", False),
    }


def test_with_pieces_of_words_from_corpus_to_translation(
    work: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    evaluation, parent, done = work("--tokenizer=sentencepiece", "--vocab_size=60", "--beam_width=1")
    assert done == {"prepare", "train", "evaluate"}
    assert steps_of(parent)["prepare"].data.params["tokenizer"] == "sentencepiece"
    assert len(list(Path("data").glob("*/tokenizer/*.model"))) == 2
    capsys.readouterr()
    translate.main([f"--model=models:/{evaluation.name}/{evaluation.version}", "--text=Paul sees a zebra 🦓."])
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.slow
def test_what_is_forced_or_gone_is_done_again(work: Callable[..., Any]) -> None:
    work()
    assert work("--beam_width=2")[2] == {"evaluate"}
    # Where the new weights are the old ones to the byte, the scores stand.
    assert work("--force=train")[2] >= {"train"}
    assert work("--force=all")[2] == {"prepare", "train", "evaluate"}

    for model in MlflowClient().search_logged_models(["0"]):
        (Path(model.artifact_location) / "MLmodel").unlink()
    assert work()[2] >= {"train"}


@pytest.mark.slow
def test_a_version_is_adapted_and_the_result_adapted_again(work: Callable[..., Any]) -> None:
    """Small words of the first corpus; two of the second are new to it."""
    work("--tokenizer=word", "--model_name=base")
    write_corpus(Path("pairs.tsv"), last="tard zèbre")

    def adapted(base: str, *flags: str) -> set[str]:
        arguments = ["--corpus=pairs.tsv", "--epochs=2", "--model_name=adapted", f"--base_model={base}", *flags]
        workflow.run(cli.parse(arguments, "workflow", "", workflow.PARAMETERS, workflow.WITHOUT))
        parent = MlflowClient().search_runs(["0"], "tags.step = 'main'", max_results=1)[0]
        return {step for step, run in steps_of(parent).items() if "reused" not in run.data.tags}

    assert adapted("models:/base@champion", "--extend_vocabulary=9") == set(STEPS)
    trained = MlflowClient().search_runs(["0"], "tags.step = 'train'", max_results=1)[0].data.params
    assert (trained["base_model"], trained["units"], trained["learning_rate"]) == ("models:/base/1", "8", "0.001")
    # By content, not by name.
    assert adapted("models:/base/1", "--extend_vocabulary=9") == set()
    assert adapted("models:/adapted@champion") == set(STEPS)
    assert Manifest.load(Path(trained["data_dir"])).base["model"] == "models:/base/1"


@pytest.mark.parametrize(("force", "steps"), [("", []), ("train", ["train"]), ("all", STEPS)])
def test_steps_that_are_forced(force: str, steps: list[str]) -> None:
    assert forced_steps(force) == set(steps)


def test_unknown_step_to_force_is_refused() -> None:
    with pytest.raises(
        InputError, match=r"force: found 'fit', must be names of steps \(prepare, train, evaluate\) or all"
    ):
        forced_steps("prepare, fit")


REFUSED = {
    "--runner=PrismRunner": "beam_options: PrismRunner needs the program Prism",
    "--beam_options=--colour=red": "beam_options: '--colour=red' is not a Beam option",
    "--rules_off=colour": "rules_off: found 'colour'",
    "--corpus=none.tsv": "corpus: there is no file none.tsv",
    "--coverage_penalty=0.2 --attention=none": "coverage_penalty: found 0.2, must be 0 for this model, which has no",
}


@pytest.mark.parametrize("flag", REFUSED)
def test_what_cannot_work_is_refused_before_a_run_opens(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match=re.escape(REFUSED[flag])):
        workflow.main(flag.split())
    assert capsys.readouterr().out == ""
    assert MlflowClient().search_runs(["0"]) == []
