"""HTML: what a reader reads is translated, and each tag stands where the words are that it marked.

A document is taken apart into what stays as it is, byte for byte, and *runs*: text with the inline tags within it. A
run is translated sentence by sentence. The alignment says which word of the sentence each word of its translation comes
from, and so which tags it stands in; a tag may therefore stand there twice, or around nothing. Code and what else must
not be translated is copied as a span (see ``components.text.spans``), so it may stand elsewhere in its sentence.
"""

import difflib
import html
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from components.server.glossary import unused_name, variable
from components.serving.options import TranslationOptions
from components.serving.translation import Alignment, Hypothesis
from components.serving.translator import Translator

# Tags within a sentence; all others end one, also those that nobody knows.
INLINE = {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "data", "del", "dfn", "em", "font", "i", "ins"}
INLINE |= {"label", "mark", "q", "ruby", "s", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u"}
# Elements that stay as they are, within a sentence or between two.
KEPT_INLINE = {"button", "code", "img", "input", "kbd", "math", "samp", "select", "svg", "var"}
KEPT = KEPT_INLINE | {
    "audio",
    "canvas",
    "iframe",
    "noscript",
    "object",
    "pre",
    "script",
    "style",
    "template",
    "textarea",
}
KEPT |= {"video"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
_SPACES = re.compile("[ \t\n\r\f]+")
# For longer texts the comparison below, which takes time that grows with their square, is not made.
_COMPARED = 1000


@dataclass(frozen=True)
class _Event:
    """A stretch of the document: ``kind`` is text, start, end or other."""

    kind: str
    raw: str
    tag: str = ""
    kept: bool = False


class _Parser(HTMLParser):
    """Cuts a document into events that make the document again when they are joined."""

    def __init__(self, document: str):
        super().__init__(convert_charrefs=False)
        self._lines = [0, *(found.end() for found in re.finditer("\n", document))]
        self._found: list[tuple[int, str, str, bool]] = []
        self.feed(document)
        self.close()
        # What it leaves unsaid, as an unfinished tag at the end, is a part of what stands before it.
        found = self._found if self._found and not self._found[0][0] else [(0, "other", "", False), *self._found]
        ends = [*(begin for begin, *_ in found[1:]), len(document)]
        self.events = [
            _Event(kind, document[begin:end], tag, kept)
            for (begin, kind, tag, kept), end in zip(found, ends, strict=True)
        ]

    def _note(self, kind: str, tag: str = "", kept: bool = False) -> None:
        line, column = self.getpos()
        self._found.append((self._lines[line - 1] + column, kind, tag, kept))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        untranslated = (given.get("translate") or "").lower() == "no" or "notranslate" in (given.get("class") or "")
        self._note("start", tag, tag in KEPT or untranslated)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Only the void elements of HTML end so; to a browser <b/> is a <b>.
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self._note("end", tag)

    def handle_data(self, data: str) -> None:
        self._note("text")

    def handle_entityref(self, name: str) -> None:
        self._note("text")

    def handle_charref(self, name: str) -> None:
        self._note("text")

    def handle_comment(self, data: str) -> None:
        self._note("other")

    def handle_decl(self, decl: str) -> None:
        self._note("other")

    def handle_pi(self, data: str) -> None:
        self._note("other")

    def unknown_decl(self, data: str) -> None:
        self._note("other")


def _without_kept(events: Sequence[_Event]) -> list[_Event]:
    """The events, with one for each element that stays as it is: ``kept`` or, between sentences, ``other``.

    A ``point`` stands between two words and means nothing to the translation.
    """
    found: list[_Event] = []
    at = 0
    while at < len(events):
        event = events[at]
        begin, at = at, at + 1
        if event.kind == "start" and event.kept:
            depth = 0 if event.tag in VOID else 1
            while depth and at < len(events):
                if events[at].tag == event.tag and events[at].tag not in VOID:
                    depth += {"start": 1, "end": -1}.get(events[at].kind, 0)
                at += 1
            raw = "".join(part.raw for part in events[begin:at])
            inline = event.tag in KEPT_INLINE or event.tag in INLINE
            event = _Event("kept" if inline and not depth else "other", raw)
        elif event.raw.startswith("<!--") or event.tag == "wbr":
            event = _Event("point", event.raw)
        elif event.kind in ("start", "end") and event.tag not in INLINE:
            event = _Event("other", event.raw)
        found.append(event)
    return found


def _runs(events: Sequence[_Event]) -> Iterator[list[_Event]]:
    """The events between those that end a sentence, which come alone; each tag in a run has its partner there."""
    run: list[_Event] = []
    for event in [*events, _Event("other", "")]:
        if event.kind != "other":
            run.append(event)
            continue
        opened: list[int] = []
        alone: set[int] = set()
        for at, part in enumerate(run):
            if part.kind == "start":
                opened.append(at)
            elif part.kind == "end":
                if opened and run[opened[-1]].tag == part.tag:
                    opened.pop()
                else:
                    alone.add(at)
        alone.update(opened)
        if alone:
            changed = [_Event("other", part.raw) if at in alone else part for at, part in enumerate(run)]
            yield from _runs(changed)
        elif run:
            yield run
        if event.raw:
            yield [event]
        run = []


@dataclass
class _Element:
    """An inline element: its tags, and which characters of the run's text are in it; ``begin`` may be ``end``."""

    start: str
    end: str
    begin: int
    stop: int
    # The elements that it stands in, the outermost first, and itself.
    chain: "tuple[_Element, ...]" = field(default=(), repr=False)

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__


_Chain = tuple[_Element, ...]
_NO_CHAIN: _Chain = ()
# What stands in the translation: text as HTML; where its source begins in the run's text; the elements that it is in.
_Segment = tuple[str, int, _Chain]


class _Run:
    """Text with inline elements; ``kept`` are the variables that stand for what must not be translated."""

    def __init__(self, events: Sequence[_Event]):
        self.raw = "".join(event.raw for event in events)
        name = unused_name(self.raw)
        self.kept: dict[str, str] = {}
        self.elements: list[_Element] = []
        text = ""
        opened: list[_Element] = []
        for event in events:
            if event.kind == "text":
                piece = _SPACES.sub(" ", html.unescape(event.raw))
                text += piece[1:] if piece.startswith(" ") and text.endswith(" ") else piece
            elif event.kind == "kept":
                marker = variable(name, len(self.kept))
                self.kept[marker] = event.raw
                text += marker
            elif event.kind in ("start", "point"):
                element = _Element(event.raw, "", len(text), len(text))
                element.chain = (*(opened[-1].chain if opened else ()), element)
                self.elements.append(element)
                if event.kind == "start":
                    opened.append(element)
            else:
                element = opened.pop()
                element.end, element.stop = event.raw, len(text)
        self.text = text

    @property
    def has_words(self) -> bool:
        text = self.text
        for marker in self.kept:
            text = text.replace(marker, "")
        return any(map(str.isalnum, text))

    def chain(self, begin: int, end: int) -> _Chain:
        """The elements that characters of the text stand in; of an element within a word the word is a part."""
        if begin == end:
            return ()
        found: _Chain = ()
        for element in self.elements:
            whole = element.begin <= begin and end <= element.stop
            part = begin <= element.begin < element.stop <= end and (begin, end) != (element.begin, element.stop)
            if (whole or part) and len(element.chain) > len(found):
                found = element.chain
        return found

    def escaped(self, text: str) -> str:
        """A part of the translation as HTML, what was kept in its place."""
        escaped = html.escape(text, quote=False)
        for marker, raw in self.kept.items():
            escaped = escaped.replace(marker, raw)
        return escaped

    def copied(self, begin: int, end: int) -> list[_Segment]:
        """Segments that are what the text is there, whatever tags stand within it."""
        edges = {begin, end}
        for element in self.elements:
            edges |= {edge for edge in (element.begin, element.stop) if begin < edge < end}
        for found in re.finditer("|".join(map(re.escape, self.kept)), self.text) if self.kept else ():
            edges -= set(range(found.start() + 1, found.end()))
        cuts = sorted(edges)
        return [
            (self.escaped(self.text[first:last]), first, self.chain(first, last))
            for first, last in itertools.pairwise(cuts)
        ]

    def written(self, segments: list[_Segment]) -> str:
        """The segments with their tags; an element that is in none stands, empty, where it stood in the text."""
        for element in self.elements:
            if not any(element in chain for _, _, chain in segments):
                before = [(begin, at) for at, (_, begin, _) in enumerate(segments) if begin < element.begin]
                segments.insert(max(before)[1] + 1 if before else 0, ("", element.begin, element.chain))
        out: list[str] = []
        opened: _Chain = ()
        for text, _, chain in [*segments, ("", 0, ())]:
            common = sum(1 for _ in _common(opened, chain))
            out += [element.end for element in reversed(opened[common:])]
            out += [element.start for element in chain[common:]]
            out.append(text)
            opened = chain
        return "".join(out)


def _common(first: _Chain, second: _Chain) -> Iterator[_Element]:
    for one, other in zip(first, second, strict=False):
        if one is not other:
            return
        yield one


# Texts, shape [n] → n times the hypotheses of each, best first.
TranslateSentences = Callable[[Sequence[str], TranslationOptions], list[tuple[Hypothesis, ...]]]


def translate_html(
    translator: Translator, translate: TranslateSentences, documents: Sequence[str], options: TranslationOptions
) -> list[list[str]]:
    """Documents, shape [n] → the translations of each, best first, ``n_best`` of them.

    Args:
        translator: whose codec made the tokens of the alignments.
        translate: given sentences, which it must not take apart.
        documents: whole pages or parts of one, well-formed or not.
        options: how to translate a sentence.
    """
    parts = [
        [_Run(run) if run[0].kind != "other" else run[0].raw for run in _runs(_without_kept(_Parser(document).events))]
        for document in documents
    ]
    runs = [part for document in parts for part in document if isinstance(part, _Run) and part.has_words]
    segmented = translator.segmenter.split([run.text for run in runs], options.split_sentences)
    pieces = [piece for text in segmented for piece in text.pieces]
    hypotheses = iter(translate(pieces, options) if pieces else [])
    written: dict[int, list[str]] = {}
    for run, text in zip(runs, segmented, strict=True):
        found = [next(hypotheses) for _ in text.pieces]
        written[id(run)] = [
            run.written([*_translated(translator, run, text.parts, [one[min(rank, len(one) - 1)] for one in found])])
            for rank in range(options.n_best)
        ]
    return [
        [
            "".join(
                part if isinstance(part, str) else written[id(part)][rank] if id(part) in written else part.raw
                for part in document
            )
            for rank in range(options.n_best)
        ]
        for document in parts
    ]


def _translated(
    translator: Translator, run: _Run, parts: Sequence[str], hypotheses: Sequence[Hypothesis]
) -> Iterator[_Segment]:
    """The segments of a run; ``parts`` are what stands between its sentences, and these, in turn."""
    begin = 0
    for number, part in enumerate(parts):
        end = begin + len(part)
        hypothesis = hypotheses[number // 2] if number % 2 else None
        lost = hypothesis and any(marker in part and hypothesis.text.count(marker) != 1 for marker in run.kept)
        if hypothesis is None or lost or len(hypothesis.sentences) != 1:
            yield from run.copied(begin, end)
        else:
            yield from _aligned(translator, run, begin, part, hypothesis)
        begin = end


def _aligned(
    translator: Translator, run: _Run, offset: int, sentence: str, hypothesis: Hypothesis
) -> Iterator[_Segment]:
    """The segments of one sentence's translation."""
    (alignment,) = hypothesis.sentences
    text = hypothesis.text
    detokenize = translator.codec.tokenizers.detokenize
    sources = _places(alignment.source_tokens, lambda tokens: detokenize([tokens], source=True)[0], sentence)
    targets = _places(alignment.target_tokens, lambda tokens: detokenize([tokens])[0], text)
    # Of each word of the translation: where it stands, where in the run that stands which it comes from, in which tags.
    words: list[tuple[int, int, int, int, _Chain]] = []
    for token, (begin, end) in enumerate(targets):
        if begin == end:
            continue
        first, last = (offset + place for place in _source(alignment, token, sources))
        chain = run.chain(first, last)
        if words and begin == words[-1][1] and text[begin - 1].isalnum() and text[begin].isalnum():
            first, last, chain = words[-1][2:]  # A word has the tags of its first piece.
        words.append((begin, end, first, last, chain))
    for at in range(1, len(words) - 1):
        around = tuple(_common(words[at - 1][4], words[at + 1][4]))
        if words[at][4] == around[: len(words[at][4])]:  # A word between two of an element is in it, too.
            words[at] = (*words[at][:4], around)
    ended, before, last_chain = 0, offset, _NO_CHAIN
    for begin, end, first, last, chain in words:
        if begin > ended:
            yield run.escaped(text[ended:begin]), before, tuple(_common(last_chain, chain))
        yield run.escaped(text[begin:end]), first, chain
        ended, before, last_chain = end, last, chain
    if ended < len(text):
        yield run.escaped(text[ended:]), before, ()


def _source(alignment: Alignment, token: int, sources: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Where the source word of a target token stands; without attention, the one that is as far into the sentence."""
    position = alignment.positions[token]
    if position < 0:
        position = token * len(sources) // len(alignment.target_tokens)
    # A mark of the tokenizer stands for the word behind it.
    return next((place for place in sources[position:] if place[0] < place[1]), (0, 0))


def _places(tokens: Sequence[str], detokenize: Callable[[Sequence[str]], str], text: str) -> list[tuple[int, int]]:
    """Where in a text, which its tokens make but for spelling and spans, each of them stands: begin and end."""
    made = [detokenize(tokens[:count]) for count in range(len(tokens) + 1)]
    whole = made[-1]
    ends = [min(len(one), len(whole)) for one in made]
    moved = _moved(whole, text)
    places = []
    for begin, end in itertools.pairwise(ends):
        while begin < end and whole[begin].isspace():
            begin += 1
        first, last = moved[begin], moved[max(end, begin)]
        places.append((first, max(first, last)) if begin < end else (first, first))
    return places


def _moved(made: str, text: str) -> list[int]:
    """For each place in ``made``, its end too, the one in ``text``."""
    if made == text:
        return list(range(len(made) + 1))
    if max(len(made), len(text)) > _COMPARED:
        return [at * len(text) // max(len(made), 1) for at in range(len(made) + 1)]
    places = [0] * (len(made) + 1)
    for _, begin, end, first, last in difflib.SequenceMatcher(None, made, text, autojunk=False).get_opcodes():
        for at in range(begin, end):
            places[at] = first + (at - begin) * (last - first) // (end - begin)
    places[len(made)] = len(text)
    return places
