"""Sentences: clauses turned into one English and one French text.

Every public function takes clauses, phrases and words, and returns the pair (English, French). It puts the sentence
together from parts, which are pairs too.
"""

from __future__ import annotations

from . import english, french
from .lexicon import BE
from .words import TENSES, Adjective, Adjunct, Agreement, Clause, Name, Nominal, Noun, NounPhrase, Pronoun, Verb

Pair = tuple[str, str]
NOTHING, COMMA = ("", ""), (",", ",")


def _joined(*parts: Pair) -> Pair:
    one, other = (" ".join(filter(None, side)) for side in zip(*parts, strict=True))
    return one, other


def _sentence(*parts: Pair, question: bool = False) -> Pair:
    one, other = (text[0].upper() + text[1:].replace(" ,", ",") for text in _joined(*parts))
    # French sets a narrow no-break space before a question mark.
    return (f"{one}?", f"{other}\u202f?") if question else (f"{one}.", f"{other}.")


def _clause(
    clause: Clause,
    before: str = "",
    asked: bool = False,
    preceding: Agreement | None = None,
    with_subject: bool = True,
) -> Pair:
    """A clause in both languages.

    `before`: the French words ahead, of which the last may elide. `asked`: English inverts. `preceding`: a direct
    object further ahead, with which French agrees.
    """
    who, verb, tense, polarity, whom = (
        clause.subject,
        clause.verb,
        TENSES[clause.tense],
        clause.polarity,
        clause.indirect,
    )
    subject = (english.nominal(who), french.nominal(who, before)) if with_subject else NOTHING
    first, rest = english.verb_group(who.agreement, verb, tense, polarity, asked)
    direct, indirect = (what.agreement if isinstance(what, Pronoun) else None for what in (clause.complement, whom))
    clitics = (None, direct) if direct and verb.preposition == "à" else (direct, indirect)
    led, leads = (who, before) if isinstance(who, Pronoun) else (who.agreement, "")
    group = french.verb_group(led, verb, tense, polarity, leads, clitics, preceding)
    return _joined(
        (first if asked else subject[0], subject[1]),
        (subject[0] if asked else first, group),
        (rest, ""),
        _complement(clause),
        (f"to {english.nominal(whom, True)}", french.nominal(whom, "à")) if whom else NOTHING,
        _adjunct(clause.place),
        _adjunct(clause.time),
    )


def _complement(clause: Clause) -> Pair:
    what, agreement, preposition = clause.complement, clause.subject.agreement, clause.verb.preposition
    if what is None:
        return NOTHING
    if isinstance(what, Adjective):
        return english.adjective(what), french.adjective(what, agreement)
    if isinstance(what, Noun):
        # He is a doctor: French has no article.
        one, other = (NounPhrase(determiner, what, agreement.number) for determiner in ("a", "none"))
        return english.noun_phrase(one), french.noun_phrase(other)
    negated = clause.polarity != "yes" and not preposition
    return english.nominal(what, True), french.nominal(what, preposition, negated)


def _nominal(what: Nominal, before: str = "") -> Pair:
    return english.nominal(what), french.nominal(what, before)


def _adjunct(what: Adjunct | None) -> Pair:
    return (english.adjunct(what), french.nominal(what.governed, what.french)) if what else NOTHING


def _pronoun_for(who: Nominal) -> Pronoun:
    """The subject pronoun that takes up `who`: she for the nurse, elles for Marie and Anne."""
    if isinstance(who, Pronoun):
        return who
    if who.agreement.number == "p":
        return Pronoun("they", "them", who.agreement)
    return Pronoun(*(("she", "her") if who.agreement.gender == "f" else ("he", "him")), who.agreement)


def statement(clause: Clause, asked: bool = False) -> Pair:
    """A statement, or a question (`asked`) whose subject is who or which …: no inversion in either language."""
    return _sentence(_clause(clause), question=asked)


def fronted(clause: Clause, time: Adjunct) -> Pair:
    """With the time ahead: « Hier, le médecin a lu la lettre. »"""
    return _sentence(_adjunct(time), COMMA, _clause(clause))


def question(clause: Clause) -> Pair:
    return asked_with(("", "est-ce que"), clause)


def asked_with(word: Pair, clause: Clause) -> Pair:
    """Asked with where, when, why, what …: `word` in both languages."""
    return _sentence((word[0], ""), _clause(clause, word[1], asked=True), question=True)


