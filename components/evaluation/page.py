"""Pages: HTML files that need nothing but themselves, for a laptop and for a phone."""

from pathlib import Path
from typing import Any


def render_page(template: str, **values: Any) -> str:
    """The page that a template of this folder makes of ``values``; text in them stays text."""
    from jinja2 import Environment, FileSystemLoader

    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template(template).render(**values)
