"""The sentence patterns in their proportions: the whole corpus is one space of (English, French) pairs."""

from __future__ import annotations

from functools import cache

from . import compounds, questions, statements, states, transfers, verbs
from .grammar import NAMES, PEOPLE
from .numbering import Mix


@cache
def grammar() -> Mix:
    """Every pair of the corpus, by number. The weights are per cent of the corpus, about."""
    return Mix(
        (8, statements.plain()),
        (1, statements.short()),
        (6, statements.negative()),
        (8, statements.timed()),
        (4, statements.placed()),
        (2, statements.placed_and_timed()),
        (2, statements.fronted()),
        (8, statements.intransitive()),
        (5, statements.moving()),
        (4, transfers.pronoun_objects(verbs.ACTING_ON_PEOPLE, ((2, NAMES), (2, PEOPLE)))),
        (2, transfers.pronoun_objects(verbs.TALKING, ((2, NAMES), (2, PEOPLE)))),
        (6, transfers.giving()),
        (2, transfers.telling()),
        (6, states.described()),
        (3, states.compared()),
        (2, states.professions()),
        (2, statements.playing()),
        (3, statements.animals()),
        (4, states.existing()),
        (5, questions.asked()),
        (5, questions.asked_with()),
        (2, questions.asked_which()),
        (2, questions.asked_who()),
        (3, states.passive()),
        (4, compounds.relatives()),
        (4, compounds.reported()),
        (4, compounds.combined()),
        (3, compounds.same_object()),
        (3, compounds.commands()),
    )
