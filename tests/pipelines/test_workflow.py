"""The whole workflow, for real, on a corpus of a few hundred pairs: run tree, summary, and what is not done again."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from components.errors import InputError
from components.parameters import STEPS, forced_steps
from pipelines import cli, translate, workflow
from pipelines.evaluate import Evaluation

SMALL = ["--units=8", "--embedding_size=8", "--epochs=1", "--min_count=2", "--batch_tokens=512"]


def write_corpus(path: Path, last: str = "tard") -> None:
    subjects = [("I", "Je"), ("You", "Tu"), ("Paul", "Paul"), ("The cat", "Le chat"), ("We", "Nous")]
    verbs = [(f"see {n} dogs", f"voir {n} chiens") for n in range(60)]
    lines = [f"{en} {what} today .\t{fr} {quoi} {last} .\n" for en, fr in subjects for what, quoi in verbs]
    path.write_text("".join(lines), encoding="utf-8")


def steps_of(parent: Run) -> dict[str, Run]:
    runs = MlflowClient().search_runs(["0"], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")
    return {run.data.tags["step"]: run for run in runs}


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Evaluation, Run, set[str]]]:
    """Runs the workflow in a folder of its own: the evaluation, the parent run, and the steps that were done."""
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path / "pairs.tsv")

    def run(*argv: str) -> tuple[Evaluation, Run, set[str]]:
        arguments = ["--corpus", "pairs.tsv", *SMALL, *argv]
        values = cli.parse(arguments, "workflow", "", workflow.PARAMETERS, workflow.WITHOUT)
        evaluation = workflow.run(values)
        parent = MlflowClient().search_runs(["0"], "tags.step = 'main'", max_results=1)[0]
        done = {step for step, run in steps_of(parent).items() if "reused" not in run.data.tags}
        return evaluation, parent, done

    return run


def test_tree_summary_and_cache(work: Callable[..., Any], capfd: pytest.CaptureFixture[str]) -> None:
    evaluation, parent, done = work()
    assert done == {"prepare", "train", "evaluate"}
    steps = steps_of(parent)
    assert {run.info.status for run in [parent, *steps.values()]} == {"FINISHED"}
    assert parent.info.run_name == "workflow pairs.tsv"
    assert steps["prepare"].data.params["corpus"] == parent.data.params["corpus"] == "pairs.tsv"
    assert steps["train"].data.params["units"] == parent.data.params["units"] == "8"
    scores = evaluation.measured.scores
    assert parent.data.metrics["test_bleu"] == steps["evaluate"].data.metrics["test_bleu"] == scores.bleu.value
    told = capfd.readouterr().out
    for line in (
        *(f"[{number}/3] {step} …" for number, step in enumerate(STEPS, start=1)),
        f"BLEU {scores.bleu.value:.1f}   chrF {scores.chrf.value:.1f}",
        "Model  nmt-en-fr version 1",
        "Gate   nmt-en-fr version 1 is now champion: there was no champion",
        "Serve  ./nmt serve -P model=models:/nmt-en-fr/1",
        "UI     ./nmt ui --backend-store-uri sqlite:////",
    ):
        assert line in told
    assert told.count("    translation  ") == 5

    # Nothing changed: nothing is done, the tree says whose results stand, and the gate decides anew.
    again, parent, done = work()
    assert done == set()
    reused = steps_of(parent)
    for step in STEPS:
        assert reused[step].data.tags["reused"] == steps[step].info.run_id
        assert reused[step].info.run_name == f"{steps[step].info.run_name} (reused)"
        assert f"(#/experiments/0/runs/{steps[step].info.run_id})" in reused[step].data.tags["mlflow.note.content"]
        assert reused[step].data.tags["fingerprint"] == parent.data.tags["fingerprint"]
    assert again.measured == evaluation.measured
    assert again.promotion == "nmt-en-fr version 1 stays: it is the champion already"
    assert again.promotion in reused["evaluate"].data.tags["mlflow.note.content"]
    assert "report.html" in {file.path for file in MlflowClient().list_artifacts(reused["evaluate"].info.run_id)}

    assert work("--learning_rate=0.002")[2] == {"train", "evaluate"}
    write_corpus(Path("pairs.tsv"), last="tôt")
    assert work()[2] == {"prepare", "train", "evaluate"}


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


def test_lineage_by_plain_calls(work: Callable[..., Any]) -> None:
    """Corpus → dataset → run → logged model → version and back, each by one call of MLflow's own client."""
    work()
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
