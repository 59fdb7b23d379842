"""The text codec: text to ids and back, by numbers written down here."""

from pathlib import Path

import pyarrow as pa
import pytest

from components.errors import InputError
from components.text.codec import CodecSettings, TextCodec
from components.text.vocabulary import SPECIAL_TOKENS, Vocabulary

ENGLISH = Vocabulary((*SPECIAL_TOKENS, "the", "￭.", "dog", "sleeps"))
FRENCH = Vocabulary((*SPECIAL_TOKENS, "l'￭", "￭.", "ami", "dort"))


def codec(**settings: bool) -> TextCodec:
    return TextCodec(CodecSettings(**settings), ENGLISH, FRENCH)


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
    assert sorted(saved.files()) == ["tokenizer/settings.json", "vocabulary.en.txt", "vocabulary.fr.txt"]
    assert all((tmp_path / file).is_file() for file in saved.files())
    loaded = TextCodec.load(tmp_path)
    assert loaded.settings == saved.settings
    assert loaded.encode_source(pa.array(["The dog."])).to_pylist() == [[4, 6, 5]]


def test_a_damaged_codec_is_refused(tmp_path: Path) -> None:
    codec().save(tmp_path)
    (tmp_path / "tokenizer/settings.json").write_text('{"tokenizer": "word", "colour": 1}')
    with pytest.raises(InputError, match=r"settings\.json"):
        TextCodec.load(tmp_path)
