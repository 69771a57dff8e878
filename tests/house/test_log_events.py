"""Every line that is logged is an event with a name that can be searched for."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
METHODS = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
FORWARDS = frozenset({"common/faults.py", "common/log_events.py"})
"""These log what others name."""


def _packages() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages: list[str] = settings["tool"]["importlinter"]["root_packages"]
    return packages


def _events(tree: ast.AST) -> Iterator[tuple[int, ast.expr | None]]:
    """The line of each call of a logger, and what it passes as the event."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = node.func.value
        name = getattr(owner, "id", None) or getattr(owner, "attr", "")
        if node.func.attr in METHODS and name in {"log", "_log"}:
            position = 1 if node.func.attr == "log" else 0
            yield node.lineno, node.args[position] if len(node.args) > position else None


def test_events_have_names_in_kebab_case():
    """No sentences, and nothing that differs from line to line: that is what fields are for."""
    found, wrong = 0, []
    for package in _packages():
        for path in (ROOT / package).rglob("*.py"):
            relative = path.relative_to(ROOT).as_posix()
            if relative in FORWARDS:
                continue
            for line, event in _events(ast.parse(path.read_text(encoding="utf-8"))):
                found += 1
                text = event.value if isinstance(event, ast.Constant) else None
                if not isinstance(text, str) or not NAME.fullmatch(text):
                    wrong.append(f"{relative}:{line}")
    assert wrong == []
    assert found > 100
