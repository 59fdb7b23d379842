"""The scoring protocol taken strictly: what is valid, and the one line for what is not."""

import json
import math
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.server.scoring import CSV, JSON, Limits, RefusedRequestError, read_request
from components.serving.options import TranslationOptions

LIMITS = Limits(texts=3, characters=30)


def read(body: Any, content_type: str = JSON) -> tuple[str, ...]:
    return read_request(json.dumps(body).encode(), content_type, LIMITS)[0]


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": ["a", ""]},
        {"instances": ["a", ""]},
        {"instances": [{"text": "a"}, {"text": ""}]},
        {"dataframe_records": [{"sentence": "a"}, {"sentence": ""}]},
        {"dataframe_split": {"columns": ["text"], "data": [["a"], [""]]}},
        {"dataframe_split": {"columns": ["text"], "index": [0, 1], "data": [["a"], [""]]}},
        {"inputs": ["a", ""], "params": None},
        {"inputs": ["a", ""], "params": {}},
    ],
)
def test_all_forms_of_the_protocol(body: dict[str, Any]) -> None:
    assert read(body) == ("a", "")


def test_a_single_text_and_an_empty_list() -> None:
    assert read({"inputs": "a"}) == ("a",)
    assert read({"inputs": []}) == ()


def test_csv() -> None:
    texts, *_ = read_request(b'text\na\n"b,\n""c"""\n\n', "text/csv; charset=UTF-8", LIMITS)
    assert texts == ("a", 'b,\n"c"', "")


def test_parameters_become_options() -> None:
    body = {"inputs": [], "params": {"beam_width": 3, "length_penalty": 1, "n_best": 2, "return_alignment": True}}
    _, options, seconds, _ = read_request(json.dumps(body).encode(), JSON, LIMITS)
    assert seconds == math.inf
    assert options == TranslationOptions(beam_width=3, length_penalty=1.0, n_best=2, return_alignment=True)


def test_the_time_that_a_client_waits_is_no_option_of_the_model() -> None:
    body = {"inputs": [], "params": {"timeout_s": 0.5, "n_best": 2}}
    assert read_request(json.dumps(body).encode(), JSON, LIMITS)[1:] == (TranslationOptions(n_best=2), 0.5, None)


