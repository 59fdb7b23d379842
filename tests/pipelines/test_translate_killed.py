"""A hundred thousand lines through `-e translate`, killed somewhere and started again. Slow: it trains a model."""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from components.serving.options import TranslationOptions
from components.serving.package import load_model
from components.translation.file import RANGE_ROWS
from pipelines import translate, workflow
from tests.conftest import PROJECT

LINES, FAULTS = 100_000, 40


def tatoeba(shared_data: Path) -> list[bytes]:
    with gzip.open(shared_data / "tatoeba/fra.txt.gz", "rt", encoding="utf-8") as file:
        english = [line.split("\t")[0].encode() for line in file]
    lines = (english * -(-LINES // len(english)))[:LINES]
    for row in random.Random(1).sample(range(LINES), FAULTS):
        lines[row] += b" \xe9t\xe9"  # Latin-1, not UTF-8.
    return lines


@pytest.mark.slow
def test_every_line_is_there_once_and_in_its_order(shared_data: Path, tmp_path: Path) -> None:
    train = {"corpus": "sample:3000", "epochs": 1, "units": 64, "embedding_size": 32, "data_dir": tmp_path / "d"}
    train["checkpoint_dir"] = tmp_path / "c"
    workflow.main([f"--{name}={value}" for name, value in train.items()])
    source, undisturbed, target = (tmp_path / name for name in ("in.en", "undisturbed.fr", "out.fr"))
    lines = tatoeba(shared_data)
    source.write_bytes(b"\n".join(lines) + b"\n")

    values = {"input": source, "output": target, "beam_width": 1}
    command = [sys.executable, "-m", "mlflow", "run", str(PROJECT), "-e", "translate", "--env-manager", "local"]
    command += [word for name, value in values.items() for word in ("-P", f"{name}={value}")]
    finished = random.randrange(1, LINES // RANGE_ROWS)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    while len(list(tmp_path.glob("out.fr.parts/part-*[0-9].fr"))) < finished:
        time.sleep(0.02)
        assert process.poll() is None
    time.sleep(random.random() / 2)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert sorted(path.name for path in tmp_path.glob("out*")) == ["out.fr.parts"]

    again = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert f"{LINES:,} rows of {source} → {target} by nmt-en-fr version 1, " in again.stdout
    assert " of them by an earlier run" in again.stdout
    assert sorted(path.name for path in tmp_path.glob("out*")) == ["out.fr", "out.fr.failed.jsonl"]

    translate.main([f"--{name}={value}" for name, value in (values | {"output": undisturbed}).items()])
    found = target.read_bytes()
    assert found == undisturbed.read_bytes(), f"killed after {finished} ranges"
    translations = found.decode().split("\n")
    assert len(translations) == LINES + 1
    faulty = [row for row, line in enumerate(lines) if b"\xe9" in line and line.endswith(b"t\xe9")]
    failures = [json.loads(line) for line in Path(f"{target}.failed.jsonl").read_text().splitlines()]
    assert [failure["line"] - 1 for failure in failures] == faulty
    assert len(faulty) == FAULTS
    assert not any(translations[row] for row in faulty)

    # The range that was being written, and its neighbours, as the model alone translates them.
    begin = max(finished - 1, 0) * RANGE_ROWS
    rows = [row for row in range(begin, begin + RANGE_ROWS) if row not in faulty]
    translator = load_model("models:/nmt-en-fr@champion").translator
    expected = translator.translate([lines[row].decode() for row in rows], TranslationOptions(beam_width=1))
    assert [translations[row] for row in rows] == [translation.text for translation in expected]
