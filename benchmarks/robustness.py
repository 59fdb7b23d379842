"""BLEU of a model on a test set as it is, and as people type it.

python -m benchmarks.robustness --model models:/multi30k/1 --source test.en --reference test.fr
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from components.evaluation.robustness import PLAIN, measure_forms
from components.serving.options import TranslationOptions
from components.serving.package import find_model


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="models:/NAME/VERSION, runs:/…, or a folder")
    parser.add_argument("--source", required=True, type=Path, help="a sentence a line")
    parser.add_argument("--reference", required=True, type=Path, help="their translations, a line each")
    parser.add_argument("--beam_width", type=int, default=1)
    arguments = parser.parse_args(argv)
    translator = find_model(arguments.model).load().translator
    options = TranslationOptions(beam_width=arguments.beam_width)
    sources, references = (path.read_text("utf-8").splitlines() for path in (arguments.source, arguments.reference))
    scores = measure_forms(
        lambda texts: [found.text for found in translator.translate(texts, options)], sources, references
    )
    print("| form | BLEU | to plain |\n| --- | ---: | ---: |")
    for name, score in scores.items():
        print(f"| {name} | {score:.1f} | {score - scores[PLAIN]:+.1f} |")


if __name__ == "__main__":
    main()
