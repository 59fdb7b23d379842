"""The nouns, grouped by what can be done with them. Every English noun has one French noun, wherever it stands."""

from __future__ import annotations

from .words import Agreement, Names, Noun, Pronoun


def _nouns(table: str, mass: bool = False) -> tuple[Noun, ...]:
    """One noun a cell, cells apart by commas: English/French/gender."""
    cells = (cell.strip().split("/") for cell in table.split(","))
    return tuple(Noun(english, french, gender, mass) for english, french, gender in cells)


PEOPLE = _nouns("""
    doctor/médecin/m, teacher/professeur/m, student/étudiant/m, nurse/infirmière/f, baker/boulanger/m, farmer/fermier/m,
    engineer/ingénieur/m, lawyer/avocat/m, journalist/journaliste/m, singer/chanteur/m, painter/peintre/m,
    gardener/jardinier/m, cook/cuisinier/m, soldier/soldat/m, queen/reine/f, king/roi/m, prince/prince/m,
    princess/princesse/f, child/enfant/m, boy/garçon/m, girl/fille/f, man/homme/m, woman/femme/f, neighbor/voisin/m,
    friend/ami/m, tourist/touriste/m, pilot/pilote/m, writer/écrivain/m, actor/acteur/m, actress/actrice/f,
    waiter/serveur/m, waitress/serveuse/f, dancer/danseuse/f, musician/musicien/m, worker/ouvrier/m, judge/juge/m,
    thief/voleur/m, passenger/passager/m, hairdresser/coiffeuse/f, merchant/marchand/m
""")
FAMILY = _nouns("""
    father/père/m, mother/mère/f, brother/frère/m, sister/soeur/f, uncle/oncle/m, aunt/tante/f, cousin/cousin/m,
    grandfather/grand-père/m, grandmother/grand-mère/f
""")
# Whom one can have as one has family: my neighbor, our doctor.
KEPT = tuple(
    noun
    for noun in PEOPLE
    if noun.english in ("neighbor", "friend", "doctor", "teacher", "lawyer", "cook", "gardener", "nurse")
)
ANIMALS = _nouns("""
    dog/chien/m, cat/chat/m, horse/cheval/m, cow/vache/f, bird/oiseau/m, rabbit/lapin/m, mouse/souris/f, pig/cochon/m,
    lion/lion/m, elephant/éléphant/m, monkey/singe/m, bear/ours/m, wolf/loup/m, fox/renard/m, duck/canard/m,
    goat/chèvre/f
""")
READABLES = _nouns("""
    book/livre/m, letter/lettre/f, newspaper/journal/m, story/histoire/f, poem/poème/m, novel/roman/m,
    message/message/m,
    article/article/m, report/rapport/m, page/page/f, speech/discours/m, essay/essai/m
""")
FOODS = _nouns("""
    apple/pomme/f, pear/poire/f, cake/gâteau/m, egg/oeuf/m, carrot/carotte/f, tomato/tomate/f, banana/banane/f,
    strawberry/fraise/f, sandwich/sandwich/m, pizza/pizza/f, orange/orange/f, peach/pêche/f, lemon/citron/m,
    biscuit/biscuit/m, tart/tarte/f, onion/oignon/m
""")
MASS_FOODS = _nouns(
    "bread/pain/m, cheese/fromage/m, meat/viande/f, soup/soupe/f, rice/riz/m, salad/salade/f, chocolate/chocolat/m, "
    "fish/poisson/m, jam/confiture/f, ham/jambon/m",
    mass=True,
)
DRINKS = _nouns(
    "water/eau/f, milk/lait/m, coffee/café/m, tea/thé/m, wine/vin/m, beer/bière/f, juice/jus/m, lemonade/limonade/f",
    mass=True,
)
CLOTHES = _nouns("""
    shirt/chemise/f, dress/robe/f, hat/chapeau/m, coat/manteau/m, skirt/jupe/f, jacket/veste/f, scarf/écharpe/f,
    shoe/chaussure/f, boot/botte/f, glove/gant/m, sweater/pull/m, uniform/uniforme/m
""")
PORTABLES = _nouns("""
    key/clé/f, bag/sac/m, box/boîte/f, knife/couteau/m, umbrella/parapluie/m, watch/montre/f, ring/bague/f,
    bottle/bouteille/f, cup/tasse/f, plate/assiette/f, flower/fleur/f, photo/photo/f, toy/jouet/m, ball/ballon/m,
    lamp/lampe/f, mirror/miroir/m, phone/téléphone/m, computer/ordinateur/m, suitcase/valise/f,
    ticket/billet/m, pen/stylo/m, notebook/cahier/m, hammer/marteau/m, basket/panier/m, map/carte/f, vase/vase/m,
    treasure/trésor/m
""")
VEHICLES = _nouns(
    "car/voiture/f, bus/bus/m, truck/camion/m, taxi/taxi/m, tractor/tracteur/m, motorcycle/moto/f, "
    "ambulance/ambulance/f"
)
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
INSTRUMENTS = _nouns(
    "piano/piano/m, guitar/guitare/f, violin/violon/m, flute/flûte/f, accordion/accordéon/m, harp/harpe/f, "
    "trumpet/trompette/f, drum/tambour/m"
)
SPORTS = _nouns("football/football/m, tennis/tennis/m, basketball/basket/m, rugby/rugby/m, golf/golf/m", mass=True)
MATTERS = _nouns("""
    problem/problème/m, question/question/f, answer/réponse/f, idea/idée/f, rule/règle/f, lesson/leçon/f,
    mistake/erreur/f, plan/plan/m, secret/secret/m, reason/raison/f
""")
EVENTS = _nouns("party/fête/f, meeting/réunion/f, trip/voyage/m, wedding/mariage/m, race/course/f, meal/repas/m")
FURNITURE = _nouns("table/table/f, chair/chaise/f, bed/lit/m, tree/arbre/m, desk/bureau/m, wall/mur/m, bench/banc/m")

_MEN = (
    "Paul",
    "Pierre",
    "Louis",
    "Thomas",
    "Nicolas",
    "Antoine",
    "Arthur",
    "Olivier",
    "Marc",
    "Lucas",
    "Victor",
    "Éric",
)
_WOMEN = (
    "Marie",
    "Anne",
    "Alice",
    "Emma",
    "Julie",
    "Sophie",
    "Claire",
    "Isabelle",
    "Nathalie",
    "Sarah",
    "Laura",
    "Élise",
)

NAMES = tuple(
    [Names((name,), Agreement(3, "s", "m")) for name in _MEN]
    + [Names((name,), Agreement(3, "s", "f")) for name in _WOMEN]
)
COUPLES = tuple(
    Names((*first.names, *second.names), Agreement(3, "p", "m" if "m" in _genders else "f"))
    for first in NAMES
    for second in NAMES
    if first is not second and (_genders := first.agreement.gender + second.agreement.gender)
)

# "You" is always vous, masculine and plural, and "they" always ils: one English sentence, one French sentence.
PRONOUNS = (
    Pronoun("I", "me", Agreement(1, "s")),
    Pronoun("you", "you", Agreement(2, "p")),
    Pronoun("he", "him", Agreement(3, "s", "m")),
    Pronoun("she", "her", Agreement(3, "s", "f"), feminine=True),
    Pronoun("we", "us", Agreement(1, "p")),
    Pronoun("they", "them", Agreement(3, "p")),
)
_I, YOU, HE, SHE, WE, THEY = PRONOUNS
SPEAKERS, THIRD = (_I, YOU, WE), (HE, SHE, THEY)
