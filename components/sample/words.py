"""What sentences are made of: words, phrases and clauses in both languages, as values that know nothing of pyrealb."""

from __future__ import annotations

from typing import NamedTuple


class Agreement(NamedTuple):
    """What a verb or an adjective agrees with: person 1 to 3, number "s" or "p", French gender "m" or "f"."""

    person: int = 3
    number: str = "s"
    gender: str = "m"


class Noun(NamedTuple):
    """A noun; `gender` is the French one, "m" or "f"; `mass` nouns have no plural and no "a"."""

    english: str
    french: str
    gender: str
    mass: bool = False


class Adjective(NamedTuple):
    """An adjective; `position` is where the French one stands: "pre" or "post" its noun."""

    english: str
    french: str
    position: str = "post"


class Verb(NamedTuple):
    """A verb.

    `tenses`: keys of `TENSES` it makes sense in. `particle`: what English puts after it (look *at*).
    `preposition`: what French puts before its object ("à", "de", or "" for a direct object).
    `reflexive`: French conjugates it with se.
    """

    english: str
    french: str
    tenses: tuple[str, ...]
    particle: str = ""
    preposition: str = ""
    reflexive: bool = False


class Pronoun(NamedTuple):
    """A personal pronoun, written `english` as a subject and `english_object` as an object."""

    english: str
    english_object: str
    agreement: Agreement


class Name(NamedTuple):
    """Words that stand as they are: first names, a country (le Canada), who/qui, an adverb."""

    english: str
    french: str
    agreement: Agreement = Agreement()


class NounPhrase(NamedTuple):
    """Determiner, perhaps an adjective, and a noun; `number` is "s" or "p".

    Determiners: the, a (in the plural: none/des), some (of a mass: none/du), generic (none/le), none, this, which,
    many, a number from two to ten, and the possessives.
    """

    determiner: str
    noun: Noun
    number: str = "s"
    adjective: Adjective | None = None

    @property
    def agreement(self) -> Agreement:
        return Agreement(3, self.number, self.noun.gender)


Nominal = NounPhrase | Name | Pronoun


class Adjunct(NamedTuple):
    """A place or a time: a preposition, or "", in both languages, and what follows it."""

    english: str
    french: str
    governed: NounPhrase | Name


class Clause(NamedTuple):
    """Who does what (to what, to whom), where, when.

    `complement` is the object, or what the subject is: an adjective, or a noun as its profession. `tense` is a key of
    `TENSES`; `polarity` is yes, not, never or no longer.
    """

    subject: Nominal
    verb: Verb
    complement: Nominal | Adjective | Noun | None
    tense: str
    polarity: str = "yes"
    place: Adjunct | None = None
    time: Adjunct | None = None
    indirect: Nominal | None = None


class Tense(NamedTuple):
    """One tense of the grammar: pyrealb's tense of each language, and whether English is progressive or perfect.

    `weight`: how often it comes where all are possible. With a modal (`english_modal`, `french_modal`), the rest is
    that of the modal, and the verb is an infinitive.
    """

    weight: int
    english: str
    french: str
    progressive: bool = False
    perfect: bool = False
    english_modal: str = ""
    french_modal: str = ""


TENSES = {
    "present": Tense(4, "p", "p"),
    "progressive": Tense(4, "p", "p", progressive=True),
    "past": Tense(5, "ps", "pc"),
    "was doing": Tense(2, "ps", "i", progressive=True),
    "past state": Tense(2, "ps", "i"),
    "future": Tense(4, "f", "f"),
    "perfect": Tense(2, "p", "pc", perfect=True),
    "pluperfect": Tense(1, "ps", "pq", perfect=True),
    "can": Tense(1, "p", "p", english_modal="can", french_modal="pouvoir"),
    "must": Tense(1, "p", "p", english_modal="must", french_modal="devoir"),
    "should": Tense(1, "p", "c", english_modal="should", french_modal="devoir"),
    "wants to": Tense(1, "p", "p", english_modal="want", french_modal="vouloir"),
    "wanted to": Tense(1, "ps", "i", english_modal="want", french_modal="vouloir"),
    "would like to": Tense(1, "c", "c", english_modal="like", french_modal="aimer"),
    "is going to": Tense(1, "p", "p", progressive=True, english_modal="go", french_modal="aller"),
    "was going to": Tense(1, "ps", "i", progressive=True, english_modal="go", french_modal="aller"),
}
