"""Characters that a tokenizer needs for itself: those of a text are written as ``␛hex;`` and come back as they were."""

import re

import pyarrow as pa
import pyarrow.compute as pc

ESCAPE = "␛"
_ESCAPED = re.compile(rf"{ESCAPE}([0-9a-f]+);")


def escape(sentences: pa.StringArray, reserved: str) -> pa.StringArray:
    """The sentences with every character that the pattern ``reserved`` finds escaped; hardly any sentence holds one.

    Args:
        sentences: shape [n].
        reserved: a regular expression that means the same to RE2 and to Python; it must find ``ESCAPE`` itself.
    """
    held = pc.fill_null(pc.match_substring_regex(sentences, reserved), False)
    if not pc.any(held).as_py():
        return sentences
    escaped = [re.sub(reserved, _spelled, text) for text in sentences.filter(held).to_pylist()]
    return pc.replace_with_mask(sentences, held, pa.array(escaped, sentences.type))


def unescape(text: str) -> str:
    """What :func:`escape` was given."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _spelled(found: re.Match[str]) -> str:
    return "".join(f"{ESCAPE}{ord(character):x};" for character in found[0])
