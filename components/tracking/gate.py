"""The promotion gate: whether a new version of the model becomes the champion.

Scores may be old, the decision never is. MLflow cannot set an alias only if it still is what it was: it is read again
before and after. What remains is the time between two calls, some milliseconds, in which two candidates that both
beat the champion may both be set; the later one then serves, and each has won against the same champion.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from components.evaluation.scores import compare
from components.evaluation.test_set import TestSet
from components.tracking.lineage import record_lineage
from components.tracking.registry import CHAMPION, ROLLED_BACK_TAG, crown, find_alias, register_model, tag_version
from components.tracking.run import StepRun
from components.tracking.store import patiently, read_text

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

# Tags of a version: the test set it was judged on last, and where its translations of it are. To replace a champion, a
# model must beat it on that test set.
TEST_DIGEST_TAG = "test.digest"
TRANSLATIONS_TAG = "test.translations"
# BLEU on that test set by the form in which people type its sentences (JSON), and how much worse than the champion a
# candidate may be at any form.
FORMS_TAG = "test.forms"
FORM_TOLERANCE = 2.0
# Where its translations of any other test set are: the tag's name goes on with the test set's digest.
_TRANSLATIONS_OF = "translations."
_ARTIFACT = "gate/translations.json"
_GUARD_ARTIFACT = "gate/guard.json"
_ATTEMPTS = 5


@dataclass(frozen=True)
class Guard:
    """Sentences on which a candidate must not be worse than the champion, its translations of them, shape [n].

    ``loss`` is how much BLEU it may lose.
    """

    test_set: TestSet
    translations: Sequence[str]
    loss: float


@dataclass(frozen=True)
class Candidate:
    """A model and its translations of its own test set, shape [n].

    ``translate`` gives its translations of other sentences, in case the champion is judged on others; ``forms`` BLEU on
    a test set by the form in which people type its sentences.
    """

    model_uri: str
    test_set: TestSet
    translations: Sequence[str]
    translate: Callable[[Sequence[str]], Sequence[str]]
    forms: Callable[[TestSet], Mapping[str, float]]
    guard: Guard | None = None


@dataclass(frozen=True)
class Champion:
    """A champion's version, the test set on which it is judged, and its translations of that, shape [n].

    ``forms`` is BLEU by the form in which people type; empty for a version from before that was measured.
    """

    version: str
    test_set: TestSet
    translations: Sequence[str]
    forms: Mapping[str, float]


@dataclass(frozen=True)
class Verdict:
    """Whether a candidate may become champion, why, in a line, and the figures behind it, as tags of its version."""

    promoted: bool
    reason: str
    figures: Mapping[str, str] = field(default_factory=dict)


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


def present_champion(name: str) -> Champion | None:
    """The champion of ``name``; None if there is none, or its translations are missing."""
    version = find_alias(name, CHAMPION)
    return _champion(version) if version else None


def kept_translations(name: str, version: str, test_set: TestSet) -> Sequence[str] | None:
    """A version's translations of a test set, shape [n], if they were needed before; else None."""
    tags = _get_version(name, version).tags
    uri = tags.get(TRANSLATIONS_TAG, "") if tags.get(TEST_DIGEST_TAG) == test_set.digest else ""
    columns = _read_translations(uri or tags.get(_TRANSLATIONS_OF + test_set.digest, ""))
    return columns[2] if columns else None


