"""The adjectives, grouped by what they can be said of. One French adjective for an English one, at a fixed place."""

from __future__ import annotations

from .words import Adjective


def _adjectives(table: str) -> tuple[Adjective, ...]:
    """One adjective a cell, cells apart by commas: English/French, with a * where the French one precedes its noun."""
    cells = (cell.strip().split("/") for cell in table.split(","))
    return tuple(
        Adjective(english, french.rstrip("*"), "pre" if french.endswith("*") else "post") for english, french in cells
    )


# Said of people, before or after a noun.
HUMAN = _adjectives("""
    young/jeune*, old/vieux*, good/bon*, happy/heureux, tired/fatigué, rich/riche, famous/célèbre, shy/timide,
    polite/poli, serious/sérieux, brave/courageux, intelligent/intelligent, lazy/paresseux, proud/fier, curious/curieux,
    nervous/nerveux, generous/généreux, worried/inquiet, jealous/jaloux, honest/honnête, calm/calme, strong/fort,
    discreet/discret, nice/gentil*
""")
# Said of people after to be only.
STATES = _adjectives("""
    sad/triste, ready/prêt, sick/malade, alone/seul, furious/furieux, tall/grand,
    disappointed/déçu, absent/absent, sure/sûr
""")
# What explains what someone does: he is crying because he is worried.
MOODS = tuple(
    word for word in HUMAN if word.english in ("happy", "tired", "curious", "nervous", "worried", "jealous", "proud")
)
NATIONAL = _adjectives("""
    French/français, English/anglais, Spanish/espagnol, German/allemand, Italian/italien, American/américain,
    Chinese/chinois, Canadian/canadien, Russian/russe
""")
COLORS = _adjectives("""
    red/rouge, green/vert, blue/bleu, white/blanc, black/noir, yellow/jaune, gray/gris, purple/violet
""")
OBJECT = _adjectives("""
    new/nouveau*, old/vieux*, beautiful/beau*, small/petit*, big/gros*, heavy/lourd, light/léger, dirty/sale,
    expensive/cher, round/rond, useful/utile, empty/vide, strange/étrange, precious/précieux
""")
# What stands before its noun in French: these make vieil, nouvel, bel and "de" for "des".
PLACE = _adjectives("""
    new/nouveau*, old/vieux*, beautiful/beau*, small/petit*, modern/moderne, quiet/tranquille, famous/célèbre,
    immense/immense, dark/sombre, clean/propre, peaceful/paisible
""")
TEXT = _adjectives("""
    new/nouveau*, old/vieux*, long/long*, short/court, interesting/intéressant, boring/ennuyeux, funny/drôle,
    famous/célèbre, secret/secret, important/important, difficult/difficile, beautiful/beau*, sad/triste,
    strange/étrange,
    mysterious/mystérieux, anonymous/anonyme
""")
TASTE = _adjectives("""
    delicious/délicieux, fresh/frais, cold/froid, hot/chaud, sweet/sucré, good/bon*, excellent/excellent
""")
CLOTHING = _adjectives("""
    new/nouveau*, old/vieux*, beautiful/beau*, small/petit*, elegant/élégant, dirty/sale, clean/propre,
    expensive/cher, warm/chaud, dry/sec, long/long*
""")
ANIMAL = _adjectives("""
    small/petit*, big/gros*, old/vieux*, young/jeune*, black/noir, white/blanc, gray/gris, hungry/affamé,
    dangerous/dangereux, nervous/nerveux, wild/sauvage, calm/calme
""")
MATTER = _adjectives("""
    new/nouveau*, old/vieux*, important/important, simple/simple, difficult/difficile, serious/sérieux, strange/étrange,
    secret/secret, interesting/intéressant, excellent/excellent
""")
EVENT = _adjectives(
    "long/long*, important/important, boring/ennuyeux, interesting/intéressant, small/petit*, sad/triste"
)
