"""Terms that must be translated so.

First the model translates by itself. Where it has not used the term, the term stands as a variable, which the text
codec takes for a span to copy, while its sentence is translated once more, and its translation is put in its place.
Where the model then loses a span, its own translation of the sentence stays.
"""

import csv
import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from components.errors import InputError
from components.serving.options import TranslationOptions
from components.serving.translation import Hypothesis, Translation
from components.serving.translator import Translator, join_hypotheses
from components.text.words import PLACEHOLDERS

LONGEST_TERM, MOST_TERMS = 200, 10_000
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Used:
    """A term that stands in a text, and whether its translation stands in that of the text as often."""

    term: str
    translation: str
    met: bool


class Glossary:
    """Terms and their translations.

    A term is found as whole words. One in small letters is found in any case, another one as it is written. Of two that
    begin at the same word the longer one counts.
    """

    def __init__(self, terms: Mapping[str, str]):
        self._terms = dict(terms)

    def __bool__(self) -> bool:
        return bool(self._terms)

    @classmethod
    def read(cls, path: str) -> "Glossary":
        """That of a TSV file: a term, a tab, its translation; lines that are empty or begin with # count for nothing.

        Raises:
            InputError: if it cannot be read, or a line is not valid.
        """
        terms: dict[str, str] = {}
        try:
            with open(Path(path), encoding="utf-8", newline="") as file:
                for number, row in enumerate(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE), 1):
                    if row and not row[0].startswith("#"):
                        if len(row) != 2 or row[0].strip() in terms:
                            wrong = "is there before" if len(row) == 2 else "must be a term, a tab, its translation"
                            raise InputError(f"glossary: {path} line {number}: {row[0]!r} {wrong}")
                        terms[row[0].strip()] = row[1].strip()
            return cls.checked(terms)
        except (OSError, ValueError, csv.Error) as error:
            message = str(error)
            raise InputError(message if message.startswith("glossary: ") else f"glossary: {path}: {message}") from None

    @classmethod
    def checked(cls, terms: Any) -> "Glossary":
        """That of a request.

        Raises:
            InputError: if it is no object of terms and translations, or has too many.
        """
        if not isinstance(terms, dict) or len(terms) > MOST_TERMS:
            raise InputError(f"glossary: must be an object, term → translation, of at most {MOST_TERMS} terms")
        for term, translation in terms.items():
            for text in (term, translation):
                if not isinstance(text, str) or not _WORD.search(text) or len(text) > LONGEST_TERM:
                    raise InputError(f"glossary: each side must hold a word and at most {LONGEST_TERM} characters")
                if not text.isprintable():
                    raise InputError("glossary: a term or its translation holds a control character")
        return cls(terms)

    def with_terms(self, others: "Glossary") -> "Glossary":
        """Both; of the same term, what ``others`` says."""
        return Glossary({**self._terms, **others._terms}) if others else self

    @cached_property
    def _by_first_word(self) -> dict[str, list[tuple[int, str]]]:
        """First word in small letters → (where in the term it begins, term), the longest first."""
        found: dict[str, list[tuple[int, str]]] = {}
        for term in sorted(self._terms, key=len, reverse=True):
            if first := _WORD.search(term):
                found.setdefault(first[0].lower(), []).append((first.start(), term))
        return found

    def find(self, text: str) -> Iterator[tuple[int, int, str]]:
        """(Begin, end, term) of the terms in a text, in order; no two overlap."""
        ended = 0
        for word in _WORD.finditer(text):
            for offset, term in self._by_first_word.get(word[0].lower(), ()):
                begin = word.start() - offset
                end = begin + len(term)
                written = text[begin:end] if begin >= ended else ""
                alone = not (written[-1:].isalnum() and text[end : end + 1].isalnum())
                if alone and (written == term or (term.islower() and written.lower() == term)):
                    yield begin, end, term
                    ended = end
                    break

    def translate(
        self, translator: Translator, texts: Sequence[str], options: TranslationOptions
    ) -> tuple[list[Translation], list[list[Used]]]:
        """Texts, shape [n] → their translations and, for each, the terms that stand in it."""
        translations = translator.translate(texts, options)
        if not self:
            return translations, [[] for _ in texts]
        wanted = [[term for _, _, term in self.find(text)] for text in texts]
        again = [
            row
            for row, terms in enumerate(wanted)
            if not translations[row].left_out and self._missing(terms, translations[row].text)
        ]
        segmented = translator.segmenter.split([texts[row] for row in again], options.split_sentences)
        pieces = self._forced(
            translator,
            list(dict.fromkeys(piece for text in segmented for piece in text.pieces)),
            # What is left out for want of confidence is so before any term is looked for.
            dataclasses.replace(options, split_sentences=False, return_confidence=False, min_confidence=0.0),
        )
        for row, text in zip(again, segmented, strict=True):
            hypotheses = join_hypotheses(text, [pieces[piece] for piece in text.pieces])
            if self._missing(wanted[row], hypotheses[0].text) < self._missing(wanted[row], translations[row].text):
                translations[row] = dataclasses.replace(translations[row], hypotheses=hypotheses)
        return translations, [
            self._used(terms, translation.text) for terms, translation in zip(wanted, translations, strict=True)
        ]

    def _forced(
        self, translator: Translator, pieces: Sequence[str], options: TranslationOptions
    ) -> dict[str, tuple[Hypothesis, ...]]:
        """Sentence → its translations, with the terms where the model does not lose them."""
        if not pieces:
            return {}
        found = {
            piece: translation.hypotheses
            for piece, translation in zip(pieces, translator.translate(pieces, options), strict=True)
        }
        terms = {piece: list(self.find(piece)) for piece in pieces}
        again = [
            piece for piece in pieces if self._missing([term for _, _, term in terms[piece]], found[piece][0].text)
        ]
        marked = [_Marked.of(piece, terms[piece]) for piece in again]
        forced = translator.translate([text.text for text in marked], options) if again else []
        for piece, text, translation in zip(again, marked, forced, strict=True):
            if hypotheses := text.restored(translation, self._terms):
                found[piece] = hypotheses
        return found

    def _missing(self, terms: Sequence[str], translation: str) -> int:
        return sum(not used.met for used in self._used(terms, translation))

    def _used(self, terms: Sequence[str], translation: str) -> list[Used]:
        used = []
        for term in dict.fromkeys(terms):
            wanted = self._terms[term]
            times = sum(self._terms[other] == wanted for other in terms)
            met = len(re.findall(rf"(?<!\w){re.escape(wanted)}(?!\w)", translation, re.IGNORECASE)) >= times
            used.append(Used(term, wanted, met))
        return used


