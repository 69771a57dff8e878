"""Places in the code that the documentation names are there."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.docs.blocks import PAGES, ROOT

_PLACE = re.compile(r"`(?P<file>[\w./-]+\.py):(?P<name>[\w.]+)`")
_TEST = re.compile(r"\[`(?P<name>test_\w+)`\]\(\.\./(?P<file>tests/[\w./-]+\.py)\)")
_MODULE = re.compile(r"`(?P<file>[\w-]+/[\w./-]+\.(?:py|sql|toml|js))`")


@cache
def names_in(file: str) -> frozenset[str]:
    """All that a module defines: functions and classes with those inside them, and its variables."""
    path = ROOT / file
    return frozenset(_defined(ast.parse(path.read_text()).body)) if path.exists() else frozenset()


def _defined(body: list[ast.stmt], within: str = "") -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield within + node.name
        if isinstance(node, ast.ClassDef):
            yield from _defined(node.body, f"{within}{node.name}.")
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (within + each.id for each in targets if isinstance(each, ast.Name))


@pytest.mark.parametrize("page", PAGES)
def test_every_named_function_exists(page: str) -> None:
    """`file.py:name` leads to a function, a class or a variable of that file."""
    places = _PLACE.findall((ROOT / page).read_text())
    assert [place for place in places if place[1] not in names_in(place[0])] == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_every_named_file_exists(page: str) -> None:
    """The pages for engineers name files by their path from the root."""
    files = _MODULE.findall((ROOT / page).read_text())
    assert files
    assert [file for file in files if not (ROOT / file).exists()] == []


def test_the_architecture_names_functions() -> None:
    """The two walks are there, and are written so that the test finds them."""
    assert len(_PLACE.findall((ROOT / "docs" / "architecture.md").read_text())) > 100


def test_what_holds_a_threat_is_a_test() -> None:
    """The threat model names tests; each is in the file to which its name is a link."""
    tests = _TEST.findall((ROOT / "docs" / "threat-model.md").read_text())
    assert len(tests) > 60
    assert [test for test, file in tests if test not in names_in(file)] == []


def test_what_does_not_exist_is_found() -> None:
    """Methods belong to their class, and a file that is missing defines nothing."""
    assert {"names_in", "_PLACE"} <= names_in("tests/docs/test_places.py")
    assert "Block.noted" in names_in("tests/docs/blocks.py")
    assert "noted" not in names_in("tests/docs/blocks.py")
    assert names_in("tests/docs/nowhere.py") == frozenset()
