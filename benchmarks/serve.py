"""The server under load: how long an answer takes and where the time goes, many clients at once, and its memory.

Usage: python -m benchmarks.serve --model MODEL --input FILE [--clients 50] [--minutes 2] [--requests 20000]
           [--beam_width 5] [--alone 200] [-- PARAMETERS OF pipelines.serve]

1. One client asks for one sentence of 12 words, again and again (``--alone``), greedy and with a beam of 5, each time
   on a new connection. The shares of search, text, MLflow's scoring and HTTP are measured by the same work done in
   this process without the others.
2. Each sentence of the file is translated alone; then many clients at once ask for random ones of them (``--minutes``).
   An answer is wrong if text or score is not, to the bit, the one given alone.
3. The clients ask for texts of random length, words of the file (``--requests``). Some are then asked for alone.

All of it is done twice, by a server that translates each request by itself (``--batch_wait_ms 0``) and by one as it is.

Memory is what all processes of the server hold resident, as :mod:`benchmarks.processes` counts it.
"""

import argparse
import http.client
import json
import os
import random
import re
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import psutil

from benchmarks.processes import resident_bytes
from components.serving.batching import Search
from components.serving.options import TranslationOptions
from components.serving.package import load_model
from components.serving.translator import Translator, load_exported, search_of

SENTENCE = "A man in an orange hat is staring at something outside today."
# Random texts have up to so many words: some fit the model, some have to be taken apart.
LONGEST = 80
_SAMPLED_SECONDS = 10.0
_WARM, _MINUTE = 10, 60.0
# Of the texts of random length.
_CHECKED = 500


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="models:/NAME@ALIAS, runs:/RUN_ID/NAME or a folder")
    parser.add_argument("--input", required=True, type=Path, help="sentences to ask for, one a line")
    parser.add_argument("--clients", type=int, default=50, help="connections at once (default: 50)")
    parser.add_argument("--minutes", type=float, default=2, help="of load; 0: none (default: 2)")
    parser.add_argument("--requests", type=int, default=20_000, help="of random length; 0: none (default: 20000)")
    parser.add_argument("--beam_width", type=int, default=5, help="of the requests under load (default: 5)")
    parser.add_argument(
        "--alone", type=int, default=200, help="repetitions of the one sentence; 0: none (default: 200)"
    )
    parser.add_argument("parameters", nargs="*", help="further parameters of pipelines.serve, behind --")
    a = parser.parse_args(argv)
    sentences = list(dict.fromkeys(filter(None, a.input.read_text(encoding="utf-8").splitlines())))

    command = [sys.executable, "-m", "pipelines.serve", "--model", a.model, "--port", "0", *a.parameters]
    alone: dict[str, Answer] = {}
    loads = []
    for name, parameters in (("EACH REQUEST BY ITSELF", ["--batch_wait_ms", "0"]), ("TOGETHER", [])):
        with started([*command, *parameters]) as server:
            print(f"\n{name}; memory of the server before the first request: {_mib(server.resident())}")
            if a.alone:
                show_parts(server, a.model, a.alone)
            if a.minutes:
                loads.append(show_load(server, sentences, alone, a.clients, 60 * a.minutes, a.beam_width))
            if a.requests:
                show_random(server, sentences, a.clients, a.requests, a.beam_width)
    if loads:
        apart, together = ([len(load.answered) / load.seconds, load.quantile(0.99)] for load in loads)
        print(
            f"\ntogether: {together[0] / apart[0]:.2f} times the requests/s, {together[1] / apart[1]:.2f} times the p99"
        )


@dataclass(frozen=True)
class Server:
    """A server that runs: ``process``, and the TCP ``port`` that it answers at."""

    process: psutil.Process
    port: int

    def resident(self) -> int:
        """Bytes."""
        return resident_bytes(self.process)

    def cpu_seconds(self) -> float:
        times = self.process.cpu_times()
        return times.user + times.system


