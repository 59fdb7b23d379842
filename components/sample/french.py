"""The French pieces of a sentence, each realized once by pyrealb and then remembered.

Elision and contraction happen inside a piece. Pieces are cut where French elides nothing: between a subject of full
words and its verb, between the verb group and its complements, before a place or a time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pyrealb import NO, NP, PP, SP, VP, A, C, D, N, P, Pro, Q, V

from .engine import realize
from .english import CACHED, NUMBERS
from .words import Adjective, Adjunct, Agreement, Names, NounPhrase, Pronoun, Subject, Tense, Thing, Verb, Who

_OWNERS = {"my": ("mon", 1), "your": ("notre", 2), "his": ("mon", 3), "her": ("mon", 3), "our": ("notre", 1),
           "their": ("notre", 3)}  # fmt: skip
_ARTICLES = {"the": "le", "generic": "le", "a": "un", "this": "ce", "which": "quel"}
# Letters before which e may elide; h among them, because only the lexicon knows an aspirate one.
_VOWELS = "aeiouyhœàâäéèêëîïôöùûü"
_COMPOUND = ("pc", "pq")
_NEGATIONS = {"yes": False, "not": "pas", "never": "jamais", "no longer": "plus"}


@lru_cache(maxsize=CACHED)
def noun_phrase(phrase: NounPhrase, before: str = "", negated: bool = False) -> str:
    """The phrase after the words `before`, a preposition or a conjunction.

    As the object of a negated verb (`negated`), the indefinite and partitive articles are de.
    """
    if before and (joined := _join(before, noun_phrase(phrase, "", negated))):
        return joined
    if negated and phrase.determiner not in ("a", "some"):
        return noun_phrase(phrase, before)
    return realize("fr", _noun_phrase, phrase, before, negated)


def _join(before: str, text: str) -> str | None:
    """The two with a blank between them if nothing elides or contracts there, else None: pyrealb has to see both."""
    last = before.rpartition(" ")[2]
    if last in ("que", "de", "si") and text[0].lower() in _VOWELS:
        return None
    if last in ("à", "de") and text.partition(" ")[0] in ("le", "les", "des", "du", "de"):
        return None
    return f"{before} {text}"


def _noun_phrase(phrase: NounPhrase, before: str, negated: bool) -> Any:
    lead: list[Any] = _lead(before)
    words: list[Any] = []
    adjective = phrase.adjective
    # "Des vieilles lettres" is "de vieilles lettres".
    bare = phrase.determiner == "a" and (negated or (phrase.number == "p" and _precedes(adjective)))
    if phrase.determiner in _OWNERS:
        lemma, person = _OWNERS[phrase.determiner]
        words.append(D(lemma).pe(person))
    elif phrase.determiner in NUMBERS:
        words.append(NO(NUMBERS[phrase.determiner]).nat())
    elif before.endswith("de") and (phrase.determiner == "some" or (phrase.determiner, phrase.number) == ("a", "p")):
        pass  # "De de la soupe" is "de soupe", and "de des lettres" is "de lettres".
    elif bare or (phrase.determiner == "some" and negated):
        lead.append(P("de"))
    elif phrase.determiner == "many":
        lead += [Q("beaucoup"), P("de")]
    elif phrase.determiner == "some":
        lead.append(P("de"))
        words.append(D("le"))
    elif phrase.determiner != "none":
        words.append(D(_ARTICLES[phrase.determiner]))
    if adjective:
        words.append(A(adjective.french).pos(adjective.position))
    noun = N(phrase.noun.french).g(phrase.noun.gender)
    whole = NP(*words, noun).n(phrase.number)
    return PP(*lead, whole) if lead else whole


def _precedes(adjective: Adjective | None) -> bool:
    return adjective is not None and adjective.position == "pre"


def _lead(words: str) -> list[Any]:
    """Words before a noun or a clause: all but the last are fixed; the last may elide or contract with what follows."""
    *fixed, last = words.split() or [""]
    lead: list[Any] = [Q(" ".join(fixed))] if fixed else []
    if last in ("que", "si", "quand"):
        lead.append(C(last))
    elif last:
        lead.append(P(last))
    return lead


@lru_cache(maxsize=CACHED)
def names(who: Names, before: str = "") -> str:
    """Paul et Marie, or d'Anne after "de"."""
    first, *others = who.names
    led = first
    if before:
        led = _join(before, first) or realize("fr", lambda: PP(*_lead(before), Q(first)))
    return " et ".join((led, *others))


def subject(who: Subject, before: str = "") -> str:
    """The subject with the conjunction before it; a personal pronoun is part of the verb group, so it is not here."""
    if isinstance(who, NounPhrase):
        return noun_phrase(who, before)
    if isinstance(who, Names):
        return names(who, before)
    return "qui" if isinstance(who, Who) else ""


def thing(what: Thing, before: str = "", negated: bool = False) -> str:
    """A noun phrase or a name as an object after a preposition or none; a pronoun is part of the verb group."""
    if isinstance(what, NounPhrase):
        return noun_phrase(what, before, negated)
    return names(what, before) if isinstance(what, Names) else ""


