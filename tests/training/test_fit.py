"""Training: it learns, ends when it should, and goes on where it was stopped."""

import dataclasses
import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from components.dataset.manifest import Manifest
from components.errors import InputError
from components.model.optimizer import WarmupCosine
from components.serving.batching import padded_length
from components.text.codec import TextCodec
from components.text.noise import Noise
from components.training import fit
from components.training.budget import BUDGET_FILE
from components.training.checkpoints import claimed, delete_checkpoints, locked
from components.training.fit import REPORTED_STEPS, Training
from components.training.history import Epoch, Steps
from components.training.reader import BatchReader
from components.training.validation import Validation
from tests.training.trainings import FITTING, killed_at, make, nothing_found, weights


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where the undisturbed training has its checkpoints."""
    return tmp_path_factory.mktemp("undisturbed")


@pytest.fixture(scope="module")
def undisturbed(dataset, folder) -> tuple[list[np.ndarray], list[Epoch], list[Steps]]:
    training = make(dataset, folder)
    events = list(training.run())
    return weights(training), [e for e in events if isinstance(e, Epoch)], [s for s in events if isinstance(s, Steps)]


def test_it_learns_and_reports(undisturbed):
    _, epochs, steps = undisturbed
    assert [epoch.epoch for epoch in epochs] == [1, 2]
    assert epochs[1].metrics["val_loss"] < epochs[0].metrics["val_loss"]
    assert epochs[0].metrics["val_perplexity"] == pytest.approx(np.exp(epochs[0].metrics["val_loss"]))
    assert len(epochs[0].examples) == 5
    assert steps[-1].step == steps[-1].total_steps == epochs[-1].step
    assert steps[0].metrics.keys() >= {"train_sampled_loss", "learning_rate", "gradient_norm", "padding_share"}


def test_what_it_reports_of_its_steps(dataset, undisturbed):
    _, _, steps = undisturbed
    tf.keras.utils.set_random_seed(FITTING.seed)  # The order is a function of it, too.
    noise = Noise(TextCodec.load(dataset), FITTING.noise, FITTING.seed)
    reader = BatchReader(dataset, Manifest.load(dataset), "train", FITTING.batch_tokens, FITTING.seed, noise)
    targets = [target.numpy() for _, target in reader.shuffled(0).take(REPORTED_STEPS)]
    # SOS is given, not predicted.
    padding = 1 - sum((target[:, 1:] > 0).sum() for target in targets) / sum(target[:, 1:].size for target in targets)
    metrics = steps[0].metrics
    assert metrics["padding_share"] == pytest.approx(padding)
    rates = WarmupCosine(FITTING.learning_rate, FITTING.warmup_steps, steps[0].total_steps)
    assert metrics["learning_rate"] == pytest.approx(float(rates(REPORTED_STEPS - 1)))
    assert metrics["target_tokens_per_second"] > 0
    assert 0 <= metrics["seconds_waiting_for_data"] < 60


# The longest sentence has 14 words, before which a mark says that it begins with a small letter.
@pytest.mark.parametrize(("max_length", "expected"), [(5, 5), (50, 15)])
def test_validation_cuts_sentences_where_the_packaged_model_does(dataset, tmp_path, max_length, expected, monkeypatch):
    longest = []

    def search(source, *options):
        longest.append(source.shape[1])
        return nothing_found(source, *options)

    monkeypatch.setattr(Validation, "_search", lambda self, projection: search)
    manifest = dataclasses.replace(Manifest.load(dataset), parameters={"max_length": max_length})
    model = make(dataset, tmp_path).model
    Validation(model, TextCodec.load(dataset), dataset, manifest, FITTING.batch_tokens).measure()
    assert max(longest) == padded_length(expected)


def test_interrupted_in_both_validations_and_within_a_step_it_ends_alike(dataset, tmp_path, undisturbed, untranslated):
    """Four processes, so to say: each goes on where the one before was interrupted, and no step is lost."""

    def steps_reported(training: Training) -> list[int]:
        return [event.step for event in training.history if isinstance(event, Steps)]

    first, last = (epoch.step for epoch in undisturbed[1])
    reported = [steps.step for steps in undisturbed[2]]

    def until(step: int, run: Iterator) -> None:
        while next(run).step < step:
            pass
        run.close()

    until(first, make(dataset, tmp_path).run())
    # The validation of the first epoch is still to come; then Ctrl-C comes within a step.
    training = make(dataset, tmp_path)
    assert training.step == first
    assert steps_reported(training) == [step for step in reported if step <= first]
    step = training._train_step

    def interrupted(*batch):
        update = step(*batch)  # Python handles the signal when the compiled step is over.
        if training.step == first + 2:
            raise KeyboardInterrupt
        return update

    training._train_step = interrupted
    run = training.run()
    validated = next(run)
    assert isinstance(validated, Epoch)
    assert (validated.step, validated.metrics["val_loss"]) == (first, undisturbed[1][0].metrics["val_loss"])
    with pytest.raises(KeyboardInterrupt):
        list(run)

    training = make(dataset, tmp_path)
    assert training.step == first + 2
    assert steps_reported(training) == [*(step for step in reported if step <= first), first + 2]
    until(last, training.run())
    training = make(dataset, tmp_path)
    assert training.step == last
    (validated,) = events = list(training.run())
    assert isinstance(validated, Epoch)
    assert validated.step == last
    ended_like(undisturbed, training, events)


def test_a_run_that_goes_on_knows_what_was_reported_before(dataset, tmp_path, undisturbed):
    killed_at(21, dataset, tmp_path)
    training = make(dataset, tmp_path)
    step = training.step
    events = [*training.history, *training.run()]
    assert 0 < step < events[-1].step
    assert [event.step for event in events] == sorted(event.step for event in events)
    steps = [event for event in events if isinstance(event, Steps)]
    # Each step was reported alone before the kill, and in tens after it.
    assert [event.step for event in steps if event.step <= step] == list(range(1, step + 1))
    epochs = [event for event in events if isinstance(event, Epoch)]
    assert [epoch.metrics["val_loss"] for epoch in epochs] == [e.metrics["val_loss"] for e in undisturbed[1]]
    assert epochs[0].examples == undisturbed[1][0].examples
    assert make(dataset, tmp_path).history == events
    delete_checkpoints(tmp_path)
    assert make(dataset, tmp_path).history == []


def ended_like(undisturbed, training: Training, events: list) -> None:
    assert events[-1].metrics["val_loss"] == undisturbed[1][-1].metrics["val_loss"]
    for left, right in zip(weights(training), undisturbed[0], strict=True):
        np.testing.assert_array_equal(left, right)


def test_a_finished_run_has_nothing_left_to_do(dataset, folder, undisturbed):
    again = make(dataset, folder)
    assert list(again.run()) == []
    for left, right in zip(weights(again), undisturbed[0], strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.fixture
def ticking(monkeypatch):
    """A clock of which each look takes ten milliseconds, however busy the machine is."""
    looks = itertools.count()
    monkeypatch.setattr(fit, "time", SimpleNamespace(monotonic=lambda: next(looks) / 100))


def test_the_learning_rate_falls_over_the_minutes_that_are_given(dataset, tmp_path, untranslated, ticking):
    training = make(dataset, tmp_path, epochs=1000, max_minutes=0.1, patience=0)
    events = list(training.run())
    assert isinstance(events[-1], Epoch)
    assert training.step < training.total_steps
    assert training.seconds == pytest.approx(6, rel=0.02)
    steps = [event for event in events if isinstance(event, Steps)]
    assert steps[-1].total_steps == pytest.approx(training.step, rel=0.2)
    assert steps[-1].metrics["learning_rate"] < 0.2 * FITTING.learning_rate


def test_what_the_clock_decided_is_decided_again(dataset, tmp_path, untranslated, ticking):
    limits = {"epochs": 1000, "max_minutes": 0.1, "patience": 0}
    training = make(dataset, tmp_path / "a", **limits)
    # Killed: what it saved is the state of some step in the middle, what it decided reaches further.
    for event in training.run():
        if event.step >= 20 and not (tmp_path / "b").exists():
            training._checkpoints.save_latest()
            shutil.copytree(tmp_path / "a", tmp_path / "b")
    shutil.copy(tmp_path / "a" / BUDGET_FILE, tmp_path / "b" / BUDGET_FILE)
    again = make(dataset, tmp_path / "b", **limits)
    assert 0 < again.step < training.step
    list(again.run())
    assert again.step == training.step
    for left, right in zip(weights(again), weights(training), strict=True):
        np.testing.assert_array_equal(left, right)


def test_more_time_goes_on_where_time_ran_out(dataset, tmp_path, undisturbed, untranslated):
    # A limit shorter than a step: one is trained all the same, and is validated.
    hurried = make(dataset, tmp_path, max_minutes=1e-9)
    assert [event.step for event in hurried.run()] == [1, 1]
    training = make(dataset, tmp_path)
    ended_like(undisturbed, training, list(training.run()))


def test_divergence_ends_it_with_one_line(dataset, tmp_path, untranslated):
    with pytest.raises(InputError, match="learning_rate: with 1e\\+30 training diverged at step"):
        list(make(dataset, tmp_path, learning_rate=1e30).run())


def test_patience_ends_what_does_not_get_better(dataset, tmp_path, untranslated):
    # A learning rate of nothing: no epoch is better than the first.
    epochs = [
        e for e in make(dataset, tmp_path, epochs=50, learning_rate=0.0, patience=2).run() if isinstance(e, Epoch)
    ]
    assert [epoch.best for epoch in epochs] == [True, False, False]


def test_an_empty_split_is_refused(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(Manifest, "records", lambda self, split: 0)
    with pytest.raises(InputError, match="no pairs to train on"):
        make(dataset, tmp_path)


def test_a_folder_in_use_is_refused(tmp_path):
    with locked(tmp_path), pytest.raises(InputError, match="in use"), locked(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"), locked(tmp_path / "file" / "checkpoints"):
        pass


def test_a_folder_belongs_to_one_training(tmp_path):
    with claimed(tmp_path, "one"):
        pass
    with claimed(tmp_path, "one"):
        pass
    with pytest.raises(InputError, match="holds another training"), claimed(tmp_path, "other"):
        pass
    delete_checkpoints(tmp_path)
    with claimed(tmp_path, "other"):
        pass


def test_the_average_of_the_last_epochs_is_kept_if_it_is_better(dataset, tmp_path, untranslated):
    training = make(dataset, tmp_path, epochs=4, averaged_epochs=3, learning_rate=0.03)
    after_epochs, events = [], []
    for event in training.run():
        events.append(event)
        if isinstance(event, Epoch):
            after_epochs.append((event.metrics["val_loss"], weights(training)))
    average = events[-1]
    assert (average.epochs, average.best) == (3, average.metrics["val_loss"] < min(loss for loss, _ in after_epochs))
    means = [np.mean(epochs, 0) for epochs in zip(*(w for _, w in after_epochs[1:]), strict=True)]
    best = means if average.best else min(after_epochs, key=lambda after: after[0])[1]
    for left, right in zip(weights(training), best, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-7)


def test_an_average_is_the_same_after_a_kill(dataset, tmp_path, untranslated):
    undisturbed = make(dataset, tmp_path / "undisturbed", averaged_epochs=2)
    *_, average = undisturbed.run()
    # Stopped when the first epoch ends: its weights are those of another process.
    run = (interrupted := make(dataset, tmp_path / "killed", averaged_epochs=2)).run()
    while not isinstance(next(run), Epoch):
        pass
    run.close()
    assert interrupted.step < interrupted.total_steps
    training = make(dataset, tmp_path / "killed", averaged_epochs=2)
    *_, average_of_both = training.run()
    assert average_of_both == average
    for left, right in zip(weights(training), weights(undisturbed), strict=True):
        np.testing.assert_array_equal(left, right)


def test_the_best_may_be_the_one_that_translates_best(dataset, tmp_path):
    epochs = [
        e for e in make(dataset, tmp_path, epochs=6, best_by="val_bleu", patience=0).run() if isinstance(e, Epoch)
    ]
    bleu = [epoch.metrics["val_bleu"] for epoch in epochs]
    assert [epoch.best for epoch in epochs] == [score > max(bleu[:i], default=-1) for i, score in enumerate(bleu)]
    assert max(bleu) > bleu[0]
