"""What a tokenizer learns: the words or pieces of words, the symbols and the clitics that have a token of their own.

Everything else is spelled, letter by letter or byte by byte, so that no text holds an unknown token.
"""

import base64
import io
import json
import string
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, groupby, islice
from typing import Any

import numpy as np

from components.text.words import ALWAYS, CAPITAL, CONTINUES, JOINER, case_runs, is_reserved, lower, parts

# How words become tokens. Small words with their occurrences, the most frequent first; how many tokens there may be;
# how often each must be used → the words that are tokens as a whole, and a sentencepiece model that cuts the others, or
# nothing: then those are spelled.
Method = Callable[[Mapping[str, int], int, int], tuple[tuple[str, ...], bytes]]

# How sentencepiece marks a piece that begins a word.
_BEGINS = "▁"
# A character is learnt if it occurs once in so many words: in a large corpus, a stray sign is worth no token.
_WORDS_A_CHARACTER = 500_000
# Symbols with their joiners, and clitics: so many of the most frequent, used so often. Fewer uses teach nothing.
_MOST_SYMBOLS, _LEAST_USES = 1000, 2
# Share of its occurrences in which a name has its capital.
_NAMED = 0.9
_DIGITS = "0123456789"
# Distinct runs of letters, of which the pieces are remembered at a time.
_REMEMBERED = 1 << 18
# What people type has tokens even where the corpus does without.
_PUNCTUATION = tuple(
    left + sign + right for sign in string.punctuation for left in ("", JOINER) for right in ("", JOINER)
)


@dataclass(frozen=True)
class Inventory:
    """All that a tokenizer has learnt.

    Attributes:
        symbols: tokens of symbols and clitics, with their joiners.
        characters: letters and digits that can spell a word.
        words: words that have a token of their own.
        model: of sentencepiece, which cuts words into pieces; empty where what is not in ``words`` is spelled.
        names: words that stand with a capital, wherever in a sentence, in nine of ten cases.

    Raises:
        ValueError: if the model is none.
    """

    symbols: tuple[str, ...]
    characters: tuple[str, ...]
    words: tuple[str, ...] = ()
    model: bytes = b""
    names: frozenset[str] = frozenset()
    _words: frozenset[str] = field(init=False, repr=False, compare=False)
    _tokens: frozenset[str] = field(init=False, repr=False, compare=False)
    _processor: Any = field(init=False, repr=False, compare=False)
    _remembered: dict[str, list[str]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        processor = _processor(self.model) if self.model else None
        tokens = [*self.symbols, *self.words, *self.characters, *(CONTINUES + letter for letter in self.characters)]
        if processor:
            for number in range(1, processor.get_piece_size()):
                piece = processor.id_to_piece(number)
                if not processor.is_unused(number):
                    tokens.append(piece[len(_BEGINS) :] if piece.startswith(_BEGINS) else CONTINUES + piece)
        known = frozenset(token for token in tokens if token and not is_reserved(token))
        for name, value in (("_words", frozenset(self.words)), ("_tokens", known), ("_processor", processor)):
            object.__setattr__(self, name, value)

    def __contains__(self, token: str) -> bool:
        return token in self._tokens

    def tokens(self) -> list[str]:
        """All tokens that there can be: ``words.ALWAYS`` and what is learnt, each once."""
        return [*ALWAYS, *sorted(self._tokens.difference(ALWAYS))]

    def extends(self, other: "Inventory") -> bool:
        """Whether it is the other one, with further words or without."""
        return replace(self, words=self.words[: len(other.words)]) == other

    @property
    def cuts(self) -> bool:
        """Whether words are cut into pieces; if not, they are whole or spelled."""
        return self._processor is not None

    def cut(self, letters: str) -> list[str]:
        """Small letters and digits → what they are written with, one behind another; each digit stands alone.

        The first piece is empty where there is none that begins a word.
        """
        if letters.isalpha():
            return self._cut(letters)
        return [
            piece
            for is_alpha, run in groupby(letters, str.isalpha)
            for piece in (self._cut("".join(run)) if is_alpha else run)
        ]

    def _cut(self, letters: str) -> list[str]:
        if self._processor is None:
            return [letters] if letters in self._words else list(letters)
        if (pieces := self._remembered.get(letters)) is None:
            if len(self._remembered) > _REMEMBERED:
                self._remembered.clear()
            first, *rest = self._processor.encode(letters, out_type=str)
            pieces = self._remembered[letters] = [first.removeprefix(_BEGINS), *rest]
        return pieces

    def spells(self, letters: str) -> bool:
        """Whether each of the letters is a token."""
        return self._tokens.issuperset(letters)

    def save(self) -> bytes:
        document = {"symbols": self.symbols, "characters": self.characters, "words": self.words}
        document["names"] = tuple(sorted(self.names))
        model = base64.b64encode(self.model).decode()
        return json.dumps({**document, "model": model}, ensure_ascii=False).encode()

    @classmethod
    def load(cls, learnt: bytes) -> "Inventory":
        """The inventory that :meth:`save` wrote.

        Raises:
            ValueError: if it is none.
        """
        try:
            document = json.loads(learnt)
            model = base64.b64decode(document.pop("model"))
            names = frozenset(document.pop("names"))
            return cls(**{name: tuple(tokens) for name, tokens in document.items()}, model=model, names=names)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"is nothing that a tokenizer has learnt: {error}") from None