def decide(
    run: StepRun,
    candidate: Candidate,
    name: str,
    threshold: float,
    tags: Mapping[str, str],
    translate: Callable[[str, Sequence[str]], Sequence[str]],
) -> Decision:
    """Registers a model as ``candidate`` and makes it ``champion`` if it beats the present one, or if there is none.

    It must win on the test set that the champion's version names: a model of another corpus is judged on that too, so
    that a good score on easy sentences dethrones no champion. With a guard it is enough to win on its own test set, but
    on the guard it must not lose more than allowed. Deciding again about the same model makes no new version. A version
    that was rolled back is not promoted again.

    Args:
        run: the evaluation's run, which keeps the candidate's translations.
        candidate: the model, and how it did on its own test set.
        name: the registered model.
        threshold: the p value below which a better score counts.
        tags: of the version.
        translate: a version of ``name`` and sentences, shape [n] → its translations, where none are kept.

    Returns:
        The decision, which also stands in tags ``promotion.*`` of the version.
    """
    version = register_model(candidate.model_uri, name, tags)
    record_lineage(name, version)

    def decided(verdict: Verdict, tags: Mapping[str, str]) -> Decision:
        word = "champion" if verdict.promoted else "stays"
        verdict_tags = {"promotion.decision": word, "promotion.reason": verdict.reason}
        tag_version(name, version, {**tags, **verdict_tags, **verdict.figures})
        return Decision(name, version, verdict.promoted, verdict.reason)

    for _ in range(_ATTEMPTS):
        crowned = find_alias(name, CHAMPION)
        if _number(crowned) == version:
            return Decision(name, version, False, "it is the champion already")
        if rolled_back := _get_version(name, version).tags.get(ROLLED_BACK_TAG):
            reason = f"was rolled back ({rolled_back}); without its tag {ROLLED_BACK_TAG} it may win again"
            return decided(Verdict(False, reason), {})
        champion = _champion(crowned) if crowned else None
        guard, guarded = candidate.guard, None
        if guard and crowned:
            translated = partial(_translated, run, name, str(crowned.version), translate)
            guarded = translated(guard.test_set)
            if not champion or champion.test_set.digest != candidate.test_set.digest:
                own_set = candidate.test_set
                champion = Champion(str(crowned.version), own_set, translated(own_set), forms={})
        # A champion that names no test set cannot be compared: the candidate's own stands in its tags then.
        test_set = champion.test_set if champion else candidate.test_set
        own = test_set.digest == candidate.test_set.digest
        translations = candidate.translations if own else candidate.translate(test_set.sources)
        forms = candidate.forms(test_set)
        if champion:
            verdict = _against(champion, translations, forms, threshold, own)
        elif crowned:
            reason = (
                f"champion version {crowned.version} does not say on which sentences it is judged; give the alias"
                f" {CHAMPION} to a version that has the tag {TRANSLATIONS_TAG}, or to none"
            )
            verdict = Verdict(False, reason)
        else:
            figures = {"promotion.sentences": str(len(test_set.sources)), "promotion.test_digest": test_set.digest}
            verdict = Verdict(True, "there was no champion", figures)
        if guard and guarded:
            verdict = _guarded(verdict, guard, guarded)
        _log_translations(run, test_set, translations, _ARTIFACT)
        # The next candidate needs these tags: they must be there before this version can be found as champion. A
        # version that stays gets them too, because it can be made champion by hand, in the UI.
        judged = {
            TEST_DIGEST_TAG: test_set.digest,
            TRANSLATIONS_TAG: f"runs:/{run.run_id}/{_ARTIFACT}",
            FORMS_TAG: json.dumps({form: round(score, 2) for form, score in forms.items()}),
        }
        if guard:
            _log_translations(run, guard.test_set, guard.translations, _GUARD_ARTIFACT)
            judged[_TRANSLATIONS_OF + guard.test_set.digest] = f"runs:/{run.run_id}/{_GUARD_ARTIFACT}"
        decision = decided(verdict, judged)
        if not decision.promoted:
            return decision
        run.flush()
        if _number(find_alias(name, CHAMPION)) != _number(crowned):
            continue  # Another was crowned meanwhile: it is the one to beat now.
        crown(name, version)
        if _number(find_alias(name, CHAMPION)) == version:
            return decision
    return decided(Verdict(False, f"others were promoted at the same time, {_ATTEMPTS} times in a row"), {})


