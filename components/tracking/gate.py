"""The promotion gate: whether a new version of the model becomes the champion.

Scores may be old, the decision never is. MLflow cannot set an alias only if it still is what it was: it is read again
before and after. What remains is the time between two calls, some milliseconds, in which two candidates that both
beat the champion may both be set; the later one then serves, and each has won against the same champion.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from components.dataset.heldout import heldout_content
from components.tracking.artifacts import read_text
from components.tracking.registry import CHAMPION, ROLLED_BACK_TAG, crown, find_alias, register_model
from components.tracking.run import StepRun
from components.tracking.server import patiently

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

# Tags of a version: on which sentences it was judged last, and where its translations of them are. A champion is to be
# beaten on those.
TEST_DIGEST_TAG = "test.digest"
TRANSLATIONS_TAG = "test.translations"
_ARTIFACT = "gate/translations.json"
_ATTEMPTS = 5


class Comparison(Protocol):
    """BLEU of champion (baseline) and candidate (system), and the probability that the difference is luck."""

    @property
    def baseline(self) -> float: ...
    @property
    def system(self) -> float: ...
    @property
    def p_value(self) -> float: ...
    def wins(self, threshold: float) -> bool: ...


@dataclass(frozen=True)
class Candidate:
    """A model and its translations of a test set; sources, references, translations: shape [n].

    ``translate`` gives its translations of other sentences, in case the champion is judged on others.
    """

    model_uri: str
    sources: Sequence[str]
    references: Sequence[str]
    translations: Sequence[str]
    translate: Callable[[Sequence[str]], Sequence[str]]


@dataclass(frozen=True)
class Decision:
    """What was decided about a version, and why, in a line."""

    name: str
    version: str
    promoted: bool
    reason: str

    @property
    def line(self) -> str:
        """For the console."""
        return f"{self.name} version {self.version} {'is now champion' if self.promoted else 'stays'}: {self.reason}"


@dataclass(frozen=True)
class Judged:
    """The sentences on which a champion is judged, and a model's translations of them.

    ``version`` is the model's, where it is the champion.
    """

    digest: str
    sources: Sequence[str]
    references: Sequence[str]
    translations: Sequence[str]
    version: str = ""


def pairs_digest(pairs: Sequence[tuple[str, str]]) -> str:
    """A digest of a test set's (source, reference) pairs in their order: that of the held-out file with them."""
    return hashlib.sha256(heldout_content(pairs)).hexdigest()


def present_champion(name: str) -> Judged | None:
    """The present champion's translations of the sentences it is judged on; None if there is none, or none are kept."""
    champion = find_alias(name, CHAMPION)
    return _champions_test_set(champion) if champion else None


def decide(
    run: StepRun,
    candidate: Candidate,
    name: str,
    compare: Callable[[Sequence[str], Sequence[str], Sequence[str]], Comparison],
    threshold: float,
    tags: Mapping[str, str],
) -> Decision:
    """Registers a model as ``candidate`` and makes it ``champion`` if it beats the present one, or if there is none.

    It must win on the test set that the champion's version names: a model of another corpus is judged on that too, so
    that a good score on easy sentences dethrones nobody. Deciding again about the same model makes no new version. A
    version that somebody went back from stays what it is.

    Args:
        run: the evaluation's run, which keeps the candidate's translations.
        candidate: the model, and how it did on its own test set.
        name: the registered model.
        compare: of references, the champion's and the candidate's translations.
        threshold: the p value below which a better score counts.
        tags: of the version.

    Returns:
        The decision, which is also told in tags ``promotion.*`` of the version.
    """
    version = register_model(candidate.model_uri, name, tags)
    _tag(name, version, _origin(name, version))
    own = Judged(
        pairs_digest(list(zip(candidate.sources, candidate.references, strict=True))),
        candidate.sources,
        candidate.references,
        candidate.translations,
    )
    for _ in range(_ATTEMPTS):
        champion = find_alias(name, CHAMPION)
        if _version(champion) == version:
            return Decision(name, version, False, "it is the champion already")
        if rolled_back := _tags(name, version).get(ROLLED_BACK_TAG):
            reason = f"was rolled back ({rolled_back}); without its tag {ROLLED_BACK_TAG} it may win again"
            decision = Decision(name, version, False, reason)
            _tag(name, version, _verdict(decision))
            return decision
        test_set, decision, figures = _judge(candidate, own, name, version, champion, compare, threshold)
        run.log_table(
            {
                "source": test_set.sources,
                "reference": test_set.references,
                "translation": test_set.translations,
            },
            _ARTIFACT,
        )
        # What the next candidate needs to know must be there before this version can be found as champion. One that
        # stays can be made champion, too: by hand, in the UI.
        _tag(
            name,
            version,
            {
                TEST_DIGEST_TAG: test_set.digest,
                TRANSLATIONS_TAG: f"runs:/{run.run_id}/{_ARTIFACT}",
                **_verdict(decision),
                **figures,
            },
        )
        if not decision.promoted:
            return decision
        run.flush()
        if _version(find_alias(name, CHAMPION)) != _version(champion):
            continue  # Another was crowned meanwhile: it is the one to beat now.
        crown(name, version)
        if _version(find_alias(name, CHAMPION)) == version:
            return decision
    reason = f"others were promoted at the same time, {_ATTEMPTS} times in a row"
    decision = Decision(name, version, False, reason)
    _tag(name, version, _verdict(decision))
    return decision


