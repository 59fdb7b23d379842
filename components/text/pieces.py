"""The ``sentencepiece`` tokenizers: words cut into pieces by a model that was learnt from the corpus.

The model only cuts: ids come from the vocabulary, by frequency, as those of words do. What makes it reversible:

- The model changes no character, the case of letters included. A piece that begins a word begins with ``▁``.
- A non-breaking space is a character like any other, so it stays: ``▁Oui \\u202f!``.
- A character that the model has not learnt is a token as it stands in the text, together with its unknown neighbours.
  The vocabulary knows it as ``<unk>``, and the translator puts the source's token back, as it does with words. (Bytes
  in its place would be four tokens for an emoji, seen hardly ever in training, that nothing can put back.)

Each word is cut for itself: no piece reaches across a blank, so that this gives what cutting whole sentences would, and
a column has far fewer distinct words than words.
"""

import io
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa

from components.text.blanks import split_at_blanks
from components.text.escape import ESCAPE, escape, unescape

WORD_BEGIN = "▁"
# Control characters, line ends among them; what has a meaning here or in the library's training (▅); what would be
# taken for one of the vocabulary's special tokens if the model knew none of its characters.
_RESERVED = rf"[\x00-\x1f\x7f▅{WORD_BEGIN}{ESCAPE}]|<(?:pad|unk|sos|eos)>"
# A character is learnt if it occurs once in so many sentences: in a large corpus, a stray sign is worth no piece.
_SENTENCES_A_CHARACTER = 25_000
# A piece that is used less often than this is not learnt, whatever ``min_count``: training could not learn from it.
_LEAST_USES = 2


class PieceTokenizer:
    """See the module; ``model`` is what :func:`learn_pieces` gave.

    Raises:
        ValueError: if the model is none.
    """

    def __init__(self, model: bytes):
        from sentencepiece import SentencePieceProcessor  # Late: who works with words does without.

        self._processor = SentencePieceProcessor()
        try:
            self._processor.load_from_serialized_proto(model)
        except RuntimeError:
            raise ValueError("is no sentencepiece model") from None

    def tokenize(self, sentences: pa.StringArray) -> pa.ListArray:
        """Sentences, shape [n] → a list of pieces for each, shape [n, (pieces)]; an empty sentence has none."""
        words = split_at_blanks(escape(sentences, _RESERVED))
        running = words.flatten().dictionary_encode()
        # One thread: two take as long. The time goes into Python's strings, which one thread at a time can make.
        cut = self._processor.encode(running.dictionary.to_pylist(), out_type=str, num_threads=1)
        pieces = pa.array(cut, pa.list_(pa.string())).take(running.indices)
        ends = words.offsets.to_numpy() - words.offsets[0].as_py()
        return pa.ListArray.from_arrays(pa.array(pieces.offsets.to_numpy()[ends]), pieces.flatten())

    def detokenize(self, tokens: Sequence[Sequence[str]]) -> list[str]:
        """The sentences, as many as there are lists of pieces. Word beginnings without a word vanish."""
        words = ("".join(sentence).split(WORD_BEGIN) for sentence in tokens)
        return [unescape(" ".join(filter(None, sentence))) for sentence in words]


def learn_pieces(sentences: pa.StringArray, size: int, algorithm: str, *, min_count: int = 1) -> bytes:
    """A model that cuts sentences like these; equal sentences in equal order give equal bytes.

    Args:
        sentences: shape [n], not blank.
        size: pieces of the model, at most. A small corpus gives fewer. There are more where the sentences hold more
            different characters than that: each of them is a piece.
        algorithm: ``unigram`` or ``bpe``.
        min_count: how often a piece of several characters must be used for the sentences; one that is not gives way
            to smaller pieces.
    """
    from sentencepiece import SentencePieceTrainer

    # Without a sentence for training there will be no dataset, but that is for the launcher to say.
    texts = escape(sentences, _RESERVED).to_pylist() or ["."]
    occurrences: Counter[str] = Counter()
    for text in texts:
        occurrences.update(text)
    rare = [sign for sign, times in occurrences.items() if times * _SENTENCES_A_CHARACTER < len(texts)]
    if rare:
        without_rare = str.maketrans(dict.fromkeys(rare, " "))
        texts = [text.translate(without_rare) for text in texts]
    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        model_type=algorithm,
        # And its <unk>.
        vocab_size=max(size, len(occurrences) - len(rare) + len(WORD_BEGIN)) + 1,
        hard_vocab_limit=False,
        normalization_rule_name="identity",
        character_coverage=1.0,
        bos_id=-1,
        eos_id=-1,
        # All of them, in their order, by one thread: or else the model would differ from one run to the next.
        input_sentence_size=0,
        shuffle_input_sentence=False,
        max_sentence_length=1 << 30,
        num_threads=1,
        minloglevel=2,
    )
    return _without_rare(model.getvalue(), sentences, max(min_count, _LEAST_USES))


def _without_rare(model: bytes, sentences: pa.StringArray, min_count: int) -> bytes:
    """The model without the pieces that it uses less than ``min_count`` times to cut the sentences it was learnt from.

    A word that is a rare piece is cut into smaller ones instead, so that training sees what new words are made of.
    Without this, a large byte-pair vocabulary of a small corpus holds the words of that corpus, and little else: with
    20,000 pieces of Multi30k, 3 to 4 % of the tokens of its validation sentences were unknown; with this, none is.
    """
    words = split_at_blanks(escape(sentences, _RESERVED)).flatten().value_counts()
    texts, times = words.field("values").to_pylist(), words.field("counts").to_numpy()
    rare: set[str] = set()
    while True:
        processor = PieceTokenizer(_marked_unused(model, rare))._processor
        cut = pa.array(processor.encode(texts, out_type=str, num_threads=1), pa.list_(pa.string()))
        pieces = cut.flatten().dictionary_encode()
        uses = np.bincount(pieces.indices, np.repeat(times, np.diff(cut.offsets)))
        used = dict(zip(pieces.dictionary.to_pylist(), uses.tolist(), strict=True))
        # Single characters are what everything else can be taken apart to.
        found = {piece for piece, uses in used.items() if uses < min_count and len(piece) > 1} - rare
        if not found:
            break
        rare |= found
    all_pieces = {processor.id_to_piece(number) for number in range(1, processor.get_piece_size())}
    return _marked_unused(model, {piece for piece in all_pieces if len(piece) > 1 and piece not in used} | rare)


def _marked_unused(model: bytes, unused: Collection[str]) -> bytes:
    """The model, told not to use some of its pieces.

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
        marked += [b"\x0a", _spelled_varint(len(entry)), entry]
    return b"".join(marked) + model[at:]


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """The variable-length number that begins at a byte, and where the next thing begins."""
    value = shift = 0
    while message[at] & 0x80:
        value |= (message[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return value | message[at] << shift, at + 1


def _spelled_varint(value: int) -> bytes:
    spelled = bytearray()
    while value > 0x7F:
        spelled.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*spelled, value])