@lru_cache(maxsize=CACHED)
def verb_group(
    who: Pronoun | Agreement,
    verb: Verb,
    tense: Tense,
    polarity: str = "yes",
    before: str = "",
    direct: Agreement | None = None,
    indirect: Agreement | None = None,
    preceding: Agreement | None = None,
) -> str:
    """Subject pronoun, negation, object pronouns, verb: « qu'il ne la lui a pas donnée ».

    `who`: the pronoun, or what a full subject agrees as. `before`: a conjunction before a pronoun. `direct` and
    `indirect`: object pronouns. `preceding`: a direct object further ahead, as in « la lettre que j'ai lue ».
    """
    if before and (joined := _join(before, verb_group(who, verb, tense, polarity, "", direct, indirect, preceding))):
        return joined
    simple = tense.french not in _COMPOUND
    if preceding and (simple or tense.french_modal):
        return verb_group(who, verb, tense, polarity, before, direct, indirect)
    if simple and isinstance(who, Agreement) and who.gender != "m":
        # Only a participle shows the gender of a full subject.
        return verb_group(Agreement(who.person, who.number), verb, tense, polarity, before, direct, indirect)
    text = realize("fr", _finite, who, verb, tense, polarity, before, direct, indirect, preceding)
    if not tense.french_modal:
        return text
    agreement = who.agreement if isinstance(who, Pronoun) else who
    return f"{text} {realize('fr', _infinitive, agreement, verb, direct, indirect)}"


def _finite(
    who: Pronoun | Agreement,
    verb: Verb,
    tense: Tense,
    polarity: str,
    before: str,
    direct: Agreement | None,
    indirect: Agreement | None,
    preceding: Agreement | None,
) -> Any:
    agreement = who.agreement if isinstance(who, Pronoun) else who
    finite = V(tense.french_modal or verb.french)
    clitics: list[Any] = []
    if not tense.french_modal:
        clitics = _clitics(direct, indirect)
        if moved := direct or preceding:
            # pyrealb makes the participle agree with this attribute of its own.
            finite.cod = Pro("moi").g(moved.gender).n(moved.number)
    flags = {"neg": _NEGATIONS[polarity], "refl": verb.reflexive and not tense.french_modal}
    if isinstance(who, Pronoun):
        pronoun = Pro("je").pe(agreement.person).n(agreement.number).g(agreement.gender)
        return SP(*_lead(before), pronoun, VP(finite, *clitics)).t(tense.french).typ(flags)
    finite.pe(agreement.person).n(agreement.number).g(agreement.gender)
    return VP(finite, *clitics).t(tense.french).typ(flags)


def _infinitive(agreement: Agreement, verb: Verb, direct: Agreement | None, indirect: Agreement | None) -> Any:
    clitics = _clitics(direct, indirect)
    if verb.reflexive:
        clitics.append(Pro("moi").c("refl").pe(agreement.person).n(agreement.number))
    return VP(V(verb.french).t("b"), *clitics)


def _clitics(direct: Agreement | None, indirect: Agreement | None) -> list[Any]:
    return [
        Pro("moi").c(case).pe(of.person).n(of.number).g(of.gender)
        for case, of in (("acc", direct), ("dat", indirect))
        if of is not None
    ]


@lru_cache(maxsize=CACHED)
def passive(agreement: Agreement, verb: Verb, tense: Tense, polarity: str) -> str:
    """est écrite, n'ont pas été écrites …"""
    return realize("fr", _passive, agreement, verb, tense, polarity)


def _passive(agreement: Agreement, verb: Verb, tense: Tense, polarity: str) -> Any:
    auxiliary = V("être").pe(3).n(agreement.number).g(agreement.gender)
    participle = V(verb.french).t("pp").g(agreement.gender).n(agreement.number)
    return VP(auxiliary, participle).t(tense.french).typ({"neg": _NEGATIONS[polarity]})


@lru_cache(maxsize=CACHED)
def adjunct(where: Adjunct) -> str:
    if isinstance(where.governed, NounPhrase):
        return noun_phrase(where.governed, where.french)
    return realize("fr", _governed, where.french, where.governed[1]) if where.french else where.governed[1]


def _governed(before: str, name: str) -> Any:
    # "À le Canada" is "au Canada": the article has to be a word of its own.
    article, _, bare = name.rpartition(" ")
    return PP(*_lead(before), NP(D("le"), Q(bare)) if article else Q(bare))


@lru_cache(maxsize=CACHED)
def adjective(word: Adjective, agreement: Agreement, comparison: str = "") -> str:
    """heureuse, or compared: plus heureuse, aussi heureuse, moins heureuse (meilleure is pyrealb's)."""
    if comparison == "more":
        return realize("fr", lambda: A(word.french).g(agreement.gender).n(agreement.number).f("co"))
    plain = realize("fr", lambda: A(word.french).g(agreement.gender).n(agreement.number))
    return {"": plain, "as": f"aussi {plain}", "less": f"moins {plain}"}[comparison]


@lru_cache(maxsize=CACHED)
def imperative(verb: Verb, polarity: str) -> str:
    return realize("fr", lambda: VP(V(verb.french).t("ip").pe(2).n("p")).typ({"neg": _NEGATIONS[polarity]}))
