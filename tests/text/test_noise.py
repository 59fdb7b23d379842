"""Noise: what careless typing makes of clean sentences, the same each time."""

import re

import numpy as np
import pyarrow as pa
import pytest

from components.text.codec import CodecSettings, TextCodec
from components.text.inventory import Inventory
from components.text.noise import Noise, with_other_spaces, with_slips, without_accents
from components.text.tokenizer import learning
from components.text.vocabulary import EOS, SOS, SPECIAL_TOKENS, UNK, Vocabulary
from components.text.words import PLACEHOLDERS
from tests.corpus.corpora import pairs

PAIRS = list(pairs(400))
SIDES = [pa.array(side) for side in zip(*PAIRS, strict=True)]


@pytest.fixture(scope="module")
def codec() -> TextCodec:
    learnt = tuple(
        learning("sentencepiece-bpe").learn(language, column, 900, simplified=language == "en")
        for language, column in zip(("en", "fr"), SIDES, strict=True)
    )
    vocabularies = (Vocabulary((*SPECIAL_TOKENS, *Inventory.load(side).tokens())) for side in learnt)
    return TextCodec(CodecSettings(tokenizer="sentencepiece-bpe"), *vocabularies, learnt)


def flat(codec: TextCodec) -> list[np.ndarray]:
    sides = codec.encode_pairs(*SIDES)
    return [part for side in sides for part in (side.flatten().to_numpy(), side.offsets.to_numpy().astype(np.int64))]


def texts(codec: TextCodec, ids: list[np.ndarray]) -> list[tuple[str, str]]:
    source, target = (np.split(values, splits[1:-1]) for values, splits in (ids[:2], ids[2:]))
    return list(zip(map(codec.source_text, map(np.ndarray.tolist, source)), codec.decode_target(target), strict=True))


def test_the_same_place_has_the_same_noise_and_another_has_other(codec: TextCodec) -> None:
    clean, noise = flat(codec), Noise(codec, 0.5, seed=7)
    first, again, other = (noise(np.array([epoch, 1]), 3, *clean) for epoch in (0, 0, 1))
    assert all(map(np.array_equal, first, again))
    assert not all(map(np.array_equal, first, other))
    assert all(map(np.array_equal, Noise(codec, 0.0, seed=7)(np.array([0, 1]), 3, *clean), clean))


def test_about_the_share_that_is_asked_for_changes_and_all_stays_well_formed(codec: TextCodec) -> None:
    clean = flat(codec)
    found = Noise(codec, 0.2, seed=7)(np.array([0, 1]), 3, *clean)
    changed = sum(one != two for one, two in zip(texts(codec, clean), texts(codec, found), strict=True))
    assert 0.15 < changed / len(PAIRS) < 0.45
    values, splits = found[2:]
    assert (values[splits[:-1]] == SOS).all()
    assert (values[splits[1:] - 1] == EOS).all()
    assert (np.diff(found[1]) > 0).all()
    assert UNK not in found[0]
    assert UNK not in values


def test_capitals_and_placeholders_stand_on_both_sides_and_all_else_on_the_source_alone(codec: TextCodec) -> None:
    clean, found = (
        texts(codec, ids) for ids in (flat(codec), Noise(codec, 1.0, seed=7)(np.array([0, 1]), 3, *flat(codec)))
    )
    loud = copied = 0
    for (_, target), (noisy_source, noisy_target) in zip(clean, found, strict=True):
        held = [{sign for sign in side if sign in PLACEHOLDERS} for side in (noisy_source, noisy_target)]
        assert held[0] == held[1]
        copied += bool(held[0])
        if noisy_target.isupper():
            loud += 1
            assert noisy_source.isupper()
        elif not held[1]:
            assert noisy_target == target
    assert loud > 20
    assert copied > 100


def test_slips_keep_the_first_two_letters_words_alone() -> None:
    random = np.random.default_rng(1)
    text = "ab " * 50 + "someword"
    slipped = {with_slips(text, random, share=1.0) for _ in range(50)}
    assert all(re.fullmatch(r"(ab ){50}\w{7,9}", found) and found != text for found in slipped if found != text)
    assert len(slipped) > 15


def test_spaces_and_accents() -> None:
    random = np.random.default_rng(1)
    assert {with_other_spaces("One two, three", random) for _ in range(50)} == {
        "One two , three", "Onetwo, three", "One two,three"
    }  # fmt: skip
    assert without_accents("L'été à Čapek") == "L'ete a Capek"
