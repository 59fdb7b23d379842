"""The building blocks of the grammar: spaces of subjects, objects and clauses, in the proportions wanted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from . import adjectives as adj
from . import nouns, scenes, verbs
from .numbering import Mix, OneOf, Product, Space, Union
from .sentences import Clause
from .verbs import Family
from .words import Adjective, Noun, NounPhrase, Verb

NONE = OneOf([None])
YES = OneOf(["yes"])
NO = OneOf(["not"])

# How often a tense comes where all are possible.
WEIGHTS = {
    "present": 4, "progressive": 4, "past": 5, "was doing": 2, "past state": 2, "future": 4, "perfect": 2,
    "pluperfect": 1, "can": 1, "must": 1, "should": 1, "wants to": 1, "wanted to": 1, "would like to": 1,
    "is going to": 1, "was going to": 1,
}  # fmt: skip

_POSSESSIVES = ("my", "your", "his", "her", "our", "their")
_PLAIN = OneOf([("the", "s"), ("the", "p"), ("a", "s"), ("a", "p")])
_SPECIAL = OneOf(
    [(word, number) for word in ("this", *_POSSESSIVES) for number in "sp"]
    + [(word, "p") for word in ("two", "three", "four", "five", "ten", "many")]
)
UNOWNED = OneOf(
    [("this", "s"), ("this", "p")] + [(word, "p") for word in ("two", "three", "four", "five", "ten", "many")]
)
_MASS = OneOf([("the", "s"), ("some", "s")])
_MASS_SPECIAL = OneOf([(word, "s") for word in ("this", *_POSSESSIVES)])
_WHO_PLAIN = OneOf([("the", "s"), ("the", "p"), ("a", "s")])
_WHO_SPECIAL = OneOf([("this", "s"), ("this", "p"), ("two", "p"), ("three", "p"), ("many", "p")])


def _phrase(determiner: tuple[str, str], noun: Noun, adjective: Any) -> NounPhrase:
    return NounPhrase(determiner[0], noun, determiner[1], adjective)


def phrases(
    of: Sequence[Noun], adjectives: Sequence[Adjective], plain: Space = _PLAIN, special: Space | None = _SPECIAL
) -> Space:
    """Noun phrases: as often the plain determiners as the special ones, as often with an adjective as without."""
    named = OneOf(of)

    def either(described: Space) -> Space:
        common = Product(_phrase, plain, named, described)
        return Mix((1, common), (1, Product(_phrase, special, named, described))) if special else common

    return Mix((1, either(NONE)), (1, either(OneOf(adjectives)))) if adjectives else either(NONE)


# What nobody owns: my neighbor, but hardly my station.
STATIONARY = (nouns.BUILDINGS, nouns.REGIONS, nouns.VEHICLES, nouns.OPENABLES)
_OWNERLESS = (nouns.ANIMALS, nouns.BUILDINGS, nouns.REGIONS, nouns.SPECTACLES, nouns.SOUNDS)

PEOPLE = phrases(nouns.PEOPLE, adj.HUMAN, _WHO_PLAIN, _WHO_SPECIAL)
KIN = Union([
    Product(_phrase, OneOf([(word, "s") for word in _POSSESSIVES]), OneOf(nouns.FAMILY + nouns.KEPT), NONE),
    Product(_phrase, OneOf([(word, "p") for word in _POSSESSIVES]), OneOf(nouns.FAMILY[2:7] + nouns.KEPT), NONE),
])  # fmt: skip
PERSONS = Mix((4, PEOPLE), (1, KIN))
THE = OneOf([("the", "s"), ("the", "p")])
ANIMALS = phrases(nouns.ANIMALS, adj.ANIMAL, OneOf([("the", "s"), ("the", "p"), ("a", "s")]), UNOWNED)
INSTRUMENTS = Product(_phrase, OneOf([("the", "s")]), OneOf(nouns.INSTRUMENTS), NONE)
SPORTS = Product(_phrase, OneOf([("generic", "s")]), OneOf(nouns.SPORTS), NONE)
NAMES, COUPLES, PRONOUNS = OneOf(nouns.NAMES), OneOf(nouns.COUPLES), OneOf(nouns.PRONOUNS)
SPEAKERS, THIRD = OneOf(nouns.SPEAKERS), OneOf(nouns.THIRD)
THE_PEOPLE = Product(_phrase, _WHO_PLAIN, OneOf(nouns.PEOPLE), NONE)
# I, you and we come more often than each of the others: their verb forms are theirs alone.
SUBJECTS = ((6, SPEAKERS), (3, THIRD), (2, NAMES), (1, COUPLES), (4, PERSONS))


def by_subject(make: Any, *subjects: tuple[int, Space]) -> Space:
    """`make(subjects)` for each kind of subject, in the proportions of everyday text."""
    return Mix(*((weight, make(who)) for weight, who in subjects or SUBJECTS))


@cache
def objects_of(family: Family) -> Space:
    if family.objects[0].mass:
        return phrases(family.objects, family.adjectives, _MASS, _MASS_SPECIAL)
    if family.objects is nouns.PEOPLE:
        return Mix((8, phrases(family.objects, family.adjectives, _WHO_PLAIN, _WHO_SPECIAL)), (1, KIN), (1, NAMES))
    if family.objects in _OWNERLESS:
        return phrases(family.objects, family.adjectives, special=UNOWNED)
    return phrases(family.objects, family.adjectives)


@cache
def subjects_of(family: Family) -> Space:
    """The objects of a family as subjects, in the passive say: never the bare plural."""
    return phrases(family.objects, family.adjectives, THE, UNOWNED if family.objects in _OWNERLESS else _SPECIAL)


def times_of(tense: str) -> Space:
    return OneOf(scenes.TIMES[tense])


def actions(
    who: Space,
    families: Sequence[Family] = verbs.FAMILIES,
    tenses: Sequence[str] = tuple(WEIGHTS),
    polarities: Space = YES,
    places: Space = NONE,
    timed: bool = False,
) -> Space:
    """Clauses of transitive verbs with a noun phrase as their object."""

    # A sentence that says where leaves out what is a place itself.
    chosen = [
        family
        for family in families
        if _any(family.verbs, tenses) and (places is NONE or family.objects not in STATIONARY)
    ]

    def of_family(family: Family) -> Space:
        return tensed(family.verbs, tenses, timed, lambda doing, tense, times: Product(
            Clause, who, doing, objects_of(family), tense, polarities, places, times))  # fmt: skip

    return Mix(*((family.weight, of_family(family)) for family in chosen))


def _any(choice: Sequence[Verb], tenses: Sequence[str]) -> bool:
    return any(tense in verb.tenses for verb in choice for tense in tenses)


def tensed(choice: Sequence[Verb], tenses: Sequence[str], timed: bool, make: Any) -> Space:
    """`make(verbs, tense, times)` for each tense, with the verbs that make sense in it, weighted by `WEIGHTS`."""
    parts = []
    for tense in tenses:
        doing = [verb for verb in choice if tense in verb.tenses]
        if doing and (not timed or tense in scenes.TIMES):
            parts.append((WEIGHTS[tense], make(OneOf(doing), OneOf([tense]), times_of(tense) if timed else NONE)))
    return Mix(*parts)


PLACES = OneOf(scenes.PLACES)

TENSES = tuple(WEIGHTS)

ONE_TENSE = {tense: OneOf([tense]) for tense in TENSES}

# Families with a plain direct object that is a thing: what a passive, a relative or "it" can be made with.
THINGS = tuple(
    family
    for family in verbs.FAMILIES
    if not family.objects[0].mass
    and family.objects not in (nouns.PEOPLE, nouns.ANIMALS)
    and not any(verb.preposition for verb in family.verbs)
)

BEING = OneOf(["present", "past state", "future"])
