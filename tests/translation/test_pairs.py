"""A corpus filtered by a model's scores; the model echoes, and finds -1 for each word that the source has there."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from components.corpus.filtering import LeastScore
from components.corpus.parameters import PrepareParameters
from components.dataset.manifest import Manifest
from components.errors import InputError
from components.serving.package import package_translator
from components.translation.judges import find_judges
from components.translation.pairs import _combined
from pipelines import prepare

# The echo translates English into English.
LANGUAGES = {"source_language": "en", "target_language": "en-x-echo", "rules_off": "identical"}


def test_what_a_model_finds_improbable_is_rejected(echo_packaged: Path, tmp_path: Path) -> None:
    sentences = [" ".join(words) for words in itertools.permutations(["one", "two", "three", "four", "five"], 4)]
    # The words of every fifth are those of another.
    pairs = [(text, sentences[-1 - row] if row % 5 == 0 else text) for row, text in enumerate(sentences)]
    corpus = tmp_path / "corpus.tsv"
    corpus.write_text("".join(f"{source}\t{target}\n" for source, target in pairs))
    parameters = PrepareParameters(
        **LANGUAGES,
        corpus=f"{corpus}:en,en-x-echo",
        data_dir=str(tmp_path / "data"),
        tokenizer="word",
        validation_share=0.2,
        filter_model=str(echo_packaged),
        filter_share=0.8,
    )
    prepare.run(parameters)
    data = tmp_path / "data"
    manifest = Manifest.load(data)
    rejected = [json.loads(line) for path in (data / "rejected").glob("*.jsonl") for line in path.open()]
    assert {line["rule"] for line in rejected} == {"improbable"}
    held_out = {json.loads(line)["source"] for line in (data / "heldout" / "validation.jsonl").open()}
    held_out |= {json.loads(line)["source"] for line in (data / "heldout" / "test.jsonl").open()}
    train = len(pairs) - len(held_out)
    # Pairs with the same score as the last one that is kept are kept, too.
    assert 0.8 * train <= manifest.records("train") <= 0.85 * train
    wrong = {source for row, (source, _) in enumerate(pairs) if row % 5 == 0}
    dropped = {line["source"] for line in rejected}
    assert dropped <= wrong
    assert not dropped & held_out
    counts = manifest.counts
    assert counts.read == counts.kept + counts.duplicates + sum(counts.rejected.values())
    assert manifest.parameters["filter_model"] == str(echo_packaged)
    unfiltered = prepare.plan_of(PrepareParameters(**LANGUAGES, corpus=parameters.corpus))
    assert unfiltered.effective["filter_share"] is None
    assert unfiltered.key != manifest.key


def test_the_least_score_leaves_exactly_the_share() -> None:
    scores = np.random.default_rng(1).permutation(100).astype(np.float32)
    least = LeastScore(0.7)
    parts = [least.add_input(least.create_accumulator(), part) for part in np.split(scores, 4)]
    assert least.extract_output(least.merge_accumulators(parts)) == 30
    assert least.extract_output(least.create_accumulator()) == float("inf")
    assert LeastScore(0).extract_output([scores]) == float("inf")


def test_two_models_judge_by_mean_and_difference() -> None:
    forth, back = np.array([-1, -1, np.nan], np.float32), np.array([-1, -3, -1], np.float32)
    _, _, scores = _combined(0, None, (forth, back))  # type: ignore[arg-type]
    np.testing.assert_array_equal(scores, [-1, -4, np.nan])
    assert _combined(0, None, (forth,))[2].tolist()[:2] == [-1, -1]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("models", "languages", "message"),
    [
        ("MODEL", ("de", "fr"), "filter_model: MODEL translates en→en-x-echo, must translate de→fr or back"),
        ("MODEL MODEL", ("en", "en-x-echo"), "filter_model: found 'MODEL MODEL', must be one model, or one of each"),
        (
            "EARLIER",
            ("en", "en-x-echo"),
            "filter_model: EARLIER was packaged before models could score; train it",
        ),
        ("/nowhere", ("en", "fr"), "filter_model: found '/nowhere', which is no folder with a packaged model"),
    ],
)
def test_what_cannot_judge_is_one_line(
    models: str,
    languages: tuple[str, str],
    message: str,
    echo_packaged: Path,
    echo_exported: tuple[Path, Path],
    tmp_path: Path,
) -> None:
    earlier = tmp_path / "earlier"
    if "EARLIER" in models:
        package_translator(*echo_exported, earlier)
    names = {"MODEL": str(echo_packaged), "EARLIER": str(earlier)}
    for name, path in names.items():
        models = models.replace(name, path)
    with pytest.raises(InputError) as refusal:
        find_judges(models, *languages)
    found = str(refusal.value)
    for name, path in names.items():
        found = found.replace(path, name)
    assert found.startswith(message)
