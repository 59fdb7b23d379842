"""Statements with object pronouns and indirect objects: to see her, to give it to him, to explain it to someone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import adjectives as adj
from . import nouns, sentences, verbs
from .grammar import (
    COUPLES,
    KIN,
    NAMES,
    NONE,
    PERSONS,
    PLACES,
    SPEAKERS,
    TENSES,
    THE_PEOPLE,
    THIRD,
    YES,
    actions,
    by_subject,
    phrases,
    tensed,
)
from .numbering import Mix, OneOf, Product, Space, Union
from .sentences import Clause
from .verbs import Family
from .words import Agreement, Pronoun, Verb

_OBJECT_PRONOUNS = tuple(
    (subject, thing)
    for subject in nouns.PRONOUNS
    for thing in nouns.PRONOUNS
    if subject is not thing and (subject.agreement.person, thing.agreement.person) != (1, 1)
)
# It alone is always le: only a sentence that names its noun gives another gender away.
IT = Pronoun("it", "it", Agreement(3, "s", "m"))


def pronoun_objects(people: tuple[Verb, ...], kinds: tuple[tuple[int, Space], ...]) -> Space:
    """He sees her. Marie has written to them."""
    others, either = OneOf(nouns.PRONOUNS), OneOf(["yes", "not"])

    def clauses(pairs: Space, places: Space, timed: bool, polarities: Space) -> Space:
        return tensed(people, TENSES, timed, lambda doing, tense, times: Product(
            lambda pair, *rest: Clause(pair[0], rest[0], pair[1], *rest[1:]),
            pairs, doing, tense, polarities, places, times))  # fmt: skip

    def of(pairs: Space) -> Space:
        return Mix(
            (1, Product(sentences.statement, clauses(pairs, PLACES, False, either))),
            (2, Product(sentences.statement, clauses(pairs, NONE, True, either))),
            (1, Product(sentences.question, clauses(pairs, NONE, True, YES))),
        )

    return Mix(
        (2, of(OneOf(_OBJECT_PRONOUNS))),
        *((weight, of(Product(lambda who, whom: (who, whom), who, others))) for weight, who in kinds),
    )


def giving() -> Space:
    """To give something to someone, and with pronouns for one or both."""
    gifts = nouns.PORTABLES[5:] + nouns.READABLES[:6] + nouns.CLOTHES[:3]
    things = Mix(
        (3, phrases(nouns.PORTABLES[5:] + nouns.CLOTHES[:3], adj.OBJECT + adj.COLORS)),
        (1, phrases(nouns.READABLES[:6], adj.TEXT[:8])),
    )
    plain_things = phrases(gifts, ())
    one = OneOf([nouns.HE, nouns.SHE])
    them = OneOf([IT, nouns.THEY])

    def of(who: Space) -> Space:
        def giving(direct: Space, indirect: Space, timed: bool = False, ask: Any = sentences.statement) -> Space:
            return Product(ask, tensed(verbs.GIVING, TENSES, timed, lambda doing, tense, times: Product(
                Clause, who, doing, direct, tense, OneOf(["yes", "not"]), NONE, times, indirect)))  # fmt: skip

        return Mix(
            (4, giving(things, THE_PEOPLE)),
            (2, giving(plain_things, NAMES)),
            (2, giving(plain_things, Union([KIN, NAMES]), True)),
            (4, giving(things, THIRD)),
            (1, giving(things, THIRD, ask=sentences.question)),
            (1, giving(them, one, True)),
        )

    return by_subject(of, (2, NAMES), (1, COUPLES), (3, PERSONS), (4, SPEAKERS))


def telling() -> Space:
    """To explain an idea to someone."""
    family = Family(1, verbs.TELLING, nouns.MATTERS[2:5] + nouns.MATTERS[7:], adj.MATTER)

    def of(who: Space) -> Space:
        return Product(
            lambda clause, whom: sentences.statement(replace(clause, indirect=whom)),
            actions(who, (family,), polarities=OneOf(["yes", "not"])),
            Union([THE_PEOPLE, NAMES]),
        )

    return by_subject(of)
