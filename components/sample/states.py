"""What there is, and what people and things are: adjectives, comparisons, professions, the passive."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import adjectives as adj
from . import nouns, scenes, sentences
from .grammar import (
    BEING,
    KIN,
    NAMES,
    NO,
    NONE,
    ONE_TENSE,
    SPEAKERS,
    THE_PEOPLE,
    THINGS,
    THIRD,
    YES,
    by_subject,
    phrases,
    subjects_of,
    times_of,
)
from .numbering import Mix, OneOf, Product, Space, Union
from .verbs import BE, BECOME, SEEM
from .words import NounPhrase


def described() -> Space:
    """People and things are, seem or become so."""
    states, words = OneOf(adj.HUMAN + adj.STATES), OneOf(adj.HUMAN[:12] + adj.STATES + adj.NATIONAL)
    either = OneOf(["yes", "not"])

    def people(who: Space) -> Space:
        timed = Union([
            Product(sentences.described, who, OneOf([verb]), states, ONE_TENSE[tense], either,
                    OneOf(scenes.TIMES[tense][:19]))
            for verb, tense in ((BE, "past state"), (BE, "future"), (SEEM, "past state"))
        ] + [
            Product(sentences.described, who, OneOf([BE, SEEM]), states, ONE_TENSE["present"], either,
                    OneOf(scenes.NOW))
        ])  # fmt: skip
        bare = Union([
            Product(sentences.described, who, OneOf([verb]), words if verb is BE else states, ONE_TENSE[tense], either,
                    NONE)
            for verb in (BE, SEEM, BECOME)
            for tense in verb.tenses
        ])  # fmt: skip
        return Mix((2, bare), (3, timed)) if who not in (SPEAKERS, THIRD) else Mix((1, timed))

    def things() -> Space:
        return Union([
            Product(sentences.described, subjects_of(replace(family, adjectives=())), OneOf([BE]),
                    OneOf(family.adjectives), BEING, either, NONE)
            for family in THINGS
        ])  # fmt: skip

    return Mix((4, by_subject(people)), (2, things()))


_DEGREES = tuple(
    word
    for word in adj.HUMAN + adj.STATES
    if word.english
    in ("young", "happy", "tired", "rich", "famous", "serious", "intelligent", "lazy", "proud", "curious", "generous",
        "calm", "strong", "tall", "sad")
)  # fmt: skip


def compared() -> Space:
    """Someone is taller than, as tall as or less tall than someone else."""

    def of(who: Space) -> Space:
        return Product(sentences.compared, who, OneOf(_DEGREES), OneOf(["more", "as", "less"]),
                       Union([NAMES, KIN, THE_PEOPLE]), BEING)  # fmt: skip

    return by_subject(of)


def professions() -> Space:
    """Someone is or becomes a doctor; men and women have the nouns of their own gender."""
    crafts = [noun for noun in nouns.PEOPLE if noun.english not in ("child", "boy", "girl", "man", "woman", "neighbor")]

    def of(gender: str) -> Space:
        who = OneOf(
            [name for name in nouns.NAMES + nouns.COUPLES if name.agreement.gender == gender]
            + [pronoun for pronoun in nouns.PRONOUNS if pronoun.agreement.gender == gender]
            + [NounPhrase(owner, kin) for owner in ("my", "your", "his", "our") for kin in nouns.FAMILY
               if kin.gender == gender]
        )  # fmt: skip
        what = OneOf([noun for noun in crafts if noun.gender == gender])
        either = OneOf(["yes", "not"])
        return Union([
            Product(sentences.profession, who, OneOf([verb]), what, ONE_TENSE[tense], either, times)
            for verb, tense, times in (
                (BE, "present", NONE), (BE, "past state", times_of("past state")), (BECOME, "past", NONE),
                (BECOME, "wants to", NONE), (BECOME, "is going to", NONE),
                (BECOME, "future", OneOf(scenes.FUTURE_TIMES[5:10])))
        ])  # fmt: skip

    return Mix((3, of("m")), (1, of("f")))


def existing() -> Space:
    """There is or is not something somewhere, or is there?"""
    plain = OneOf([("a", "s"), ("a", "p")])
    counted = OneOf([(word, "p") for word in ("two", "three", "four", "five", "ten", "many")])
    settings = (
        (nouns.PORTABLES + nouns.READABLES + nouns.FOODS, adj.COLORS + adj.OBJECT, scenes.ON_FURNITURE),
        (nouns.PEOPLE + nouns.ANIMALS, adj.HUMAN[:2] + adj.ANIMAL[7:], scenes.SITES + scenes.BESIDE),
        (nouns.BUILDINGS, adj.PLACE, scenes.BESIDE + scenes.TOWNS),
    )
    tense = BEING

    def of(things: Any, words: Any, places: Any) -> Space:
        loose, counted_things = phrases(things, words, plain, None), phrases(things, words, plain, counted)
        where = OneOf(places)
        return Mix(
            (4, Product(sentences.existing, counted_things, where, tense, YES)),
            (1, Product(sentences.existing, loose, where, tense, NO)),
            (1, Product(sentences.existing, loose, where, tense, OneOf(["?"]))),
        )

    return Mix(*((1, of(*setting)) for setting in settings))


def passive() -> Space:
    """Something is done by someone."""
    tenses = OneOf(["present", "past", "future", "perfect"])
    agents = Union([NAMES, THE_PEOPLE, KIN])
    return Union([
        Product(sentences.done, subjects_of(family),
                OneOf([verb for verb in family.verbs if not verb.particle and "past" in verb.tenses]), tenses,
                OneOf(["yes", "not"]), agents)
        for family in THINGS
    ])  # fmt: skip