def _verdict(decision: Decision) -> dict[str, str]:
    return {"promotion.decision": "champion" if decision.promoted else "stays", "promotion.reason": decision.reason}


def _judge(
    candidate: Candidate,
    own: Judged,
    name: str,
    version: str,
    champion: "ModelVersion | None",
    compare: Callable[[Sequence[str], Sequence[str], Sequence[str]], Comparison],
    threshold: float,
) -> tuple[Judged, Decision, dict[str, str]]:
    """The test set that counts with the candidate's translations, the decision, and its figures as tags."""
    if champion is None:
        figures = {"promotion.sentences": str(len(own.sources)), "promotion.test_digest": own.digest}
        return own, Decision(name, version, True, "there was no champion"), figures
    against = f"champion version {champion.version}"
    theirs = _champions_test_set(champion)
    if theirs is None:
        reason = (
            f"{against} does not say on which sentences it is judged; give the alias {CHAMPION} to a version that has"
            f" the tag {TRANSLATIONS_TAG}, or to none"
        )
        return own, Decision(name, version, False, reason), {}
    translations = candidate.translations
    if theirs.digest != own.digest:
        translations = candidate.translate(theirs.sources)
    comparison = compare(theirs.references, theirs.translations, translations)
    difference = comparison.system - comparison.baseline
    promoted = comparison.wins(threshold)
    verdict = "beats" if promoted else "does not beat"
    reason = (
        f"{verdict} {against} on {len(theirs.sources)} sentences ({theirs.digest[:12]}): BLEU {comparison.system:.2f}"
        f" against {comparison.baseline:.2f} ({difference:+.2f}), p {comparison.p_value:.4f} (below {threshold:g}"
        " needed)"
    )
    if not promoted and theirs.digest != own.digest:
        reason += "; these are the champion's sentences, not its own: another model_name starts anew"
    figures = {
        "promotion.champion": str(champion.version),
        "promotion.champion_bleu": f"{comparison.baseline:.4f}",
        "promotion.candidate_bleu": f"{comparison.system:.4f}",
        "promotion.difference": f"{difference:+.4f}",
        "promotion.p_value": f"{comparison.p_value:.4f}",
        "promotion.threshold": f"{threshold:g}",
        "promotion.sentences": str(len(theirs.sources)),
        "promotion.test_digest": theirs.digest,
    }
    test_set = Judged(theirs.digest, theirs.sources, theirs.references, translations)
    return test_set, Decision(name, version, promoted, reason), figures


def _champions_test_set(champion: "ModelVersion") -> Judged | None:
    """What the champion's version names, with its translations; None if it names nothing or nothing is there."""
    run_id, _, path = champion.tags.get(TRANSLATIONS_TAG, "").removeprefix("runs:/").partition("/")
    text = read_text(run_id, path) if run_id else None
    if text is None:
        return None
    table: dict[str, Any] = json.loads(text)
    sources, references, translations = zip(*table["data"], strict=True)
    return Judged(champion.tags.get(TEST_DIGEST_TAG, ""), sources, references, translations, str(champion.version))


def _origin(name: str, version: str) -> dict[str, str]:
    """On what the model was trained, and by which run: what the version's page does not link to by itself."""
    from mlflow import MlflowClient

    client = MlflowClient()
    run_id = patiently(lambda: client.get_model_version(name, version)).run_id
    if not run_id:
        return {}
    found = {"train.run": run_id}
    inputs = patiently(lambda: client.get_run(run_id)).inputs
    for used in inputs.dataset_inputs if inputs else ():
        tags = {tag.key: tag.value for tag in used.tags}
        if tags.get("mlflow.data.context") == "training":
            found |= {"train.dataset": used.dataset.name, "train.fingerprint": tags.get("fingerprint", "")}
    return found


def _version(version: "ModelVersion | None") -> str | None:
    return None if version is None else str(version.version)


def _tags(name: str, version: str) -> dict[str, str]:
    from mlflow import MlflowClient

    return dict(patiently(lambda: MlflowClient().get_model_version(name, version)).tags)


def _tag(name: str, version: str, tags: Mapping[str, str]) -> None:
    from mlflow import MlflowClient

    client = MlflowClient()
    for tag, value in tags.items():
        client.set_model_version_tag(name, version, tag, value)
