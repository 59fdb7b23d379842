"""The sentence patterns in their proportions: the whole corpus is one space of (English, French) pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import permutations
from typing import Any

from . import grammar, lexicon, sentences
from .grammar import ASKED, BEING, EITHER, KIN, NAMES, NONE, THE_PEOPLE, actions, by_subject, clauses, in_tense, phrases
from .lexicon import BE, BECOME, HE, INTRANSITIVE, IT, PLACES, PRONOUNS, SEEM, SHE, SITES, THEY, THINGS, TIMES, Family
from .numbering import Mix, Product, Space, Union, Values
from .sentences import Pair, question, statement
from .words import TENSES, Clause, Name, Nominal, NounPhrase, Verb


def acting(**options: Any) -> Space:
    """Someone does something to something; `options` as `actions` takes them."""
    return by_subject(lambda who: Product(statement, actions(who, **options)))


# --- statements


def fronted(who: Space) -> Space:
    """Yesterday the doctor read a letter."""
    return Mix(*(
        (TENSES[tense].weight, Product(sentences.fronted, actions(who, tenses=(tense,)), TIMES[tense]))
        for tense in ("progressive", "past", "was doing", "future")
    ))  # fmt: skip


def intransitive(who: Space) -> Space:
    """Someone sleeps somewhere, some time."""
    sleeping = partial(clauses, who, INTRANSITIVE)
    return Product(statement, Mix(
        (3, sleeping(places=PLACES)),
        (1, sleeping(places=PLACES, polarities=["not"])),
        (1, sleeping(timed=True)),
        (4, sleeping(places=PLACES, timed=True)),
    ))  # fmt: skip


def short(who: Values) -> Space:
    """Three to five words: the verb alone, affirmed or denied."""
    tenses = [tense for tense in TENSES if grammar.able(INTRANSITIVE, tense)]
    return Product(statement, Union(*(in_tense(tense, who, INTRANSITIVE, polarities=EITHER) for tense in tenses)))


def moving(who: Space) -> Space:
    """Someone goes or comes somewhere."""
    to, from_ = lexicon.TO_SITES + lexicon.TO_TOWNS, lexicon.FROM_SITES + lexicon.FROM_TOWNS
    going, coming = lexicon.GOING, lexicon.COMING
    return Mix(
        (1, Product(statement, clauses(who, going, polarities=EITHER, places=lexicon.TO_SITES))),
        (4, Product(statement, clauses(who, going[:2], polarities=EITHER, places=to, timed=True))),
        (2, Product(statement, clauses(who, coming, polarities=EITHER, places=from_, timed=True))),
        (1, Product(question, clauses(who, going[:2], places=to[: len(lexicon.TO_SITES) + 14], timed=True))),
    )


def placed_or_timed(weights: tuple[int, int, int], doing: Callable[..., Space]) -> Space:
    """Statements with a place, statements with a time and questions with a time; `doing` makes clauses by options."""
    placed, timed, asked = weights
    return Mix(
        (placed, Product(statement, doing(polarities=EITHER, places=PLACES))),
        (timed, Product(statement, doing(polarities=EITHER, timed=True))),
        (asked, Product(question, doing(timed=True))),
    )


def playing(who: Space) -> Space:
    """Music and sports: jouer de, jouer à."""
    music = phrases(lexicon.INSTRUMENTS, (), [("the", "s")], ())
    sport = phrases(lexicon.SPORTS, (), [("generic", "s")], ())
    return Mix(
        (3, placed_or_timed((2, 2, 1), partial(clauses, who, [lexicon.PLAY_MUSIC], music))),
        (2, placed_or_timed((2, 2, 1), partial(clauses, who, [lexicon.PLAY_SPORT], sport))),
    )


def animals() -> Space:
    """What animals do, and how they are."""
    where = SITES + lexicon.BESIDE + lexicon.BY_TREES
    tenses = ("present", "progressive", "past", "was doing", "future", "perfect")
    moving = clauses(grammar.ANIMALS, lexicon.OF_ANIMALS, tenses=tenses, polarities=EITHER, places=where)
    plain = phrases(lexicon.ANIMALS, (), grammar.THE, grammar.UNOWNED)
    being = Product(Clause, plain, [BE], lexicon.ANIMAL, BEING, EITHER)
    return Product(statement, Mix((3, moving), (1, being)))


def pronoun_objects(verbs: Sequence[Verb]) -> Space:
    """He sees her. Marie has written to them."""

    # `clauses` takes whatever stands for the subject: here a pair of subject and object.
    def apart(clause: Any) -> Clause:
        who, whom = clause.subject
        return clause._replace(subject=who, complement=whom)

    def of(pairs: Values) -> Space:
        return placed_or_timed((1, 2, 1), lambda **options: Product(apart, clauses(pairs, verbs, **options)))

    people = [(who, who.agreement.person) for who in PRONOUNS]
    two = [(who, whom) for who, i in people for whom, j in people if who is not whom and (i, j) != (1, 1)]
    named, others = (Product(lambda *pair: pair, who, PRONOUNS) for who in (NAMES, grammar.PEOPLE))
    return Mix((2, of(two)), (2, of(named)), (2, of(others)))


def giving(who: Space) -> Space:
    """To give something to someone, and with pronouns for one or both."""
    portables, readables, clothes = lexicon.PORTABLES[5:], lexicon.READABLES[:6], lexicon.CLOTHES[:3]
    things = Mix(
        (3, phrases(portables + clothes, lexicon.OBJECT + lexicon.COLORS)), (1, phrases(readables, lexicon.TEXT[:8]))
    )
    plain_things = phrases(portables + readables + clothes)

    def given(what: Values, whom: Values, timed: bool = False, make: Callable[..., Pair] = statement) -> Space:
        return Product(make, clauses(who, lexicon.GIVING, what, polarities=EITHER, timed=timed, indirect=whom))

    return Mix(
        (4, given(things, THE_PEOPLE)),
        (2, given(plain_things, NAMES)),
        (2, given(plain_things, Union(KIN, NAMES), timed=True)),
        (4, given(things, grammar.THIRD)),
        (1, given(things, grammar.THIRD, make=question)),
        (1, given([IT, THEY], [HE, SHE], timed=True)),
    )


def telling(who: Space) -> Space:
    """To explain an idea to someone."""
    family = Family(1, lexicon.TELLING, lexicon.MATTERS[2:5] + lexicon.MATTERS[7:], lexicon.MATTER)
    told = actions(who, (family,), polarities=EITHER)
    return Product(lambda clause, whom: statement(clause._replace(indirect=whom)), told, Union(THE_PEOPLE, NAMES))


# --- what there is, and what people and things are


def described() -> Space:
    """People and things are, seem or become so."""
    states = lexicon.HUMAN + lexicon.STATES
    more = lexicon.HUMAN[:12] + lexicon.STATES + lexicon.NATIONAL

    def people(who: Space) -> Space:
        then = ((BE, "past state"), (BE, "future"), (SEEM, "past state"))
        timed = Union(
            *(in_tense(tense, who, [verb], states, EITHER, times=TIMES[tense][:19]) for verb, tense in then),
            in_tense("present", who, [BE, SEEM], states, EITHER, times=lexicon.NOW),
        )
        bare = Union(*(
            in_tense(tense, who, [verb], more if verb is BE else states, EITHER)
            for verb in (BE, SEEM, BECOME) for tense in verb.tenses
        ))  # fmt: skip
        return Mix((1, timed)) if who in (grammar.SPEAKERS, grammar.THIRD) else Mix((2, bare), (3, timed))

    def things(family: Family) -> Space:
        return Product(Clause, grammar.subjects_of(family, False), [BE], family.adjectives, BEING, EITHER)

    return Product(statement, Mix((4, by_subject(people)), (2, Union(*map(things, THINGS)))))


def compared(who: Space) -> Space:
    """Someone is taller than, as tall as or less tall than someone else."""
    others = Union(NAMES, KIN, THE_PEOPLE)
    return Product(sentences.compared, who, lexicon.DEGREES, ["more", "as", "less"], others, BEING)


def professions(gender: str) -> Space:
    """Someone is or becomes a doctor; men and women have the nouns of their own gender."""
    people: list[Nominal] = [*lexicon.NAMES, *lexicon.COUPLES, *PRONOUNS]
    people += [NounPhrase(owner, noun) for owner in ("my", "your", "his", "our") for noun in lexicon.FAMILY]
    who = [someone for someone in people if someone.agreement.gender == gender]
    crafts = [noun for noun in lexicon.PROFESSIONS if noun.gender == gender]
    return Product(statement, Union(*(
        in_tense(tense, who, [verb], crafts, EITHER, times=times)
        for verb, tense, times in (
            (BE, "present", NONE), (BE, "past state", TIMES["past state"]), (BECOME, "past", NONE),
            (BECOME, "wants to", NONE), (BECOME, "is going to", NONE), (BECOME, "future", TIMES["future"][5:10]))
    )))  # fmt: skip


def existing(nouns: Any, adjectives: Any, places: Values) -> Space:
    """There is or is not something somewhere, or is there?"""
    counted, loose = (phrases(nouns, adjectives, grammar.A, special) for special in (grammar.COUNTED, ()))
    return Mix(*(
        (weight, Product(sentences.existing, what, places, BEING, [form]))
        for weight, what, form in ((4, counted, "yes"), (1, loose, "not"), (1, loose, "?"))
    ))  # fmt: skip


def passive(family: Family) -> Space:
    """The letter was written by the doctor."""
    verbs = [verb for verb in grammar.able(family.verbs, "past") if not verb.particle]
    tenses, agents = ["present", "past", "future", "perfect"], Union(NAMES, THE_PEOPLE, KIN)
    return Product(sentences.done, grammar.subjects_of(family), verbs, tenses, EITHER, agents)


# --- questions


def asked(who: Space) -> Space:
    """Does the doctor read a letter?"""
    return Product(question, Mix((3, actions(who)), (2, actions(who, timed=True)), (2, actions(who, places=PLACES))))


def asked_with(english: str, french: str, verbs: Sequence[Verb], who: Space) -> Space:
    """What and whom someone does something to."""
    # A Mix of one part changes the order, and the order of the corpus is fixed.
    placed, timed = Mix((1, clauses(who, verbs, places=PLACES))), Mix((1, clauses(who, verbs, timed=True)))
    return Product(sentences.asked_with, [(english, french)], Mix((2, placed), (3, timed)))


def asked_about() -> Space:
    """Where, when and why someone does something; what and whom someone does it to."""
    adverbs = [("where", "où est-ce que"), ("when", "quand est-ce que"), ("why", "pourquoi est-ce que")]
    # A verb stands once here, whatever it is done to: without its object, "What do you sell?" would come twice.
    every = {verb.english: verb for family in THINGS if len(family.verbs) > 2 for verb in family.verbs}
    return Mix(
        (4, by_subject(lambda who: Product(sentences.asked_with, adverbs, actions(who)), ASKED)),
        (3, by_subject(partial(asked_with, "what", "qu'est-ce que", tuple(every.values())), ASKED)),
        (2, by_subject(partial(asked_with, "who", "qui est-ce que", lexicon.ACTING_ON_PEOPLE), ASKED)),
        (1, by_subject(partial(asked_with, "who", "à qui est-ce que", lexicon.TALKING), ASKED)),
    )


def asked_which(who: Space) -> Space:
    """Which letter, which letters or how many letters did Marie write?"""
    words = [("which", "s"), ("which", "p"), ("how many", "p")]

    def of(family: Family) -> Space:
        places = NONE if family.objects in lexicon.STATIONARY else PLACES
        return Product(sentences.asked_which, words, family.objects, clauses(who, family.verbs, places=places))

    return Mix(*((family.weight, of(family)) for family in THINGS))


def asked_who() -> Space:
    """Who reads a letter? Which doctors read a letter?"""
    who, which = [Name("who", "qui")], Product(NounPhrase, ["which"], lexicon.PEOPLE, "sp")
    asking = Mix((2, actions(who)), (2, actions(who, timed=True)), (2, actions(which)))
    return Product(partial(statement, asked=True), asking)


# --- sentences of two clauses, and commands


def relatives() -> Space:
    """The letter that Marie wrote is long. The doctor who is reading a letter is tired."""
    are = ["present", "past state"]

    def on_object(who: Space, family: Family) -> Space:
        heads = Product(NounPhrase, ["the"], family.objects, "sp")
        tenses = ("progressive", "past", "perfect", "pluperfect", "wants to", "future")
        inner = clauses(who, family.verbs, tenses=tenses, polarities=EITHER)
        return Product(sentences.object_relative, heads, inner, family.adjectives, are)

    on_objects = by_subject(lambda who: Mix(*((family.weight, on_object(who, family)) for family in THINGS)))
    inner = actions(THE_PEOPLE, tenses=("progressive", "past", "was doing", "perfect"))
    return Mix((3, on_objects), (2, Product(sentences.subject_relative, inner, lexicon.REASONS, are)))


def reported() -> Space:
    """Marie says that the doctor has arrived."""
    tenses = ("progressive", "past", "future", "perfect", "is going to")

    def content(who: Space) -> Space:
        sleeping = clauses(who, INTRANSITIVE, tenses=tenses, polarities=EITHER, timed=True)
        return Mix((2, actions(who, tenses=tenses)), (1, sleeping))

    that, contents = [("that", "que")], by_subject(content)
    return by_subject(lambda who: Product(sentences.linked, in_tense("present", who, lexicon.SAYING), that, contents))


def doing_something(who: Space, tense: str) -> Space:
    """A short clause in one tense, with or without an object."""
    return Mix((1, in_tense(tense, who, INTRANSITIVE, places=(None, *SITES))), (1, actions(who, tenses=(tense,))))


def joined(who: Space) -> Space:
    """Two clauses joined by and, but, when, if."""

    def two(before: str, after: str) -> tuple[Space, Space]:
        return doing_something(who, before), doing_something(Union(THE_PEOPLE, NAMES), after)

    def linked(tense: str) -> Space:
        first, second = two(tense, tense)
        return Product(sentences.linked, first, [("and", "et"), ("but", "mais")], second)

    return Mix(
        (2, linked("progressive")),
        (2, linked("past")),
        (1, linked("future")),
        (2, Product(sentences.subordinate, [("when", "quand")], *two("past", "was doing"))),
        (2, Product(sentences.subordinate, [("if", "si")], *two("present", "future"))),
    )


def because(who: Space) -> Space:
    """The women are eating because they are tired."""
    return Mix(*(
        (1, Product(sentences.because, doing_something(who, tense), lexicon.REASONS, [being]))
        for tense, being in (("progressive", "present"), ("past", "past state"))
    ))  # fmt: skip


def same_object(who: Space) -> Space:
    """Paul has found the key and he has hidden it."""

    def twice(tense: str, verbs: tuple[Verb, Verb], who: Nominal, what: NounPhrase) -> Pair:
        return sentences.same_object(Clause(who, verbs[0], what, tense), verbs[1])

    return Mix(*(
        (family.weight, Product(twice, [tense], two, who, grammar.objects_of(family)))
        for family in THINGS for tense in ("past", "perfect", "future", "was going to")
        if (two := list(permutations(grammar.able(family.verbs, tense), 2)))
    ))  # fmt: skip


def commanded(places: Values, family: Family) -> Space:
    """Close the door. Please do not eat the cake in the library."""
    verbs = grammar.able(family.verbs, "can")
    return Product(sentences.command, verbs, grammar.objects_of(family), EITHER, places, [False, True])


# Every pair of the corpus, by number. The weights are per cent of the corpus, about.
CORPUS = Mix(
    (8, acting()),
    (1, Mix((1, short(PRONOUNS)), (2, short(Union(NAMES, grammar.COUPLES, THE_PEOPLE, KIN))))),
    (6, Mix(
        (6, acting(polarities=["not"])),
        (2, acting(polarities=["never"], tenses=("present", "perfect", "pluperfect"))),
        (1, acting(polarities=["no longer"], tenses=("present",))),
    )),
    (8, acting(timed=True)),
    (4, acting(places=PLACES)),
    (2, acting(places=PLACES, timed=True)),
    (2, by_subject(fronted)),
    (8, by_subject(intransitive)),
    (5, by_subject(moving)),
    (4, pronoun_objects(lexicon.ACTING_ON_PEOPLE)),
    (2, pronoun_objects(lexicon.TALKING)),
    (6, by_subject(giving, grammar.GIVERS)),
    (2, by_subject(telling)),
    (6, described()),
    (3, by_subject(compared)),
    (2, Mix((3, professions("m")), (1, professions("f")))),
    (2, by_subject(playing)),
    (3, animals()),
    (4, Mix(
        (1, existing(lexicon.PORTABLES + lexicon.READABLES + lexicon.FOODS, lexicon.COLORS + lexicon.OBJECT,
                     lexicon.ON_FURNITURE)),
        (1, existing(lexicon.PEOPLE + lexicon.ANIMALS, lexicon.HUMAN[:2] + lexicon.ANIMAL[7:], SITES + lexicon.BESIDE)),
        (1, existing(lexicon.BUILDINGS, lexicon.PLACE, lexicon.BESIDE + lexicon.TOWNS)),
    )),
    (5, by_subject(asked, ASKED)),
    (5, asked_about()),
    (2, by_subject(asked_which, ASKED)),
    (2, asked_who()),
    (3, Union(*map(passive, THINGS))),
    (4, relatives()),
    (4, reported()),
    (4, Mix((3, by_subject(joined)), (2, by_subject(because)))),
    (3, by_subject(same_object)),
    (3, Union(
        *(commanded(NONE, family) for family in THINGS),
        *(commanded(SITES, family) for family in THINGS if family.objects not in lexicon.STATIONARY),
    )),
)  # fmt: skip
