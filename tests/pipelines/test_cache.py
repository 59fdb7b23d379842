"""What is done again after which change, through the real entry points in a checkout of their own (slow).

``pytest -m slow -s tests/pipelines/test_cache.py`` prints the table.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.pipelines.checkout import SMALL, Checkout, runs_of, write_corpus

ALL = {"prepare", "train", "evaluate"}


def edit(path: Path, change: Callable[[str], str]) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(change(text), encoding="utf-8")


def cut(path: Path) -> None:
    with open(path, "r+b") as file:
        file.truncate(path.stat().st_size // 2)


def model_file(name: str) -> Path:
    model = max(MlflowClient().search_logged_models(["0"]), key=lambda model: model.creation_timestamp)
    return next(path for path in Path(model.artifact_location).rglob("*") if path.name == name)


def evaluated_file(name: str) -> Path:
    run = next(run for run in runs_of("evaluate") if "reused" not in run.data.tags)
    return Path(run.info.artifact_uri) / name


@pytest.mark.slow
def test_what_is_done_again_after_which_change(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "checkout")
    code, data = checkout.folder / "components", checkout.folder / "data"
    print("\n| changed | what ran | s |\n| --- | --- | ---: |")

    def after(what: str, expected: set[str], *, perhaps: Sequence[str] = (), **parameters: str) -> None:
        done, seconds = checkout.workflow(**parameters)
        ran = ", ".join(step for step in ("prepare", "train", "evaluate") if step in done)
        print(f"| {what} | {ran or '–'} | {seconds:.1f} |", flush=True)
        assert expected <= done <= expected | set(perhaps), what

    after("first run", ALL)
    after("nothing", set())
    edit(checkout.folder / "README.md", lambda text: text + "\nA remark.\n")
    (checkout.folder / "tests").mkdir()
    (checkout.folder / "tests/test_new.py").write_text("def test_nothing() -> None: ...\n")
    after("README.md and a test", set())
    for module in ("corpus/cleaning.py", "text/codec.py", "model/layers.py", "evaluation/scores.py"):
        edit(code / module, lambda text: text.replace("\n\n\n", "\n\n\n# A remark.\n", 1))
    after("a comment in corpus, text, model and evaluation", set())
    edit(code / "tracking/description.py", lambda text: text + "\nREMARK = 1\n")
    after("code of tracking", set())
    edit(code / "evaluation/scores.py", lambda text: text + "\nREMARK = 1\n")
    after("code of evaluation", {"evaluate"})
    edit(code / "training/reader.py", lambda text: text + "\nREMARK = 1\n")
    # Where the new model is the old one to the byte, its scores stand.
    after("code of training", {"train"}, perhaps=["evaluate"])
    edit(code / "corpus/cleaning.py", lambda text: text + "\nREMARK = 1\n")
    # The records come out the same, so what was trained on them stands; evaluation uses corpus to read test sets.
    after("code of corpus, without effect on the records", {"prepare", "evaluate"})
    after("beam_width", {"evaluate"}, beam_width="2")
    after("learning_rate", {"train", "evaluate"}, learning_rate="0.002")
    after("learning_rate back", set())
    after("promotion_p and model_name", set(), promotion_p="0.5", model_name="other")
    write_corpus(checkout.folder / "pairs.tsv", last="tarf")
    after("one byte a line of the corpus", ALL)

    record = next(iter(sorted(data.glob("*/records/train/*/*"), key=lambda path: path.stat().st_mtime, reverse=True)))
    cut(record)
    after("a record file cut short", {"prepare"})
    cut(model_file("variables.data-00000-of-00001"))
    after("the model's weights cut short", {"train"}, perhaps=["evaluate"])
    model_file("MLmodel").unlink()
    after("the model's description gone", {"train"}, perhaps=["evaluate"])
    cut(evaluated_file("translations.json"))
    after("the translations cut short", {"evaluate"})
    after("force=prepare", {"prepare"}, force="prepare")
    after("force=train", {"train"}, force="train")
    after("force=evaluate", {"evaluate"}, force="evaluate")
    after("force=all", ALL, force="all")
    # The records are the same, but the batches may be others, and the package cuts what is longer.
    after("bucket_width", {"prepare", "train"}, perhaps=["evaluate"], bucket_width="3")
    after("max_length, without effect on the records", ALL, max_length="40")
    after("both back", set())


@pytest.mark.slow
def test_steps_one_by_one_reuse_what_the_workflow_did_and_look_the_same(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "checkout")
    printed = checkout.run()
    (data,) = (checkout.folder / "data").iterdir()
    corpus = {name: SMALL[name] for name in ("corpus", "min_count", "test_share")}
    shape = {name: value for name, value in runs_of("train")[0].data.params.items() if value}
    assert "holds this dataset already" in checkout.run("prepare", **corpus)
    reused = checkout.run("train", **shape)
    assert "trained this model already" in reused
    model = reused.rsplit("Model ", 1)[1].strip()
    told = checkout.run("evaluate", model=model, data_dir=str(data.relative_to(checkout.folder)))
    assert "scored this model on this test set already" in told
    assert "Gate   nmt-en-fr version 1 stays: it is the champion already" in told
    assert "Gate   nmt-en-fr version 1 is now champion" in printed
    for step in ("prepare", "train", "evaluate"):
        alone, inside = runs_of(step)
        assert alone.data.tags["reused"] == inside.info.run_id
        assert alone.data.tags.keys() - inside.data.tags.keys() <= {"reused", "step.outputs"}
        assert "mlflow.parentRunId" not in alone.data.tags
        assert alone.info.run_name == f"{inside.info.run_name} (reused)"
        assert alone.data.params == inside.data.params
    assert "Going on" not in checkout.run("train", **shape, force="train")
    assert "reused" not in runs_of("train")[0].data.tags


@pytest.mark.slow
def test_two_workflows_at_the_same_time_end_alike(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "checkout")
    both = [checkout.start(), checkout.start()]
    printed = [process.communicate(timeout=600)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    parents = runs_of("main")
    assert {run.info.status for run in parents} == {"FINISHED"}
    assert len({run.data.tags["fingerprint"] for run in parents}) == 1
    assert len({run.data.metrics["test_bleu"] for run in parents}) == 1
    assert len({run.data.tags["model"] for run in parents}) == 1
    for step in ("prepare", "train"):
        assert sum("reused" in run.data.tags for run in runs_of(step)) == 1, step
    assert len(MlflowClient().search_model_versions("name = 'nmt-en-fr'")) == 1
