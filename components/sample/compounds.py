"""Sentences of two clauses, and commands."""

from __future__ import annotations

from . import adjectives as adj
from . import scenes, sentences, verbs
from .grammar import (
    NAMES,
    NONE,
    ONE_TENSE,
    STATIONARY,
    THE_PEOPLE,
    THINGS,
    YES,
    actions,
    by_subject,
    objects_of,
    tensed,
)
from .numbering import Mix, OneOf, Product, Space, Union
from .sentences import Clause
from .verbs import Family
from .words import NounPhrase, Subject, Verb


def relatives() -> Space:
    """The letter that Marie wrote is long. The doctor who is reading a letter is tired."""
    heads = {family: Product(NounPhrase, OneOf(["the"]), OneOf(family.objects), OneOf("sp")) for family in THINGS}
    inner_tenses = ("progressive", "past", "perfect", "pluperfect", "wants to", "future")

    def on_object(who: Space) -> Space:
        return Mix(*(
            (family.weight, Product(
                sentences.object_relative, heads[family],
                tensed(family.verbs, inner_tenses, False, lambda doing, tense, times: Product(
                    Clause, who, doing, NONE, tense, OneOf(["yes", "not"]), NONE, times)),
                OneOf(family.adjectives), OneOf(["present", "past state"])))
            for family in THINGS
        ))  # fmt: skip

    on_subject = Product(
        sentences.subject_relative,
        actions(THE_PEOPLE, tenses=("progressive", "past", "was doing", "perfect")),
        OneOf(adj.STATES + adj.MOODS),
        OneOf(["present", "past state"]),
    )
    return Mix((3, by_subject(on_object)), (2, on_subject))


def reported() -> Space:
    """Marie says that the doctor has arrived."""
    told_tenses = ("progressive", "past", "future", "perfect", "is going to")

    def told(who: Space) -> Space:
        moving = tensed(verbs.INTRANSITIVE, told_tenses, True, lambda doing, tense, times: Product(
            Clause, who, doing, NONE, tense, OneOf(["yes", "not"]), NONE, times))  # fmt: skip
        return Mix((2, actions(who, tenses=told_tenses)), (1, moving))

    inner = by_subject(told)
    return by_subject(lambda who: Product(sentences.reported, who, OneOf(verbs.SAYING), inner))


def _doing_something(who: Space, tense: str) -> Space:
    """A short clause in one tense, with or without an object."""
    doing = OneOf([verb for verb in verbs.INTRANSITIVE if tense in verb.tenses])
    alone = Product(Clause, who, doing, NONE, ONE_TENSE[tense], YES, OneOf((None, *scenes.SITES)))
    return Mix((1, alone), (1, actions(who, tenses=(tense,))))


def combined() -> Space:
    """Clauses joined by and, but, when, if, because."""
    others = Union([THE_PEOPLE, NAMES])
    both, when, if_ = OneOf([("and", "et"), ("but", "mais")]), OneOf([("when", "quand")]), OneOf([("if", "si")])

    def joined(who: Space) -> Space:
        def linked(tense: str) -> Space:
            return Product(sentences.linked, _doing_something(who, tense), both, _doing_something(others, tense))

        def subordinate(word: Space, before: str, after: str) -> Space:
            clauses = _doing_something(who, before), _doing_something(others, after)
            return Product(sentences.subordinate, word, *clauses)

        return Mix(
            (2, linked("progressive")),
            (2, linked("past")),
            (1, linked("future")),
            (2, subordinate(when, "past", "was doing")),
            (2, subordinate(if_, "present", "future")),
        )

    def because(who: Space) -> Space:
        moods = OneOf(adj.STATES + adj.MOODS)
        return Mix(
            (1, Product(sentences.because, _doing_something(who, "progressive"), moods, OneOf(["present"]))),
            (1, Product(sentences.because, _doing_something(who, "past"), moods, OneOf(["past state"]))),
        )

    return Mix((3, by_subject(joined)), (2, by_subject(because)))


def same_object() -> Space:
    """Paul has found the key and he has hidden it."""

    def of(who: Space) -> Space:
        parts = []
        for family in THINGS:
            for tense in ("past", "perfect", "future", "was going to"):
                doing = [verb for verb in family.verbs if tense in verb.tenses]
                two = [(first, second) for first in doing for second in doing if first is not second]
                if two:
                    clauses = Product(_twice, ONE_TENSE[tense], OneOf(two), who, objects_of(family))
                    parts.append((family.weight, clauses))
        return Mix(*parts)

    return by_subject(of)


def _twice(tense: str, two: tuple[Verb, Verb], who: Subject, what: NounPhrase) -> sentences.Pair:
    return sentences.same_object(Clause(who, two[0], what, tense), two[1])


def commands() -> Space:
    """Close the door. Please do not eat the cake in the library."""
    either = OneOf(["yes", "not"])

    def of(family: Family, places: Space) -> Space:
        doing = OneOf([verb for verb in family.verbs if "can" in verb.tenses])
        return Product(sentences.command, doing, objects_of(family), either, places, OneOf([False, True]))

    return Union(
        [of(family, NONE) for family in THINGS]
        + [of(family, OneOf(scenes.SITES)) for family in THINGS if family.objects not in STATIONARY]
    )
