"""How a model fares with text as people type it: the same sentences in other forms, and BLEU for each of them."""

import random
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from components.evaluation.scores import bleu
from components.text.noise import with_slips

PLAIN = "as it is"
# Sentences that a report measures each form on: enough to see a form break, few enough not to be waited for.
SENTENCES = 300
_NAME = "Jessica Okonkwo: "
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(ord("!"), ord("~") + 1)}

Change = Callable[[str], str]


def _same(text: str) -> str:
    return text


@dataclass(frozen=True)
class Form:
    """One way to type a sentence, and what it makes of a good translation."""

    name: str
    source: Change
    reference: Change = _same


def _both(name: str, change: Change) -> Form:
    return Form(name, change, change)


def _slips(text: str) -> str:
    """Typing errors in a tenth of the words, the same each time."""
    return with_slips(text, np.random.default_rng(list(text.encode())), share=0.1)


def _joined(text: str) -> str:
    """One space missing."""
    words = text.split(" ")
    at = random.Random(text).randrange(max(len(words) - 1, 1))
    return " ".join([*words[:at], "".join(words[at : at + 2]), *words[at + 2 :]])


def _without_stop(text: str) -> str:
    return text.rstrip(" .!?\u00a0\u202f") or text


FORMS = (
    Form(PLAIN, _same),
    Form("two spaces between words", lambda text: text.replace(" ", "  ")),
    Form("tabs between words", lambda text: text.replace(" ", "\t")),
    Form("non-breaking spaces", lambda text: text.replace(" ", "\u00a0")),
    Form("zero-width characters, soft hyphens", lambda text: text.replace("a", "a\u00ad").replace(" ", " \u200b")),
    Form("decomposed letters", lambda text: unicodedata.normalize("NFD", text)),
    Form("full-width letters", lambda text: text.translate(_FULL_WIDTH)),
    Form("curly apostrophes and dashes", lambda text: text.replace("'", "’").replace("-", "–")),
    Form("no full stop", _without_stop),
    Form("lower case", str.lower),
    _both("CAPITALS", str.upper),
    Form("Each Word With A Capital", str.title),
    Form("typing errors in a tenth of the words", _slips),
    Form("a space missing", _joined),
    Form("exclamation marks", lambda text: _without_stop(text) + "!!!", lambda text: _without_stop(text) + "!!!"),
    _both("in quotation marks", lambda text: f"“{text}”"),
    _both("in parentheses", lambda text: f"({text})"),
    _both("a name in front", lambda text: _NAME + text),
    _both("an item of a list", lambda text: f"- {text}"),
    _both("an emoji behind", lambda text: f"{text} 😀"),
)


def measure_forms(
    translate: Callable[[Sequence[str]], Sequence[str]], sources: Sequence[str], references: Sequence[str]
) -> dict[str, float]:
    """BLEU by the name of each form, on :data:`SENTENCES` of a test set, evenly spread over it.

    Args:
        translate: texts, shape [n] → their translations.
        sources: shape [n], n at least 1.
        references: shape [n].
    """
    chosen = np.linspace(0, len(sources) - 1, min(SENTENCES, len(sources))).round().astype(int)
    typed = [form.source(sources[index]) for form in FORMS for index in chosen]
    found = translate(typed)
    scores = {}
    for number, form in enumerate(FORMS):
        translations = found[number * len(chosen) : (number + 1) * len(chosen)]
        scores[form.name] = bleu(translations, [form.reference(references[index]) for index in chosen], samples=0).value
    return scores