def whole_words(words: Mapping[str, int], places: int, min_count: int) -> tuple[tuple[str, ...], bytes]:
    """The most frequent words, whole."""
    frequent = [word for word, times in words.items() if times >= min_count and len(word) > 1]
    return tuple(frequent[:places]), b""


def unigram(words: Mapping[str, int], places: int, min_count: int) -> tuple[tuple[str, ...], bytes]:
    """Pieces of a unigram language model (Kudo 2018)."""
    return (), _learn_pieces(words, places, min_count, "unigram")


def byte_pairs(words: Mapping[str, int], places: int, min_count: int) -> tuple[tuple[str, ...], bytes]:
    """Pieces made by merging the most frequent pairs (Sennrich et al. 2016)."""
    return (), _learn_pieces(words, places, min_count, "bpe")


def learn(words: Mapping[str, int], size: int, method: Method, *, elides: bool, min_count: int = 1) -> Inventory:
    """The inventory for words like these; the same from the same words, whatever their order.

    Args:
        words: words as they stand between spaces, the first of a sentence in small letters, and how often each occurs.
        size: tokens in all, at most. A small corpus gives fewer; ``words.ALWAYS``, the symbols and the characters of
            the corpus are there in any case.
        method: how words become tokens.
        elides: see ``words.parts``.
        min_count: how often a word, or a piece of several characters, must be used.
    """
    letters: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    symbols: Counter[str] = Counter()
    for word, times in words.items():
        for part in parts(word, elides):
            if not part.letters:
                symbols[JOINER * part.left + lower(part.text) + JOINER * part.right] += times
                continue
            for mark, run in case_runs(part.text):
                capital[run] += times if mark == CAPITAL else 0
                for letters_of_run in _alphabetic(run):
                    letters[letters_of_run] += times
    codes = np.frombuffer("".join(letters).encode("utf-32-le", "surrogatepass"), np.uint32)
    uses = np.bincount(codes, np.repeat([*letters.values()], [*map(len, letters)]))
    fewest = sum(letters.values()) / _WORDS_A_CHARACTER
    frequent_codes = np.flatnonzero((uses > 0) & (uses >= fewest)).tolist()
    characters = sorted({*_DIGITS, *map(chr, frequent_codes)})
    frequent = [symbol for symbol, times in _ranked(symbols) if times >= _LEAST_USES][:_MOST_SYMBOLS]
    frequent += [symbol for symbol in _PUNCTUATION if symbol not in frequent]
    places = max(size - len(ALWAYS) - len(frequent) - 2 * len(characters), 0)
    names = frozenset(run for run, times in capital.items() if 0 < _NAMED * letters[run] <= times and len(run) > 1)
    spellable = frozenset(characters)
    known = {run: times for run, times in _ranked(letters) if spellable.issuperset(run)}
    whole, model = method(known, places, min_count)
    return Inventory(tuple(frequent), tuple(characters), whole, model, names)


def extend(inventory: Inventory, words: Mapping[str, int], places: int, *, elides: bool, min_count: int) -> Inventory:
    """The inventory with up to ``places`` more words: the most frequent ones that it spells.

    The other arguments are those of :func:`learn`; a word that is used once is not among them in any case.
    """
    letters: Counter[str] = Counter()
    for word, times in words.items():
        for part in parts(word, elides):
            for _, run in case_runs(part.text) if part.letters else ():
                for letters_of_run in _alphabetic(run):
                    letters[letters_of_run] += times
    fewest = max(min_count, _LEAST_USES)
    spelled = (run for run, times in _ranked(letters) if times >= fewest and len(inventory.cut(run)) > 1)
    return replace(inventory, words=(*inventory.words, *islice(spelled, places)))