def _against(
    champion: Champion, translations: Sequence[str], forms: Mapping[str, float], threshold: float, own: bool
) -> Verdict:
    """Whether translations of the champion's test set beat the champion's; ``own`` if it is the candidate's, too.

    With ``forms`` a winner still stays if it is much worse than the champion at sentences as people type them.
    """
    against = f"champion version {champion.version}"
    comparison = compare(champion.test_set.references, champion.translations, translations)
    difference, sentences = comparison.system - comparison.baseline, len(champion.test_set.sources)
    promoted, digest = comparison.wins(threshold), champion.test_set.digest
    reason = (
        f"{'beats' if promoted else 'does not beat'} {against} on {sentences} sentences ({digest[:12]}): BLEU"
        f" {comparison.system:.2f} against {comparison.baseline:.2f} ({difference:+.2f}), p {comparison.p_value:.4f}"
        f" (below {threshold:g} needed)"
    )
    worse = [
        f"{form} {score:.1f} against {champion.forms[form]:.1f}"
        for form, score in forms.items()
        if score < champion.forms.get(form, score) - FORM_TOLERANCE
    ]
    if promoted and worse:
        promoted = False
        reason += f"; but it loses more than {FORM_TOLERANCE:g} BLEU where sentences are typed so: {', '.join(worse)}"
    elif not promoted and not own:
        reason += "; these are the champion's sentences, not its own: another model_name starts afresh"
    figures = {
        "promotion.champion": champion.version,
        "promotion.champion_bleu": f"{comparison.baseline:.4f}",
        "promotion.candidate_bleu": f"{comparison.system:.4f}",
        "promotion.difference": f"{difference:+.4f}",
        "promotion.p_value": f"{comparison.p_value:.4f}",
        "promotion.threshold": f"{threshold:g}",
        "promotion.sentences": str(sentences),
        "promotion.test_digest": digest,
    }
    return Verdict(promoted, reason, figures)


def _guarded(verdict: Verdict, guard: Guard, champions: Sequence[str]) -> Verdict:
    """The verdict in view of the guard, of which ``champions`` are the champion's translations, shape [n]."""
    comparison = compare(guard.test_set.references, champions, guard.translations)
    holds = comparison.low >= -guard.loss
    reason = (
        f"{verdict.reason}; {'and' if verdict.promoted and holds else 'but' if verdict.promoted else 'it'}"
        f" {'loses no' if holds else 'may lose'} more than {guard.loss:g} on the guard's {len(champions)} sentences"
        f" ({guard.test_set.digest[:12]}): BLEU {comparison.system:.2f} against {comparison.baseline:.2f}"
        f" ({comparison.low:+.2f} to {comparison.high:+.2f} with 95 % confidence)"
    )
    figures = {
        "promotion.guard_digest": guard.test_set.digest,
        "promotion.guard_champion_bleu": f"{comparison.baseline:.4f}",
        "promotion.guard_candidate_bleu": f"{comparison.system:.4f}",
        "promotion.guard_low": f"{comparison.low:+.4f}",
        "promotion.guard_high": f"{comparison.high:+.4f}",
        "promotion.guard_loss": f"{guard.loss:g}",
    }
    return Verdict(verdict.promoted and holds, reason, {**verdict.figures, **figures})


def _champion(version: "ModelVersion") -> Champion | None:
    """A version with the test set and the translations that its tags name; None if they name none or it is missing."""
    columns = _read_translations(version.tags.get(TRANSLATIONS_TAG, ""))
    if columns is None:
        return None
    forms = json.loads(version.tags.get(FORMS_TAG, "{}"))
    return Champion(str(version.version), TestSet(*columns[:2]), columns[2], forms)


def _translated(
    run: StepRun,
    name: str,
    version: str,
    translate: Callable[[str, Sequence[str]], Sequence[str]],
    test_set: TestSet,
) -> Sequence[str]:
    """A version's translations of a test set, shape [n]; made and kept, unless they are already."""
    if (kept := kept_translations(name, version, test_set)) is not None:
        return kept
    made = translate(version, test_set.sources)
    path = f"gate/version-{version}-{test_set.digest[:12]}.json"
    _log_translations(run, test_set, made, path)
    tag_version(name, version, {_TRANSLATIONS_OF + test_set.digest: f"runs:/{run.run_id}/{path}"})
    return made


def _log_translations(run: StepRun, test_set: TestSet, translations: Sequence[str], path: str) -> None:
    columns = {"source": test_set.sources, "reference": test_set.references, "translation": translations}
    run.log_table(columns, path)


def _read_translations(uri: str) -> tuple[Sequence[str], ...] | None:
    """The columns that :func:`_log_translations` wrote to the artifact; None if it is missing, or none is named."""
    run_id, _, path = uri.removeprefix("runs:/").partition("/")
    text = read_text(run_id, path) if run_id else None
    return None if text is None else tuple(zip(*json.loads(text)["data"], strict=True))


def _get_version(name: str, version: str) -> "ModelVersion":
    from mlflow import MlflowClient

    return patiently(lambda: MlflowClient().get_model_version(name, version))


def _number(version: "ModelVersion | None") -> str | None:
    return None if version is None else str(version.version)
