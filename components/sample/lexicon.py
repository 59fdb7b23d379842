"""The words: nouns, adjectives, verbs, places and times, grouped by what is said with them.

One word or phrase a cell, cells apart by commas. Every English noun and adjective has one French translation,
wherever it stands. The order of the cells counts: a word more, or another order, gives another corpus.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from .words import Adjective, Adjunct, Agreement, Name, Noun, NounPhrase, Pronoun, Verb

W = TypeVar("W", Noun, Adjective, Verb, Name)


def _cells(table: str) -> list[list[str]]:
    return [[part.strip() for part in cell.split("/")] for cell in table.split(",") if cell]


def _words(kind: Callable[..., W], table: str) -> tuple[W, ...]:
    return tuple(kind(*cell) for cell in _cells(table))


def _picked(words: Sequence[W], english: str) -> tuple[W, ...]:
    """Those of the words whose English is among the given ones, in the order of `words`."""
    return tuple(word for word in words if word.english in english.split())


_nouns, _mass_nouns = partial(_words, Noun), partial(_words, partial(Noun, mass=True))
_adjectives, _names = partial(_words, Adjective), partial(_words, Name)

# --- nouns: English/French/gender

PEOPLE = _nouns("""
    doctor/médecin/m, teacher/professeur/m, student/étudiant/m, nurse/infirmière/f, baker/boulanger/m, farmer/fermier/m,
    engineer/ingénieur/m, lawyer/avocat/m, journalist/journaliste/m, singer/chanteur/m, painter/peintre/m,
    gardener/jardinier/m, cook/cuisinier/m, soldier/soldat/m, queen/reine/f, king/roi/m, prince/prince/m,
    princess/princesse/f, child/enfant/m, boy/garçon/m, girl/fille/f, man/homme/m, woman/femme/f, neighbor/voisin/m,
    friend/ami/m, tourist/touriste/m, pilot/pilote/m, writer/écrivain/m, actor/acteur/m, actress/actrice/f,
    waiter/serveur/m, waitress/serveuse/f, dancer/danseuse/f, musician/musicien/m, worker/ouvrier/m, judge/juge/m,
    thief/voleur/m, passenger/passager/m, hairdresser/coiffeuse/f, merchant/marchand/m
""")
PROFESSIONS = tuple(noun for noun in PEOPLE if noun not in _picked(PEOPLE, "child boy girl man woman neighbor"))
FAMILY = _nouns("""
    father/père/m, mother/mère/f, brother/frère/m, sister/soeur/f, uncle/oncle/m, aunt/tante/f, cousin/cousin/m,
    grandfather/grand-père/m, grandmother/grand-mère/f
""")
# Whom one can have as one has family: my neighbor, our doctor.
KEPT = _picked(PEOPLE, "neighbor friend doctor teacher lawyer cook gardener nurse")
ANIMALS = _nouns("""
    dog/chien/m, cat/chat/m, horse/cheval/m, cow/vache/f, bird/oiseau/m, rabbit/lapin/m, mouse/souris/f, pig/cochon/m,
    lion/lion/m, elephant/éléphant/m, monkey/singe/m, bear/ours/m, wolf/loup/m, fox/renard/m, duck/canard/m,
    goat/chèvre/f
""")
READABLES = _nouns("""
    book/livre/m, letter/lettre/f, newspaper/journal/m, story/histoire/f, poem/poème/m, novel/roman/m,
    message/message/m, article/article/m, report/rapport/m, page/page/f, speech/discours/m, essay/essai/m
""")
FOODS = _nouns("""
    apple/pomme/f, pear/poire/f, cake/gâteau/m, egg/oeuf/m, carrot/carotte/f, tomato/tomate/f, banana/banane/f,
    strawberry/fraise/f, sandwich/sandwich/m, pizza/pizza/f, orange/orange/f, peach/pêche/f, lemon/citron/m,
    biscuit/biscuit/m, tart/tarte/f, onion/oignon/m
