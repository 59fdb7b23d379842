"""Where and when: the places and times a sentence can end with."""

from __future__ import annotations

from . import nouns
from .words import Adjunct, Noun, NounPhrase


def _places(table: str) -> tuple[Adjunct, ...]:
    """One place a cell: English preposition/noun/French preposition/noun/gender; both nouns take the/le."""
    places = []
    for cell in table.split(","):
        before, english, french_before, french, gender = (part.strip() for part in cell.split("/"))
        places.append(Adjunct(before, french_before, NounPhrase("the", Noun(english, french, gender))))
    return tuple(places)


def _fixed(table: str, english_before: str = "", french_before: str = "") -> tuple[Adjunct, ...]:
    """Names and adverbs, English/French, taken as they are, perhaps after a preposition."""
    cells = (cell.strip().split("/") for cell in table.split(","))
    return tuple(Adjunct(english_before, french_before, (english, french)) for english, french in cells)


_CITIES = (
    "Paris/Paris, London/Londres, Rome/Rome, Berlin/Berlin, Madrid/Madrid, Geneva/Genève, Lyon/Lyon, Moscow/Moscou"
)
_SHE_COUNTRIES = "France/France, Spain/Espagne, Italy/Italie, Germany/Allemagne, England/Angleterre, China/Chine"
_HE_COUNTRIES = "Canada/le Canada, Japan/le Japon, Brazil/le Brésil, Portugal/le Portugal, Morocco/le Maroc"

TOWNS = _fixed(_CITIES, "in", "à") + _fixed(_SHE_COUNTRIES, "in", "en") + _fixed(_HE_COUNTRIES, "in", "à")
TO_TOWNS = _fixed(_CITIES, "to", "à") + _fixed(_SHE_COUNTRIES, "to", "en") + _fixed(_HE_COUNTRIES, "to", "à")
FROM_TOWNS = _fixed(f"{_CITIES}, {_SHE_COUNTRIES}, {_HE_COUNTRIES}", "from", "de")

SITES = _places("""
    in/garden/dans/jardin/m, in/kitchen/dans/cuisine/f, at/market/à/marché/m, at/station/à/gare/f, at/school/à/école/f,
    in/park/dans/parc/m, in/forest/dans/forêt/f, on/beach/sur/plage/f, in/street/dans/rue/f,
    at/restaurant/à/restaurant/m,
    in/library/dans/bibliothèque/f, at/hotel/à/hôtel/m, at/hospital/à/hôpital/m, in/bedroom/dans/chambre/f,
    on/train/dans/train/m, in/city/dans/ville/f, in/village/dans/village/m, at/airport/à/aéroport/m,
    at/museum/à/musée/m, on/island/sur/île/f, on/boat/sur/bateau/m, at/theater/à/théâtre/m,
    at/university/à/université/f,
    in/cellar/dans/cave/f, on/mountain/sur/montagne/f, on/road/sur/route/f
""")
GOALS = nouns.BUILDINGS[:1] + nouns.BUILDINGS[2:6] + nouns.BUILDINGS[8:] + (
    Noun("market", "marché", "m"), Noun("beach", "plage", "f"), Noun("park", "parc", "m"),
    Noun("airport", "aéroport", "m"), Noun("university", "université", "f"), Noun("office", "bureau", "m"),
)  # fmt: skip
TO_SITES = tuple(Adjunct("to", "à", NounPhrase("the", goal)) for goal in GOALS)
FROM_SITES = tuple(Adjunct("from", "de", NounPhrase("the", goal)) for goal in GOALS)

_RELATIONS = (
    ("near", "près de"),
    ("behind", "derrière"),
    ("in front of", "devant"),
    ("far from", "loin de"),
    ("next to", "à côté de"),
)
BESIDE = tuple(
    Adjunct(english, french, NounPhrase("the", landmark))
    for english, french in _RELATIONS
    for landmark in nouns.BUILDINGS
)
PLACES = SITES + BESIDE + TOWNS

ON_FURNITURE = tuple(
    Adjunct(english, french, NounPhrase("the", noun))
    for english, french in (("near", "près de"), ("behind", "derrière"), ("under", "sous"))
    for noun in nouns.FURNITURE
    if (english, noun.english) != ("under", "wall")
) + tuple(Adjunct("on", "sur", NounPhrase("the", noun)) for noun in nouns.FURNITURE[:3])

