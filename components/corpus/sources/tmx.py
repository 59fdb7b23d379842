"""``PATH.tmx[.gz]``: a translation memory, as OPUS offers them; streamed, never loaded whole."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO
from xml.etree import ElementTree

import pyarrow as pa

from components.corpus.blocks import BLOCK_BYTES, BLOCK_PAIRS, raw_block
from components.corpus.files import DAMAGED, open_text
from components.corpus.sources.source import FileSource, Range
from components.errors import InputError

NOT_A_PAIR = "no_translation"
# TMX 1.4 names the language by xml:lang, TMX 1.1 by lang.
_LANGUAGE = ("{http://www.w3.org/XML/1998/namespace}lang", "lang")
_CHUNK = 1 << 16
_HEAD = 512
_DECLARED = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([^\"']+)")
# The XML parser would stop at a byte that is no UTF-8, and at a control character: they pass it as one of the last
# private characters, the former above the latter.
_STAND_IN = 0x10FF00
_STAND_INS = re.compile("[\U0010ff00-\U0010ffff]")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_ERRORS = "stand-ins"


def _stand_ins(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "".join(chr(_STAND_IN + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_ERRORS, _stand_ins)


@dataclass(frozen=True)
class TranslationMemory(FileSource):
    """See the module. What ``rejected/`` calls a line is the number of the translation unit, from 1.

    A language is found by its code, whatever the region: ``fr`` finds ``fr-CA`` and ``FR``, but ``fr-CA`` only itself.
    Bytes that are no UTF-8, and control characters, stay what they are, so that the unit is rejected for them.
    """

    def ranges(self) -> list[Range]:
        return [Range(self.path)]

    def read(self, range_: Range) -> Iterator[pa.RecordBatch]:
        first, size, sources, targets = 1, 0, [], []
        for source, target in self._units():
            sources.append(source)
            targets.append(target)
            size += len(source or b"") + len(target or b"")
            if len(sources) == BLOCK_PAIRS or size >= BLOCK_BYTES:
                yield _block(first, sources, targets)
                first, size, sources, targets = first + len(sources), 0, [], []
        if sources:
            yield _block(first, sources, targets)

    def _units(self) -> Iterator[tuple[bytes | None, bytes | None]]:
        """The texts of each translation unit in the two languages; None where there is none."""
        root = body = None
        try:
            for event, element in self._events():
                if root is None:
                    root = element
                    if root.tag != "tmx":
                        raise InputError(
                            f"{self.path} is no translation memory: its root is <{root.tag}>, must be <tmx>"
                        )
                elif event == "start" and element.tag == "body":
                    body = element
                elif event == "end" and element.tag == "tu":
                    yield self._pair(element)
                    # Forget what was read: the tree would grow to the size of the file.
                    element.clear()
                    if body is not None:
                        body.clear()
        except (ElementTree.ParseError, LookupError, *DAMAGED) as error:
            raise InputError(f"{self.path} cannot be read to its end: {error}") from None

    def _events(self) -> Iterator[tuple[str, ElementTree.Element]]:
        parser: ElementTree.XMLPullParser = ElementTree.XMLPullParser(("start", "end"))
        with open_text(self.path) as file:
            for piece in _pieces(file):
                parser.feed(piece)
                yield from parser.read_events()  # type: ignore[misc]  # Both kinds of events are of an element.
            parser.close()
            yield from parser.read_events()  # type: ignore[misc]

    def _pair(self, unit: ElementTree.Element) -> tuple[bytes | None, bytes | None]:
        texts: dict[str, bytes] = {}
        for variant in unit.iter("tuv"):
            code = next((variant.get(name) for name in _LANGUAGE if variant.get(name)), None) or ""
            segment = variant.find("seg")
            if segment is not None:
                # The text alone, without what marks its layout.
                text = _encode("".join(segment.itertext()))
                code = _normal(code)
                texts.setdefault(code, text)
                texts.setdefault(code.partition("-")[0], text)
        source, target = (texts.get(_normal(language)) for language in self.languages)
        return source, target


def _pieces(file: BinaryIO) -> Iterator[str | bytes]:
    """The file as text, if it is UTF-8; otherwise as bytes, whose encoding the XML parser knows or finds out."""
    piece = file.read(_HEAD)
    declared = _DECLARED.search(piece)
    other = declared and declared[1].lower() not in (b"utf-8", b"utf8", b"us-ascii", b"ascii")
    if other or b"\0" in piece[:4]:
        while piece:
            yield piece
            piece = file.read(_CHUNK)
        return
    decoder = codecs.getincrementaldecoder("utf-8-sig")(_ERRORS)
    while piece:
        yield _CONTROLS.sub(lambda found: chr(_STAND_IN + ord(found[0])), decoder.decode(piece))
        piece = file.read(_CHUNK)
    yield decoder.decode(b"", final=True)


def _encode(text: str) -> bytes:
    return _STAND_INS.sub(_stood_for, text).encode("utf-8", "surrogateescape")


def _stood_for(stand_in: re.Match[str]) -> str:
    byte = ord(stand_in[0]) - _STAND_IN
    return chr(byte) if byte < 0x80 else chr(0xDC00 + byte)


def _normal(code: str) -> str:
    return code.lower().replace("_", "-")


def _block(first: int, sources: list[bytes | None], targets: list[bytes | None]) -> pa.RecordBatch:
    missing = [source is None or target is None for source, target in zip(sources, targets, strict=True)]
    fault = pa.array([NOT_A_PAIR if none else None for none in missing], pa.string())
    source, target = (pa.array(side, pa.binary()) for side in (sources, targets))
    return raw_block(first, source, target, fault=fault)
