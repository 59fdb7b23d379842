"""Terms: where they stand, in what case, and what becomes of one that the model loses."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from components.errors import InputError
from components.server.glossary import Glossary
from components.serving.options import TranslationOptions
from components.serving.translator import Translator, TranslatorSettings
from components.text.vocabulary import EOS
from components.text.words import PLACEHOLDERS

OPTIONS = TranslationOptions(beam_width=1)


def translated(glossary: dict[str, str], translator: Translator, text: str) -> tuple[str, list[tuple[str, bool]]]:
    (found,), (used,) = Glossary(glossary).translate(translator, [text], OPTIONS)
    return found.text, [(one.term, one.met) for one in used]


@pytest.mark.parametrize(
    ("glossary", "text", "expected", "used"),
    [
        ({"dogs": "cats"}, "The dogs run.", "The cats run.", [("dogs", True)]),
        ({"dogs": "cats"}, "Dogs run, dogs sleep.", "Cats run, cats sleep.", [("dogs", True)]),
        ({"dogs": "cats"}, "The dogsled.", "The dogsled.", []),
        ({"Dogs": "cats"}, "The dogs run.", "The dogs run.", []),
        ({"one": "1", "one two": "12"}, "One two three one", "12 three 1", [("one two", True), ("one", True)]),
        ({"keys?": "doors"}, "Where are my keys?", "Where are my doors", [("keys?", True)]),
        ({"two": "deux"}, "One two. Three!\n\nTwo.", "One deux. Three!\n\nDeux.", [("two", True)]),
        ({"yes": "yes"}, "Yes!", "Yes!", [("yes", True)]),
        ({"dogs": "{{x0}}"}, "The {{x1}} dogs.", "The {{x1}} {{x0}}.", [("dogs", True)]),
        ({"dogs": "cats"}, "", "", []),
    ],
)
def test_terms_are_translated_so(
    translator: Translator, glossary: dict[str, str], text: str, expected: str, used: list[tuple[str, bool]]
) -> None:
    assert translated(glossary, translator, text) == (expected, used)


def forgetful(translator: Translator) -> Translator:
    """The echo without the placeholders."""
    vocabulary = translator.codec.target_vocabulary.tokens
    placeholders = [vocabulary.index(placeholder) for placeholder in PLACEHOLDERS if placeholder in vocabulary]

    def search(source: np.ndarray, *options: float) -> dict[str, np.ndarray]:
        ids = np.zeros((len(source), 1, source.shape[1] + 1), np.int32)
        alignment = np.full_like(ids, -1)
        for row, sentence in enumerate(source):
            length = int((sentence > 0).sum())
            kept = [
                (token, length - 1 - at)
                for at, token in enumerate(sentence[:length][::-1])
                if token not in placeholders
            ]
            ids[row, 0, : len(kept)], alignment[row, 0, : len(kept)] = zip(*kept, strict=True)
            ids[row, 0, len(kept)] = EOS
        return {"ids": ids, "scores": np.zeros((len(source), 1), np.float32), "alignment": alignment}

    return Translator(translator.codec, search, TranslatorSettings(12))


def test_where_the_model_loses_a_term_its_own_translation_of_the_sentence_stays(translator: Translator) -> None:
    found = translated({"dogs": "cats"}, forgetful(translator), "The dogs run.")
    assert found == ("The dogs run.", [("dogs", False)])


FILES: dict[str, tuple[str, Callable[[dict[str, str]], bool] | str]] = {
    "terms": ("# known\ndogs\tcats\n\nred car\tbolide\n", lambda terms: terms == {"dogs": "cats", "red car": "bolide"}),
    "no tab": ("dogs cats\n", "line 1: 'dogs cats' must be a term, a tab, its translation"),
    "twice": ("a\tb\na\tc\n", "line 2: 'a' is there before"),
    "no word": ("a\t!\n", "each side must hold a word"),
    "too long": ("a\t" + "b" * 201, "at most 200 characters"),
}


@pytest.mark.parametrize("case", FILES)
def test_files(tmp_path: Path, case: str) -> None:
    content, expected = FILES[case]
    path = tmp_path / "terms.tsv"
    path.write_text(content)
    if isinstance(expected, str):
        with pytest.raises(InputError, match="glossary: .*" + expected):
            Glossary.read(str(path))
    else:
        assert expected(Glossary.read(str(path))._terms)