BY_TREES = tuple(
    Adjunct(english, french, NounPhrase("the", Noun("tree", "arbre", "m"), number))
    for english, french in (("near", "près de"), ("behind", "derrière"), ("under", "sous"))
    for number in "sp"
)

_WEEKDAYS = (
    ("Monday", "lundi"),
    ("Tuesday", "mardi"),
    ("Wednesday", "mercredi"),
    ("Thursday", "jeudi"),
    ("Friday", "vendredi"),
    ("Saturday", "samedi"),
    ("Sunday", "dimanche"),
)
_COUNTS = (
    ("two", "deux"),
    ("three", "trois"),
    ("four", "quatre"),
    ("five", "cinq"),
    ("six", "six"),
    ("seven", "sept"),
    ("eight", "huit"),
    ("ten", "dix"),
    ("twenty", "vingt"),
)
_SHORT_UNITS = (("hours", "heures"), ("days", "jours"), ("weeks", "semaines"))
_UNITS = (*_SHORT_UNITS, ("months", "mois"), ("years", "ans"))


def _counted(english: str, french: str, units: tuple[tuple[str, str], ...]) -> tuple[Adjunct, ...]:
    """Times with a number of hours, days …, set into the two patterns."""
    return tuple(
        Adjunct("", "", (english.format(f"{number} {unit}"), french.format(f"{nombre} {temps}")))
        for number, nombre in _COUNTS
        for unit, temps in units
    )


PAST_TIMES = (
    _fixed("""
    yesterday/hier, last night/hier soir, yesterday morning/hier matin, last week/la semaine dernière,
    last month/le mois dernier,
    last year/l'année dernière, last summer/l'été dernier, last winter/l'hiver dernier,
    the day before yesterday/avant-hier
    """)
    + tuple(Adjunct("", "", (f"last {day}", f"{jour} dernier")) for day, jour in _WEEKDAYS)
    + _counted("{} ago", "il y a {}", _UNITS)
)
# The habitual: what the English simple present goes with.
HABITS = _fixed("""
    every day/tous les jours, every morning/tous les matins, every evening/tous les soirs,
    every week/toutes les semaines,
    every year/tous les ans, every month/tous les mois, in the morning/le matin, in the evening/le soir,
    in the afternoon/l'après-midi, at night/la nuit, in summer/en été, in winter/en hiver, in spring/au printemps,
    in autumn/en automne, at noon/à midi, during the holidays/pendant les vacances, twice a week/deux fois par semaine,
    three times a day/trois fois par jour, once a year/une fois par an
""") + tuple(Adjunct("", "", (f"on {day}s", f"le {jour}")) for day, jour in _WEEKDAYS)
NOW = _fixed(
    "now/maintenant, at the moment/en ce moment, this morning/ce matin, this afternoon/cet après-midi, "
    "today/aujourd'hui"
)
FUTURE_TIMES = (
    _fixed("""
    tomorrow/demain, soon/bientôt, tonight/ce soir, tomorrow morning/demain matin, tomorrow evening/demain soir,
    next week/la semaine prochaine, next month/le mois prochain, next year/l'année prochaine,
    next summer/l'été prochain,
    next winter/l'hiver prochain, the day after tomorrow/après-demain, this weekend/ce week-end
    """)
    + tuple(Adjunct("", "", (f"next {day}", f"{jour} prochain")) for day, jour in _WEEKDAYS)
    + _counted("in {}", "dans {}", _SHORT_UNITS)
)
# A past state or an action under way: no "ago", which French would not set beside the imparfait so easily.
THEN = PAST_TIMES[:16]

TIMES = {
    "present": HABITS,
    "progressive": NOW,
    "past": PAST_TIMES,
    "was doing": THEN,
    "past state": THEN,
    "future": FUTURE_TIMES,
    "can": FUTURE_TIMES[:19],
    "must": FUTURE_TIMES[:19],
    "should": FUTURE_TIMES[:19],
    "wants to": FUTURE_TIMES[:19],
    "would like to": FUTURE_TIMES[:19],
    "is going to": FUTURE_TIMES[:19],
}
