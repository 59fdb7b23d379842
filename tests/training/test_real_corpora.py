"""Batches of the real corpora: under a tenth of the target positions is padding (slow).

``pytest -m slow -s tests/training/test_real_corpora.py`` prints the shares.
"""

from pathlib import Path

import pytest

from benchmarks.batches import read_epoch, summary
from pipelines import cli, prepare, workflow

CORPORA = {
    "multi30k": {"corpus": "multi30k/train.{en,fr}", "validation_corpus": "multi30k/val.{en,fr}"},
    "tatoeba": {"corpus": "tatoeba/fra.txt.gz"},
    "canada_laws": {"corpus": "canada_laws/train.{en,fr}.gz", "test_corpus": "canada_laws/valid.{en,fr}.gz"},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CORPORA)
def test_little_is_padding(name: str, shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    corpora = [f"--{parameter}={shared_data / path}" for parameter, path in CORPORA[name].items()]
    for recipe in ([], [f"--recipe={name}"]):
        values = cli.parse([*corpora, *recipe], "workflow", "", workflow.PARAMETERS, workflow.WITHOUT)
        folder = Path(prepare.run(cli.select(prepare.PrepareParameters, values)))
        read = read_epoch(folder, values["batch_tokens"])
        widths = f"batch_tokens {values['batch_tokens']}, bucket_width {values['bucket_width']}"
        print(f"\n{name}, {'as its recipe says' if recipe else 'by default'} ({widths}): {summary(read)}")
        assert read.target_padding < 0.1
