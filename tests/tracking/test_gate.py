"""Who becomes champion: on a real registry, with real translations and the real comparison."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from components.errors import InputError
from components.evaluation.scores import compare
from components.evaluation.test_set import TestSet as Pairs
from components.tracking import gate, step_run
from components.tracking.gate import Candidate, Decision, Guard, decide, kept_translations, present_champion
from components.tracking.registry import (
    CANDIDATE,
    CHAMPION,
    PREVIOUS_CHAMPION,
    ROLLED_BACK_TAG,
    crown,
    find_alias,
    inventory,
    roll_back,
)
from tests.tracking.conftest import Line

NAME = "nmt-en-fr"
REAL = [(f"Sentence {n} of the news .", f"La phrase {n} des nouvelles de {n % 7} jours .") for n in range(100)]
EASY = [(f"I see {n} .", f"Je vois {n} .") for n in range(50)]
FORMS = {"as it is": 50.0, "lower case": 49.0, "CAPITALS": 48.0}


class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, model_input: list[str]) -> list[str]:
        return model_input


def log_model() -> str:
    return mlflow.pyfunc.log_model(name="translator", python_model=Echo(), pip_requirements=["mlflow"]).model_uri


def translated(pairs: Sequence[tuple[str, str]], errors: int) -> list[str]:
    """The references, with a wrong word in every n-th sentence: fewer errors are a better model."""
    return [
        reference.replace("phrase", "frase").replace("vois", "voit") if errors and n % 10 < errors else reference
        for n, (_, reference) in enumerate(pairs)
    ]


def evaluate(
    errors: int,
    pairs: Sequence[tuple[str, str]] = REAL,
    elsewhere: int = 9,
    model_uri: str = "",
    typed: Mapping[str, float] = FORMS,
    guard: Guard | None = None,
    champions: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Decision, str]:
    """Decides about a model with so many errors in ten sentences, and ``elsewhere`` on sentences of others.

    ``typed``: its BLEU by form on the sentences on which it is judged; ``champions``: what the champion makes of a
    test set, by its first source, where it is asked.
    """

    def translate(sources: Sequence[str]) -> list[str]:
        assert list(sources) == [source for source, _ in REAL]
        return translated(REAL, elsewhere)

    def ask(version: str, sources: Sequence[str]) -> Sequence[str]:
        assert version == aliases()[CHAMPION]
        return (champions or {})[sources[0]]

    with step_run("evaluate", {}) as run:
        uri = model_uri or log_model()
        candidate = Candidate(uri, Pairs.of(pairs), translated(pairs, errors), translate, lambda _: typed, guard)
        return decide(run, candidate, NAME, 0.05, {"test_bleu": "1.00"}, ask), uri


def nobody(version: str, sources: Sequence[str]) -> Sequence[str]:
    raise AssertionError("no other version is asked")


@contextmanager
def broken(tracking_uri: str, table: str) -> Iterator[None]:
    """The SQLite store answers each question about this table with an error."""

    def rename(old: str, new: str) -> None:
        with closing(sqlite3.connect(tracking_uri.removeprefix("sqlite:///"))) as connection:
            connection.execute(f"ALTER TABLE {old} RENAME TO {new}")

    rename(table, "away")
    try:
        yield
    finally:
        rename("away", table)


def aliases() -> dict[str, str]:
    found = {alias: find_alias(NAME, alias) for alias in (CANDIDATE, CHAMPION, PREVIOUS_CHAMPION)}
    return {alias: str(version.version) for alias, version in found.items() if version}


def tags(version: str) -> dict[str, str]:
    return MlflowClient().get_model_version(NAME, version).tags


def test_first_better_equal_and_worse_model() -> None:
    first, uri = evaluate(errors=5)
    assert (first.promoted, first.reason) == (True, "there was no champion")
    assert aliases() == {CANDIDATE: "1", CHAMPION: "1"}
    assert tags("1")["test.digest"] == Pairs.of(REAL).digest
    assert tags("1")["test_bleu"] == "1.00"

    better, better_uri = evaluate(errors=2)
    assert better.promoted
    assert better.reason.startswith("beats champion version 1 on 100 sentences")
    assert aliases() == {CANDIDATE: "2", CHAMPION: "2", PREVIOUS_CHAMPION: "1"}
    figures = tags("2")
    assert float(figures["promotion.candidate_bleu"]) > float(figures["promotion.champion_bleu"])
    assert float(figures["promotion.p_value"]) < 0.05

    equal, _ = evaluate(errors=2)
    assert (equal.promoted, equal.version) == (False, "3")
    assert equal.reason.startswith("does not beat champion version 2")

    worse, _ = evaluate(errors=3)
    assert not worse.promoted
    assert aliases() == {CANDIDATE: "4", CHAMPION: "2", PREVIOUS_CHAMPION: "1"}
    assert tags("4")["promotion.champion"] == "2"

    # Decided again about models that are known: nothing new, and the decision is made again.
    again, _ = evaluate(errors=2, model_uri=better_uri)
    assert (again.version, again.promoted, again.reason) == ("2", False, "it is the champion already")
    assert tags("2")["promotion.reason"].startswith("beats champion version 1")
    deposed, _ = evaluate(errors=5, model_uri=uri)
    assert (deposed.version, deposed.promoted) == ("1", False)
    assert len(MlflowClient().search_model_versions(f"name = '{NAME}'")) == 4


def test_good_score_on_easy_sentences_dethrones_no_champion() -> None:
    evaluate(errors=2)
    easy, _ = evaluate(errors=0, pairs=EASY, elsewhere=9)
    assert not easy.promoted
    assert "another model_name starts afresh" in easy.reason
    assert aliases()[CHAMPION] == "1"

    # One that is better on the champion's sentences does, and those stay the ones to win on.
    real, _ = evaluate(errors=9, pairs=EASY, elsewhere=0)
    assert real.promoted
    assert tags("3")["test.digest"] == tags("1")["test.digest"]
    assert not evaluate(errors=2)[0].promoted


def test_better_model_that_reads_worse_what_people_type_stays() -> None:
    evaluate(errors=5)
    assert json.loads(tags("1")["test.forms"]) == FORMS

    # A new form has nothing to be compared with.
    loud, _ = evaluate(errors=0, typed={"as it is": 60.0, "lower case": 47.1, "CAPITALS": 45.9, "tabs": 0.0})
    assert not loud.promoted
    assert loud.reason.startswith("beats champion version 1 on 100 sentences")
    assert loud.reason.endswith("more than 2 BLEU where sentences are typed so: CAPITALS 45.9 against 48.0")
    assert aliases() == {CANDIDATE: "2", CHAMPION: "1"}

    quiet, _ = evaluate(errors=0, typed={"as it is": 60.0, "lower case": 47.0, "CAPITALS": 46.0})
    assert quiet.promoted
    # And no gain in forms makes up for sentences that are worse as they are.
    assert not evaluate(errors=2, typed=dict.fromkeys(FORMS, 99.0))[0].promoted


def test_champion_from_before_forms_were_measured_is_judged_without() -> None:
    evaluate(errors=5)
    MlflowClient().delete_model_version_tag(NAME, "1", gate.FORMS_TAG)
    assert evaluate(errors=0, typed=dict.fromkeys(FORMS, 0.0))[0].promoted


def test_forms_are_measured_on_the_sentences_of_the_champion() -> None:
    evaluate(errors=9)
    measured: list[str] = []

    def forms(test_set: Pairs) -> Mapping[str, float]:
        measured.append(test_set.digest)
        return FORMS

    with step_run("evaluate", {}) as run:
        easy = Pairs.of(EASY)
        candidate = Candidate(log_model(), easy, easy.references, lambda _: translated(REAL, 0), forms)
        assert decide(run, candidate, NAME, 0.05, {}, nobody).promoted
    assert measured == [Pairs.of(REAL).digest]


def guarding(errors: int, loss: float = 0.5) -> Guard:
    return Guard(Pairs.of(REAL), translated(REAL, errors), loss)


def test_with_a_guard_it_wins_on_its_own_sentences_and_must_not_lose_there() -> None:
    evaluate(errors=2)
    # The champion is asked for its translations of the new sentences once; those of its own test set are kept.
    asked = {EASY[0][0]: translated(EASY, 5)}
    forgetful, _ = evaluate(errors=0, pairs=EASY, guard=guarding(errors=3), champions=asked)
    assert not forgetful.promoted
    assert forgetful.reason.startswith("beats champion version 1 on 50 sentences")
    assert "; but may lose more than 0.5 on the guard's 100 sentences" in forgetful.reason
    figures = tags("2")
    assert float(figures["promotion.guard_low"]) < -0.5
    assert float(figures["promotion.guard_champion_bleu"]) > float(figures["promotion.guard_candidate_bleu"])

    assert not evaluate(errors=5, pairs=EASY, guard=guarding(errors=0))[0].promoted
    adapted, _ = evaluate(errors=0, pairs=EASY, guard=guarding(errors=2))
    assert adapted.promoted
    assert "; and loses no more than 0.5 on the guard's 100 sentences" in adapted.reason
    assert aliases() == {CANDIDATE: "4", CHAMPION: "4", PREVIOUS_CHAMPION: "1"}
    # It is judged on its own sentences from now on, and its translations of the guard are known.
    assert tags("4")["test.digest"] == Pairs.of(EASY).digest
    assert list(kept_translations(NAME, "4", Pairs.of(REAL)) or ()) == translated(REAL, 2)
    assert list(kept_translations(NAME, "1", Pairs.of(EASY)) or ()) == translated(EASY, 5)
    assert not evaluate(errors=0, pairs=EASY, guard=guarding(errors=0))[0].promoted


def test_how_much_may_be_lost_is_set() -> None:
    evaluate(errors=2)
    asked = {EASY[0][0]: translated(EASY, 5)}
    assert evaluate(errors=0, pairs=EASY, guard=guarding(errors=3, loss=50), champions=asked)[0].promoted


def test_the_guard_of_a_first_version_is_only_measured() -> None:
    first, _ = evaluate(errors=5, guard=guarding(errors=9))
    assert (first.promoted, first.reason) == (True, "there was no champion")
    assert list(kept_translations(NAME, "1", Pairs.of(REAL)) or ()) == translated(REAL, 5)
    assert kept_translations(NAME, "1", Pairs.of(EASY)) is None


def test_with_a_guard_a_champion_that_names_no_sentences_is_asked() -> None:
    with step_run("evaluate", {}):
        mlflow.register_model(log_model(), NAME)
    MlflowClient().set_registered_model_alias(NAME, CHAMPION, "1")
    asked = {EASY[0][0]: translated(EASY, 5), REAL[0][0]: translated(REAL, 2)}
    assert evaluate(errors=0, pairs=EASY, guard=guarding(errors=2), champions=asked)[0].promoted


def test_champion_that_names_no_sentences_stays() -> None:
    with step_run("evaluate", {}):
        mlflow.register_model(log_model(), NAME)
    MlflowClient().set_registered_model_alias(NAME, CHAMPION, "1")
    decision, _ = evaluate(errors=0)
    assert not decision.promoted
    assert decision.reason.startswith("champion version 1 does not say on which sentences it is judged; give the alias")

    # A version that stayed was judged all the same: made champion by hand, it is one that can be beaten.
    MlflowClient().set_registered_model_alias(NAME, CHAMPION, evaluate(errors=5)[0].version)
    assert evaluate(errors=0)[0].reason.startswith("beats champion version 3")


@pytest.mark.parametrize("table", ["registered_model_aliases", "runs"])
def test_store_that_does_not_answer_is_no_store_without_champion(table: str, tracking_uri: str) -> None:
    evaluate(errors=2)
    with broken(tracking_uri, table), pytest.raises(MlflowException, match=table):
        present_champion(NAME)


def test_champion_that_changes_meanwhile_is_the_one_to_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    evaluate(errors=5)
    evaluate(errors=5)
    MlflowClient().set_model_version_tag(NAME, "2", gate.TEST_DIGEST_TAG, tags("1")["test.digest"])
    MlflowClient().set_model_version_tag(NAME, "2", gate.TRANSLATIONS_TAG, tags("1")["test.translations"])

    compared = []

    def compare_while_another_is_crowned(*texts: Sequence[str]):  # type: ignore[no-untyped-def]
        compared.append(aliases()[CHAMPION])
        if len(compared) == 1:
            crown(NAME, "2")
        return compare(*texts)

    monkeypatch.setattr(gate, "compare", compare_while_another_is_crowned)
    with step_run("evaluate", {}) as run:
        real = Pairs.of(REAL)
        candidate = Candidate(log_model(), real, real.references, lambda sources: real.references, lambda other: FORMS)
        decision = decide(run, candidate, NAME, 0.05, {}, nobody)
    assert compared == ["1", "2"]
    assert decision.promoted
    assert aliases() == {CANDIDATE: "3", CHAMPION: "3", PREVIOUS_CHAMPION: "2"}
    assert tags("3")["promotion.champion"] == "2"


def test_going_back_and_forth() -> None:
    evaluate(errors=5)
    with pytest.raises(InputError, match="nmt-en-fr has no version with the alias previous-champion"):
        roll_back(NAME)
    evaluate(errors=0)
    assert roll_back(NAME) == "1"
    assert aliases() == {CANDIDATE: "2", CHAMPION: "1", PREVIOUS_CHAMPION: "2"}
    assert roll_back(NAME) == "2"
    assert aliases() == {CANDIDATE: "2", CHAMPION: "2", PREVIOUS_CHAMPION: "1"}
    assert not {ROLLED_BACK_TAG} & (tags("1").keys() | tags("2").keys())


def test_version_that_was_rolled_back_is_not_brought_back_by_the_same_command() -> None:
    evaluate(errors=5)
    _, uri = evaluate(errors=0)
    roll_back(NAME)
    again, _ = evaluate(errors=0, model_uri=uri)
    assert (again.version, again.promoted) == ("2", False)
    assert again.reason.startswith("was rolled back (to version 1); without its tag promotion.rolled_back")
    assert tags("2")["promotion.reason"] == again.reason
    assert aliases()[CHAMPION] == "1"
    # Another model may win, and so may this one if its tag is deleted.
    MlflowClient().delete_model_version_tag(NAME, "2", ROLLED_BACK_TAG)
    assert evaluate(errors=0, model_uri=uri)[0].promoted


def test_going_back_in_a_store_that_does_not_answer(tracking_uri: str) -> None:
    evaluate(errors=5)
    evaluate(errors=0)
    with broken(tracking_uri, "registered_model_aliases"), pytest.raises(MlflowException, match="aliases"):
        roll_back(NAME)
    assert roll_back(NAME) == "1"


def test_inventory_is_empty_only_if_the_model_is_missing(tracking_uri: str) -> None:
    with step_run("train", {}):
        uri = log_model()
    known = inventory(uri)
    assert known
    with broken(tracking_uri, "logged_models"), pytest.raises(MlflowException, match="logged_models"):
        inventory(uri)
    assert inventory(uri) == known
    MlflowClient().delete_logged_model(uri.removeprefix("models:/"))
    assert inventory(uri) == ""


def test_over_http(server: Line, tmp_path: Path) -> None:
    assert evaluate(errors=5)[0].promoted
    assert evaluate(errors=0)[0].promoted
    assert not evaluate(errors=5)[0].promoted
    assert aliases() == {CANDIDATE: "3", CHAMPION: "2", PREVIOUS_CHAMPION: "1"}

    server.cut()
    restoring = threading.Timer(1.5, server.restore)
    restoring.start()
    champion = present_champion(NAME)
    restoring.join()
    assert champion
    assert (champion.version, len(champion.test_set.sources)) == ("2", 100)
