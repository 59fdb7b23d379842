"""Statements of what someone does: with an object or without, somewhere, some time, to someone."""

from __future__ import annotations

from typing import Any

from . import adjectives as adj
from . import nouns, scenes, sentences, verbs
from .grammar import (
    ANIMALS,
    BEING,
    COUPLES,
    INSTRUMENTS,
    KIN,
    NAMES,
    NO,
    NONE,
    ONE_TENSE,
    PLACES,
    PRONOUNS,
    SPORTS,
    TENSES,
    THE,
    THE_PEOPLE,
    UNOWNED,
    WEIGHTS,
    YES,
    actions,
    by_subject,
    phrases,
    tensed,
    times_of,
)
from .numbering import Mix, OneOf, Product, Space, Union
from .sentences import Clause
from .verbs import BE
from .words import Adjunct, Verb


def plain(polarities: Space = YES) -> Space:
    """Someone does something; `polarities` "not" makes it a denial."""
    return by_subject(lambda who: Product(sentences.statement, actions(who, polarities=polarities)))


def negative() -> Space:
    """Not, never, no longer."""
    never = OneOf(["never"])
    longer = OneOf(["no longer"])
    return Mix(
        (6, plain(NO)),
        (2, by_subject(lambda who: Product(sentences.statement, actions(
            who, tenses=("present", "perfect", "pluperfect"), polarities=never)))),
        (1, by_subject(lambda who: Product(sentences.statement, actions(
            who, tenses=("present",), polarities=longer)))),
    )  # fmt: skip


def timed() -> Space:
    """… and when."""
    return by_subject(lambda who: Product(sentences.statement, actions(who, timed=True)))


def placed() -> Space:
    """… and where."""
    return by_subject(lambda who: Product(sentences.statement, actions(who, places=PLACES)))


def placed_and_timed() -> Space:
    """… where and when."""
    return by_subject(lambda who: Product(sentences.statement, actions(who, places=PLACES, timed=True)))


def fronted() -> Space:
    """When someone does something: the time comes first."""

    def of(who: Space) -> Space:
        parts = [
            (WEIGHTS[tense], Product(sentences.fronted, actions(who, tenses=(tense,)), times_of(tense)))
            for tense in scenes.TIMES
            if tense in ("progressive", "past", "was doing", "future")
        ]
        return Mix(*parts)

    return by_subject(of)


def intransitive() -> Space:
    """Someone sleeps somewhere, some time."""

    def of(who: Space) -> Space:
        def clauses(places: Space, timed: bool, polarities: Space = YES) -> Space:
            return tensed(verbs.INTRANSITIVE, TENSES, timed, lambda doing, tense, times: Product(
                Clause, who, doing, NONE, tense, polarities, places, times))  # fmt: skip

        return Mix(
            (3, Product(sentences.statement, clauses(PLACES, False))),
            (1, Product(sentences.statement, clauses(PLACES, False, NO))),
            (1, Product(sentences.statement, clauses(NONE, True))),
            (4, Product(sentences.statement, clauses(PLACES, True))),
        )

    return by_subject(of)


def short() -> Space:
    """Three to five words: the verb alone, affirmed, denied or asked."""
    polarity = OneOf(["yes", "not"])

    def of(who: Space) -> Space:
        return Product(sentences.statement, Union([
        Product(Clause, who, OneOf([verb for verb in verbs.INTRANSITIVE if tense in verb.tenses]), NONE,
                ONE_TENSE[tense], polarity)
        for tense in TENSES
        if tense != "past state"
    ]))  # fmt: skip

    return Mix((1, of(PRONOUNS)), (2, of(Union([NAMES, COUPLES, THE_PEOPLE, KIN]))))


def moving() -> Space:
    """Someone goes or comes somewhere."""

    def of(who: Space) -> Space:
        def ways(choice: Any, places: tuple[Adjunct, ...], timed: bool, make: Any = sentences.statement) -> Space:
            either = OneOf(["yes", "not"]) if make is sentences.statement else YES
            return Product(make, tensed(choice, TENSES, timed, lambda doing, tense, times: Product(
                Clause, who, doing, NONE, tense, either, OneOf(places), times)))  # fmt: skip

        to, from_ = scenes.TO_SITES + scenes.TO_TOWNS[:14], scenes.FROM_SITES + scenes.FROM_TOWNS
        return Mix(
            (1, ways(verbs.GOING, scenes.TO_SITES, False)),
            (4, ways(verbs.GOING[:2], scenes.TO_SITES + scenes.TO_TOWNS, True)),
            (2, ways(verbs.COMING, from_, True)),
            (1, ways(verbs.GOING[:2], to, True, sentences.question)),
        )

    return by_subject(of)


def playing() -> Space:
    """Music and sports: jouer de, jouer à."""

    def of(who: Space) -> Space:
        def playing(verb: Verb, what: Space) -> Space:
            either = OneOf(["yes", "not"])

            def clauses(places: Space, timed: bool, polarities: Space) -> Space:
                return tensed((verb,), TENSES, timed, lambda doing, tense, times: Product(
                    Clause, who, doing, what, tense, polarities, places, times))  # fmt: skip

            return Mix(
                (2, Product(sentences.statement, clauses(PLACES, False, either))),
                (2, Product(sentences.statement, clauses(NONE, True, either))),
                (1, Product(sentences.question, clauses(NONE, True, YES))),
            )

        return Mix((3, playing(verbs.PLAY_MUSIC, INSTRUMENTS)), (2, playing(verbs.PLAY_SPORT, SPORTS)))

    return by_subject(of)


def animals() -> Space:
    """What animals do, and how they are."""
    where = OneOf(scenes.SITES + scenes.BESIDE + scenes.BY_TREES)
    moving = tensed(verbs.OF_ANIMALS, ("present", "progressive", "past", "was doing", "future", "perfect"), False,
                    lambda doing, tense, times: Product(
                        Clause, ANIMALS, doing, NONE, tense, OneOf(["yes", "not"]), where, times))  # fmt: skip
    being = Product(
        sentences.described,
        phrases(nouns.ANIMALS, (), THE, UNOWNED),
        OneOf([BE]),
        OneOf(adj.ANIMAL),
        BEING,
        OneOf(["yes", "not"]),
        NONE,
    )
    return Mix((3, Product(sentences.statement, moving)), (1, being))
