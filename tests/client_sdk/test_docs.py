"""docs/sdk.md and the Python part of the README are true: their examples run, their tables are complete."""

import ast
import asyncio
import dataclasses
import inspect
import re
from enum import Enum
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

import client_sdk
from client_sdk import Client, ClientSettings, SyncClient
from tests.client_sdk.content import content_of
from tests.docs.blocks import ROOT, blocks_of

PAGE = (ROOT / "docs" / "sdk.md").read_text()
ADDRESS = "http://127.0.0.1:4000"
EXAMPLES = {
    f"{Path(page).name}-{number}": example
    for page in ("docs/sdk.md", "README.md")
    for number, example in enumerate(
        [block.text for block in blocks_of(page) if block.language == "python"], 1
    )
}


def rows_of(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its head and its lines in bold."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    return [row for row in rows[2:] if not row[0].startswith("**")]


def signature_of(name: str) -> str:
    """A method of the client as the page writes it."""

    def written(parameter: inspect.Parameter) -> inspect.Parameter:
        default = parameter.default
        default = default.value if isinstance(default, Enum) else default
        return parameter.replace(annotation=parameter.empty, default=default)

    found = inspect.signature(getattr(Client, name))
    parameters = [written(each) for each in list(found.parameters.values())[1:]]
    return name + str(inspect.Signature(parameters)).replace("'", '"')


def test_the_page_lists_every_method_with_its_arguments() -> None:
    """None is missing, none is made up, and all defaults are right."""
    documented = [row[0].strip("`") for row in rows_of("All methods")]
    names = [name for name, _ in inspect.getmembers(Client, inspect.isfunction) if name[0] != "_"]
    assert sorted(documented) == sorted(signature_of(name) for name in names)


def test_the_page_lists_every_error_with_its_code() -> None:
    """No error is missing, none is made up, and all codes are right."""
    documented = {row[0].strip("`"): row[1].strip("`") for row in rows_of("Errors")}
    exported = [getattr(client_sdk, name) for name in client_sdk.__all__]
    kinds = [kind for kind in exported if isinstance(kind, type)]
    errors = [kind for kind in kinds if issubclass(kind, client_sdk.CloudError)]
    assert documented == {kind.code: kind.__name__ for kind in errors}


def test_the_page_lists_every_model_with_its_attributes() -> None:
    """Each dataclass that a caller meets, and each of its attributes, in their order."""
    documented = {row[0].strip("`"): re.findall(r"`(\w+)`", row[1]) for row in rows_of("Models")}
    exported = {name: getattr(client_sdk, name) for name in client_sdk.__all__}
    models = {
        name: [field.name for field in dataclasses.fields(kind)]
        for name, kind in exported.items()
        if dataclasses.is_dataclass(kind) and kind is not ClientSettings
    }
    assert documented == models


def test_the_page_lists_every_setting_with_its_default() -> None:
    """What only tests set is left out."""
    documented = {row[0].strip("`"): row[1] for row in rows_of("Settings")}
    settings = {field.name: field for field in dataclasses.fields(ClientSettings) if field.repr}
    assert documented == {name: str(field.default) for name, field in settings.items()}


def test_the_page_names_all_that_is_exported() -> None:
    """Whatever can be imported is explained, or at least told."""
    names = client_sdk.__all__
    assert [name for name in names if not re.search(rf"`[^`\n]*\b{name}\b", PAGE)] == []


@pytest.fixture
def workplace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cloud_url: str, tokens: dict[str, str]
) -> Path:
    """The folder in which the examples run, with the local and remote files that they name."""
    monkeypatch.chdir(tmp_path)
    for name in ("holiday.mp4", "big.iso", "holiday/day 1/sea.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content_of(5000))
    with SyncClient(cloud_url, tokens["alice"]) as cloud:
        cloud.upload("holiday.mp4", "/videos/holiday.mp4", on_conflict="overwrite")
        for remote in ("/videos/readme.txt", "/archive/readme.txt"):
            cloud.upload(b"text", remote, on_conflict="overwrite")
    return tmp_path


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_runs(name: str, cloud_url: str, tokens: dict[str, str]) -> None:
    """As it stands, at a manager that runs; with `cloud` and the imports that the page promises."""
    example = EXAMPLES[name].replace(ADDRESS, cloud_url)
    names: dict[str, Any] = {"token": tokens["alice"]}
    names |= {each: getattr(client_sdk, each) for each in client_sdk.__all__}
    code = compile(example, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if not code.co_flags & inspect.CO_COROUTINE:
        exec(code, names)  # noqa: S102 - our own documentation
    else:
        asyncio.run(run_with_cloud(code, names, cloud_url))


async def run_with_cloud(code: CodeType, names: dict[str, Any], url: str) -> None:
    """Runs what has an `await` outside of a function, with a client that has been entered."""
    async with asyncio.timeout(60), Client(url, names["token"]) as cloud:
        await eval(code, names | {"cloud": cloud})  # noqa: S307 - our own documentation


def test_the_first_examples_do_what_they_show(
    workplace: Path, cloud_url: str, tokens: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The film is there, and comes back."""
    test_every_example_runs("sdk.md-1", cloud_url, tokens)
    assert "/videos/holiday.mp4\n" in capsys.readouterr().out
    test_every_example_runs("README.md-1", cloud_url, tokens)
    for copy in ("copy.mp4", "copy.iso"):
        assert (workplace / copy).read_bytes() == content_of(5000)
