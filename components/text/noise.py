"""Sentences as people type them: what training sees in the place of some clean ones.

On the source only: another case, no full stop, slips of the fingers, spaces too many or too few, no accents. On both
sides, because they show in a translation: capitals throughout, and spans that are to be copied (a word that both sides
share, or one that is put in, becomes a placeholder), so that the model learns to take over what it does not know.
"""

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from components.text.codec import TextCodec
from components.text.vocabulary import EOS, SOS
from components.text.words import ALL_CAPITALS, CAPITAL, CAPITALS, PLACEHOLDERS, SMALL

# How often each kind is met among sentences that are typed carelessly; a sentence may have several.
CASE, FULL_STOP, SLIPS, SPACES, ACCENTS, SPANS = 0.4, 0.2, 0.7, 0.2, 0.1, 0.5
# Of sentences in another case: all small, all capitals, each word with a capital.
_CASES = np.cumsum([0.5, 0.35, 0.15])
# Share of the words of a sentence in which a finger slips.
_SLIPPED_WORDS = 0.15
_WORD = re.compile(r"\w+")
_KEYBOARDS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    key: "".join(
        row[max(at - 1, 0) : at] + row[at + 1 : at + 2] for row in _KEYBOARDS for at in [row.find(key)] if at >= 0
    )
    for key in "".join(_KEYBOARDS)
}


class Noise:
    """Rewrites batches of ids; what it does is a function of (seed, epoch, bucket, group of records).

    Args:
        codec: of the dataset.
        share: how many of the sentences are typed carelessly, 0 to 1.
        seed: of the training.
    """

    def __init__(self, codec: TextCodec, share: float, seed: int):
        self._codec, self._share, self._seed = codec, share, seed
        vocabulary = codec.target_vocabulary
        self._cases = vocabulary.ids(pa.array([CAPITAL, CAPITALS, SMALL]))
        self._all_capitals = vocabulary.ids(pa.array([ALL_CAPITALS]))[0]

    def __call__(self, where: np.ndarray, number: int, *pairs: np.ndarray) -> list[np.ndarray]:
        """Rewrites some sentences.

        Args:
            where: whole numbers that, with the seed and ``number``, decide what is done to them.
            number: see ``where``.
            pairs: ids of the source, int32, one sentence behind another; where each begins and the last one ends, int64
                [n + 1]; the same of the target.

        Returns:
            The same four.
        """
        random = np.random.default_rng([self._seed, *where.tolist(), int(number)])
        sources, targets = (np.split(ids, splits[1:-1]) for ids, splits in (pairs[:2], pairs[2:]))
        chances = random.random((len(sources), 6))
        case, stop, slips, spaces, accents, spans = (
            chances < self._share * np.array([CASE, FULL_STOP, SLIPS, SPACES, ACCENTS, SPANS])
        ).T
        changed: list[tuple[int, str]] = []
        translations: dict[int, str] = {}
        capitals: list[int] = []
        for row in np.flatnonzero(case | stop | slips | spaces | accents | spans).tolist():
            text = self._codec.source_text(sources[row].tolist())
            if spans[row]:
                text, translations[row] = self._with_span(text, targets[row], random)
            if slips[row]:
                text = with_slips(text, random)
            if stop[row]:
                text = re.sub(r"\s*[.!?]+$", "", text) or text
            if spaces[row]:
                text = with_other_spaces(text, random)
            if accents[row]:
                text = without_accents(text)
            if case[row]:
                kind = int(np.searchsorted(_CASES, random.random() * _CASES[-1], side="right"))
                if kind == 1 and sum(map(str.isalpha, text)) > 3:
                    capitals.append(row)
                text = (str.lower, str.upper, str.title)[kind](text)
            changed.append((row, text))
        if not changed:
            return list(pairs)
        encoded = self._codec.encode_placeholders(list(translations.values()), source=False)
        for row, ids in zip(translations, encoded, strict=True):
            targets[row] = np.concatenate([[SOS], ids, [EOS]]).astype(np.int32)
        for row in capitals:
            targets[row] = self._capitals(targets[row])
        for (row, _), ids in zip(changed, self._codec.encode_placeholders([text for _, text in changed]), strict=True):
            # Nothing may become nothing: the encoder reads at least one token.
            sources[row] = ids if len(ids) else sources[row]
        return [part for side in (sources, targets) for part in _ragged(side)]

    def _capitals(self, target: np.ndarray) -> np.ndarray:
        kept = target[~np.isin(target, self._cases)]
        return np.insert(kept, 1, self._all_capitals)

    def _with_span(self, text: str, target: np.ndarray, random: np.random.Generator) -> tuple[str, str]:
        """A pair in which one or two words are placeholders: words that both sides share, else ones that are put in."""
        translation = self._codec.decode_target([target.tolist()])[0]
        free = [
            placeholder for placeholder in PLACEHOLDERS if placeholder not in text and placeholder not in translation
        ]
        if len(free) < 2:
            return text, translation
        names = [free[index] for index in random.permutation(len(free))[:2]]
        shared = _shared_words(text, translation)
        if shared and random.random() < 0.6:
            for name, index in zip(names, random.permutation(len(shared))[:2].tolist(), strict=False):
                text, translation = (
                    re.sub(rf"\b{shared[index]}\b", name, side, count=1) for side in (text, translation)
                )
        else:
            text, translation = _inserted(text, translation, names, random)
        return text, translation