""")
MASS_FOODS = _mass_nouns("""
    bread/pain/m, cheese/fromage/m, meat/viande/f, soup/soupe/f, rice/riz/m, salad/salade/f, chocolate/chocolat/m,
    fish/poisson/m, jam/confiture/f, ham/jambon/m
""")
DRINKS = _mass_nouns("""
    water/eau/f, milk/lait/m, coffee/café/m, tea/thé/m, wine/vin/m, beer/bière/f, juice/jus/m, lemonade/limonade/f
""")
CLOTHES = _nouns("""
    shirt/chemise/f, dress/robe/f, hat/chapeau/m, coat/manteau/m, skirt/jupe/f, jacket/veste/f, scarf/écharpe/f,
    shoe/chaussure/f, boot/botte/f, glove/gant/m, sweater/pull/m, uniform/uniforme/m
""")
PORTABLES = _nouns("""
    key/clé/f, bag/sac/m, box/boîte/f, knife/couteau/m, umbrella/parapluie/m, watch/montre/f, ring/bague/f,
    bottle/bouteille/f, cup/tasse/f, plate/assiette/f, flower/fleur/f, photo/photo/f, toy/jouet/m, ball/ballon/m,
    lamp/lampe/f, mirror/miroir/m, phone/téléphone/m, computer/ordinateur/m, suitcase/valise/f, ticket/billet/m,
    pen/stylo/m, notebook/cahier/m, hammer/marteau/m, basket/panier/m, map/carte/f, vase/vase/m, treasure/trésor/m
""")
VEHICLES = _nouns("""
    car/voiture/f, bus/bus/m, truck/camion/m, taxi/taxi/m, tractor/tracteur/m, motorcycle/moto/f, ambulance/ambulance/f
""")
OPENABLES = _nouns("door/porte/f, window/fenêtre/f, drawer/tiroir/m, cupboard/placard/m, gate/portail/m, safe/coffre/m")
BUILDINGS = _nouns("""
    house/maison/f, castle/château/m, church/église/f, museum/musée/m, school/école/f, hotel/hôtel/m, tower/tour/f,
    bridge/pont/m, hospital/hôpital/m, theater/théâtre/m, library/bibliothèque/f, factory/usine/f, station/gare/f,
    restaurant/restaurant/m, farm/ferme/f
""")
REGIONS = _nouns("""
    city/ville/f, village/village/m, island/île/f, forest/forêt/f, garden/jardin/m, park/parc/m, beach/plage/f,
    mountain/montagne/f, market/marché/m, square/place/f, lake/lac/m, valley/vallée/f
""")
SPECTACLES = _nouns("film/film/m, play/pièce/f, match/match/m, concert/concert/m, opera/opéra/m, parade/défilé/m")
SOUNDS = _nouns("song/chanson/f, noise/bruit/m, voice/voix/f, bell/cloche/f, melody/mélodie/f")
INSTRUMENTS = _nouns("""
    piano/piano/m, guitar/guitare/f, violin/violon/m, flute/flûte/f, accordion/accordéon/m, harp/harpe/f,
    trumpet/trompette/f, drum/tambour/m
""")
SPORTS = _mass_nouns("football/football/m, tennis/tennis/m, basketball/basket/m, rugby/rugby/m, golf/golf/m")
MATTERS = _nouns("""
    problem/problème/m, question/question/f, answer/réponse/f, idea/idée/f, rule/règle/f, lesson/leçon/f,
    mistake/erreur/f, plan/plan/m, secret/secret/m, reason/raison/f
