"""What Prometheus reads, parsed by its own parser; and how far texts are from the training's."""

import json
import math
import random
import urllib.error
import urllib.request
from collections.abc import Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from components.server.metrics import FEWEST, Drift, Metrics
from components.server.models import ServedModel
from components.serving.package import text_statistics
from components.serving.translation import Translation
from tests.server.conftest import listening
from tests.serving.echo import echo_codec


def scraped(url: str) -> Mapping[tuple[str, ...], float]:
    """(Name, values of the labels) → value."""
    with urllib.request.urlopen(url + "/metrics", timeout=10) as page:
        assert page.headers["Content-Type"].startswith("text/plain; version=")
        families = list(text_string_to_metric_families(page.read().decode()))
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def ask(url: str, body: bytes) -> None:
    request = urllib.request.Request(url + "/invocations", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=60).close()


def test_requests_tokens_and_the_model(served: ServedModel) -> None:
    with listening(served) as url:
        ask(url, b'{"inputs": ["One two. A man sleeps xyzzy!"]}')
        with pytest.raises(urllib.error.HTTPError, match="400"):
            ask(url, b"{")
        urllib.request.urlopen(url + "/languages", timeout=10).close()
        found = scraped(url)
    assert found["nmt_requests_total", "/invocations", "200"] == 1
    assert found["nmt_requests_total", "/invocations", "400"] == 1
    assert found["nmt_request_seconds_count", "/invocations"] == 2
    assert found["nmt_source_tokens_count",] == 2
    assert found["nmt_tokens_total", "source"] == found["nmt_tokens_total", "target"] > 4
    assert 0 < found["nmt_unknown_words_sum",] < 1
    assert found["nmt_requests_running",] == 1  # This one.
    assert found["nmt_queue_sentences",] == 0
    assert found["nmt_batch_sentences_sum",] == 2
    assert found["nmt_model_info", served.label] == 1
    assert found["process_resident_memory_bytes",] > 0


def test_drift_of_what_the_model_was_trained_on(served: ServedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = [0, 0, 0, 50, 50]  # Sentences of three and four tokens.
    training = text_statistics(echo_codec(), lengths, ["One two.", "three", "xyzzy"])
    assert training["source_tokens"] == lengths
    assert sum(training["unknown_words"]) == 3
    monkeypatch.setattr(served, "metadata", {"training": training})
    with listening(served) as url:
        for sentence in ("One two.", "One two three four five six seven eight."):
            body = json.dumps({"inputs": [sentence] * FEWEST, "params": {"beam_width": 1}}).encode()
            ask(url, body)
            found = scraped(url)
            assert not math.isnan(found["nmt_drift_psi", "unknown_words"])
    assert found["nmt_drift_psi", "source_tokens"] > 0.25


def test_what_is_left_out_is_counted_by_its_confidence(served: ServedModel) -> None:
    metrics = Metrics()
    metrics.translated(served, [Translation((), confidence=0.2, left_out="the confidence is low")])
    assert 'nmt_confidence_bucket{le="0.2"} 1.0' in metrics.page(served, 0).decode()


def test_the_index_is_zero_for_the_same_and_grows_with_the_distance() -> None:
    chance = random.Random(1)
    counts = [0, 5, 20, 40, 60, 80, 60, 40, 20, 5, 1]

    def index(shift: int, number: int = 2000) -> float:
        drift = Drift(counts)
        drift.values.extend(max(value + shift, 0) for value in chance.choices(range(len(counts)), counts, k=number))
        return drift.index()

    assert math.isnan(index(0, FEWEST - 1))
    assert index(0) < 0.02
    assert 0.25 < index(2) < index(4)
    assert index(100) > index(4)
    two = Drift([1, 1])
    two.values.extend([0] * 300 + [1] * 100)
    assert two.index() == pytest.approx(0.25 * math.log(0.75 / 0.5) - 0.25 * math.log(0.25 / 0.5))


def test_a_package_that_knows_no_training() -> None:
    assert math.isnan(Drift([]).index())