@contextmanager
def started(command: Sequence[str]) -> Iterator[Server]:
    """A server that answers, ended behind the block."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        found = re.search(r"http://[^ ]+:(\d+)", process.stdout.readline())
        if not found:
            sys.exit(f"{' '.join(command)} did not start")
        yield Server(psutil.Process(process.pid), int(found[1]))
    finally:
        process.terminate()
        process.wait()


# A text and its score.
Answer = tuple[str, float]


class Client:
    """One connection to the server, kept open; the server closes it after some seconds of silence."""

    def __init__(self, server: Server):
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)

    def translate(self, text: str, beam_width: int) -> Answer:
        """The translation and its score.

        Raises:
            RuntimeError: if the answer is an error.
            OSError, http.client.HTTPException: if there is no answer.
        """
        body = json.dumps({"inputs": [text], "params": {"beam_width": beam_width, "return_scores": True}})
        self._connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"status {answer.status}: {content[:200]!r}")
        (found,) = json.loads(content)["predictions"]
        return found["translation"], found["score"]

    def close(self) -> None:
        """The next request opens another one."""
        self._connection.close()


def show_parts(server: Server, model: str, repetitions: int) -> None:
    """Prints how long one sentence takes, and where the time goes."""
    from components.server.server import set_threads

    # As the server does; then what is measured here is what it does there.
    set_threads()
    loaded = load_model(model)
    search = _TimedSearch(search_of(load_exported(loaded.found.saved_model)))
    translator = Translator(loaded.translator.codec, search, loaded.translator.settings)
    client = Client(server)
    print(f"\none sentence of {len(SENTENCE.split())} words, one client, {repetitions} times; milliseconds")
    print(f"{'':<12}{'median':>8}{'p99':>8}{'CPU':>8}   of the median: search, text ⇄ ids, MLflow's checks, HTTP")
    for name, beam_width in (("greedy", 1), ("beam 5", 5)):
        options = TranslationOptions(beam_width)
        layers: tuple[Callable[[], object], ...] = (
            partial(translator.translate, [SENTENCE], options),
            partial(loaded.pyfunc.predict, [SENTENCE], params={"beam_width": beam_width}),
            partial(client.translate, SENTENCE, beam_width),
        )
        rounds, before = [], server.cpu_seconds()
        for _ in range(_WARM + repetitions):
            # In turn, so that what else the machine does meets all of them.
            client.close()
            translated, scored, asked = (_seconds(layer) for layer in layers)
            rounds.append((search.seconds, translated, scored, asked))
        medians = [1000 * statistics.median(column) for column in zip(*rounds[_WARM:], strict=True)]
        parts = ", ".join(f"{outer - inner:.1f}" for inner, outer in zip([0.0, *medians], medians, strict=False))
        p99 = 1000 * _quantile([asked for *_, asked in rounds[_WARM:]], 0.99)
        cpu = 1000 * (server.cpu_seconds() - before) / len(rounds)
        print(f"  {name:<10}{medians[-1]:8.1f}{p99:8.1f}{cpu:8.1f}   {parts}", flush=True)


class _TimedSearch:
    """A search that remembers how long its last call took."""

    def __init__(self, search: Search):
        self._search = search
        self.seconds = 0.0

    def __call__(self, source: np.ndarray, beam_width: int, *penalties: float) -> Mapping[str, np.ndarray]:
        began = time.perf_counter()
        found = self._search(source, beam_width, *penalties)
        self.seconds = time.perf_counter() - began
        return found


@dataclass
class Load:
    """What came of many requests: (when one ended, how long it took) in seconds, and what went wrong."""

    answered: list[tuple[float, float]] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    memory: list[tuple[float, int]] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    seconds: float = 0.0

    def quantile(self, share: float) -> float:
        """So many of the answers took at most so many seconds."""
        return _quantile([lasted for _, lasted in self.answered], share)


def run_load(
    server: Server,
    clients: int,
    draw: Callable[[random.Random], str | None],
    expected: Mapping[str, Answer],
    beam_width: int,
) -> Load:
    """Lets the clients ask until ``draw`` gives no text; an answer that is ``expected`` must be just that."""
    load, began = Load(), time.monotonic()
    over = threading.Event()

    def ask(number: int) -> None:
        chance, client = random.Random(number), Client(server)
        while (text := draw(chance)) is not None:
            asked = time.monotonic()
            try:
                answer = client.translate(text, beam_width)
            except (OSError, http.client.HTTPException, RuntimeError) as error:
                load.errors[f"{type(error).__name__}: {error}"] += 1
                client.close()
                continue
            load.answered.append((time.monotonic() - began, time.monotonic() - asked))
            load.answers[text] = answer
            if expected.get(text, answer) != answer:
                load.wrong.append(f"{text} → {answer}, alone {expected[text]}")
        client.close()

    def watch() -> None:
        while True:
            load.memory.append((time.monotonic() - began, server.resident()))
            if over.wait(_SAMPLED_SECONDS):
                return

    watcher = threading.Thread(target=watch)
    asking = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for thread in (watcher, *asking):
        thread.start()
    for thread in asking:
        thread.join()
    load.seconds = time.monotonic() - began
    over.set()
    watcher.join()
    load.memory.append((load.seconds, server.resident()))
    return load


def show_load(
    server: Server,
    sentences: Sequence[str],
    alone: dict[str, Answer],
    clients: int,
    seconds: float,
    beam_width: int,
) -> Load:
    """Prints what came of many clients that ask for sentences whose translations are known.

    ``alone`` holds these; where it is empty, it is filled.
    """
    if not alone:
        began = time.monotonic()
        alone |= ask_alone(server, sentences, beam_width)
        rate = len(alone) / (time.monotonic() - began)
        print(f"\n{len(alone)} sentences, each alone: {rate:.1f} requests/s", flush=True)
    end = time.monotonic() + seconds
    load = run_load(
        server,
        clients,
        lambda chance: chance.choice(sentences) if time.monotonic() < end else None,
        alone,
        beam_width,
    )
    print(f"{clients} clients for {seconds:.0f} s, beam {beam_width}")
    _show(load)
    print(f"  {len(load.wrong)} wrong answers", *load.wrong[:5], sep="\n    ")
    window = min(_MINUTE, load.seconds / 2)
    for name, first, last in (("first", 0.0, window), ("last", load.seconds - window, load.seconds)):
        taken = [lasted for ended, lasted in load.answered if first <= ended <= last]
        held = statistics.mean(found for when, found in load.memory if first <= when <= last)
        print(
            f"  {name} {window:.0f} s: {len(taken) / window:.1f} requests/s, p50 {_quantile(taken, 0.5):.3f} s,"
            f" p99 {_quantile(taken, 0.99):.3f} s, memory {_mib(held)}"
        )
    return load


def ask_alone(server: Server, texts: Sequence[str], beam_width: int) -> dict[str, Answer]:
    """The answers to texts, one after the other."""
    client = Client(server)
    answers = {text: client.translate(text, beam_width) for text in texts}
    client.close()
    return answers


def show_random(server: Server, sentences: Sequence[str], clients: int, requests: int, beam_width: int) -> None:
    """Prints what came of many requests of random length."""
    words = [word for sentence in sentences for word in sentence.split()]
    left, lock = iter(range(requests)), threading.Lock()

    def draw(chance: random.Random) -> str | None:
        with lock:
            if next(left, None) is None:
                return None
        return " ".join(chance.choices(words, k=chance.randint(1, LONGEST)))

    load = run_load(server, clients, draw, {}, beam_width)
    print(f"\n{requests:,} requests of 1 to {LONGEST} random words, {clients} clients, beam {beam_width}")
    _show(load)
    checked = random.Random(0).sample(sorted(load.answers), min(_CHECKED, len(load.answers)))
    wrong = sum(load.answers[text] != answer for text, answer in ask_alone(server, checked, beam_width).items())
    print(f"  {wrong} of {len(checked)} are others when asked for alone")


def _show(load: Load) -> None:
    print(
        f"  {len(load.answered):,} answers, {len(load.answered) / load.seconds:.1f}/s, p50 {load.quantile(0.5):.3f} s,"
        f" p99 {load.quantile(0.99):.3f} s; {load.errors.total()} errors"
    )
    for line in [f"{number} × {error}" for error, number in load.errors.most_common(5)]:
        print(f"    {line}")
    samples = load.memory[:: max(len(load.memory) // 12, 1)]
    print("  memory: " + ", ".join(f"{when:.0f} s {_mib(held)}" for when, held in samples), flush=True)


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(int(share * len(values)), len(values) - 1)] if values else float("nan")


def _mib(count: float) -> str:
    return f"{count / 2**20:,.0f} MiB"


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(sys.argv[1:])
