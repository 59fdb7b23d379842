"""The text codec: text to ids and back, by numbers written down here."""

from pathlib import Path

import pyarrow as pa
import pytest

from components.errors import InputError
from components.text.codec import CodecSettings, TextCodec, codec_files
from components.text.tokenizer import make_tokenizer, tokenizer_kind
from components.text.vocabulary import SPECIAL_TOKENS, UNK, Vocabulary

ENGLISH = Vocabulary((*SPECIAL_TOKENS, "the", "￭.", "dog", "sleeps"))
FRENCH = Vocabulary((*SPECIAL_TOKENS, "l'￭", "￭.", "ami", "dort"))


def codec(**settings: bool) -> TextCodec:
    return TextCodec(CodecSettings(**settings), ENGLISH, FRENCH)


LEARNED = ["The dog sleeps.", "A dog, and another dog!"]


def learned_codec(tokenizer: str) -> TextCodec:
    """A codec whose tokenizers have learnt from ``LEARNED``, English on both sides, with all of their pieces."""
    learn = tokenizer_kind(tokenizer).learn
    assert learn
    learnt = learn(pa.array(LEARNED), 100)
    pieces = set(make_tokenizer(tokenizer, "en", learnt).tokenize(pa.array(LEARNED)).flatten().to_pylist())
    vocabulary = Vocabulary((*SPECIAL_TOKENS, *sorted(pieces)))
    return TextCodec(CodecSettings(tokenizer=tokenizer), vocabulary, vocabulary, (learnt, learnt))


def files(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and "tracking" not in path.parts
    )


def test_the_source_is_reversed() -> None:
    ids = codec().encode_source(pa.array(["The dog sleeps.", "", "A dog"]))
    assert ids.to_pylist() == [[5, 7, 6, 4], [], [6, 1]]
    assert ids.type == pa.list_(pa.int32())


def test_the_source_is_not_reversed_when_told_so() -> None:
    assert codec(reverse_source=False).encode_source(pa.array(["The dog sleeps."])).to_pylist() == [[4, 6, 7, 5]]


def test_the_target_stands_between_sos_and_eos() -> None:
    ids = codec().encode_target(pa.array(["L'ami dort.", "", "Chat"]))
    assert ids.to_pylist() == [[2, 4, 6, 7, 5, 3], [2, 3], [2, 1, 3]]


def test_a_slice_is_encoded_like_the_column() -> None:
    column = pa.array(["The dog.", "The dog sleeps.", "dog", ""])
    for encode in (codec().encode_source, codec().encode_target):
        assert encode(column.slice(1, 2)).to_pylist() == encode(column).to_pylist()[1:3]


def test_what_follows_eos_is_ignored() -> None:
    assert codec().decode_target([[2, 4, 6, 7, 5, 3, 6, 6], [2, 6, 3, 0, 0]]) == ["L'ami dort.", "Ami"]


def test_target_ids_decode_to_the_sentence() -> None:
    sentence = "L'ami dort."
    assert codec().decode_target(codec().encode_target(pa.array([sentence])).to_pylist()) == [sentence]


def test_a_saved_codec_is_the_same(tmp_path: Path) -> None:
    saved = codec(reverse_source=False)
    saved.save(tmp_path)
    assert files(tmp_path) == ["tokenizer/settings.json", "vocabulary.en.txt", "vocabulary.fr.txt"]
    assert set(files(tmp_path)) == codec_files(["en", "fr"], "word")
    loaded = TextCodec.load(tmp_path)
    assert loaded.settings == saved.settings
    assert loaded.encode_source(pa.array(["The dog."])).to_pylist() == [[4, 6, 5]]


@pytest.mark.parametrize("tokenizer", ["sentencepiece", "sentencepiece-bpe"])
def test_a_saved_codec_knows_what_its_tokenizers_learnt(tokenizer: str, tmp_path: Path) -> None:
    saved = learned_codec(tokenizer)
    saved.save(tmp_path)
    learnt = {"tokenizer/en.model", "tokenizer/fr.model"}
    assert set(files(tmp_path)) == codec_files(["en", "fr"], tokenizer) == codec_files(["en", "fr"], "word") | learnt
    loaded = TextCodec.load(tmp_path)
    for encode in ("encode_source", "encode_target"):
        ids = getattr(loaded, encode)(pa.array(LEARNED)).to_pylist()
        assert ids == getattr(saved, encode)(pa.array(LEARNED)).to_pylist()
        assert not any(UNK in sentence for sentence in ids)
    assert loaded.decode_target(loaded.encode_target(pa.array(LEARNED)).to_pylist()) == LEARNED


@pytest.mark.parametrize("damage", [None, b"", b"no model"])
def test_a_codec_without_what_it_learnt_is_refused(damage: bytes | None, tmp_path: Path) -> None:
    learned_codec("sentencepiece").save(tmp_path)
    model = tmp_path / "tokenizer/fr.model"
    model.unlink() if damage is None else model.write_bytes(damage)
    with pytest.raises(InputError, match=r"text codec, .*fr\.model: .*(No such file|is no sentencepiece model)"):
        TextCodec.load(tmp_path)


def test_a_damaged_codec_is_refused(tmp_path: Path) -> None:
    codec().save(tmp_path)
    (tmp_path / "tokenizer/settings.json").write_text('{"tokenizer": "word", "colour": 1}')
    with pytest.raises(InputError, match=r"settings\.json"):
        TextCodec.load(tmp_path)
