"""The text codec: text to ids and back, by numbers written down here."""

from pathlib import Path

import pyarrow as pa
import pytest

from components.errors import InputError
from components.text.codec import CodecSettings, TextCodec, codec_files
from components.text.inventory import Inventory
from components.text.vocabulary import SPECIAL_TOKENS, UNK, Vocabulary
from components.text.words import PLACEHOLDERS

ENGLISH = Inventory(
    symbols=("￭.", "￭,"), characters=tuple("abcdefghijklmnopqrstuvwxyz0123456789"), words=("the", "dog", "sleeps")
)
FRENCH = Inventory(
    symbols=("l'￭", "￭.", "￭,"), characters=tuple("abcdefghijklmnopqrstuvwxyz0123456789"), words=("ami", "dort")
)


def vocabulary(inventory: Inventory, first: str) -> Vocabulary:
    known = first.split()
    return Vocabulary((*SPECIAL_TOKENS, *known, *(token for token in inventory.tokens() if token not in known)))


def codec(**settings: bool) -> TextCodec:
    return TextCodec(
        CodecSettings(**settings),
        vocabulary(ENGLISH, "the ￭. dog sleeps"),
        vocabulary(FRENCH, "l'￭ ￭. ami dort"),
        (ENGLISH.save(), FRENCH.save()),
    )


def files(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and "tracking" not in path.parts
    }


def test_the_source_is_reversed() -> None:
    ids = codec().encode_source(pa.array(["The dog sleeps.", "", "The dog"]))
    assert ids.to_pylist() == [[5, 7, 6, 4], [], [6, 4]]
    assert ids.type == pa.list_(pa.int32())


def test_the_source_is_not_reversed_when_the_settings_say_so() -> None:
    assert codec(reverse_source=False).encode_source(pa.array(["The dog sleeps."])).to_pylist() == [[4, 6, 7, 5]]


def test_the_target_stands_between_sos_and_eos() -> None:
    _, ids = codec().encode_pairs(pa.array(["The dog.", "dog"]), pa.array(["L'ami dort.", ""]))
    assert ids.to_pylist() == [[2, 4, 6, 7, 5, 3], [2, 3]]


@pytest.mark.parametrize(
    "text", ["The dog\tsleeps.", "The\u00a0dog \u2009sleeps.", "The do\u00adg\u200b sleeps\ufeff."]
)
def test_whitespace_and_what_cannot_be_seen_change_no_id(text: str) -> None:
    assert codec().encode_source(pa.array([text])).to_pylist() == [[5, 7, 6, 4]]


def test_no_text_has_an_unknown_id() -> None:
    strange = ["東京 😀 ₿ Ω", "QWXZ ￭⇧𐀀", "\x00\x07", "x" * 100]
    source, target = codec().encode_pairs(pa.array(strange), pa.array(strange))
    assert not any(UNK in ids for ids in [*source.to_pylist(), *target.to_pylist()])


def test_a_slice_is_encoded_like_the_column() -> None:
    column = pa.array(["The dog.", "The dog sleeps 42 a@b.com.", "dog", ""])
    whole, part = codec().encode_pairs(column, column), codec().encode_pairs(column.slice(1, 2), column.slice(1, 2))
    assert [side.to_pylist() for side in part] == [side.to_pylist()[1:3] for side in whole]


def test_what_both_sides_copy_is_one_placeholder_on_both() -> None:
    source, target = codec().encode_pairs(pa.array(["The dog a@b.com sleeps 42."]), pa.array(["42 dort a@b.com."]))
    first, second = (codec().source_vocabulary.tokens.index(placeholder) for placeholder in PLACEHOLDERS[:2])
    assert source.to_pylist() == [[5, second, 7, first, 6, 4]]
    first, second = (codec().target_vocabulary.tokens.index(placeholder) for placeholder in PLACEHOLDERS[:2])
    assert target.to_pylist() == [[2, second, 7, first, 5, 3]]


def test_what_only_one_side_has_is_spelled() -> None:
    source, _ = codec().encode_pairs(pa.array(["The dog 42."]), pa.array(["dort."]))
    tokens = [codec().source_vocabulary.tokens[number] for number in source[0].as_py()[::-1]]
    assert tokens == ["the", "dog", "4", "‿2", "￭."]


def test_spans_come_back_into_the_translation() -> None:
    tokens, spans = codec().tokenizers.texts(pa.array(["The dog a@b.com sleeps 42."]))
    assert spans == [["a@b.com", "42"]]
    assert tokens.to_pylist() == [["the", "dog", PLACEHOLDERS[0], "sleeps", PLACEHOLDERS[1], "￭."]]
    assert (
        codec().target_text(["ami", PLACEHOLDERS[1], "dort", PLACEHOLDERS[0], "￭."], spans[0]) == "Ami 42 dort a@b.com."
    )


def test_what_follows_eos_is_ignored() -> None:
    assert codec().decode_target([[2, 4, 6, 7, 5, 3, 6, 6], [2, 6, 3, 0, 0]]) == ["L'ami dort.", "Ami"]


def test_a_saved_codec_is_the_same(tmp_path: Path) -> None:
    saved = codec(reverse_source=False)
    saved.save(tmp_path)
    assert files(tmp_path) == codec_files(["en", "fr"])
    loaded = TextCodec.load(tmp_path)
    assert loaded.settings == saved.settings
    column = pa.array(["The dog a@b.com 東京."])
    assert [ids.to_pylist() for ids in loaded.encode_pairs(column, column)] == [
        ids.to_pylist() for ids in saved.encode_pairs(column, column)
    ]


@pytest.mark.parametrize("damage", [None, b"", b"no model", b'{"words": []}'])
def test_a_codec_without_what_it_learnt_is_refused(damage: bytes | None, tmp_path: Path) -> None:
    codec().save(tmp_path)
    model = tmp_path / "tokenizer/fr.model"
    model.unlink() if damage is None else model.write_bytes(damage)
    with pytest.raises(
        InputError, match=r"text codec, .*fr\.model: .*(No such file|nothing that a tokenizer has learnt)"
    ):
        TextCodec.load(tmp_path)


@pytest.mark.parametrize("settings", ['{"tokenizer": "word", "colour": 1}', '{"version": 3}'])
def test_a_damaged_codec_is_refused(settings: str, tmp_path: Path) -> None:
    codec().save(tmp_path)
    (tmp_path / "tokenizer/settings.json").write_text(settings)
    with pytest.raises(InputError, match=r"settings\.json"):
        TextCodec.load(tmp_path)


def test_a_codec_of_the_first_version_reads_as_it_did(tmp_path: Path) -> None:
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "tokenizer/settings.json").write_text(
        '{"source_language": "en", "target_language": "fr", "tokenizer": "word", "reverse_source": true}'
    )
    Vocabulary((*SPECIAL_TOKENS, "the", "￭.", "NATO", "⇩")).save(tmp_path / "vocabulary.en.txt")
    Vocabulary((*SPECIAL_TOKENS, "l'￭", "￭.", "OTAN")).save(tmp_path / "vocabulary.fr.txt")
    loaded = TextCodec.load(tmp_path)
    assert loaded.encode_source(pa.array(["The NATO.", "the 42 a@b.com"])).to_pylist() == [
        [5, 6, 4],
        [1, 1, 1, 1, 1, 1, 4, 7],
    ]
    assert loaded.decode_target([[2, 4, 6, 5, 3]]) == ["L'OTAN."]