""")
EVENTS = _nouns("party/fête/f, meeting/réunion/f, trip/voyage/m, wedding/mariage/m, race/course/f, meal/repas/m")
FURNITURE = _nouns("table/table/f, chair/chaise/f, bed/lit/m, tree/arbre/m, desk/bureau/m, wall/mur/m, bench/banc/m")
# Things with a place of their own: a sentence with one of these as its object has no place besides.
STATIONARY = (BUILDINGS, REGIONS, VEHICLES, OPENABLES)
# What nobody owns: my neighbor, but hardly my station.
OWNERLESS = (ANIMALS, BUILDINGS, REGIONS, SPECTACLES, SOUNDS)

_MEN = "Paul Pierre Louis Thomas Nicolas Antoine Arthur Olivier Marc Lucas Victor Éric"
_WOMEN = "Marie Anne Alice Emma Julie Sophie Claire Isabelle Nathalie Sarah Laura Élise"
NAMES = tuple(Name(name, name, Agreement(3, "s", "m")) for name in _MEN.split()) + tuple(
    Name(name, name, Agreement(3, "s", "f")) for name in _WOMEN.split()
)
# One man is enough for the French masculine.
COUPLES = tuple(
    Name(f"{one.english} and {other.english}", f"{one.french} et {other.french}", Agreement(3, "p", max(genders)))
    for one in NAMES
    for other in NAMES
    if one is not other and (genders := one.agreement.gender + other.agreement.gender)
)
# "You" is always vous, masculine and plural, and "they" always ils: one English sentence, one French sentence.
ME, YOU, HE, SHE, WE, THEY = PRONOUNS = (
    Pronoun("I", "me", Agreement(1, "s")),
    Pronoun("you", "you", Agreement(2, "p")),
    Pronoun("he", "him", Agreement(3, "s", "m")),
    Pronoun("she", "her", Agreement(3, "s", "f")),
    Pronoun("we", "us", Agreement(1, "p")),
    Pronoun("they", "them", Agreement(3, "p")),
)
# It alone is always le: only a sentence that names its noun gives another gender away.
IT = Pronoun("it", "it", Agreement(3, "s", "m"))


# --- adjectives: English/French[/pre, where the French one precedes its noun: vieil, nouvel, bel, "de" for "des"]

# Said of people, before or after a noun.
HUMAN = _adjectives("""
    young/jeune/pre, old/vieux/pre, good/bon/pre, happy/heureux, tired/fatigué, rich/riche, famous/célèbre, shy/timide,
    polite/poli, serious/sérieux, brave/courageux, intelligent/intelligent, lazy/paresseux, proud/fier, curious/curieux,
    nervous/nerveux, generous/généreux, worried/inquiet, jealous/jaloux, honest/honnête, calm/calme, strong/fort,
    discreet/discret, nice/gentil/pre
""")
# Said of people after to be only.
STATES = _adjectives("""
    sad/triste, ready/prêt, sick/malade, alone/seul, furious/furieux, tall/grand, disappointed/déçu, absent/absent,
    sure/sûr
""")
# What explains what someone does: he is crying because he is worried.
REASONS = STATES + _picked(HUMAN, "happy tired curious nervous worried jealous proud")
# What one can be more or less.
DEGREES = _picked(
    HUMAN + STATES,
    "young happy tired rich famous serious intelligent lazy proud curious generous calm strong tall sad",
)
NATIONAL = _adjectives("""
    French/français, English/anglais, Spanish/espagnol, German/allemand, Italian/italien, American/américain,
    Chinese/chinois, Canadian/canadien, Russian/russe
""")
COLORS = _adjectives("""
    red/rouge, green/vert, blue/bleu, white/blanc, black/noir, yellow/jaune, gray/gris, purple/violet
""")
OBJECT = _adjectives("""
    new/nouveau/pre, old/vieux/pre, beautiful/beau/pre, small/petit/pre, big/gros/pre, heavy/lourd, light/léger,
    dirty/sale, expensive/cher, round/rond, useful/utile, empty/vide, strange/étrange, precious/précieux
""")
PLACE = _adjectives("""
    new/nouveau/pre, old/vieux/pre, beautiful/beau/pre, small/petit/pre, modern/moderne, quiet/tranquille,
    famous/célèbre, immense/immense, dark/sombre, clean/propre, peaceful/paisible
