"""LibreTranslate's API with clients from PyPI, unchanged, over HTTP; and what it refuses, in its form."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from deep_translator import LibreTranslator
from libretranslatepy import LibreTranslateAPI

from components.server.glossary import Glossary
from components.server.models import ServedModel
from tests.server.conftest import listening

# The language that the echo translates to; deep-translator knows only real ones.
TARGET = "en-x-echo"


@pytest.fixture(scope="module")
def url(served: ServedModel) -> Iterator[str]:
    with listening(served, glossary=Glossary({"dogs": "cats"})) as url:
        yield url


def post(url: str, fields: Any, path: str = "/translate", kind: str = "application/json") -> tuple[int, Any]:
    data = json.dumps(fields).encode() if kind == "application/json" else urllib.parse.urlencode(fields).encode()
    try:
        request = urllib.request.Request(url + path, data, {"Content-Type": kind})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def fields(q: Any, **others: Any) -> dict[str, Any]:
    return {"q": q, "source": "en", "target": TARGET, **others}


def test_libretranslatepy(url: str) -> None:
    client = LibreTranslateAPI(url)
    assert client.translate("Where are my keys?", "en", TARGET) == "Where are my keys?"
    assert client.languages() == [
        {"code": "en", "name": "English", "targets": [TARGET]},
        {"code": TARGET, "name": TARGET, "targets": []},
    ]


def test_deep_translator(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = LibreTranslator(source="en", target="fr", custom_url=url + "/", api_key="none")
    client._target = TARGET
    assert client.translate("Where are my keys?") == "Where are my keys?"
    assert client.translate_batch(["One two.", "Yes & no; 100 %"]) == ["One two.", "Yes & no; 100 %"]


def test_a_list_has_a_list_and_alternatives_are_further_ones(url: str) -> None:
    assert post(url, fields(["One two.", ""])) == (200, {"translatedText": ["One two.", ""], "glossary": []})
    _, answer = post(url, fields("One two three.", alternatives=2))
    assert answer == {
        "translatedText": "One two three.",
        "alternatives": ["One two three", "One two"],
        "glossary": [],
    }


def test_html(url: str) -> None:
    _, answer = post(url, fields("<p>One <b>two</b> <code>x_y</code> &amp; three</p>", format="html"))
    assert answer["translatedText"] == "<p>One <b>two</b> <code>x_y</code> &amp; three</p>"


def test_terms_of_the_server_and_of_the_request(url: str) -> None:
    status, answer = post(url, fields("The dogs sleep. Yes!", glossary={"sleep": "run"}))
    assert (status, answer["translatedText"]) == (200, "The cats run. Yes!")
    assert answer["glossary"] == [
        {"term": "dogs", "translation": "cats", "met": True},
        {"term": "sleep", "translation": "run", "met": True},
    ]
    form = fields("The dogs.", glossary=json.dumps({"dogs": "dogs, yes"}))
    _, answer = post(url, form, kind="application/x-www-form-urlencoded")
    assert answer["translatedText"] == "The dogs, yes."


def test_terms_at_invocations(url: str) -> None:
    body = {"inputs": ["The dogs sleep.", "Yes!"], "glossary": {"Yes": "No"}}
    assert post(url, body, "/invocations") == (
        200,
        {
            "predictions": ["The cats sleep.", "No!"],
            "glossary": [
                [{"term": "dogs", "translation": "cats", "met": True}],
                [{"term": "Yes", "translation": "No", "met": True}],
            ],
        },
    )


def test_settings(url: str) -> None:
    with urllib.request.urlopen(url + "/frontend/settings", timeout=10) as answer:
        settings = json.load(answer)
    assert settings["language"]["source"] == {"code": "en", "name": "English"}
    assert (settings["charLimit"], settings["keyRequired"]) == (20_000, False)


@pytest.mark.parametrize(
    ("given", "status", "message"),
    [
        ({"source": "en", "target": TARGET}, 400, "Invalid request: missing q parameter"),
        ({"q": "a", "target": TARGET}, 400, "Invalid request: missing source parameter"),
        (fields("a", source="auto"), 400, "source: this server does not detect languages, must be en"),
        (fields("a", target="xx"), 400, f"target: xx is not supported, must be {TARGET}"),
        (fields("a", format="pdf"), 400, "format: pdf is not supported, must be text or html"),
        (fields("a", alternatives=10), 400, "alternatives: found 10, must be a whole number from 0 up to 9"),
        (fields("a", alternatives="x"), 400, "alternatives: found x, must be a whole number from 0 up to 9"),
        (fields(["a", 1]), 400, "text 2: found a number, must be a string"),
        (fields({"a": 1}), 400, "text 1: found an object, must be a string"),
        (fields("a" * 20_001), 413, "found 20001 characters, at most 20000 go into one request"),
        (fields("a", glossary=["a"]), 400, "glossary: must be an object, term → translation, of at most 10000 terms"),
        (fields("a", glossary={"a": 1}), 400, "glossary: each side must hold a word and at most 200 characters"),
        (["a"], 400, "body: must be a JSON object"),
    ],
)
def test_refusals_have_its_form(url: str, given: Any, status: int, message: str) -> None:
    assert post(url, given) == (status, {"error": message})
