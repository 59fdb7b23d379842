"""A model of a usual size through thousands of batches: every answer has the bits that it has alone.

Its weights are random: the kernels do not care. It holds on other processors as far as this test passes there.
"""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tensorflow as tf

from components.model.export import export_model
from components.model.parameters import ModelParameters
from components.model.seq2seq import Seq2Seq
from components.serving.options import TranslationOptions
from components.serving.translator import Translator, TranslatorSettings, load_exported, search_of
from components.text.codec import CodecSettings
from components.text.vocabulary import EOS
from tests.text.codecs import learned_codec

# Beside letters and blanks: what is long in tokens, joined, invisible, of another script, or no text at all.
_HOSTILE = [
    "a",
    "B",
    "7",
    " ",
    "  ",
    "\t",
    ".",
    "…",
    "’",
    '"',
    "(",
    "%",
    "\u00a0",
    "\u200b",
    "\u0301",
    "é",
    "ß",
    "你",
    "ж",
]
_HOSTILE += [
    "🦓",
    "👩‍👩‍👧",
    "￭",
    "‿",
    "\x00",
    "\x07",
    "\ufeff",
    "http://x.org/?a=1",
    "{name}",
    "$HOME",
    "aaaaaaaaaaaaaaaa",
    "-",
]


def hostile(count: int) -> list[str]:
    """Sentences that nobody says, of 1 to 80 of these parts."""
    chance = random.Random(1)
    return ["".join(chance.choices(_HOSTILE, k=chance.randint(1, 80))) for _ in range(count)]


@pytest.fixture(scope="module")
def lines(shared_data: Path) -> dict[str, list[str]]:
    """By language."""
    return {
        language: (shared_data / f"multi30k/train.{language}").read_text(encoding="utf-8").splitlines()
        for language in ("en", "fr")
    }


@pytest.fixture(scope="module")
def translator(lines: dict[str, list[str]], tmp_path_factory: pytest.TempPathFactory) -> Translator:
    settings = CodecSettings(tokenizer="sentencepiece-bpe")
    codec = learned_codec(list(zip(lines["en"][:10_000], lines["fr"][:10_000], strict=True)), settings, size=8000)
    parameters = ModelParameters(embedding_size=256, units=512, encoder="bidirectional", attention="luong")
    model = Seq2Seq(parameters, len(codec.source_vocabulary), len(codec.target_vocabulary))
    # Untrained models say one thing over and over, and do not stop: these make up their minds.
    for number, variable in enumerate(model.trainable_variables):
        variable.assign(variable * 3 + tf.random.stateless_normal(variable.shape, [number, 2]) * 0.02)
    model._biases.assign(tf.tensor_scatter_nd_add(model._biases, [[EOS]], [6.0]))
    folder = tmp_path_factory.mktemp("usual") / "exported"
    export_model(model, folder)
    return Translator(codec, search_of(load_exported(folder)), TranslatorSettings(50, True, batch_invariant=True))


@pytest.mark.slow
@pytest.mark.parametrize("beam_width", [1, 5])
def test_all_answers_have_the_same_bits_in_company(
    beam_width: int, translator: Translator, lines: dict[str, list[str]]
) -> None:
    check(translator, [*lines["en"][-3000:], *hostile(1000)], beam_width)


def check(translator: Translator, texts: list[str], beam_width: int) -> None:
    """Translates each text alone, then in calls of 2 to 64 in random company and order, several at a time."""
    options = TranslationOptions(beam_width, n_best=min(beam_width, 2), return_alignment=True)
    alone = {text: translator.translate([text], options)[0] for text in texts}
    assert len({found.text for found in alone.values()}) > len(alone) / 2, "the model says the same to everything"
    chance = random.Random(beam_width)
    left, calls = chance.sample(texts, len(texts)), []
    while left:
        size = chance.randint(2, 64)
        calls.append(left[:size])
        left = left[size:]
    with ThreadPoolExecutor(4) as threads:
        found = threads.map(lambda call: translator.translate(call, options), calls)
        different = [
            (text, alone[text], translation)
            for call, translations in zip(calls, found, strict=True)
            for text, translation in zip(call, translations, strict=True)
            if translation != alone[text]
        ]
    assert not different, f"{len(different)} of {len(texts)}: {different[0]}"
