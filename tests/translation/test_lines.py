"""Reading and writing files of lines."""

from pathlib import Path

import pytest

from components.errors import InputError
from components.translation.lines import count_lines, read_lines, written_whole


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"a\nb\n", ["a", "b"]),
        (b"a\n\nb", ["a", "", "b"]),
        ("a\r\nb\u2028c\n".encode(), ["a\r", "b\u2028c"]),
    ],
)
def test_only_a_line_feed_ends_a_line(tmp_path: Path, content: bytes, lines: list[str]) -> None:
    path = tmp_path / "text"
    path.write_bytes(content)
    assert list(read_lines(path)) == lines
    assert count_lines(path) == len(lines)


def test_the_line_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes("Ça va.\nOui, ".encode() + "ça".encode("latin-1"))
    with pytest.raises(InputError, match=r"text line 2 is not UTF-8 \(byte 0xe7 at 6\)"):
        count_lines(path)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("before")
    with pytest.raises(KeyboardInterrupt), written_whole(path) as file:  # noqa: PT012
        file.write("half")
        raise KeyboardInterrupt
    assert path.read_text() == "before"
    with written_whole(path) as file:
        file.write("whole")
        assert path.read_text() == "before"
    assert path.read_text() == "whole"
    assert not list(tmp_path.glob(".*"))
