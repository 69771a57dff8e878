"""One name means one thing: no two classes of the project share a name."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VOCABULARIES = {
    "catalog": "what the database holds",
    "cli.commands": "the GraphQL answers that a command prints",
    "cli.garbage": "the GraphQL answers that a command prints",
    "client_sdk.account": "what a client is shown of logins",
    "client_sdk.errors": "the manager's errors, as a client raises them",
    "client_sdk.models": "what a client is shown",
    "manager.errors": "the manager's errors",
    "manager.graphql.types": "the types of the GraphQL schema",
    "manager.status": "the answer of /status",
    "protocol": "what travels on the wire",
}
"""Each describes the same things (a file, a share, an account) to readers of its own; a name may occur once
in each of these modules or packages."""
SAME_IDEA = {
    "LinkState": {"client_sdk.links", "manager.links.states"},
    "TooManyAttempts": {"client_sdk.errors", "common.guesses"},
    "UploadSlot": {"client_sdk.models", "manager.services.registry"},
}
"""Other classes that share a name because they are the same thing, on two sides of an interface."""


def vocabulary_of(module: str) -> str:
    """The vocabulary that a module belongs to; a module outside of them is one of its own."""
    inside = (name for name in VOCABULARIES if f"{module}.".startswith(f"{name}."))
    return next(inside, module)


def may_share(name: str, modules: list[str]) -> bool:
    """Whether these modules may all define a class of this name."""
    if len(modules) == 1 or set(modules) == SAME_IDEA.get(name):
        return True
    vocabularies = {vocabulary_of(module) for module in modules}
    return len(vocabularies) == len(modules) and vocabularies <= set(VOCABULARIES)


@pytest.fixture(scope="module")
def modules_of() -> dict[str, list[str]]:
    """The modules in which each class is defined, without private classes and tests."""
    found: dict[str, list[str]] = defaultdict(list)
    packages = [each.parent for each in ROOT.glob("*/__init__.py") if each.parent.name != "tests"]
    for path in sorted(module for package in packages for module in package.rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(module)
    return found


def test_no_two_classes_share_a_name(modules_of: dict[str, list[str]]) -> None:
    """Except where they are the same thing, described to different readers."""
    shared = {name: modules for name, modules in modules_of.items() if not may_share(name, modules)}
    assert shared == {}


def test_the_exceptions_exist(modules_of: dict[str, list[str]]) -> None:
    """A pair that was renamed is removed from the list."""
    assert {name: set(modules_of[name]) for name in SAME_IDEA} == SAME_IDEA


def test_two_meanings_are_found() -> None:
    """Also within one vocabulary, and between a vocabulary and any other module."""
    assert may_share("Account", ["catalog.account_port", "client_sdk.models", "protocol.s2c"])
    assert not may_share("Job", ["protocol.s2t", "protocol.t2s"])
    assert not may_share("Session", ["catalog.records", "client_sdk.session"])
