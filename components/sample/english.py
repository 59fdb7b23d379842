"""The English pieces of a sentence, each realized once by pyrealb and then remembered."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pyrealb import NO, NP, VP, A, Adv, D, N, Q, V

from .engine import realize
from .words import Adjective, Adjunct, Agreement, Names, NounPhrase, Pronoun, Subject, Tense, Thing, Verb

CACHED = 65_536

# Possessives are "my" with the person, number and gender of the owner.
_OWNERS = {"my": (1, "s", "m"), "your": (2, "p", "m"), "his": (3, "s", "m"), "her": (3, "s", "f"), "our": (1, "p", "m"),
           "their": (3, "p", "m")}  # fmt: skip
NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "ten": 10}
# pyrealb's names of the modal verbs.
_MODALS = {"can": "poss", "must": "obli", "should": "nece"}


@lru_cache(maxsize=CACHED)
def noun_phrase(phrase: NounPhrase) -> str:
    return realize("en", _noun_phrase, phrase)


def _noun_phrase(phrase: NounPhrase) -> Any:
    words: list[Any] = []
    if phrase.determiner in _OWNERS:
        person, number, gender = _OWNERS[phrase.determiner]
        words.append(D("my").pe(person).ow(number).g(gender))
    elif phrase.determiner in NUMBERS:
        words.append(NO(NUMBERS[phrase.determiner]).nat())
    elif phrase.determiner in ("many", "no"):
        # Not D("no"): pyrealb would make its noun a plural.
        words.append(Q(phrase.determiner))
    elif phrase.determiner not in ("none", "some", "generic") and not (
        phrase.determiner == "a" and phrase.number == "p"
    ):
        words.append(D(phrase.determiner))
    if phrase.adjective:
        words.append(A(phrase.adjective.english))
    return NP(*words, N(phrase.noun.english)).n(phrase.number)


def subject(who: Subject) -> str:
    """The subject as it stands before its verb."""
    if isinstance(who, Pronoun):
        return who.english
    if isinstance(who, Names):
        return " and ".join(who.names)
    return noun_phrase(who) if isinstance(who, NounPhrase) else "who"


def thing(what: Thing) -> str:
    """A noun phrase, a pronoun or a name as an object."""
    return what.english_object if isinstance(what, Pronoun) else subject(what)


@lru_cache(maxsize=CACHED)
def verb_group(
    agreement: Agreement, verb: Verb, tense: Tense, polarity: str, question: bool = False
) -> tuple[str, str]:
    """The finite verb and the rest of the group: ("is", "not reading"), ("reads", "").

    Asking, the subject goes between the two: ("does", "read").
    """
    form = _form(agreement, verb, tense)
    if form != agreement:
        return verb_group(form, verb, tense, polarity, question)
    first, _, rest = realize("en", _verb_group, agreement, verb, tense, polarity, question).partition(" ")
    if tense.english_modal and tense.english_modal not in _MODALS:
        rest = " ".join(filter(None, (rest, "to", verb.english)))
    return first, " ".join(filter(None, (rest, verb.particle)))


def _form(agreement: Agreement, verb: Verb, tense: Tense) -> Agreement:
    """The first of the agreements that look the same in English: fewer calls of pyrealb."""
    third = agreement.person == 3 and agreement.number == "s"
    if tense.progressive or verb.english == "be":
        return Agreement(agreement.person, "s") if third or agreement.number == "s" else Agreement(3, "p")
    if tense.english == "p" and tense.english_modal not in _MODALS:
        return Agreement(3, "s") if third else Agreement(3, "p")
    return Agreement(3, "s")


def _verb_group(agreement: Agreement, verb: Verb, tense: Tense, polarity: str, question: bool) -> Any:
    flags: dict[str, Any] = {"prog": tense.progressive, "perf": tense.perfect, "neg": polarity == "not"}
    if question:
        flags["int"] = "yon"
    time = tense.english
    lemma = verb.english
    if tense.english_modal in _MODALS:
        flags["mod"] = _MODALS[tense.english_modal]
        # pyrealb makes should the past of shall.
        time = "ps" if tense.english_modal == "should" else "p"
    elif tense.english_modal:
        lemma = tense.english_modal
    finite = V(lemma).pe(agreement.person).n(agreement.number)
    if polarity in ("yes", "not"):
        words = [finite]
    elif tense.perfect or verb.english == "be":
        words = [finite, Adv("never") if polarity == "never" else Q(polarity)]
    else:
        words = [Adv("never") if polarity == "never" else Q(polarity), finite]
    return VP(*words).t(time).typ(flags)


@lru_cache(maxsize=CACHED)
def passive(agreement: Agreement, verb: Verb, tense: Tense, polarity: str) -> str:
    """is written, was not written, will be written …"""
    return realize("en", _passive, agreement, verb, tense, polarity)


def _passive(agreement: Agreement, verb: Verb, tense: Tense, polarity: str) -> Any:
    finite = V(verb.english).pe(agreement.person).n(agreement.number)
    return VP(finite).t(tense.english).typ({"pas": True, "perf": tense.perfect, "neg": polarity == "not"})


@lru_cache(maxsize=CACHED)
def adjunct(where: Adjunct) -> str:
    governed = noun_phrase(where.governed) if isinstance(where.governed, NounPhrase) else where.governed[0]
    return f"{where.english} {governed}".strip()


@lru_cache(maxsize=CACHED)
def adjective(word: Adjective, comparison: str = "") -> str:
    """happy, or compared ("more"): happier than, ("as"): as happy as, ("less"): less happy than."""
    if comparison == "more":
        return realize("en", lambda: A(word.english).f("co")) + " than"
    plain = realize("en", lambda: A(word.english))
    return {"": plain, "as": f"as {plain} as", "less": f"less {plain} than"}[comparison]


@lru_cache(maxsize=CACHED)
def imperative(verb: Verb, polarity: str) -> str:
    command = realize("en", lambda: VP(V(verb.english).t("ip").pe(2)).typ({"neg": polarity == "not"}))
    return f"{command} {verb.particle}".strip()