""")
TEXT = _adjectives("""
    new/nouveau/pre, old/vieux/pre, long/long/pre, short/court, interesting/intéressant, boring/ennuyeux, funny/drôle,
    famous/célèbre, secret/secret, important/important, difficult/difficile, beautiful/beau/pre, sad/triste,
    strange/étrange, mysterious/mystérieux, anonymous/anonyme
""")
TASTE = _adjectives("""
    delicious/délicieux, fresh/frais, cold/froid, hot/chaud, sweet/sucré, good/bon/pre, excellent/excellent
""")
CLOTHING = _adjectives("""
    new/nouveau/pre, old/vieux/pre, beautiful/beau/pre, small/petit/pre, elegant/élégant, dirty/sale, clean/propre,
    expensive/cher, warm/chaud, dry/sec, long/long/pre
""")
ANIMAL = _adjectives("""
    small/petit/pre, big/gros/pre, old/vieux/pre, young/jeune/pre, black/noir, white/blanc, gray/gris, hungry/affamé,
    dangerous/dangereux, nervous/nerveux, wild/sauvage, calm/calme
""")
MATTER = _adjectives("""
    new/nouveau/pre, old/vieux/pre, important/important, simple/simple, difficult/difficile, serious/sérieux,
    strange/étrange, secret/secret, interesting/intéressant, excellent/excellent
""")
EVENT = _adjectives("""
    long/long/pre, important/important, boring/ennuyeux, interesting/intéressant, small/petit/pre, sad/triste
""")


# --- verbs: English [particle]/[se] French [à|de]/a letter for the tenses that make sense

_ALWAYS = ("present", "past", "perfect", "pluperfect")
_MODAL = ("can", "must", "should", "wants to", "wanted to", "would like to", "is going to", "was going to")
# Only the frequent verbs have the French futur and imparfait: six forms of every verb each, and what comes twice in a
# corpus cannot be learned from it.
_TENSES = {
    "a": (*_ALWAYS, "progressive", "was doing", "future", *_MODAL),  # an action that lasts
    "b": (*_ALWAYS, "progressive", *_MODAL),  # the same, rarer
    # an action that lasts, whose English past looks like its present
    "r": ("present", "perfect", "pluperfect", "progressive", "was doing", "future", *_MODAL),
    "m": (*_ALWAYS, "future", *_MODAL),  # an action over in a moment
    "n": (*_ALWAYS, *_MODAL),  # the same, rarer
    "e": (*_ALWAYS, "future"),  # something that happens to one
    "s": ("present", "past state"),  # a state: the English simple past is the French imparfait
}


def _verb(english: str, french: str, kind: str) -> Verb:
    english, _, particle = english.partition(" ")
    bare, _, preposition = french.removeprefix("se ").partition(" ")
    return Verb(english, bare, _TENSES[kind], particle, preposition, reflexive=french.startswith("se "))


_verbs = partial(_words, _verb)


class Family(NamedTuple):
    """Verbs and the nouns they are done to, with the adjectives of those nouns. `weight`: how often it comes."""

    weight: int
    verbs: tuple[Verb, ...]
    objects: tuple[Noun, ...]
    adjectives: tuple[Adjective, ...]


INTRANSITIVE = _verbs("""
    sleep/dormir/a, work/travailler/a, sing/chanter/a, dance/danser/b, laugh/rire/b, cry/pleurer/b, run/courir/b,
    walk/marcher/a, swim/nager/b, smile/sourire/b, wait/attendre/a, arrive/arriver/m, fall/tomber/e, stay/rester/a,
    hesitate/hésiter/m, get up/se lever/m, rest/se reposer/b, wake up/se réveiller/n
""")
OF_ANIMALS = _verbs("""
    sleep/dormir/a, run/courir/b, wait/attendre/a, walk/marcher/a, swim/nager/b, rest/se reposer/b, hide/se cacher/n,
    stay/rester/a
