"""What the documentation says that can be checked without doing it: links, files, modules, versions, hooks."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pipelines.parameter_table import PAGE, with_table
from tests.test_rooms import CHECKS

PROJECT = Path(__file__).parents[1]
PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")])
NAMING = [*PAGES, PROJECT / "Makefile", PROJECT / "nmt"]
OUR_FOLDERS = r"(?:components|pipelines|benchmarks|tests|docs)"


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ +(.*)$", without_code(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[tuple[str, str]]:
    """(path, anchor) of the links of a page that stay in the project."""
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text(encoding="utf-8"))):
        if not link.startswith(("http://", "https://")):
            path, _, anchor = link.partition("#")
            yield path, anchor


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_lead_somewhere(page: Path) -> None:
    for path, anchor in links(page):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [PROJECT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached and page.suffix == ".md":
            reached.add(page)
            waiting += [(page.parent / path).resolve() for path, _ in links(page) if path]
    assert set(PAGES) - reached == set()


@pytest.mark.parametrize("page", NAMING, ids=lambda page: str(page.relative_to(PROJECT)))
def test_names_only_what_there_is(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    # How-to pages make files of their own, and name them; the changelog names what is gone, too.
    if page.parent.name == "how-to" or page.name == "CHANGELOG.md":
        return
    paths = re.findall(rf"`({OUR_FOLDERS}/[\w./-]*)`", text)
    for module in re.findall(rf"(?:python|PYTHON\)) -m ({OUR_FOLDERS}(?:\.\w+)*)", text):
        if not module.endswith((".ENTRY", ".NAME")):
            paths.append(module.replace(".", "/") + ".py")
    assert [path for path in paths if not (PROJECT / path).exists()] == []


def test_readme_is_short() -> None:
    assert len((PROJECT / "README.md").read_text(encoding="utf-8").splitlines()) < 200


def test_table_of_parameters_is_what_the_parameters_make_it() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page), "python -m pipelines.parameter_table"


def test_the_version_stands_in_the_changelog() -> None:
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    released = re.findall(r"^## \[([\d.]+)\]", (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert released[0] == version


def test_hooks_are_the_checks_of_the_tests() -> None:
    (repository,) = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text())["repos"]
    hooks = {hook["id"]: hook["entry"].removeprefix(".venv/bin/").split() for hook in repository["hooks"]}
    # A hook repairs the files that are committed, a test only looks, at all files.
    only_here = {"--check", "--no-cache", "."}
    checks = {name: [word for word in command if word not in only_here] for name, command in CHECKS.items()}
    assert {name: [word for word in command if word != "--fix"] for name, command in hooks.items()} == checks
