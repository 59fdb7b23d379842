"""Pure translation, as fast as a model alone can: sentences per second of a file, and the latency of one sentence.

Usage: python -m benchmarks.search --model URI_OR_FOLDER --input FILE [--beam 1 5] [--repetitions 5]

A line of the file is a sentence. Loading is not counted, nor the first call of each beam width, which prepares the
graph: what is left is what OpenNMT-tf logs as `Total prediction time`. The parts are added up over the threads that
work on them side by side, so together they may be longer than the whole. The single sentence has 12 words.
"""

import argparse
import os
import statistics
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# Before TensorFlow comes.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from components.serving.options import TranslationOptions
from components.serving.package import find_model
from components.serving.translator import Translator, TranslatorSettings, load_exported, search_of
from components.text.codec import TextCodec

SENTENCE = "A man in an orange hat is looking at something far away."
_SINGLE_CALLS = 50


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="models:/NAME@ALIAS, runs:/RUN_ID/NAME or a folder")
    parser.add_argument("--input", required=True, type=Path, help="the sentences, one a line")
    parser.add_argument("--beam", type=int, nargs="+", default=[1, 5], help="beam widths (default: 1 5)")
    parser.add_argument("--repetitions", type=int, default=5, help="times that the file is translated (default: 5)")
    arguments = parser.parse_args(argv)
    lines = arguments.input.read_text(encoding="utf-8").removesuffix("\n").split("\n")

    found = find_model(arguments.model)
    watch = Stopwatch()
    codec = TextCodec.load(found.codec_folder)
    codec.tokenizers.texts = watch("tokenization", codec.tokenizers.texts)  # type: ignore[method-assign]
    codec.target_text = watch("detokenization", codec.target_text)  # type: ignore[method-assign]
    search = watch("search", search_of(load_exported(found.saved_model)))
    translator = Translator(codec, search, TranslatorSettings.load(found.codec_folder))

    print(
        f"{found.label}: {len(lines):,} sentences, {arguments.repetitions} repetitions; medians (CPU and parts: means)"
    )
    for width in arguments.beam:
        options = TranslationOptions(width, split_sentences=False)
        translator.translate(lines, options)
        watch.seconds.clear()
        cpu = time.process_time()
        whole = _timed(lambda: translator.translate(lines, options), arguments.repetitions)  # noqa: B023
        cpu = (time.process_time() - cpu) / arguments.repetitions
        parts = {name: seconds / arguments.repetitions for name, seconds in watch.seconds.items()}
        single = _timed(lambda: translator.translate([SENTENCE], options), _SINGLE_CALLS)  # noqa: B023
        print(
            f"beam {width}: {len(lines) / whole:,.1f} sentences/s ({whole:.2f} s, {cpu:.2f} s of CPU);"
            f" one sentence {1000 * single:.1f} ms"
        )
        print("    " + ", ".join(f"{name} {part:.2f} s ({part / whole:.0%})" for name, part in parts.items()))


class Stopwatch:
    """Adds up how long functions take; ``seconds`` by name, over all threads."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    def __call__(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, under the watch."""

        def watched(*arguments: Any) -> Any:
            began = time.perf_counter()
            result = function(*arguments)
            with self._lock:
                self.seconds[name] += time.perf_counter() - began
            return result

        return watched


def _timed(work: Callable[[], Sequence[Any]], times: int) -> float:
    """Seconds that the work takes: the median."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


if __name__ == "__main__":
    main(sys.argv[1:])
