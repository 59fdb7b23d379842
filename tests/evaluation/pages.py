"""What every page must be, whatever it shows."""

import re
from html.parser import HTMLParser


def check_page(page: str) -> None:
    """It needs nothing but itself, runs nothing, and all its tags are closed."""
    links = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)""", page)
    assert [link for link in links if not link.startswith("#")] == []
    assert "@import" not in page
    assert "<script" not in page
    tags = _Tags()
    tags.feed(page)
    assert tags.opened == []


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("meta", "br"):
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass
