"""BLEU of a model on a test set in the forms that people type, and how many of the spans that are to be copied arrive.

Usage: python -m benchmarks.robustness --model URI_OR_FOLDER --source FILE --reference FILE [--beam_width 1]

A line of a file is a sentence. Forms are measured on up to 300 sentences, spans on 50 sentences for each of ten kinds:
a span stands somewhere in a sentence, and arrives if the translation holds it exactly once, unchanged.
"""

import argparse
import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path

# Before TensorFlow comes.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from components.evaluation.robustness import PLAIN, measure_forms
from components.serving.options import TranslationOptions
from components.serving.package import find_model

_SENTENCES = 50
_SYLLABLES = ["ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru", "sa", "to", "wi", "zo", "xa"]
SPANS: dict[str, Callable[[random.Random], str]] = {
    "number with separators": lambda r: f"{r.randrange(1, 999)},{r.randrange(100, 999)}.{r.randrange(10, 99)}",
    "time": lambda r: f"{r.randrange(10, 24)}:{r.randrange(10, 60)}",
    "e-mail address": lambda r: f"{_name(r)}.{_name(r)}@{_name(r)}.org",
    "Web address": lambda r: f"https://www.{_name(r)}.com/{_name(r)}?id={r.randrange(1000)}",
    "{name}": lambda r: f"{{{_name(r)}}}",
    "%1$s": lambda r: f"%{r.randrange(1, 9)}$s",
    "{{x}}": lambda r: f"{{{{{_name(r)}}}}}",
    "file name": lambda r: f"{_name(r)}_{r.randrange(100)}.pdf",
    "code": lambda r: f"{_name(r)[:2].upper()}-{r.randrange(100, 9999)}",
    "word of another script": lambda r: "".join(r.sample("東京大阪名古屋北海道沖縄福岡", 3)),
}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="models:/NAME@ALIAS, runs:/RUN_ID/NAME or a folder")
    parser.add_argument("--source", required=True, type=Path, help="the sentences, one a line")
    parser.add_argument("--reference", required=True, type=Path, help="their translations, one a line")
    parser.add_argument("--beam_width", type=int, default=1, help="hypotheses the search keeps (default: 1)")
    arguments = parser.parse_args(argv)
    translator = find_model(arguments.model).load().translator
    options = TranslationOptions(beam_width=arguments.beam_width)
    sources, references = (path.read_text("utf-8").splitlines() for path in (arguments.source, arguments.reference))

    def translate(texts: Sequence[str]) -> list[str]:
        return [found.text for found in translator.translate(texts, options)]

    scores = measure_forms(translate, sources, references)
    print("| form | BLEU | to plain |\n| --- | ---: | ---: |")
    for name, score in scores.items():
        print(f"| {name} | {score:.1f} | {score - scores[PLAIN]:+.1f} |")
    print("\n| span | arrived, % |\n| --- | ---: |")
    for kind, make in SPANS.items():
        print(f"| {kind} | {100 * _arrived(translate, make, sources):.1f} |")


def _arrived(
    translate: Callable[[Sequence[str]], Sequence[str]], make: Callable[[random.Random], str], sources: Sequence[str]
) -> float:
    """The share of sentences in whose translation a span stands exactly once."""
    seeded = random.Random(1)
    spans, texts = [], []
    for sentence in seeded.sample(list(sources), min(_SENTENCES, len(sources))):
        words = sentence.split(" ")
        spans.append(make(seeded))
        words.insert(seeded.randrange(len(words)), spans[-1])
        texts.append(" ".join(words))
    found = translate(texts)
    return sum(text.count(span) == 1 for text, span in zip(found, spans, strict=True)) / len(spans)


def _name(seeded: random.Random) -> str:
    return "".join(seeded.choices(_SYLLABLES, k=3))


if __name__ == "__main__":
    main()
