"""The kinds of words and phrases the phrase grammar is made of: plain, hashable values that know nothing of pyrealb."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun in both languages; `gender` is the French one, "m" or "f"; `mass` nouns have no plural and no "a"."""

    english: str
    french: str
    gender: str
    mass: bool = False


@dataclass(frozen=True, slots=True)
class Adjective:
    """An adjective in both languages; `position` is where the French one stands: "pre" or "post" its noun."""

    english: str
    french: str
    position: str


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb in both languages.

    `tenses`: names from `TENSES` it makes sense in. `particle`: what English puts after it (look *at*).
    `preposition`: what French puts before its object ("à", "de", or "" for a direct object).
    `reflexive`: French conjugates it with se.
    """

    english: str
    french: str
    tenses: tuple[str, ...]
    particle: str = ""
    preposition: str = ""
    reflexive: bool = False


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a verb or an adjective agrees with: person 1 to 3, number "s" or "p", French gender "m" or "f"."""

    person: int = 3
    number: str = "s"
    gender: str = "m"


@dataclass(frozen=True, slots=True)
class Pronoun:
    """A personal pronoun, written `english` as a subject and `english_object` as an object."""

    english: str
    english_object: str
    agreement: Agreement
    # English tells her from him where French agreement alone would not: "lui" is both.
    feminine: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """One first name, or two joined by and/et. The agreement is the French one: one man is enough for the masculine."""

    names: tuple[str, ...]
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class NounPhrase:
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


@dataclass(frozen=True, slots=True)
class Who:
    """The question word who/qui as a subject."""

    agreement: Agreement = Agreement()


@dataclass(frozen=True, slots=True)
class Adjunct:
    """A place or a time: a preposition, or "", and what it governs, in both languages.

    The governed phrase is a noun phrase, or a name or an adverb given as (English, French).
    """

    english: str
    french: str
    governed: NounPhrase | tuple[str, str]


Subject = Pronoun | Names | NounPhrase | Who
Thing = NounPhrase | Pronoun | Names


@dataclass(frozen=True, slots=True)
class Tense:
    """One tense of the grammar, as pyrealb's tense and `typ` flags of each language.

    With a semi-modal (`english_modal`, `french_modal`), the flags are those of the modal and the verb is an infinitive.
    """

    english: str
    french: str
    progressive: bool = False
    perfect: bool = False
    english_modal: str = ""
    french_modal: str = ""


TENSES: dict[str, Tense] = {
    "present": Tense("p", "p"),
    "progressive": Tense("p", "p", progressive=True),
    "past": Tense("ps", "pc"),
    "was doing": Tense("ps", "i", progressive=True),
    "past state": Tense("ps", "i"),
    "future": Tense("f", "f"),
    "perfect": Tense("p", "pc", perfect=True),
    "pluperfect": Tense("ps", "pq", perfect=True),
    "can": Tense("p", "p", english_modal="can", french_modal="pouvoir"),
    "must": Tense("p", "p", english_modal="must", french_modal="devoir"),
    "should": Tense("p", "c", english_modal="should", french_modal="devoir"),
    "wants to": Tense("p", "p", english_modal="want", french_modal="vouloir"),
    "wanted to": Tense("ps", "i", english_modal="want", french_modal="vouloir"),
    "would like to": Tense("c", "c", english_modal="like", french_modal="aimer"),
    "is going to": Tense("p", "p", progressive=True, english_modal="go", french_modal="aller"),
    "was going to": Tense("ps", "i", progressive=True, english_modal="go", french_modal="aller"),
}