""")
GOING = _verbs("go/aller/m, return/retourner/m, run/courir/b, walk/marcher/a")
COMING = _verbs("come/venir/m, arrive/arriver/m, return/revenir/m")
GIVING = _verbs("""
    give/donner/m, show/montrer/m, send/envoyer/m, sell/vendre/m, lend/prêter/n, bring/apporter/m, return/rendre/m,
    offer/offrir/n
""")
TELLING = _verbs("explain/expliquer/a, describe/décrire/b, repeat/répéter/b, announce/annoncer/n, reveal/révéler/n")
TALKING = _verbs("""
    speak to/parler à/a, write to/écrire à/a, answer/répondre à/m, obey/obéir à/n, smile at/sourire à/b,
    phone/téléphoner à/n
""")
ACTING_ON_PEOPLE = _verbs("""
    see/voir/m, help/aider/a, meet/rencontrer/m, call/appeler/m, invite/inviter/m, thank/remercier/n,
    wait for/attendre/a, follow/suivre/a, listen to/écouter/a, hear/entendre/m, look for/chercher/a, look at/regarder/a,
    defend/défendre/b, accompany/accompagner/b, admire/admirer/b, love/aimer/s, know/connaître/s, hate/détester/s,
    congratulate/féliciter/n, recognize/reconnaître/n, interrupt/interrompre/n, disturb/déranger/b,
    surprise/surprendre/n
""")
SAYING = _verbs("say/dire/s, think/penser/s, believe/croire/s, know/savoir/s, hope/espérer/s")
PLAY_MUSIC, PLAY_SPORT = _verbs("play/jouer de/a, play/jouer à/a")
BE = Verb("be", "être", ("present", "past state", "future"))
SEEM = Verb("seem", "sembler", ("present", "past state"))
BECOME = Verb("become", "devenir", ("past", "future", "is going to", "wants to"))

FAMILIES = (
    Family(4, _verbs("read/lire/r, write/écrire/a, translate/traduire/b, finish/finir/m, publish/publier/n, "
                     "receive/recevoir/e, keep/garder/a, correct/corriger/b"),
           READABLES, TEXT + NATIONAL),
    Family(3, _verbs("eat/manger/a, buy/acheter/a, bring/apporter/m, share/partager/b, order/commander/n"),
           FOODS, TASTE),
    Family(3, _verbs("eat/manger/a, prepare/préparer/a, taste/goûter/b, serve/servir/a"), MASS_FOODS, TASTE),
    Family(2, _verbs("drink/boire/a, serve/servir/a, order/commander/n"), DRINKS, TASTE[:3] + TASTE[5:]),
    Family(3, _verbs("wear/porter/a, wash/laver/b, choose/choisir/m, lose/perdre/e, sell/vendre/a"),
           CLOTHES, CLOTHING + COLORS),
    Family(5, _verbs("carry/porter/a, hide/cacher/b, take/prendre/m, find/trouver/m, lose/perdre/e, forget/oublier/e, "
                     "break/casser/e, draw/dessiner/b, steal/voler/m, look for/chercher/a"),
           PORTABLES, OBJECT + COLORS),
    Family(2, _verbs("drive/conduire/b, repair/réparer/b, sell/vendre/a, wash/laver/b, stop/arrêter/n"),
           VEHICLES, OBJECT[:5] + COLORS + NATIONAL),
    Family(2, _verbs("open/ouvrir/m, close/fermer/m, paint/peindre/b"), OPENABLES, OBJECT[:5] + COLORS),
    Family(2, _verbs("build/construire/b, visit/visiter/a, paint/peindre/b, photograph/photographier/b, "
                     "leave/quitter/m"), BUILDINGS, PLACE),
    Family(2, _verbs("cross/traverser/b, visit/visiter/a, discover/découvrir/n, leave/quitter/m"), REGIONS, PLACE),
    Family(1, _verbs("watch/regarder/a, prefer/préférer/s, describe/décrire/b"), SPECTACLES, TEXT[:8]),
    Family(1, _verbs("hear/entendre/m, recognize/reconnaître/n, listen to/écouter/a"), SOUNDS, TEXT[12:15]),
    Family(3, _verbs("understand/comprendre/m, explain/expliquer/a, discuss/discuter de/b, forget/oublier/e, "
                     "talk about/parler de/a"), MATTERS, MATTER),
    Family(1, _verbs("organize/organiser/b, prepare/préparer/a, remember/se souvenir de/s"), EVENTS, EVENT),
    Family(3, _verbs("feed/nourrir/b, see/voir/m, hear/entendre/m, follow/suivre/a, look for/chercher/a, "
                     "catch/attraper/n, defend/défendre/b"), ANIMALS, ANIMAL),
    Family(6, ACTING_ON_PEOPLE, PEOPLE, HUMAN + NATIONAL),
    Family(2, TALKING, PEOPLE, HUMAN),
)  # fmt: skip
# Those with a plain direct object that is a thing: what a passive, a relative or "it" can be made with.
THINGS = tuple(
    family
    for family in FAMILIES
    if not family.objects[0].mass
    and family.objects not in (PEOPLE, ANIMALS)
    and not any(verb.preposition for verb in family.verbs)
)


# --- places: prepositions English/French, and what follows them


def _the(nouns: Sequence[Noun]) -> list[NounPhrase]:
    return [NounPhrase("the", noun) for noun in nouns]


def _after(prepositions: str, governed: Sequence[NounPhrase | Name]) -> tuple[Adjunct, ...]:
    """Each preposition with each of what it can govern."""
    return tuple(Adjunct(english, french, what) for english, french in _cells(prepositions) for what in governed)


_CITIES = _names("""
    Paris/Paris, London/Londres, Rome/Rome, Berlin/Berlin, Madrid/Madrid, Geneva/Genève, Lyon/Lyon, Moscow/Moscou
