"""The French pieces of a sentence, each realized once by pyrealb and then remembered.

Elision and contraction happen inside a piece. Pieces are cut where French elides nothing: between a subject of full
words and its verb, between the verb group and its complements, before a place or a time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pyrealb import NO, NP, PP, SP, VP, A, C, D, N, P, Pro, Q, V

from .engine import CACHED, realized
from .english import NUMBERS
from .words import Adjective, Agreement, Nominal, NounPhrase, Pronoun, Tense, Verb

Object = Agreement | None
# The agreements of direct and indirect object, where these are pronouns.
Clitics = tuple[Object, Object]

_OWNERS = {"my": ("mon", 1), "your": ("notre", 2), "his": ("mon", 3), "her": ("mon", 3), "our": ("notre", 1),
           "their": ("notre", 3)}  # fmt: skip
_ARTICLES = {"the": "le", "generic": "le", "a": "un", "this": "ce", "which": "quel"}
_NEGATIONS = {"yes": False, "not": "pas", "never": "jamais", "no longer": "plus"}
_COMPARED = {"": "{}", "more": "{}", "as": "aussi {}", "less": "moins {}"}
# Letters before which e may elide; h among them, because only the lexicon knows an aspirate one.
_VOWELS = "aeiouyhœàâäéèêëîïôöùûü"


def _join(before: str, text: str) -> str | None:
    """The two with a space between them if nothing elides or contracts there, else None: pyrealb has to see both."""
    last = before.rpartition(" ")[2]
    if last in ("que", "de", "si") and text[0].lower() in _VOWELS:
        return None
    if last in ("à", "de") and text.partition(" ")[0] in ("le", "les", "des", "du", "de"):
        return None
    return f"{before} {text}"


def _lead(words: str) -> list[Any]:
    """Words before a noun or a clause: all but the last are fixed; the last may elide or contract with what follows."""
    *fixed, last = words.split() or [""]
    lead: list[Any] = [Q(" ".join(fixed))] if fixed else []
    if last:
        lead.append(C(last) if last in ("que", "si", "quand") else P(last))
    return lead


@lru_cache(maxsize=CACHED)
def noun_phrase(phrase: NounPhrase, before: str = "", negated: bool = False) -> str:
    """The phrase after the words `before`, a preposition or a conjunction.

    As the object of a negated verb (`negated`), the indefinite and partitive articles are de.
    """
    negated = negated and phrase.determiner in ("a", "some")
    alone = _noun_phrase(phrase, "", negated)
    return (before and _join(before, alone)) or _noun_phrase(phrase, before, negated)


@realized("fr")
def _noun_phrase(phrase: NounPhrase, before: str, negated: bool) -> Any:
    lead, words = _lead(before), []
    determiner, adjective = phrase.determiner, phrase.adjective
    indefinite_plural = (determiner, phrase.number) == ("a", "p")
    if determiner in _OWNERS:
        lemma, person = _OWNERS[determiner]
        words.append(D(lemma).pe(person))
    elif determiner in NUMBERS:
        words.append(NO(NUMBERS[determiner]).nat())
    elif before.endswith("de") and (determiner == "some" or indefinite_plural):
        pass  # "De de la soupe" is "de soupe", and "de des lettres" is "de lettres".
    elif negated or (indefinite_plural and adjective and adjective.position == "pre"):
        lead.append(P("de"))  # "Des vieilles lettres" is "de vieilles lettres".
    elif determiner == "many":
        lead += [Q("beaucoup"), P("de")]
    elif determiner == "some":
        lead.append(P("de"))
        words.append(D("le"))
    elif determiner != "none":
        words.append(D(_ARTICLES[determiner]))
    if adjective:
        words.append(A(adjective.french).pos(adjective.position))
    whole = NP(*words, N(phrase.noun.french).g(phrase.noun.gender)).n(phrase.number)
    return PP(*lead, whole) if lead else whole


@realized("fr")
def _name(name: str, before: str) -> Any:
    # The article has to be a word of its own: "à le Canada" is "au Canada".
    return PP(*_lead(before), NP(D("le"), Q(name[3:])) if name.startswith("le ") else Q(name))


def nominal(what: Nominal, before: str = "", negated: bool = False) -> str:
    """A noun phrase or a name after the words `before`; a personal pronoun is part of the verb group, so not here."""
    if isinstance(what, NounPhrase):
        return noun_phrase(what, before, negated)
    if isinstance(what, Pronoun):
        return ""
    return (_join(before, what.french) or _name(what.french, before)) if before else what.french


@lru_cache(maxsize=CACHED)
def verb_group(
    who: Agreement | Pronoun, verb: Verb, tense: Tense, polarity: str, before: str, clitics: Clitics, preceding: Object
) -> str:
    """Subject pronoun, negation, object pronouns, verb: « qu'il ne la lui a pas donnée ».

    `who`: the pronoun, or what a full subject agrees as. `before`: a conjunction before a pronoun. `clitics`: direct
    and indirect object. `preceding`: a direct object further ahead, as in « la lettre que j'ai lue ».
    """
    if tense.french not in ("pc", "pq"):
        # Only a participle agrees with an object, or shows the gender of a full subject.
        preceding = None
        who = who if isinstance(who, Pronoun) else Agreement(who.person, who.number)
    text = _finite(who, verb, tense, polarity, "", clitics, preceding)
    if before:
        text = _join(before, text) or _finite(who, verb, tense, polarity, before, clitics, preceding)
    if not tense.french_modal:
        return text
    return f"{text} {_infinitive(who.agreement if isinstance(who, Pronoun) else who, verb, clitics)}"


@realized("fr")
def _finite(
    who: Agreement | Pronoun, verb: Verb, tense: Tense, polarity: str, before: str, clitics: Clitics, preceding: Object
) -> Any:
    finite, objects = V(tense.french_modal or verb.french), []
    if not tense.french_modal:
        objects = _clitics(clitics)
        if moved := clitics[0] or preceding:
            # pyrealb makes the participle agree with this attribute of its own.
            finite.cod = Pro("moi").g(moved.gender).n(moved.number)
    flags = {"neg": _NEGATIONS[polarity], "refl": verb.reflexive and not tense.french_modal}
    if isinstance(who, Pronoun):
        return SP(*_lead(before), _agreeing(Pro("je"), who.agreement), VP(finite, *objects)).t(tense.french).typ(flags)
    return VP(_agreeing(finite, who), *objects).t(tense.french).typ(flags)


@realized("fr")
def _infinitive(who: Agreement, verb: Verb, clitics: Clitics) -> Any:
    reflexive = [Pro("moi").c("refl").pe(who.person).n(who.number)] if verb.reflexive else []
    return VP(V(verb.french).t("b"), *_clitics(clitics), *reflexive)


def _clitics(clitics: Clitics) -> list[Any]:
    return [_agreeing(Pro("moi").c(case), of) for case, of in zip(("acc", "dat"), clitics, strict=True) if of]


def _agreeing(word: Any, agreement: Agreement) -> Any:
    return word.pe(agreement.person).n(agreement.number).g(agreement.gender)


@realized("fr")
def passive(agreement: Agreement, verb: Verb, tense: Tense, polarity: str) -> Any:
    """est écrite, n'ont pas été écrites …"""
    participle = V(verb.french).t("pp").g(agreement.gender).n(agreement.number)
    return VP(_agreeing(V("être"), agreement), participle).t(tense.french).typ({"neg": _NEGATIONS[polarity]})


@realized("fr")
def _adjective(word: Adjective, number: str, gender: str, comparative: bool) -> Any:
    agreeing = A(word.french).g(gender).n(number)
    return agreeing.f("co") if comparative else agreeing


def adjective(word: Adjective, agreement: Agreement, comparison: str = "") -> str:
    """heureuse, or compared: plus heureuse, aussi heureuse, moins heureuse (meilleure is pyrealb's)."""
    _, number, gender = agreement
    return _COMPARED[comparison].format(_adjective(word, number, gender, comparison == "more"))


@realized("fr")
def imperative(verb: Verb, polarity: str) -> Any:
    return VP(V(verb.french).t("ip").pe(2).n("p")).typ({"neg": _NEGATIONS[polarity]})
