"""The building blocks of the grammar: spaces of noun phrases, subjects and clauses, in everyday proportions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from . import lexicon
from .lexicon import FAMILIES, HE, ME, SHE, THEY, TIMES, WE, YOU, Family
from .numbering import Mix, OneOf, Product, Space, Union, Values
from .words import TENSES, Adjective, Clause, Noun, NounPhrase, Verb

NONE, YES, EITHER = OneOf([None]), OneOf(["yes"]), OneOf(["yes", "not"])
BEING = ["present", "past state", "future"]

# --- noun phrases; a determiner is its word and its number

Determiners = Sequence[tuple[str, str]]
_OWNERS = ("my", "your", "his", "her", "our", "their")
THE, A = [("the", "s"), ("the", "p")], [("a", "s"), ("a", "p")]
COUNTED = [(word, "p") for word in ("two", "three", "four", "five", "ten", "many")]
UNOWNED = [("this", "s"), ("this", "p"), *COUNTED]
_SPECIAL = [*((word, number) for word in ("this", *_OWNERS) for number in "sp"), *COUNTED]
_MASS, _MASS_SPECIAL = [("the", "s"), ("some", "s")], [(word, "s") for word in ("this", *_OWNERS)]
_WHO, _WHO_SPECIAL = [*THE, ("a", "s")], [("this", "s"), ("this", "p"), ("two", "p"), ("three", "p"), ("many", "p")]


def phrases(
    nouns: Sequence[Noun],
    adjectives: Sequence[Adjective] = (),
    plain: Determiners = (*THE, *A),
    special: Determiners = _SPECIAL,
) -> Space:
    """Noun phrases: as often the plain determiners as the special ones, as often with an adjective as without."""

    def phrase(determiner: tuple[str, str], noun: Noun, adjective: Adjective | None) -> NounPhrase:
        return NounPhrase(determiner[0], noun, determiner[1], adjective)

    def either(described: Values) -> Space:
        common = Product(phrase, plain, nouns, described)
        return Mix((1, common), (1, Product(phrase, special, nouns, described))) if special else common

    return Mix((1, either(NONE)), (1, either(adjectives))) if adjectives else either(NONE)


def _special_of(family: Family) -> Determiners:
    return UNOWNED if family.objects in lexicon.OWNERLESS else _SPECIAL


@cache
def objects_of(family: Family) -> Space:
    nouns, adjectives = family.objects, family.adjectives
    if nouns[0].mass:
        return phrases(nouns, adjectives, _MASS, _MASS_SPECIAL)
    if nouns is lexicon.PEOPLE:
        return Mix((8, phrases(nouns, adjectives, _WHO, _WHO_SPECIAL)), (1, KIN), (1, NAMES))
    return phrases(nouns, adjectives, special=_special_of(family))


@cache
def subjects_of(family: Family, described: bool = True) -> Space:
    """The objects of a family as subjects, in the passive say: never the bare plural."""
    return phrases(family.objects, family.adjectives if described else (), THE, _special_of(family))


# --- subjects

NAMES, COUPLES = OneOf(lexicon.NAMES), OneOf(lexicon.COUPLES)
SPEAKERS, THIRD = OneOf((ME, YOU, WE)), OneOf((HE, SHE, THEY))
PEOPLE, THE_PEOPLE = phrases(lexicon.PEOPLE, lexicon.HUMAN, _WHO, _WHO_SPECIAL), phrases(lexicon.PEOPLE, (), _WHO, ())
KIN = Union(
    phrases(lexicon.FAMILY + lexicon.KEPT, (), [(word, "s") for word in _OWNERS], ()),
    # In the plural without parents and grandparents.
    phrases(lexicon.FAMILY[2:7] + lexicon.KEPT, (), [(word, "p") for word in _OWNERS], ()),
)
PERSONS = Mix((4, PEOPLE), (1, KIN))
ANIMALS = phrases(lexicon.ANIMALS, lexicon.ANIMAL, _WHO, UNOWNED)

Subjects = Sequence[tuple[int, Space]]
# I, you and we come more often than each of the others: their verb forms are theirs alone.
SUBJECTS: Subjects = ((6, SPEAKERS), (3, THIRD), (2, NAMES), (1, COUPLES), (4, PERSONS))
ASKED: Subjects = ((4, SPEAKERS), (2, THIRD), (2, NAMES), (1, COUPLES), (3, PERSONS))
GIVERS: Subjects = ((2, NAMES), (1, COUPLES), (3, PERSONS), (4, SPEAKERS))


def by_subject(make: Callable[[Space], Space], subjects: Subjects = SUBJECTS) -> Space:
    """`make(subject)` for each kind of subject, in their proportions."""
    return Mix(*((weight, make(who)) for weight, who in subjects))


# --- clauses


def able(verbs: Sequence[Verb], tense: str) -> list[Verb]:
    """Those of the verbs that make sense in the tense."""
    return [verb for verb in verbs if tense in verb.tenses]


def in_tense(
    tense: str,
    who: Values,
    verbs: Sequence[Verb],
    complements: Values = NONE,
    polarities: Values = YES,
    places: Values = NONE,
    times: Values = NONE,
    indirect: Values = NONE,
) -> Space:
    """Clauses in one tense, with those of the verbs that make sense in it."""
    return Product(Clause, who, able(verbs, tense), complements, [tense], polarities, places, times, indirect)


def clauses(
    who: Values,
    verbs: Sequence[Verb],
    complements: Values = NONE,
    tenses: Sequence[str] = tuple(TENSES),
    polarities: Values = YES,
    places: Values = NONE,
    timed: bool = False,
    indirect: Values = NONE,
) -> Space:
    """Clauses in each of the tenses, by their weights; `timed`: with a time that goes with the tense."""

    def of(tense: str) -> Space:
        times = TIMES[tense] if timed else NONE
        return in_tense(tense, who, verbs, complements, polarities, places, times, indirect)

    possible = [tense for tense in tenses if able(verbs, tense) and (not timed or tense in TIMES)]
    return Mix(*((TENSES[tense].weight, of(tense)) for tense in possible))


def actions(
    who: Values,
    families: Sequence[Family] = FAMILIES,
    tenses: Sequence[str] = tuple(TENSES),
    polarities: Values = YES,
    places: Values = NONE,
    timed: bool = False,
) -> Space:
    """Clauses of transitive verbs with a noun phrase as their object."""
    possible = [family for family in families if any(able(family.verbs, tense) for tense in tenses)]
    if places is not NONE:
        possible = [family for family in possible if family.objects not in lexicon.STATIONARY]

    def of(family: Family) -> Space:
        return clauses(who, family.verbs, objects_of(family), tenses, polarities, places, timed)

    return Mix(*((family.weight, of(family)) for family in possible))
