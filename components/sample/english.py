"""The English pieces of a sentence, each realized once by pyrealb and then remembered."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pyrealb import NO, NP, VP, A, Adv, D, N, Q, V

from .engine import CACHED, realized
from .words import Adjective, Adjunct, Agreement, Nominal, NounPhrase, Pronoun, Tense, Verb

# Possessives are "my" with the person, number and gender of the owner.
_OWNERS = {"my": (1, "s", "m"), "your": (2, "p", "m"), "his": (3, "s", "m"), "her": (3, "s", "f"), "our": (1, "p", "m"),
           "their": (3, "p", "m")}  # fmt: skip
NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "ten": 10}
# pyrealb's names of the modal verbs.
_MODALS = {"can": "poss", "must": "obli", "should": "nece"}
_COMPARED = {"": "{}", "more": "{} than", "as": "as {} as", "less": "less {} than"}


@realized("en")
def noun_phrase(phrase: NounPhrase) -> Any:
    words: list[Any] = []
    determiner = phrase.determiner
    if determiner in _OWNERS:
        person, number, gender = _OWNERS[determiner]
        words.append(D("my").pe(person).ow(number).g(gender))
    elif determiner in NUMBERS:
        words.append(NO(NUMBERS[determiner]).nat())
    elif determiner in ("many", "no"):
        # Not D("no"): pyrealb would make its noun a plural.
        words.append(Q(determiner))
    elif determiner not in ("none", "some", "generic") and (determiner, phrase.number) != ("a", "p"):
        words.append(D(determiner))
    if phrase.adjective:
        words.append(A(phrase.adjective.english))
    return NP(*words, N(phrase.noun.english)).n(phrase.number)


def nominal(what: Nominal, is_object: bool = False) -> str:
    """A noun phrase, a name or a pronoun, as a subject or as an object."""
    if isinstance(what, NounPhrase):
        return noun_phrase(what)
    return what.english_object if is_object and isinstance(what, Pronoun) else what.english


@lru_cache(maxsize=CACHED)
def verb_group(
    agreement: Agreement, verb: Verb, tense: Tense, polarity: str, asked: bool = False, passive: bool = False
) -> tuple[str, str]:
    """The finite verb and the rest of the group: ("is", "not reading"), ("reads", "").

    Asking, the subject goes between the two: ("does", "read").
    """
    alike = _first_alike(agreement, tense, passive or verb.english == "be")
    first, _, rest = _verb_group(alike, verb, tense, polarity, asked, passive).partition(" ")
    infinitive = f"to {verb.english}" if tense.english_modal and tense.english_modal not in _MODALS else ""
    return first, " ".join(filter(None, (rest, infinitive, verb.particle)))


def _first_alike(agreement: Agreement, tense: Tense, be: bool) -> Agreement:
    """The first of the agreements that look the same in English: fewer calls of pyrealb."""
    singular = agreement.number == "s"
    if tense.progressive or be:
        return Agreement(agreement.person, "s") if singular else Agreement(3, "p")
    if tense.english == "p" and tense.english_modal not in _MODALS:
        return Agreement(3, "s") if singular and agreement.person == 3 else Agreement(3, "p")
    return Agreement()


@realized("en")
def _verb_group(agreement: Agreement, verb: Verb, tense: Tense, polarity: str, asked: bool, passive: bool) -> Any:
    flags: dict[str, Any] = {"prog": tense.progressive, "perf": tense.perfect, "neg": polarity == "not", "pas": passive}
    if asked:
        flags["int"] = "yon"
    time, lemma = tense.english, tense.english_modal or verb.english
    if tense.english_modal in _MODALS:
        flags["mod"] = _MODALS[tense.english_modal]
        # pyrealb makes should the past of shall.
        time, lemma = "ps" if tense.english_modal == "should" else "p", verb.english
    words = [V(lemma).pe(agreement.person).n(agreement.number)]
    if polarity in ("never", "no longer"):
        behind = tense.perfect or verb.english == "be"
        words.insert(1 if behind else 0, Adv("never") if polarity == "never" else Q(polarity))
    return VP(*words).t(time).typ(flags)


def adjunct(where: Adjunct) -> str:
    return f"{where.english} {nominal(where.governed)}".strip()


@realized("en")
def _adjective(word: Adjective, comparative: bool) -> Any:
    return A(word.english).f("co") if comparative else A(word.english)


def adjective(word: Adjective, comparison: str = "") -> str:
    """happy, or compared ("more"): happier than, ("as"): as happy as, ("less"): less happy than."""
    return _COMPARED[comparison].format(_adjective(word, comparison == "more"))


@realized("en")
def _imperative(verb: Verb, polarity: str) -> Any:
    return VP(V(verb.english).t("ip").pe(2)).typ({"neg": polarity == "not"})


def imperative(verb: Verb, polarity: str) -> str:
    return f"{_imperative(verb, polarity)} {verb.particle}".strip()