def _alphabetic(run: str) -> list[str]:
    return [run] if run.isalpha() else ["".join(same) for is_alpha, same in groupby(run, str.isalpha) if is_alpha]


def _ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


def _processor(model: bytes) -> Any:
    from sentencepiece import SentencePieceProcessor  # Late: who works with words does without.

    processor = SentencePieceProcessor()
    try:
        processor.load_from_serialized_proto(model)
    except RuntimeError:
        raise ValueError("is no sentencepiece model") from None
    return processor


def _learn_pieces(words: Mapping[str, int], places: int, min_count: int, algorithm: str) -> bytes:
    """A sentencepiece model that cuts words like these into ``places`` pieces at most, and single characters."""
    from sentencepiece import SentencePieceTrainer

    words = words or {".": 1}  # Without a sentence for training there will be no dataset: the launcher says so.
    characters = len(set("".join(words)))
    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=(f"{word}\t{times}" for word, times in words.items()),
        input_format="tsv",
        model_writer=model,
        model_type=algorithm,
        # And its <unk>, and the sign of a word's beginning.
        vocab_size=places + characters + 2,
        hard_vocab_limit=False,
        normalization_rule_name="identity",
        character_coverage=1.0,
        bos_id=-1,
        eos_id=-1,
        # All of them, in their order, by one thread: or else the model would differ from one run to the next.
        input_sentence_size=0,
        shuffle_input_sentence=False,
        num_threads=1,
        minloglevel=2,
    )
    return _without_rare(model.getvalue(), words, max(min_count, _LEAST_USES))


def _without_rare(model: bytes, words: Mapping[str, int], min_count: int) -> bytes:
    """The model without the pieces that it uses less than ``min_count`` times to cut the words it was learnt from.

    A word that is a rare piece is cut into smaller ones instead, so that training sees what new words are made of.
    Without this, a large vocabulary of a small corpus holds the words of that corpus, and little else.
    """
    texts, times = list(words), np.fromiter(words.values(), np.int64, len(words))
    processor = _processor(model)
    pieces = [processor.id_to_piece(number) for number in range(processor.get_piece_size())]
    # Single characters are what everything else can be taken apart to; and the first is none of a word.
    droppable = np.array([number > 0 and len(piece) > 1 for number, piece in enumerate(pieces)])
    rare = np.zeros(len(pieces), bool)
    cut: list[list[int]] = [[]] * len(texts)
    changed = np.arange(len(texts))
    while True:
        processor = _processor(_marked_unused(model, {pieces[number] for number in np.flatnonzero(rare)}))
        encoded = processor.encode([texts[row] for row in changed], out_type=int, num_threads=1)
        for row, numbers in zip(changed, encoded, strict=True):
            cut[row] = numbers
        lengths = np.fromiter(map(len, cut), np.int64, len(cut))
        running = np.fromiter(chain.from_iterable(cut), np.int64, int(lengths.sum()))
        uses = np.bincount(running, np.repeat(times, lengths), len(pieces))
        found = droppable & ~rare & (uses > 0) & (uses < min_count)
        if not found.any():
            break
        rare |= found
        # A word without any of these is cut as before.
        changed = np.unique(np.repeat(np.arange(len(texts)), lengths)[found[running]])
    return _marked_unused(model, {pieces[number] for number in np.flatnonzero(droppable & (rare | (uses == 0)))})


def _marked_unused(model: bytes, unused: Collection[str]) -> bytes:
    """The model with some of its pieces marked as not to be used.

    In protocol buffers, a model is::

        ModelProto     { repeated SentencePiece pieces = 1; … }
        SentencePiece  { string piece = 1; float score = 2; Type type = 3; }      UNUSED = 5
    """
    marked, at = [], 0
    while model[at] == 0x0A:
        size, begin = _varint(model, at + 1)
        at = begin + size
        entry = model[begin:at]
        length, text = _varint(entry, 1)
        if entry[text : text + length].decode() in unused:
            entry += b"\x18\x05"
        marked += [b"\x0a", _as_varint(len(entry)), entry]
    return b"".join(marked) + model[at:]


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """The variable-length number that begins at a byte, and where the next thing begins."""
    value = shift = 0
    while message[at] & 0x80:
        value |= (message[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return value | message[at] << shift, at + 1


def _as_varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
