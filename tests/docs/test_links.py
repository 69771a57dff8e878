"""Links of the documentation lead somewhere."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.docs.blocks import PAGES, ROOT


def tokens_of(page: Path) -> list[Token]:
    """The parsed page."""
    return MarkdownIt("commonmark").enable("table").parse(page.read_text())


@cache
def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    tokens = tokens_of(page)
    heads = [tokens[n + 1].content for n, each in enumerate(tokens) if each.type == "heading_open"]
    seen: Counter[str] = Counter()
    anchors = set()
    for head in heads:
        anchor = re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", head).lower()).replace(" ", "-")
        anchors.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return anchors


def links_of(page: Path) -> list[str]:
    """Where the links and pictures of a page lead."""
    children = [child for token in tokens_of(page) for child in token.children or ()]
    places = [child.attrGet("href") or child.attrGet("src") for child in children]
    html = "".join(token.content for token in tokens_of(page) if token.type == "html_block")
    return [str(place) for place in places if place] + re.findall(r'src="([^"]+)"', html)


@pytest.mark.parametrize("name", PAGES)
def test_links_within_the_project_are_good(name: str) -> None:
    """The file exists, and has the heading that is linked to."""
    page = ROOT / name
    for link in links_of(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


def test_every_page_is_linked_from_the_readme() -> None:
    """Whoever starts there finds all of them."""
    readme = links_of(ROOT / "README.md")
    assert [
        page for page in PAGES[1:] if page not in {link.partition("#")[0] for link in readme}
    ] == []