@dataclass(frozen=True)
class _Marked:
    """A text in which a variable of a program stands in the place of each term: marker → term, as it is written."""

    text: str
    markers: dict[str, tuple[str, str]]

    @classmethod
    def of(cls, text: str, found: Sequence[tuple[int, int, str]]) -> "_Marked":
        name = unused_name(text)
        marked, ended, markers = "", 0, {}
        for number, (begin, end, term) in enumerate(found):
            marker = variable(name, number)
            markers[marker] = (term, text[begin:end])
            marked += text[ended:begin] + marker
            ended = end
        return cls(marked + text[ended:], markers)

    def restored(self, translation: Translation, terms: Mapping[str, str]) -> tuple[Hypothesis, ...]:
        """The translations with those of the terms; none if the model lost one in the best."""
        if not _keeps_spans(translation.hypotheses[0]):
            return ()
        hypotheses = []
        for hypothesis in translation.hypotheses:
            text = hypothesis.text
            for marker, (term, written) in self.markers.items():
                if text.count(marker) != 1:
                    break
                wanted = terms[term]
                if written[0].isupper() and term[0].islower():
                    wanted = wanted[0].upper() + wanted[1:]
                text = text.replace(marker, wanted)
            else:
                hypotheses.append(dataclasses.replace(hypothesis, text=text))
        is_whole = hypotheses and hypotheses[0].sentences == translation.hypotheses[0].sentences
        return tuple(hypotheses) if is_whole else ()


def unused_name(text: str) -> str:
    """A name of variables, none of which stands in the text."""
    name = "x"
    while "{{" + name in text:
        name += "x"
    return name


def variable(name: str, number: int) -> str:
    """What the text codec takes for a span to copy."""
    return f"{{{{{name}{number}}}}}"


def _keeps_spans(hypothesis: Hypothesis) -> bool:
    """Whether the model itself put all spans of the text into the translation; those missing were appended."""
    return all(
        placeholder in "".join(sentence.target_tokens)
        for sentence in hypothesis.sentences
        for placeholder in PLACEHOLDERS
        if placeholder in "".join(sentence.source_tokens)
    )
