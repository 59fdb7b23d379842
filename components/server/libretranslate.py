"""The API of LibreTranslate (https://docs.libretranslate.com), as its clients use it, read strictly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from components.errors import InputError
from components.server.glossary import Glossary
from components.server.scoring import JSON, Limits, RefusedRequestError, check_texts, json_object, shortened
from components.serving.options import MAX_BEAM_WIDTH
from components.text.codec import CodecSettings

FORM = "application/x-www-form-urlencoded"
_NAMES = {"de": "German", "en": "English", "es": "Spanish", "fr": "French", "it": "Italian", "pt": "Portuguese"}


@dataclass(frozen=True)
class Asked:
    """What a request to ``/translate`` asks for; ``single``: with one text, not a list of them."""

    texts: tuple[str, ...]
    single: bool
    source: str
    target: str
    html: bool
    alternatives: int
    glossary: Glossary
    key: str

    def check(self, codec: CodecSettings) -> None:
        """Raises RefusedRequestError unless the model translates between these languages."""
        for name, found, known in (
            ("source", self.source, codec.source_language),
            ("target", self.target, codec.target_language),
        ):
            if found == "auto":
                raise RefusedRequestError(f"{name}: this server does not detect languages, must be {known}")
            if found != known:
                raise RefusedRequestError(f"{name}: {shortened(found)} is not supported, must be {known}")

    def answer(self, translations: Sequence[Sequence[str]]) -> dict[str, Any]:
        """The answer; ``translations``: of each text, best first."""
        best = [ranked[0] for ranked in translations]
        answer: dict[str, Any] = {"translatedText": best[0] if self.single else best}
        if self.alternatives:
            others = [list(dict.fromkeys(other for other in ranked[1:])) for ranked in translations]
            answer["alternatives"] = others[0] if self.single else others
        return answer


def read_translate(body: bytes, content_type: str, query: bytes, limits: Limits) -> Asked:
    """What is asked for in JSON, a form, or the address.

    Raises:
        RefusedRequestError: if it is not valid; unknown fields are ignored, as LibreTranslate does.
    """
    fields = _fields(body, content_type, query)
    for name in ("q", "source", "target"):
        if fields.get(name) in (None, ""):
            if name == "q" and fields.get(name) == "":
                continue
            raise RefusedRequestError(f"Invalid request: missing {name} parameter")
    single = not isinstance(fields["q"], list)
    texts = [fields["q"]] if single else fields["q"]
    check_texts(texts, limits)
    kind = fields.get("format") or "text"
    if kind not in ("text", "html"):
        raise RefusedRequestError(f"format: {shortened(str(kind))} is not supported, must be text or html")
    try:
        glossary = fields.get("glossary") or {}
        if isinstance(glossary, str):  # Of a form.
            glossary = json_object(glossary)
        checked = Glossary.checked(glossary)
    except InputError as error:
        raise RefusedRequestError(str(error)) from None
    return Asked(
        texts=tuple(texts),
        single=single,
        source=str(fields["source"]),
        target=str(fields["target"]),
        html=kind == "html",
        alternatives=_alternatives(fields.get("alternatives", 0)),
        glossary=checked,
        key=str(fields.get("api_key") or ""),
    )


def _alternatives(found: Any) -> int:
    text = str(found or 0)
    if isinstance(found, bool) or not text.isascii() or not text.isdigit() or int(text[:9]) >= MAX_BEAM_WIDTH:
        raise RefusedRequestError(
            f"alternatives: found {shortened(text)}, must be a whole number from 0 up to {MAX_BEAM_WIDTH - 1}"
        )
    return int(text)


def _fields(body: bytes, content_type: str, query: bytes) -> Mapping[str, Any]:
    kind = content_type.partition(";")[0].strip().lower()
    try:
        in_address = _pairs(query.decode("utf-8"))
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RefusedRequestError(f"body: byte {error.start + 1} is not UTF-8") from None
    if not text:
        return in_address
    if kind == JSON:
        return {**in_address, **json_object(text)}
    if kind == FORM:
        return {**in_address, **_pairs(text)}
    raise RefusedRequestError(f"Content-Type: must be {JSON} or {FORM}", 415)


def _pairs(text: str) -> dict[str, Any]:
    """The fields of a form; one that is there several times is a list."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=2000)
    except ValueError:
        raise RefusedRequestError("body: is no form in UTF-8") from None
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name not in fields:
            fields[name] = value
        elif isinstance(fields[name], list):
            fields[name].append(value)
        else:
            fields[name] = [fields[name], value]
    return fields


def languages(codec: CodecSettings) -> list[dict[str, Any]]:
    """What ``/languages`` says."""
    source, target = codec.languages
    return [
        {"code": source, "name": language_name(source), "targets": [target]},
        {"code": target, "name": language_name(target), "targets": []},
    ]


def frontend_settings(codec: CodecSettings, limits: Limits, keys: bool) -> dict[str, Any]:
    """What ``/frontend/settings`` says."""
    source, target = ({"code": code, "name": language_name(code)} for code in codec.languages)
    return {
        "apiKeys": keys,
        "charLimit": limits.characters,
        "filesTranslation": False,
        "frontendTimeout": 500,
        "keyRequired": keys,
        "language": {"source": source, "target": target},
        "suggestions": False,
        "supportedFilesFormat": [],
    }


def language_name(code: str) -> str:
    """In English; the code itself where the name is not known."""
    return _NAMES.get(code, code)
