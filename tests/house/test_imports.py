"""Every module can be imported by itself, so that no import order is a secret precondition."""

import ast
import json
import subprocess
import sys
import tomllib
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]

# The libraries are imported once, and each module in a fork of the process that has imported what it
# imports anyway: a new interpreter for each would take minutes.
SCRIPT = """
import importlib, json, os, sys
import aiohttp.web, argon2, cryptography, jwt, msgspec, prometheus_client
import pydantic_settings, rich.progress, structlog, typer, websockets

heirs = json.load(sys.stdin)

def fails(name):
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] != 0
    try:
        importlib.import_module(name)
    except BaseException as error:
        os.write(2, f"{name}: {error!r}\\n".encode())
        os._exit(1)
    os._exit(any_fails(name))

def any_fails(above):
    return sum([fails(name) for name in heirs.get(above, [])]) > 0

sys.exit(any_fails(""))
"""


def rooms() -> list[str]:
    """The top-level packages that import-linter knows."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages: list[str] = settings["tool"]["importlinter"]["root_packages"]
    return packages


def modules() -> dict[str, Path]:
    """Every module of the project, by its dotted name."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for room in rooms()
        for path in sorted((ROOT / room).rglob("*.py"))
    }


def heirs() -> dict[str, list[str]]:
    """For each module those that are imported after it, as they import it themselves; "": first."""
    found = modules()
    imports = {name: imported_at_once(name, path) & found.keys() for name, path in found.items()}
    closure: dict[str, set[str]] = {}
    after: dict[str, list[str]] = defaultdict(list)
    for name in TopologicalSorter(imports).static_order():
        closure[name] = {name}.union(*(closure[other] for other in imports[name]))
        nearest = max(sorted(imports[name]), key=lambda other: len(closure[other]), default="")
        after[nearest].append(name)
    return after


def imported_at_once(name: str, path: Path) -> set[str]:
    """What a module imports whenever it is imported, beside the packages that it is in."""
    statements = ast.parse(path.read_text()).body
    imported = {str(each.module) for each in statements if isinstance(each, ast.ImportFrom)}
    return {other for other in imported if not f"{name}.".startswith(f"{other}.")}


def test_every_module_imports_alone():
    """No module relies on another one having been imported before it."""
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", SCRIPT],
        input=json.dumps(heirs()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_no_modules_import_each_other_in_a_circle():
    """What a module needs is below it, also where it needs no more than a type."""
    graph = grimp.build_graph(*rooms(), cache_dir=None)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    TopologicalSorter(imports).prepare()  # its error names the circle


def test_every_room_is_packaged_and_checked():
    """A new room is installed, type-checked and held to the layers, or this fails."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packaged = {
        name.rstrip("*") for name in settings["tool"]["setuptools"]["packages"]["find"]["include"]
    }
    tools = {"benchmarks", "local_supabase"}
    on_disk = {path.parent.name for path in ROOT.glob("*/__init__.py")} - tools
    assert packaged == on_disk == set(rooms())
    assert on_disk <= set(settings["tool"]["mypy"]["packages"])