""")
_FEMININE = _names("France/France, Spain/Espagne, Italy/Italie, Germany/Allemagne, England/Angleterre, China/Chine")
_MASCULINE = _names("Canada/le Canada, Japan/le Japon, Brazil/le Brésil, Portugal/le Portugal, Morocco/le Maroc")
TOWNS, TO_TOWNS = (
    _after(f"{word}/à", _CITIES) + _after(f"{word}/en", _FEMININE) + _after(f"{word}/à", _MASCULINE)
    for word in ("in", "to")
)
FROM_TOWNS = _after("from/de", _CITIES + _FEMININE + _MASCULINE)
# English preposition/noun/French preposition/noun/gender
_SITES = _cells("""
    in/garden/dans/jardin/m, in/kitchen/dans/cuisine/f, at/market/à/marché/m, at/station/à/gare/f, at/school/à/école/f,
    in/park/dans/parc/m, in/forest/dans/forêt/f, on/beach/sur/plage/f, in/street/dans/rue/f,
    at/restaurant/à/restaurant/m, in/library/dans/bibliothèque/f, at/hotel/à/hôtel/m, at/hospital/à/hôpital/m,
    in/bedroom/dans/chambre/f, on/train/dans/train/m, in/city/dans/ville/f, in/village/dans/village/m,
    at/airport/à/aéroport/m, at/museum/à/musée/m, on/island/sur/île/f, on/boat/sur/bateau/m, at/theater/à/théâtre/m,
    at/university/à/université/f, in/cellar/dans/cave/f, on/mountain/sur/montagne/f, on/road/sur/route/f
""")
SITES = tuple(
    Adjunct(before, devant, NounPhrase("the", Noun(noun, nom, gender))) for before, noun, devant, nom, gender in _SITES
)
_GOALS = _the(BUILDINGS[:1] + BUILDINGS[2:6] + BUILDINGS[8:] + _nouns("""
    market/marché/m, beach/plage/f, park/parc/m, airport/aéroport/m, university/université/f, office/bureau/m
