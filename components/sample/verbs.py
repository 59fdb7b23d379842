"""The verbs, and with each group of verbs what they are done to."""

from __future__ import annotations

from dataclasses import dataclass

from . import adjectives as adj
from . import nouns
from .words import Adjective, Noun, Verb

_MODAL = ("can", "must", "should", "wants to", "wanted to", "would like to", "is going to", "was going to")
_ALWAYS = ("present", "past", "perfect", "pluperfect")
# A verb's last letter in the tables: which tenses it makes sense in. Only the frequent verbs have the French futur and
# imparfait: six forms of every verb each, and what comes twice in a corpus cannot be learned from it.
_TENSES = {
    # an action that lasts
    "a": (*_ALWAYS, "progressive", "was doing", "future", *_MODAL),
    # the same, rarer
    "b": (*_ALWAYS, "progressive", *_MODAL),
    # an action that lasts, whose English past looks like its present
    "r": ("present", "perfect", "pluperfect", "progressive", "was doing", "future", *_MODAL),
    # an action over in a moment
    "m": (*_ALWAYS, "future", *_MODAL),
    # the same, rarer
    "n": (*_ALWAYS, *_MODAL),
    # something that happens to one
    "e": (*_ALWAYS, "future"),
    # a state: the English simple past is the French imparfait
    "s": ("present", "past state"),
}


def _verbs(table: str) -> tuple[Verb, ...]:
    """One verb a cell: "English [particle] / [se] French [à|de] / a key of `_TENSES`"."""
    verbs = []
    for cell in table.split(","):
        english, french, kind = (part.strip() for part in cell.split("/"))
        english, _, particle = english.partition(" ")
        reflexive = french.startswith("se ")
        french, _, preposition = french.removeprefix("se ").partition(" ")
        verbs.append(Verb(english, french, _TENSES[kind], particle, preposition, reflexive))
    return tuple(verbs)


@dataclass(frozen=True, eq=False)
class Family:
    """Verbs and the nouns they are done to, with the adjectives of those nouns. `weight`: how often it comes.

    Families are the same only if they are one: the spaces built from them are remembered.
    """

    weight: int
    verbs: tuple[Verb, ...]
    objects: tuple[Noun, ...]
    adjectives: tuple[Adjective, ...]


INTRANSITIVE = _verbs("""
    sleep/dormir/a, work/travailler/a, sing/chanter/a, dance/danser/b, laugh/rire/b, cry/pleurer/b, run/courir/b,
    walk/marcher/a, swim/nager/b, smile/sourire/b, wait/attendre/a, arrive/arriver/m, fall/tomber/e,
    stay/rester/a, hesitate/hésiter/m, get up/se lever/m, rest/se reposer/b, wake up/se réveiller/n
""")
GOING = _verbs("go/aller/m, return/retourner/m, run/courir/b, walk/marcher/a")
COMING = _verbs("come/venir/m, arrive/arriver/m, return/revenir/m")

SEEING = _verbs(
    "see/voir/m, look at/regarder/a, find/trouver/m, draw/dessiner/b, admire/admirer/b, look for/chercher/a"
)
HAVING = _verbs("buy/acheter/a, sell/vendre/a, choose/choisir/m")
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

FAMILIES = (
    Family(4, _verbs("read/lire/r, write/écrire/a, translate/traduire/b, finish/finir/m, publish/publier/n, "
                     "receive/recevoir/e, keep/garder/a, correct/corriger/b"),
           nouns.READABLES, adj.TEXT + adj.NATIONAL),
    Family(3, _verbs("eat/manger/a, buy/acheter/a, bring/apporter/m, share/partager/b, order/commander/n"),
           nouns.FOODS, adj.TASTE),
    Family(3, _verbs("eat/manger/a, prepare/préparer/a, taste/goûter/b, serve/servir/a"), nouns.MASS_FOODS, adj.TASTE),
    Family(2, _verbs("drink/boire/a, serve/servir/a, order/commander/n"), nouns.DRINKS, adj.TASTE[:3] + adj.TASTE[5:]),
    Family(3, _verbs("wear/porter/a, wash/laver/b, choose/choisir/m, lose/perdre/e, sell/vendre/a"),
           nouns.CLOTHES, adj.CLOTHING + adj.COLORS),
    Family(5, _verbs("carry/porter/a, hide/cacher/b, take/prendre/m, find/trouver/m, lose/perdre/e, forget/oublier/e, "
                     "break/casser/e, draw/dessiner/b, steal/voler/m, look for/chercher/a"),
           nouns.PORTABLES, adj.OBJECT + adj.COLORS),
    Family(2, _verbs("drive/conduire/b, repair/réparer/b, sell/vendre/a, wash/laver/b, stop/arrêter/n"),
           nouns.VEHICLES, adj.OBJECT[:5] + adj.COLORS + adj.NATIONAL),
    Family(2, _verbs("open/ouvrir/m, close/fermer/m, paint/peindre/b"), nouns.OPENABLES, adj.OBJECT[:5] + adj.COLORS),
    Family(2, _verbs("build/construire/b, visit/visiter/a, paint/peindre/b, photograph/photographier/b, "
                     "leave/quitter/m"), nouns.BUILDINGS, adj.PLACE),
    Family(2, _verbs("cross/traverser/b, visit/visiter/a, discover/découvrir/n, leave/quitter/m"),
           nouns.REGIONS, adj.PLACE),
    Family(1, _verbs("watch/regarder/a, prefer/préférer/s, describe/décrire/b"), nouns.SPECTACLES, adj.TEXT[:8]),
    Family(1, _verbs("hear/entendre/m, recognize/reconnaître/n, listen to/écouter/a"), nouns.SOUNDS, adj.TEXT[12:15]),
    Family(3, _verbs("understand/comprendre/m, explain/expliquer/a, discuss/discuter de/b, forget/oublier/e, "
                     "talk about/parler de/a"), nouns.MATTERS, adj.MATTER),
    Family(1, _verbs("organize/organiser/b, prepare/préparer/a, remember/se souvenir de/s"), nouns.EVENTS, adj.EVENT),
    Family(3, _verbs("feed/nourrir/b, see/voir/m, hear/entendre/m, follow/suivre/a, look for/chercher/a, "
                     "catch/attraper/n, defend/défendre/b"), nouns.ANIMALS, adj.ANIMAL),
    Family(6, ACTING_ON_PEOPLE, nouns.PEOPLE, adj.HUMAN + adj.NATIONAL),
    Family(2, TALKING, nouns.PEOPLE, adj.HUMAN),
)  # fmt: skip

BE = Verb("be", "être", ("present", "past state", "future"))
SEEM = Verb("seem", "sembler", ("present", "past state"))
BECOME = Verb("become", "devenir", ("past", "future", "is going to", "wants to"))
PLAY_MUSIC, PLAY_SPORT = _verbs("play/jouer de/a, play/jouer à/a")
OF_ANIMALS = _verbs("sleep/dormir/a, run/courir/b, wait/attendre/a, walk/marcher/a, swim/nager/b, rest/se reposer/b, "
                    "hide/se cacher/n, stay/rester/a")  # fmt: skip