def asked_which(word: tuple[str, str], noun: Noun, clause: Clause) -> Pair:
    """Which letters …? How many letters …? The noun is the object, so that the French participle agrees with it.

    `word`: "which" or "how many", and the number of the noun.
    """
    which, number = word
    what = NounPhrase("which" if which == "which" else "none", noun, number)
    ahead = _nominal(what, "" if which == "which" else "combien de")
    if which == "how many":
        ahead = (f"how many {ahead[0]}", ahead[1])
    return _sentence(ahead, _clause(clause, "est-ce que", asked=True, preceding=what.agreement), question=True)


def compared(who: Nominal, adjective: Adjective, comparison: str, other: Name | NounPhrase, tense: str) -> Pair:
    """Someone is taller than ("more"), as tall as ("as") or less tall than ("less") someone else."""
    return _sentence(
        _clause(Clause(who, BE, None, tense)),
        (english.adjective(adjective, comparison), french.adjective(adjective, who.agreement, comparison)),
        _nominal(other, "que"),
    )


def existing(what: NounPhrase, where: Adjunct, tense: str, form: str) -> Pair:
    """There is … somewhere; `form` is "yes", "not" (There is no …) or "?"."""
    first, rest = english.verb_group(what.agreement, BE, TENSES[tense], "yes")
    has = {"present": "a", "past state": "avait", "future": "aura"}[tense]
    asked, negated = form == "?", form == "not"
    return _sentence(
        (f"{first} there" if asked else f"there {first}", "est-ce qu'il" if asked else "il"),
        (rest, f"n'y {has} pas" if negated else f"y {has}"),
        (english.noun_phrase(what._replace(determiner="no") if negated else what), french.nominal(what, "", negated)),
        _adjunct(where),
        question=asked,
    )


def done(what: NounPhrase, verb: Verb, tense: str, polarity: str, agent: Name | NounPhrase) -> Pair:
    """The passive: the letter was written by the doctor."""
    group = " ".join(english.verb_group(what.agreement, verb, TENSES[tense], polarity, passive=True))
    return _sentence(
        _nominal(what),
        (f"{group} by", french.passive(what.agreement, verb, TENSES[tense], polarity)),
        _nominal(agent, "par"),
    )


def object_relative(head: NounPhrase, inner: Clause, adjective: Adjective, tense: str) -> Pair:
    """The letter that Marie wrote is long: « La lettre que Marie a écrite est longue. »"""
    outer = _clause(Clause(head, BE, adjective, tense), with_subject=False)
    return _sentence(_nominal(head), ("that", ""), _clause(inner, "que", preceding=head.agreement), outer)


def subject_relative(inner: Clause, adjective: Adjective, tense: str) -> Pair:
    """The doctor who is reading a letter is tired."""
    outer = _clause(Clause(inner.subject, BE, adjective, tense), with_subject=False)
    return _sentence(_nominal(inner.subject), ("who", "qui"), _clause(inner, with_subject=False), outer)


def linked(first: Clause, word: Pair, second: Clause) -> Pair:
    """Two clauses with a conjunction between them."""
    return _sentence(_clause(first), (word[0], ""), _clause(second, word[1]))


def subordinate(word: Pair, first: Clause, second: Clause) -> Pair:
    """When Paul arrived, Marie was singing. If Paul comes, Marie will sing."""
    return _sentence((word[0], ""), _clause(first, word[1]), COMMA, _clause(second))


def because(clause: Clause, adjective: Adjective, tense: str) -> Pair:
    """He is crying because he is sad: the second subject is the pronoun for the first."""
    reason = Clause(_pronoun_for(clause.subject), BE, adjective, tense)
    return linked(clause, ("because", "parce que"), reason)


def same_object(clause: Clause, verb: Verb) -> Pair:
    """Paul found the key and he hid it: pronouns take up subject and object, in French with their gender."""
    what = clause.complement
    assert isinstance(what, NounPhrase)
    it = Pronoun("it", "them" if what.number == "p" else "it", what.agreement)
    return linked(
        clause, ("and", "et"), clause._replace(subject=_pronoun_for(clause.subject), verb=verb, complement=it)
    )


def command(verb: Verb, direct: Nominal, polarity: str, place: Adjunct | None, polite: bool) -> Pair:
    """Close the door. Please do not eat the cake in the library."""
    negated = polarity == "not" and not verb.preposition
    return _sentence(
        ("please" if polite else "", ""),
        (english.imperative(verb, polarity), french.imperative(verb, polarity)),
        (english.nominal(direct, True), french.nominal(direct, verb.preposition, negated)),
        _adjunct(place),
        ("", ", s'il vous plaît" if polite else ""),
    )