"""))  # fmt: skip
TO_SITES, FROM_SITES = _after("to/à", _GOALS), _after("from/de", _GOALS)
_RELATIONS = "near/près de, behind/derrière, in front of/devant, far from/loin de, next to/à côté de"
BESIDE = _after(_RELATIONS, _the(BUILDINGS))
PLACES = SITES + BESIDE + TOWNS
ON_FURNITURE = (
    _after("near/près de, behind/derrière", _the(FURNITURE))
    + _after("under/sous", _the([noun for noun in FURNITURE if noun.english != "wall"]))
    + _after("on/sur", _the(FURNITURE[:3]))
)
_TREES = [NounPhrase("the", noun, number) for noun in _picked(FURNITURE, "tree") for number in "sp"]
BY_TREES = _after("near/près de, behind/derrière, under/sous", _TREES)


# --- times: English/French

_WEEKDAYS = _cells("""
    Monday/lundi, Tuesday/mardi, Wednesday/mercredi, Thursday/jeudi, Friday/vendredi, Saturday/samedi, Sunday/dimanche
""")
_COUNTS = _cells("""
    two/deux, three/trois, four/quatre, five/cinq, six/six, seven/sept, eight/huit, ten/dix, twenty/vingt
""")
_UNITS = _cells("hours/heures, days/jours, weeks/semaines, months/mois, years/ans")


def _times(table: str, english: str = "", french: str = "", words: Sequence[Sequence[str]] = ()) -> tuple[Adjunct, ...]:
    """Those of the table, then the two patterns with each of the words at their {}."""
    patterned = [Name(english.format(word), french.format(mot)) for word, mot in words]
    return _after("/", [*_names(table), *patterned])


def _counted(units: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    return [(f"{count} {unit}", f"{nombre} {unité}") for count, nombre in _COUNTS for unit, unité in units]


PAST_TIMES = _times("""
    yesterday/hier, last night/hier soir, yesterday morning/hier matin, last week/la semaine dernière,
    last month/le mois dernier, last year/l'année dernière, last summer/l'été dernier, last winter/l'hiver dernier,
    the day before yesterday/avant-hier
""", "last {}", "{} dernier", _WEEKDAYS) + _times("", "{} ago", "il y a {}", _counted(_UNITS))  # fmt: skip
# What the English simple present goes with.
HABITS = _times("""
    every day/tous les jours, every morning/tous les matins, every evening/tous les soirs,
    every week/toutes les semaines, every year/tous les ans, every month/tous les mois, in the morning/le matin,
    in the evening/le soir, in the afternoon/l'après-midi, at night/la nuit, in summer/en été, in winter/en hiver,
    in spring/au printemps, in autumn/en automne, at noon/à midi, during the holidays/pendant les vacances,
    twice a week/deux fois par semaine, three times a day/trois fois par jour, once a year/une fois par an
""", "on {}s", "le {}", _WEEKDAYS)  # fmt: skip
NOW = _times("""
    now/maintenant, at the moment/en ce moment, this morning/ce matin, this afternoon/cet après-midi, today/aujourd'hui
""")
FUTURE_TIMES = _times("""
    tomorrow/demain, soon/bientôt, tonight/ce soir, tomorrow morning/demain matin, tomorrow evening/demain soir,
    next week/la semaine prochaine, next month/le mois prochain, next year/l'année prochaine,
    next summer/l'été prochain, next winter/l'hiver prochain, the day after tomorrow/après-demain,
    this weekend/ce week-end
""", "next {}", "{} prochain", _WEEKDAYS) + _times("", "in {}", "dans {}", _counted(_UNITS[:3]))  # fmt: skip
# A past state or an action under way: no "ago", which French would not set beside the imparfait so easily.
_THEN = PAST_TIMES[:16]
_SOON = FUTURE_TIMES[:19]
# The times that go with a tense; the tenses that are missing here stand without any.
TIMES = {
    "present": HABITS, "progressive": NOW, "past": PAST_TIMES, "was doing": _THEN, "past state": _THEN,
    "future": FUTURE_TIMES, "can": _SOON, "must": _SOON, "should": _SOON, "wants to": _SOON, "would like to": _SOON,
    "is going to": _SOON,
}  # fmt: skip
