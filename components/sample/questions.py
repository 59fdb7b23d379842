"""Questions: yes or no, where, when, why, what, who, which, how many."""

from __future__ import annotations

from typing import Any

from . import nouns, sentences, verbs
from .grammar import (
    COUPLES,
    NAMES,
    NONE,
    PERSONS,
    PLACES,
    SPEAKERS,
    STATIONARY,
    TENSES,
    THINGS,
    THIRD,
    YES,
    actions,
    by_subject,
    tensed,
)
from .numbering import Mix, OneOf, Product, Space
from .sentences import Clause
from .verbs import Family
from .words import NounPhrase, Who

QUESTIONERS = ((4, SPEAKERS), (2, THIRD), (2, NAMES), (1, COUPLES), (3, PERSONS))
_ASKED_OBJECTS = tuple(family for family in THINGS if len(family.verbs) > 2)


def asked() -> Space:
    """Does the doctor read a letter?"""
    return by_subject(
        lambda who: Mix(
            (3, Product(sentences.question, actions(who))),
            (2, Product(sentences.question, actions(who, timed=True))),
            (2, Product(sentences.question, actions(who, places=PLACES))),
        ),
        *QUESTIONERS,
    )


def asked_with() -> Space:
    """Where, when and why someone does something; what and whom someone does it to."""
    adverbs = OneOf([("where", "où est-ce que"), ("when", "quand est-ce que"), ("why", "pourquoi est-ce que")])

    def objectless(families: Any, word: tuple[str, str]) -> Any:
        def of(who: Space) -> Space:
            def clauses(places: Space, timed: bool) -> Space:
                return Mix(*(
                    (family.weight, tensed(family.verbs, TENSES, timed, lambda doing, tense, times: Product(
                        Clause, who, doing, NONE, tense, YES, places, times)))
                    for family in families
                ))  # fmt: skip

            return Product(
                sentences.asked_with, OneOf([word]), Mix((2, clauses(PLACES, False)), (3, clauses(NONE, True)))
            )

        return of

    people = (Family(1, verbs.ACTING_ON_PEOPLE, nouns.PEOPLE, ()),)
    talking = (Family(1, verbs.TALKING, nouns.PEOPLE, ()),)
    # A verb stands once here, whatever it is done to: without its object, "What do you sell?" would come twice.
    verbs_once = tuple({verb.english: verb for family in _ASKED_OBJECTS for verb in family.verbs}.values())
    things = (Family(1, verbs_once, (), ()),)
    return Mix(
        (4, by_subject(lambda who: Product(sentences.asked_with, adverbs, actions(who)), *QUESTIONERS)),
        (3, by_subject(objectless(things, ("what", "qu'est-ce que")), *QUESTIONERS)),
        (2, by_subject(objectless(people, ("who", "qui est-ce que")), *QUESTIONERS)),
        (1, by_subject(objectless(talking, ("who", "à qui est-ce que")), *QUESTIONERS)),
    )


def asked_which() -> Space:
    """Which letter, which letters or how many letters did Marie write?"""
    words = OneOf([("which", "s"), ("which", "p"), ("how many", "p")])

    def asking(who: Space, family: Family) -> Space:
        places = NONE if family.objects in STATIONARY else PLACES
        clauses = tensed(family.verbs, TENSES, False, lambda doing, tense, times: Product(
            Clause, who, doing, NONE, tense, YES, places, times))  # fmt: skip
        return Product(sentences.asked_which, words, OneOf(family.objects), clauses)

    def of(who: Space) -> Space:
        return Mix(*((family.weight, asking(who, family)) for family in THINGS))

    return by_subject(of, *QUESTIONERS)


def asked_who() -> Space:
    """Who reads a letter? Which doctors read a letter?"""
    which = Product(NounPhrase, OneOf(["which"]), OneOf(nouns.PEOPLE), OneOf("sp"))
    who = OneOf([Who()])
    return Mix(
        (2, Product(sentences.asked_who, actions(who))),
        (2, Product(sentences.asked_who, actions(who, timed=True))),
        (2, Product(sentences.asked_who, actions(which))),
    )
