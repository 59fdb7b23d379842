"""MLflow's scoring protocol, taken strictly: the body of a request becomes texts and options, or one clear refusal."""

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from components.errors import InputError
from components.serving.options import TranslationOptions
from components.serving.translator import sides

FIELDS = ("inputs", "instances", "dataframe_split", "dataframe_records")
JSON, CSV = "application/json", "text/csv"
# Beside the options of the model: how long the client waits.
TIMEOUT = "timeout_s"


class RefusedRequestError(InputError):
    """A request that is not answered with translations, but with the HTTP status ``status``.

    ``retry_after``: the seconds after which the same request may be answered; 0: it never will be.
    """

    def __init__(self, message: str, status: int = 400, retry_after: int = 0):
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True)
class Limits:
    """The most that one request may ask for: no request waits long for another."""

    texts: int = 1000
    characters: int = 20_000

    @property
    def body_bytes(self) -> int:
        """A character outside the basic plane takes 12 bytes as JSON escapes; the rest is brackets and parameters."""
        return 12 * self.characters + 64 * self.texts + 4096


class Asked(NamedTuple):
    """What a request asks for; ``seconds``: how long its client waits; ``glossary``: as it came."""

    texts: tuple[str, ...]
    options: TranslationOptions
    seconds: float
    glossary: Any = None


def read_request(body: bytes, content_type: str, limits: Limits) -> Asked:
    """What a request asks for.

    Args:
        body: as it came.
        content_type: the header, empty if there is none.
        limits: the most that it may ask for.

    Raises:
        RefusedRequestError: if it asks for more, or is not valid in every part; nothing is guessed or ignored.
    """
    kind = _content_type(content_type)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RefusedRequestError(f"body: byte {error.start + 1} is not UTF-8") from None
    texts, parameters, glossary = _from_json(text) if kind == JSON else (_from_csv(text), {}, None)
    check_texts(texts, limits)
    options = dict(parameters)
    seconds = options.pop(TIMEOUT, math.inf)
    if TIMEOUT in parameters and (type(seconds) not in (int, float) or not 0 < seconds < math.inf):
        raise RefusedRequestError(f"params: {TIMEOUT}: must be a number of seconds, more than 0")
    try:
        chosen = TranslationOptions.checked(options)
    except InputError as error:
        raise RefusedRequestError(f"params: {shortened(str(error))}") from None
    try:
        if chosen.score:
            sides(texts)  # Refuses what is no pair.
    except InputError as error:
        raise RefusedRequestError(str(error)) from None
    return Asked(tuple(texts), chosen, seconds, glossary)


def _content_type(header: str) -> str:
    kind, *parameters = (part.strip().lower() for part in header.split(";"))
    if kind not in (JSON, CSV) or any(parameter not in ("", "charset=utf-8") for parameter in parameters):
        raise RefusedRequestError(f"Content-Type: must be {JSON} or {CSV}, in UTF-8", 415)
    return kind


def _from_json(text: str) -> tuple[list[Any], Mapping[str, Any], Any]:
    document = json_object(text)
    given = [field for field in FIELDS if field in document]
    unknown = [field for field in document if field not in (*FIELDS, "params", "glossary")]
    if unknown or len(given) != 1:
        found = ", ".join(shortened(repr(field)) for field in list(document)[:10]) or "nothing"
        raise RefusedRequestError(
            f"body: found {found}, must be one of {', '.join(FIELDS)}, and params and glossary if needed"
        )
    parameters = document.get("params")
    if not isinstance(parameters, dict | None):
        raise RefusedRequestError("params: must be an object")
    return _READERS[given[0]](document[given[0]]), parameters or {}, document.get("glossary")


def json_object(text: str) -> dict[str, Any]:
    """The object that a text is as JSON.

    Raises:
        RefusedRequestError: if it is none, or if a key stands there twice.
    """
    try:
        document = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_each_once)
    except json.JSONDecodeError as error:
        raise RefusedRequestError(f"body: is not JSON: {error}") from None
    except (ValueError, RecursionError):  # A number of 5,000 digits, 5,000 brackets.
        raise RefusedRequestError("body: is JSON of a kind that no translation needs") from None
    if not isinstance(document, dict):
        raise RefusedRequestError("body: must be a JSON object")
    return document


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((name, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise RefusedRequestError(f"body: {shortened(repr(name))} stands there more than once")
    return found


def _from_inputs(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) else _list("inputs", value)


def _from_instances(value: Any) -> list[Any]:
    rows = _list("instances", value)
    return _from_records(rows) if rows and all(isinstance(row, dict) for row in rows) else rows


def _from_records(value: Any) -> list[Any]:
    rows = _list("dataframe_records", value)
    columns = {name for row in rows if isinstance(row, dict) for name in row}
    if not all(isinstance(row, dict) and len(row) == 1 for row in rows) or len(columns) > 1:
        raise RefusedRequestError("dataframe_records: must be objects with one column, the text: the same for all")
    return [text for row in rows for text in row.values()]


def _from_split(value: Any) -> list[Any]:
    if not isinstance(value, dict) or not {"data"} <= value.keys() <= {"columns", "data", "index"}:
        raise RefusedRequestError("dataframe_split: must be an object with columns and data")
    columns, rows = _list("columns", value.get("columns", ["text"])), _list("data", value["data"])
    if len(columns) != 1 or not all(isinstance(row, list) and len(row) == 1 for row in rows):
        raise RefusedRequestError("dataframe_split: must have one column, the text, and one cell a row")
    return [row[0] for row in rows]


_READERS = {
    "inputs": _from_inputs,
    "instances": _from_instances,
    "dataframe_records": _from_records,
    "dataframe_split": _from_split,
}


def _from_csv(text: str) -> list[Any]:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise RefusedRequestError(f"body: is not CSV: {error}") from None
    if not rows or any(len(row) > 1 for row in rows):
        raise RefusedRequestError("body: must be CSV with one column, the text, and a heading")
    return [row[0] if row else "" for row in rows[1:]]


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise RefusedRequestError(f"{name}: must be a list")
    return value


def check_texts(texts: list[Any], limits: Limits) -> None:
    """Raises RefusedRequestError unless they are texts, and neither too many nor too long."""
    if len(texts) > limits.texts:
        raise RefusedRequestError(f"found {len(texts)} texts, at most {limits.texts} go into one request", 413)
    for number, text in enumerate(texts, 1):
        if not isinstance(text, str):
            kind = {dict: "an object", list: "a list", type(None): "null", bool: "a boolean"}.get(
                type(text), "a number"
            )
            raise RefusedRequestError(f"text {number}: found {kind}, must be a string")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise RefusedRequestError(f"text {number}: holds half of a surrogate pair, which is no character")
    characters = sum(map(len, texts))
    if characters > limits.characters:
        raise RefusedRequestError(
            f"found {characters} characters, at most {limits.characters} go into one request", 413
        )


def shortened(text: str) -> str:
    """A part of what a client sent, short enough to be sent back, and on one line."""
    shown = text if len(text) <= 200 else text[:199] + "…"
    return "".join(character if character.isprintable() else "�" for character in shown)