def _shared_words(text: str, translation: str) -> list[str]:
    sides = [_WORD.findall(side) for side in (text, translation)]
    return sorted(
        word
        for word in set(sides[0]) & set(sides[1])
        if len(word) > 2 and word.isalnum() and all(side.count(word) == 1 for side in sides)
    )


def _inserted(text: str, translation: str, names: Sequence[str], random: np.random.Generator) -> tuple[str, str]:
    name = names[0] if random.random() < 0.7 else " ".join(names)
    kind = random.integers(5)
    if kind == 0:
        return f"{name}: {text}", f"{name}: {translation}"
    if kind == 1:
        return f"{name} - {text}", f"{name} - {translation}"
    before, after = ("", " ") if kind == 2 else (" ", "") if kind == 3 else (" (", ")")
    if kind == 2:
        return f"{name} {text}", f"{name} {translation}"
    ends = [re.search(r"\s*[.!?]*$", side) for side in (text, translation)]
    first, second = (
        f"{side[: end.start()]}{before}{name}{after}{side[end.start() :]}" if end else side
        for side, end in zip((text, translation), ends, strict=True)
    )
    return first, second


def with_slips(text: str, random: np.random.Generator, share: float = _SLIPPED_WORDS) -> str:
    """A text with slips of the fingers in a ``share`` of its words, of three letters or more.

    Two letters are swapped, or one is missing, doubled, or its neighbour on the keyboard.
    """
    words = text.split(" ")
    for index in np.flatnonzero(random.random(len(words)) < share).tolist():
        word = words[index]
        letters = [at for at, character in enumerate(word) if character.isalpha() and character not in PLACEHOLDERS]
        if len(letters) < 3:
            continue
        at, kind = letters[int(random.integers(len(letters) - 1))], random.integers(4)
        if kind == 0:
            word = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        elif kind == 1:
            word = word[:at] + word[at + 1 :]
        elif kind == 2:
            word = word[:at] + word[at] + word[at:]
        else:
            near = _NEIGHBOURS.get(word[at].lower(), word[at])
            word = word[:at] + near[int(random.integers(len(near)))] + word[at + 1 :]
        words[index] = word
    return " ".join(words)


def with_other_spaces(text: str, random: np.random.Generator) -> str:
    """A text in which one space is missing, or a space stands in front of its punctuation."""
    places = [found.start() for found in re.finditer(" ", text)]
    if not places or random.random() < 0.5:
        return re.sub(r"(?<=\w)([.,!?;:])", r" \1", text)
    at = places[int(random.integers(len(places)))]
    return text[:at] + text[at + 1 :]


def without_accents(text: str) -> str:
    """A text without diacritics."""
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if unicodedata.category(letter) != "Mn")


def _ragged(rows: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    splits = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    return np.concatenate(rows).astype(np.int32), splits.astype(np.int64)