REFUSED = [
    (b'{"inputs": [], "params": {"timeout_s": 0}}', JSON, 400, "params: timeout_s: must be a number of seconds"),
    (b'{"inputs": [], "params": {"timeout_s": true}}', JSON, 400, "params: timeout_s: must be a number of seconds"),
    (b'{"inputs": [], "params": {"timeout_s": null}}', JSON, 400, "params: timeout_s: must be a number of seconds"),
    (b'{"inputs": [', JSON, 400, "body: is not JSON"),
    (b"", JSON, 400, "body: is not JSON"),
    (b"\xff", JSON, 400, "body: byte 1 is not UTF-8"),
    (b"[" * 100_000, JSON, 400, "body: is JSON of a kind"),
    (b'{"inputs": [' + b"1" * 5000 + b"]}", JSON, 400, "body: is JSON of a kind"),
    (b'{"inputs": [NaN]}', JSON, 400, "body: is JSON of a kind"),
    (b'["a"]', JSON, 400, "body: must be a JSON object"),
    (b"null", JSON, 400, "body: must be a JSON object"),
    (b"{}", JSON, 400, "body: found nothing, must be one of inputs"),
    (b'{"texts": ["a"]}', JSON, 400, "body: found 'texts', must be one of inputs"),
    (b'{"inputs": ["a"], "instances": ["a"]}', JSON, 400, "body: found 'inputs', 'instances'"),
    (b'{"inputs": ["a"], "parameters": {}}', JSON, 400, "body: found 'inputs', 'parameters'"),
    (b'{"inputs": null}', JSON, 400, "inputs: must be a list"),
    (b'{"inputs": {"text": ["a"]}}', JSON, 400, "inputs: must be a list"),
    (b'{"inputs": ["a", null]}', JSON, 400, "text 2: found null, must be a string"),
    (b'{"inputs": [1.5]}', JSON, 400, "text 1: found a number"),
    (b'{"inputs": [true]}', JSON, 400, "text 1: found a boolean"),
    (b'{"inputs": [["a"]]}', JSON, 400, "text 1: found a list"),
    (b'{"inputs": [{"text": "a"}]}', JSON, 400, "text 1: found an object"),
    (rb'{"inputs": ["\ud83d"]}', JSON, 400, "text 1: holds half of a surrogate pair"),
    (b'{"instances": [{"text": "a"}, {"other": "b"}]}', JSON, 400, "dataframe_records: must be objects with one"),
    (b'{"dataframe_records": [{"a": "x", "b": "y"}]}', JSON, 400, "dataframe_records: must be objects with one"),
    (b'{"dataframe_split": {"columns": ["a", "b"], "data": [["x", "y"]]}}', JSON, 400, "dataframe_split: must have"),
    (b'{"dataframe_split": {"columns": ["a"], "data": [["x", "y"]]}}', JSON, 400, "dataframe_split: must have"),
    (b'{"dataframe_split": {"columns": ["a"]}}', JSON, 400, "dataframe_split: must be an object"),
    (b'{"inputs": ["a"], "params": [1]}', JSON, 400, "params: must be an object"),
    (b'{"inputs": ["a"], "params": {"beam": 1}}', JSON, 400, "params: beam: no such parameter"),
    (
        b'{"inputs": ["a"], "params": {"beam_width": 1000000}}',
        JSON,
        400,
        "params: beam_width: found '1000000', must be",
    ),
    (b'{"inputs": ["a"], "params": {"beam_width": true}}', JSON, 400, "params: beam_width: found True, must be"),
    (b'{"inputs": ["a"], "params": {"beam_width": "3"}}', JSON, 400, "params: beam_width: found '3', must be"),
    (b'{"inputs": ["a"], "params": {"beam_width": 1, "n_best": 2}}', JSON, 400, "params: n_best: found 2, must not"),
    (
        b'{"inputs": ["a\\tb", "c"], "params": {"score": true}}',
        JSON,
        400,
        "text 2: found 0 tabs, must be a source, a tab",
    ),
    (b'{"inputs": ["a"], "params": {"score": true, "beam_width": 2}}', JSON, 400, "params: score: found true beside"),
    (b'{"inputs": ["a"], "params": {"return_scores": 1}}', JSON, 400, "params: return_scores: found 1, must be"),
    (b'{"inputs": ["a","b","c","d"]}', JSON, 413, "found 4 texts, at most 3 go into one request"),
    (b'{"inputs": ["' + b"a" * 31 + b'"]}', JSON, 413, "found 31 characters, at most 30 go into one request"),
    (b"a,b\nx,y\n", CSV, 400, "body: must be CSV with one column"),
    (b'text\n"x', CSV, 400, "body: is not CSV"),
    (b"", CSV, 400, "body: must be CSV with one column"),
    (b"{}", "", 415, "Content-Type: must be application/json or text/csv"),
    (b"{}", "text/plain", 415, "Content-Type: must be"),
    (b"{}", "application/json; charset=latin-1", 415, "Content-Type: must be"),
]


@pytest.mark.parametrize(("body", "content_type", "status", "message"), REFUSED)
def test_refusals_are_one_clear_line(body: bytes, content_type: str, status: int, message: str) -> None:
    with pytest.raises(RefusedRequestError) as refusal:
        read_request(body, content_type, LIMITS)
    assert str(refusal.value).startswith(message)
    assert refusal.value.status == status
    assert len(str(refusal.value)) < 300


def test_what_is_sent_is_not_sent_back() -> None:
    with pytest.raises(RefusedRequestError) as refusal:
        read_request(json.dumps({"x" * 100_000: 1}).encode(), JSON, LIMITS)
    assert len(str(refusal.value)) < 400


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
documents = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("inputs", "instances", "dataframe_split", "dataframe_records", "params"), json_values),
)


@settings(deadline=None)  # The machine may be busy.
@given(documents | json_values, st.sampled_from([JSON, CSV]))
def test_anything_is_either_read_or_refused(document: Any, content_type: str) -> None:
    with suppress(RefusedRequestError):
        read_request(json.dumps(document).encode("utf-8", "surrogatepass"), content_type, LIMITS)
