"""Texts taken apart and put together: where they should be, short enough, and nothing lost."""

import time

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.serving.segments import Segmenter
from components.text.legacy import make_tokenizer
from components.text.tokenizer import TOKENIZERS
from tests.text.test_tokenizer import made

# Any will do that has short tokens; this one has learnt nothing.
TOKENIZER = make_tokenizer("word", "en", b"").tokenize
SEGMENTERS = {name: Segmenter(made(name, "en").tokenize, "en", max_tokens=12) for name in TOKENIZERS}
each_tokenizer = pytest.mark.parametrize("name", TOKENIZERS)
LONG_LINE = "This line was wrapped by an editor that breaks lines"


def pieces(text: str, max_tokens: int = 50, sentences: bool = True) -> list[str]:
    return list(Segmenter(TOKENIZER, "en", max_tokens).split([text], sentences)[0].pieces)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n ", []),
        ("Yes", ["Yes"]),
        ("Dr. Jones paid $3.50 to J. R. Smith, i.e. nothing. See p. 5.", 2),
        ("What?! No way!! Ok... fine.", ["What?!", "No way!!", "Ok... fine."]),
        ("He said: “I am going. You stay.” Then he left.", ["He said: “I am going. You stay.”", "Then he left."]),
        ("Visit www.example.com. Now.", ["Visit www.example.com.", "Now."]),
        ("I live in the U.S. The U.S. Army is big.", ["I live in the U.S.", "The U.S. Army is big."]),
        ("“I am going.”", ["I am going."]),
        ("(See below.)", ["See below."]),
        ("“No,” he said, “never.”", ["“No,” he said, “never.”"]),
        ("Jessica Okonkwo: I am going. Then…", ["Jessica Okonkwo", "I am going.", "Then…"]),
        ("He said: I am going.", ["He said: I am going."]),
        ("1. One.\n2) Two.", ["One.", "Two."]),
        ("One.\tTwo\u00a0three.", ["One.", "Two\u00a0three."]),
        ("你好。再见。", ["你好。", "再见。"]),
        ("A title\n\nA sentence. Another one.", ["A title", "A sentence.", "Another one."]),
        ("- apples\n- pears\r\n- plums", ["apples", "pears", "plums"]),
        (f"{LONG_LINE}\nin the middle of a sentence. Yes.", [f"{LONG_LINE} in the middle of a sentence.", "Yes."]),
        (f"{LONG_LINE}.\nin small letters", [f"{LONG_LINE}.", "in small letters"]),
        ("roses are red\nviolets are blue", ["roses are red", "violets are blue"]),
    ],
)
def test_sentences(text: str, expected: list[str] | int) -> None:
    found = pieces(text)
    assert (len(found) if isinstance(expected, int) else found) == expected


def test_lines_are_left_whole_when_asked() -> None:
    assert pieces("Yes. No.\nPerhaps.", sentences=False) == ["Yes. No.\nPerhaps."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one two three four, five six seven eight nine", ["one two three four,", "five six seven eight nine"]),
        ("one, two three four; five six seven, eight", ["one, two three four;", "five six seven, eight"]),
        ("a b c d e f g h i j k l", ["a b c d e f", "g h i j k l"]),
        ("Pay 1,000 or 2,000 or 3,000 now", ["Pay 1,000 or", "2,000 or 3,000 now"]),
        ("!" * 20, ["!" * 10, "!" * 10]),
        ("x" * 5000, ["x" * 5000]),
    ],
)
def test_overlong_sentences_are_cut_at_the_best_place(text: str, expected: list[str]) -> None:
    assert pieces(text, max_tokens=10) == expected


text_of_any_kind = st.text(alphabet="aB é.,;!?…“” \n\r\t\u00a0\u2028'’0-😀你。 \x00", max_size=300) | st.text()


@each_tokenizer
@settings(deadline=None)  # The machine may be busy.
@given(text=text_of_any_kind, sentences=st.booleans())
def test_nothing_is_lost_and_nothing_too_long(name: str, text: str, sentences: bool) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    (segmented,) = SEGMENTERS[name].split([text], sentences)
    assert segmented.joined(segmented.pieces) == text
    assert all(piece.strip() == piece != "" for piece in segmented.pieces)
    lengths = [len(tokens) for tokens in made(name, "en").tokenize(pa.array(segmented.pieces, pa.string())).to_pylist()]
    assert all(length <= 12 or len(piece) == 1 for length, piece in zip(lengths, segmented.pieces, strict=True))


@pytest.mark.parametrize(
    ("name", "part"),
    [
        *(("word", part) for part in (" ", "\n", "a", "a ", "!", "a. ", ", ", "\u00a0")),
        *((name, part) for name in ("sentencepiece", "sentencepiece-bpe") for part in ("a", "a ")),
    ],
)
def test_time_grows_with_the_length_and_not_with_its_square(name: str, part: str) -> None:
    start = time.process_time()
    SEGMENTERS[name].split([part * (200_000 // len(part))])
    assert time.process_time() - start < 3
