"""``PATH.tmx[.gz]``: a translation memory, as OPUS offers them; streamed, never loaded whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

import pyarrow as pa

from components.corpus.blocks import BLOCK_PAIRS, raw_block
from components.corpus.files import DAMAGED, exists, file_digest, file_size, open_text
from components.corpus.sources.source import Work
from components.errors import InputError

NOT_A_PAIR = "no_translation"
# TMX 1.4 names the language by xml:lang, TMX 1.1 by lang.
_LANGUAGE = ("{http://www.w3.org/XML/1998/namespace}lang", "lang")


@dataclass(frozen=True)
class TranslationMemory:
    """See the module. What ``rejected/`` calls a line is the number of the translation unit, from 1.

    A language is found by its code, whatever the region: ``fr`` finds ``fr-CA`` and ``FR``.
    """

    path: str
    languages: tuple[str, str]

    @classmethod
    def parse(cls, word: str, source_language: str, target_language: str) -> "TranslationMemory":
        return cls(word, (source_language, target_language))

    def check(self) -> None:
        if not exists(self.path):
            raise InputError(f"there is no file {self.path}")

    def digest(self) -> str:
        return file_digest(self.path)

    def size(self) -> int:
        return file_size(self.path)

    def work(self) -> list[Work]:
        return [Work(self.path, None)]

    def read(self, work: Work) -> Iterator[pa.RecordBatch]:
        first, sources, targets = 1, [], []
        for source, target in self._units():
            sources.append(source)
            targets.append(target)
            if len(sources) == BLOCK_PAIRS:
                yield _block(first, sources, targets)
                first, sources, targets = first + len(sources), [], []
        if sources:
            yield _block(first, sources, targets)

    def _units(self) -> Iterator[tuple[str | None, str | None]]:
        """The texts of each translation unit in the two languages; None where there is none."""
        try:
            with open_text(self.path) as file:
                events = ElementTree.iterparse(file, ("start", "end"))
                _, root = next(events)
                if root.tag != "tmx":
                    raise InputError(f"{self.path} is no translation memory: its root is <{root.tag}>, must be <tmx>")
                for event, element in events:
                    if event == "end" and element.tag == "tu":
                        yield self._pair(element)
                        # Forget what was read: the tree would grow to the size of the file.
                        element.clear()
                        root.find("body").clear()
        except (ElementTree.ParseError, *DAMAGED) as error:
            raise InputError(f"{self.path} cannot be read to its end: {error}") from None

    def _pair(self, unit: ElementTree.Element) -> tuple[str | None, str | None]:
        texts: dict[str, str] = {}
        for variant in unit.iter("tuv"):
            code = next((variant.get(name) for name in _LANGUAGE if variant.get(name)), None) or ""
            segment = variant.find("seg")
            if segment is not None:
                # The text alone, without what marks its layout.
                texts.setdefault(code.lower().replace("_", "-").split("-")[0], "".join(segment.itertext()))
        source, target = (texts.get(language.lower()) for language in self.languages)
        return source, target


def _block(first: int, sources: list[str | None], targets: list[str | None]) -> pa.RecordBatch:
    missing = [source is None or target is None for source, target in zip(sources, targets, strict=True)]
    fault = pa.array([NOT_A_PAIR if none else None for none in missing], pa.string())
    source, target = (pa.array(side, pa.string()).cast(pa.binary()) for side in (sources, targets))
    return raw_block(first, source, target, fault=fault)
