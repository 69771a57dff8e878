"""What the package exports: everything that a caller can meet, and nothing of what is below."""

import dataclasses
import importlib
import inspect
import pkgutil
import tomllib
import typing
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import client_sdk
from client_sdk import Client, errors
from client_sdk.errors import CloudError

OWN = ("client_sdk", "protocol")
EXPORTED = {getattr(client_sdk, name) for name in client_sdk.__all__}


USED = {"__aenter__", "__anext__", "__enter__", "__next__"}
"""What the language calls of an object."""


def methods_of(kind: type) -> list[Any]:
    """What a caller uses of an object: its public methods and properties."""
    found = [
        getattr(value, "fget", value)
        for name, value in inspect.getmembers(kind)
        if not name.startswith("_") or name in USED
    ]
    return [each for each in found if str(getattr(each, "__module__", "")).startswith(OWN)]


def own_classes(hint: Any) -> set[type]:
    """The classes of this project that a type names, at whatever depth."""
    if isinstance(hint, list):
        return {found for part in hint for found in own_classes(part)}
    if isinstance(hint, type):
        is_own = hint.__module__.startswith(OWN) and not getattr(hint, "_is_protocol", False)
        return {hint} if is_own else set()
    return {found for part in typing.get_args(hint) for found in own_classes(part)}


def reachable(start: type, made_of: Mapping[str, Any]) -> set[type]:
    """All classes of this project that annotations lead to, from a class and its parameters."""
    seen: set[type] = set()
    waiting = {start}.union(*map(own_classes, made_of.values()))
    while waiting:
        kind = waiting.pop()
        seen.add(kind)
        is_plain = dataclasses.is_dataclass(kind) or issubclass(kind, Enum)
        described = [kind] if is_plain else methods_of(kind)
        hints = [hint for each in described for hint in typing.get_type_hints(each).values()]
        waiting |= {found for hint in hints for found in own_classes(hint)} - seen
    return seen


def test_whatever_a_client_takes_or_gives_is_exported() -> None:
    """Nobody needs an import from a module below to name a type, and no packet comes out."""
    found = reachable(Client, typing.get_type_hints(Client.__init__))
    assert {kind.__qualname__ for kind in found - EXPORTED} == set()


def test_every_error_is_exported() -> None:
    """Whatever is raised can be caught with an import from the package."""
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type)}
    assert {kind for kind in kinds if issubclass(kind, CloudError)} <= EXPORTED


def test_exports_are_sorted_and_documented() -> None:
    """`__all__` is complete, in order, and every class in it says what it is."""
    assert client_sdk.__all__ == sorted(client_sdk.__all__, key=str)
    public = {
        name
        for name, value in vars(client_sdk).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert public == set(client_sdk.__all__) - {"__version__"}
    undocumented = [
        kind.__qualname__
        for kind in EXPORTED
        if isinstance(kind, type) and not (kind.__doc__ or "").strip()
    ]
    assert undocumented == []


def test_the_version_is_that_of_the_package() -> None:
    """`__version__` is what the project says."""
    settings = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    reason = "the package is installed with an earlier version: install it again (`make test`)"
    assert client_sdk.__version__ == settings["project"]["version"], reason


@pytest.mark.parametrize("name", [each.name for each in pkgutil.iter_modules(client_sdk.__path__)])
def test_no_module_hides_a_public_error(name: str) -> None:
    """Errors are in one module, so that none escapes the list."""
    module = importlib.import_module(f"client_sdk.{name}")
    own = [each for each in vars(module).values() if isinstance(each, type)]
    for kind in own:
        if issubclass(kind, CloudError) and kind.__module__ == module.__name__:
            assert module is errors
