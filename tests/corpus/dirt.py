"""Kinds of dirt, as bytes, as they are met in corpora from the web, and what must become of each."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from tests.corpus.corpora import pairs

LONG = b"word " * 200_000
KEPT, DUPLICATE = "kept", "duplicate"

# Name → (source line, target line, what becomes of it: kept, duplicate, or the rule that rejects it). None of them may
# hold a line feed: a line is a line.
DIRT: dict[str, tuple[bytes, bytes, str]] = {
    "invalid UTF-8": (b"caf\xe9", "un café".encode(), "not_utf8"),
    "truncated UTF-8": ("the café".encode()[:-1], b"le caf", "not_utf8"),
    "overlong UTF-8": (b"a \xc0\xaf slash", b"une barre", "not_utf8"),
    "lone surrogate": (b"half \xed\xa0\xbd a pair", b"une moitie", "not_utf8"),
    "surrogate pair, three bytes each": (b"\xed\xa0\xbd\xed\xb8\x80 fun", b"du plaisir", "not_utf8"),
    "beyond Unicode": (b"a \xf4\x90\x80\x80 sign", b"un signe", "not_utf8"),
    "UTF-16 in between": ("wide".encode("utf-16"), b"large", "not_utf8"),
    "noncharacter": ("a \uffff sign".encode(), b"un signe tel", KEPT),
    "private use": ("a \ue000 logo".encode(), b"un logo", KEPT),
    "NUL byte": (b"a\x00b in words", b"un octet nul", "control_characters"),
    "only NUL": (b"\x00", b"\x00", "control_characters"),
    "bell and escape": (b"ring \x07 \x1b[31m red", b"sonne rouge", "control_characters"),
    "C1 control": ("confi\u0082dential".encode(), b"confidentiel", "control_characters"),
    "delete character": (b"del\x7fete it", b"efface le", "control_characters"),
    "unit separator": (b"one\x1ftwo", b"un", "control_characters"),
    "byte order mark": ("\ufeffA mark first.".encode(), "\ufeffUne marque.".encode(), KEPT),
    "byte order mark inside": ("A mark \ufeffinside.".encode(), b"Une marque dedans.", KEPT),
    "carriage return": (b"The end.\r", b"La fin.\r", KEPT),
    "carriage return inside": (b"One\rtwo lines.", b"Une\rdeux lignes.", KEPT),
    "line separator": ("One\u2028two again.".encode(), "Une\u2028deux encore.".encode(), KEPT),
    "paragraph separator": ("One\u2029two more.".encode(), b"Une deux de plus.", KEPT),
    "next line": ("One\u0085two also.".encode(), b"Une deux aussi.", KEPT),
    "vertical tab, form feed": (b"One\x0btwo\x0cthree.", b"Une deux trois.", KEPT),
    "many blanks": (b"   so     much   room   ", b" tant de   place ", KEPT),
    "no source": (b"", b"rien en face", "empty"),
    "no target": (b"nothing opposite", b"", "empty"),
    "no text": (b"", b"", "empty"),
    "blanks only": (b"     ", "\u2003\u3000".encode(), "empty"),
    "non-breaking spaces only": ("\u00a0\u00a0".encode(), "\u202f".encode(), "empty"),
    "zero-width characters": ("\u200b\u200d\u2060".encode(), b"presque rien", "few_letters"),
    "emoji": ("👩‍👩‍👧 🇫🇷 👍🏽 fun times".encode(), "👩‍👩‍👧 🇫🇷 👍🏽 du plaisir".encode(), KEPT),
    "only emoji": ("👍👍👍".encode(), "👍👍👍🏽".encode(), "few_letters"),
    "HTML": (b"<p>A &amp; B</p><br/>", b"<p>A &amp; B bis</p><br/>", KEPT),
    "a script": (b"<script>if (a<b && c>d) {x[1]=2;}</script>", b"<script>y();</script>", KEPT),
    "addresses": (b"https://example.org/en?id=1", b"https://example.org/fr?id=1", KEPT),
    "swapped languages": ("Le chat dort déjà.".encode(), b"The cat sleeps already.", KEPT),
    "same on both sides": (b"Copyright 2024 ACME", b"Copyright 2024 ACME", "identical"),
    "same but for blanks": (b"Copyright  ACME ", b" Copyright ACME", "identical"),
    "numbers only": (b"1,234.56 - 789", b"1 234,56 - 789", "few_letters"),
    "punctuation only": (b"?!... --- ***", "«\u00a0»".encode(), "few_letters"),
    "one side far longer": (b"No.", b"mot " * 45, "length_ratio"),
    "both sides too long": (b"word " * 60, b"mot " * 60, "too_long"),
    "too long without blanks": (b"a-" * 40, b"b-" * 40, "too_long"),
    "a megabyte": (LONG, b"court", "too_long"),
    "a megabyte without blank": (b"x" * 1_000_000, b"y" * 1_000_000, "too_long"),
    "mojibake": ("the schoolâ€™s cafÃ©".encode(), "l'Ã©cole".encode(), "broken_encoding"),
    "replacement character": ("l\ufffdhomme".encode(), b"the man", "broken_encoding"),
    "decomposed accents": ("cafe\u0301 noir".encode(), "cafe\u0301 serre\u0301".encode(), KEPT),
    "soft hyphen": ("tele\u00advision".encode(), "télé\u00advision".encode(), KEPT),
    "right to left": ("مرحبا \u202bبالعالم\u202c".encode(), b"bonjour le monde", KEPT),
    "Chinese": ("你好，世界！这是测试。".encode(), b"Bonjour, ceci est un test.", KEPT),
    "the tokenizer's own signs": ("￭ ⇩ ␛ ␛1; words".encode(), "￭mots￭ ␛".encode(), KEPT),
    "special tokens": (b"<pad> <unk> <sos> <eos> words", b"<s> </s> mots", KEPT),
    "JSON": (b'{"en": "a \\"quote\\" \\\\ here"}', b'{"fr": "une \\"citation\\""}', KEPT),
    "a pair": (b"The first cat sleeps.", b"Le premier chat dort.", KEPT),
    "the same pair": (b"The first cat sleeps.", b"Le premier chat dort.", DUPLICATE),
    "the same in other spacing": (b" The first  cat sleeps. ", b"Le premier  chat dort. ", DUPLICATE),
    "the same in other case": (b"THE FIRST CAT SLEEPS.", b"LE PREMIER CHAT DORT.", KEPT),
    "another translation": (b"The first cat sleeps.", b"Le premier chat roupille.", KEPT),
}
# Of equal pairs that break a rule about tokens, which comes last, all but the first are duplicates.
LATE = ("one side far longer", "too long without blanks")

# Name → (line, source and target that it means, what becomes of it), for one form each.
Line = tuple[bytes, tuple[str, str], str]
NO_PAIR = ("", "")
DIRTY_LINES: dict[str, dict[str, Line]] = {
    "tsv": {
        "one column": (b"only one column", NO_PAIR, "no_tab"),
        "empty line": (b"", NO_PAIR, "no_tab"),
        "a carriage return alone": (b"\r", NO_PAIR, "no_tab"),
        "a tab alone": (b"\t", NO_PAIR, "empty"),
        "many columns": (b"Three columns.\tTrois colonnes.\tCC-BY\t4\t", ("Three columns.", "Trois colonnes."), KEPT),
        "bad bytes in the third column": (b"A note.\tUne note.\t\xff\xfe", ("A note.", "Une note."), KEPT),
        "quotes": (b'"A ""quote""\t"Une citation', ('"A ""quote""', '"Une citation'), KEPT),
    },
    "jsonl": {
        "empty line": (b"", NO_PAIR, "no_json_pair"),
        "cut off": (b'{"en": "A cut', NO_PAIR, "no_json_pair"),
        "no object": (b"[1, 2]", NO_PAIR, "no_json_pair"),
        "one language": (b'{"en": "alone"}', NO_PAIR, "no_json_pair"),
        "null": (b'{"en": null, "fr": "nul"}', NO_PAIR, "no_json_pair"),
        "a number": (b'{"en": 1, "fr": "un"}', NO_PAIR, "no_json_pair"),
        "nested without end": (b"[" * 100_000, NO_PAIR, "no_json_pair"),
        "half a surrogate pair": (b'{"en": "half \\ud83d", "fr": "moitie"}', NO_PAIR, "not_utf8"),
        "NUL, escaped": (b'{"en": "a \\u0000 b c", "fr": "un nul"}', ("a \0 b c", "un nul"), "control_characters"),
        "line feed, escaped": (b'{"en": "A\\nline.", "fr": "Une\\nligne."}', ("A line.", "Une ligne."), KEPT),
        "a struct": (b'{"id": 7, "translation": {"fr": "Oui oui.", "en": "Yes yes."}}', ("Yes yes.", "Oui oui."), KEPT),
    },
}


@dataclass(frozen=True)
class DirtyLine:
    """A line of a dirty corpus: its bytes (of both files, if they are two), what it means, what becomes of it."""

    kind: str
    raw: tuple[bytes, ...]
    pair: tuple[str, str]
    fate: str


def dirty_corpus(form: str, lines: int) -> Iterator[DirtyLine]:
    """A corpus of so many lines, every tenth of which is dirt, in turn of each kind; the megabytes come once only.

    ``form``: ``aligned``, ``tsv`` or ``jsonl``.
    """
    kinds, clean, number = list(_kinds(form)), pairs(3200), 0
    for index in range(lines):
        if index % 10 == 9:
            yield kinds[number]
            number += 1
            if number == len(kinds):
                kinds, number = [kind for kind in kinds if sum(map(len, kind.raw)) < 50_000], 0
        else:
            # There are not so many clean pairs: they are told apart by a number.
            source, target = clean[index % len(clean)]
            pair = f"{source} {index // len(clean)}", f"{target} {index // len(clean)}"
            yield DirtyLine("clean", _spell(form, *(side.encode() for side in pair)), pair, KEPT)


def _kinds(form: str) -> Iterator[DirtyLine]:
    for kind, (source, target, fate) in DIRT.items():
        pair = NO_PAIR if fate == "not_utf8" else (source.decode(), target.decode())
        yield DirtyLine(kind, _spell(form, source, target), pair, fate)
    for kind, (raw, pair, fate) in DIRTY_LINES.get(form, {}).items():
        yield DirtyLine(kind, (raw,), pair, fate)


def _spell(form: str, source: bytes, target: bytes) -> tuple[bytes, ...]:
    match form:
        case "aligned":
            return source, target
        case "tsv":
            return (source + b"\t" + target,)
        case _:
            texts = (side.decode("utf-8", "surrogateescape") for side in (source, target))
            line = json.dumps(dict(zip(("en", "fr"), texts, strict=True)), ensure_ascii=False)
            return (line.encode("utf-8", "surrogateescape"),)
