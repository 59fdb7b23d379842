"""Sentences: abstract clauses turned into one English and one French text.

Every function here takes words and phrases and returns the pair (English, French), or the pieces of one side.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from . import english, french
from .verbs import BE
from .words import (
    TENSES,
    Adjective,
    Adjunct,
    Agreement,
    Names,
    Noun,
    NounPhrase,
    Pronoun,
    Subject,
    Thing,
    Verb,
)

Pair = tuple[str, str]
# French sets a narrow no-break space before a question mark.
QUESTION_FR = "\u202f?"


@dataclass(frozen=True, slots=True)
class Clause:
    """Who does what (to what, to whom), where, when.

    `tense` is a key of `TENSES`; `polarity` is yes, not, never or no longer.
    """

    subject: Subject
    verb: Verb
    direct: Thing | None
    tense: str
    polarity: str = "yes"
    place: Adjunct | None = None
    time: Adjunct | None = None
    indirect: Thing | None = None


def _finish(english_pieces: list[str], french_pieces: list[str], question: bool = False) -> Pair:
    one, other = (" ".join(filter(None, pieces)) for pieces in (english_pieces, french_pieces))
    one, other = one.replace(" ,", ","), other.replace(" ,", ",")
    marks = ("?", QUESTION_FR) if question else (".", ".")
    return one[0].upper() + one[1:] + marks[0], other[0].upper() + other[1:] + marks[1]


def _spoken(who: Subject) -> Agreement:
    """What the English verb agrees with: no gender, which keeps the cache small."""
    return Agreement(who.agreement.person, who.agreement.number)


def _english(clause: Clause, question: bool = False) -> list[str]:
    first, rest = english.verb_group(
        _spoken(clause.subject), clause.verb, TENSES[clause.tense], clause.polarity, question
    )
    who = english.subject(clause.subject)
    pieces = [first, who, rest] if question else [who, first, rest]
    if clause.direct:
        pieces.append(english.thing(clause.direct))
    if clause.indirect:
        pieces += ["to", english.thing(clause.indirect)]
    return pieces + [english.adjunct(extra) for extra in (clause.place, clause.time) if extra]


def _french(clause: Clause, before: str = "", preceding: Agreement | None = None) -> list[str]:
    who, verb = clause.subject, clause.verb
    direct = clause.direct.agreement if isinstance(clause.direct, Pronoun) else None
    indirect = clause.indirect.agreement if isinstance(clause.indirect, Pronoun) else None
    if verb.preposition == "à" and direct:
        direct, indirect = None, direct
    group = french.verb_group(
        who if isinstance(who, Pronoun) else who.agreement,
        verb,
        TENSES[clause.tense],
        clause.polarity,
        before if isinstance(who, Pronoun) else "",
        direct,
        indirect,
        preceding,
    )
    pieces = [french.subject(who, before), group]
    if clause.direct:
        pieces.append(french.thing(clause.direct, verb.preposition, clause.polarity != "yes" and not verb.preposition))
    if clause.indirect:
        pieces.append(french.thing(clause.indirect, "à"))
    return pieces + [french.adjunct(extra) for extra in (clause.place, clause.time) if extra]


def statement(clause: Clause) -> Pair:
    return _finish(_english(clause), _french(clause))


def fronted(clause: Clause, time: Adjunct) -> Pair:
    """With the time ahead: « Hier, le médecin a lu la lettre. »"""
    return _finish(
        [english.adjunct(time), ",", *_english(clause)],
        [french.adjunct(time), ",", *_french(clause)],
    )


def question(clause: Clause) -> Pair:
    return _finish(_english(clause, question=True), _french(clause, "est-ce que"), question=True)


def asked_with(word: Pair, clause: Clause) -> Pair:
    """Asked with where, when, why, what …: `word` in both languages."""
    return _finish([word[0], *_english(clause, question=True)], _french(clause, word[1]), question=True)


def asked_which(word: tuple[str, str], noun: Noun, clause: Clause) -> Pair:
    """Which letters …? How many letters …? The noun is the object, so that the French participle agrees with it.

    `word`: "which" or "how many", and the number of the noun.
    """
    question_word, number = word
    if question_word == "which":
        what = NounPhrase("which", noun, number)
        ahead = (english.noun_phrase(what), french.noun_phrase(what))
    else:
        what = NounPhrase("none", noun, number)
        ahead = (f"how many {english.noun_phrase(what)}", french.noun_phrase(what, "combien de"))
    agreement = Agreement(3, number, noun.gender)
    return _finish(
        [ahead[0], *_english(clause, question=True)],
        [ahead[1], *_french(clause, "est-ce que", preceding=agreement)],
        question=True,
    )


def asked_who(clause: Clause) -> Pair:
    """The subject is who or which …: no inversion in either language."""
    return _finish(_english(clause), _french(clause), question=True)


def described(who: Subject, verb: Verb, adjective: Adjective, tense: str, polarity: str, time: Adjunct | None) -> Pair:
    """The subject is, seems or becomes so."""
    return _finish(*_described(who, verb, adjective, tense, polarity, time))


def _described(
    who: Subject,
    verb: Verb,
    adjective: Adjective,
    tense: str,
    polarity: str = "yes",
    time: Adjunct | None = None,
    before: str = "",
) -> tuple[list[str], list[str]]:
    clause = Clause(who, verb, None, tense, polarity)
    return (
        [*_english(clause), english.adjective(adjective), english.adjunct(time) if time else ""],
        [*_french(clause, before), french.adjective(adjective, who.agreement), french.adjunct(time) if time else ""],
    )


def compared(who: Subject, adjective: Adjective, comparison: str, other: Names | NounPhrase, tense: str) -> Pair:
    clause = Clause(who, BE, None, tense)
    return _finish(
        [*_english(clause), english.adjective(adjective, comparison), english.thing(other)],
        [
            *_french(clause),
            french.adjective(adjective, who.agreement, comparison),
            french.thing(other, "que"),
        ],
    )


def profession(who: Subject, verb: Verb, noun: Noun, tense: str, polarity: str, time: Adjunct | None) -> Pair:
    """He is a doctor: French has no article."""
    clause = Clause(who, verb, None, tense, polarity)
    number = who.agreement.number
    return _finish(
        [
            *_english(clause),
            english.noun_phrase(NounPhrase("a", noun, number)),
            english.adjunct(time) if time else "",
        ],
        [*_french(clause), french.noun_phrase(NounPhrase("none", noun, number)), french.adjunct(time) if time else ""],
    )


_EXISTENCE = {
    "present": ("there is", "there are", "is there", "are there", "il y a", "il n'y a pas"),
    "past state": ("there was", "there were", "was there", "were there", "il y avait", "il n'y avait pas"),
    "future": ("there will be", "there will be", "will there be", "will there be", "il y aura", "il n'y aura pas"),
}


def existing(what: NounPhrase, where: Adjunct, tense: str, form: str) -> Pair:
    """There is … somewhere; `form` is "yes", "not" (There is no …) or "?"."""
    one, many, asked_one, asked_many, yes, no = _EXISTENCE[tense]
    plural = what.number == "p"
    if form == "?":
        ahead = (asked_many if plural else asked_one, f"est-ce qu'{yes}")
    else:
        ahead = (many if plural else one, no if form == "not" else yes)
    named = english.noun_phrase(replace(what, determiner="no" if form == "not" else what.determiner))
    return _finish(
        [ahead[0], named, english.adjunct(where)],
        [ahead[1], french.noun_phrase(what, "", form == "not"), french.adjunct(where)],
        question=form == "?",
    )


def done(what: NounPhrase, verb: Verb, tense: str, polarity: str, agent: Names | NounPhrase) -> Pair:
    """The passive: the letter was written by the doctor."""
    return _finish(
        [
            english.noun_phrase(what),
            english.passive(_spoken(what), verb, TENSES[tense], polarity),
            "by",
            english.thing(agent),
        ],
        [
            french.noun_phrase(what),
            french.passive(what.agreement, verb, TENSES[tense], polarity),
            french.thing(agent, "par"),
        ],
    )


def object_relative(head: NounPhrase, inner: Clause, adjective: Adjective, tense: str) -> Pair:
    """The letter that Marie wrote is long: « La lettre que Marie a écrite est longue. »"""
    outer = Clause(head, BE, None, tense)
    return _finish(
        [english.noun_phrase(head), "that", *_english(inner), *_english(outer)[1:], english.adjective(adjective)],
        [
            french.noun_phrase(head),
            *_french(inner, "que", preceding=head.agreement),
            *_french(outer)[1:],
            french.adjective(adjective, head.agreement),
        ],
    )


def subject_relative(inner: Clause, adjective: Adjective, tense: str) -> Pair:
    """The doctor who is reading a letter is tired."""
    head = inner.subject
    outer = Clause(head, BE, None, tense)
    return _finish(
        [
            english.subject(head),
            "who",
            *_english(inner)[1:],
            *_english(outer)[1:],
            english.adjective(adjective),
        ],
        [
            french.subject(head),
            "qui",
            *_french(inner)[1:],
            *_french(outer)[1:],
            french.adjective(adjective, head.agreement),
        ],
    )


def reported(who: Subject, verb: Verb, told: Clause) -> Pair:
    """Marie says that the doctor has arrived."""
    outer = Clause(who, verb, None, "present")
    return _finish([*_english(outer), "that", *_english(told)], [*_french(outer), *_french(told, "que")])


def linked(first: Clause, word: Pair, second: Clause) -> Pair:
    """Two clauses with a conjunction between them."""
    return _finish([*_english(first), word[0], *_english(second)], [*_french(first), word[1], *_french(second)])


def because(clause: Clause, adjective: Adjective, tense: str) -> Pair:
    """He is crying because he is sad: the second subject is the pronoun for the first."""
    inner = _described(pronoun_for(clause.subject), BE, adjective, tense, before="parce que")
    return _finish([*_english(clause), "because", *inner[0]], [*_french(clause), *inner[1]])


def subordinate(word: Pair, first: Clause, second: Clause) -> Pair:
    """When Paul arrived, Marie was singing. If Paul comes, Marie will sing."""
    return _finish(
        [word[0], *_english(first), ",", *_english(second)], [*_french(first, word[1]), ",", *_french(second)]
    )


def same_object(clause: Clause, verb: Verb) -> Pair:
    """Paul found the key and he hid it: pronouns take up subject and object, in French with their gender."""
    direct = clause.direct
    assert isinstance(direct, NounPhrase)
    plural = direct.number == "p"
    it = Pronoun("it", "them" if plural else "it", direct.agreement)
    second = replace(clause, subject=pronoun_for(clause.subject), verb=verb, direct=it)
    return linked(clause, ("and", "et"), second)


def command(verb: Verb, direct: Thing, polarity: str, place: Adjunct | None, polite: bool) -> Pair:
    negated = polarity == "not"
    where = (english.adjunct(place), french.adjunct(place)) if place else ("", "")
    return _finish(
        ["please" if polite else "", english.imperative(verb, polarity), english.thing(direct), where[0]],
        [
            french.imperative(verb, polarity),
            french.thing(direct, verb.preposition, negated and not verb.preposition),
            where[1],
            ", s'il vous plaît" if polite else "",
        ],
    )


def pronoun_for(who: Subject) -> Pronoun:
    """The subject pronoun that takes up `who`: she for the nurse, elles for Marie and Anne."""
    if isinstance(who, Pronoun):
        return who
    agreement = who.agreement
    if agreement.number == "p":
        return Pronoun("they", "them", agreement)
    return Pronoun("she", "her", agreement) if agreement.gender == "f" else Pronoun("he", "him", agreement)
