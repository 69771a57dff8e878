"""No code block of the documentation escapes: each is run, or validated, or says why not."""

import ast
import json
import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import crossplane
import dotenv
import graphql
import pytest
import typer.main
import yaml  # type: ignore[import-untyped]

from cli.main import app
from manager.graphql.schema import schema
from processing_service.views import load_views
from protocol import codec
from protocol.codec import NAMESPACES, PACKETS
from tests.docs.blocks import PAGES, ROOT, Block, blocks, blocks_of

NOT_RUN = {
    "makes a virtual environment of its own": 2,
    "needs an upload that the manager has accepted": 2,
    "needs Docker": 6,
    "needs a cluster": 4,
    "needs a registry": 1,
    "needs a Supabase project": 2,
    "runs until it is interrupted": 1,
}
"""Why a block of shell commands is not run, and how many such blocks there are."""
SAMPLES = {
    "<uuid>": "6f2c1c9e-8a54-4f0e-9d57-1f8a2b7c3d4e",
    "…": "6f2c1c9e-8a54-4f0e-9d57-1f8a2b7c3d4e",
    "<token>": "token",
    "<snowflake>": "123456789012345678",
    "<base64 of 32 bytes>": "A" * 43 + "=",
    "<SHA-256 of the plain bytes>": "0" * 64,
    "<hash of the content>": "0" * 64,
}
"""What stands in packets for something that only a real one has."""


def ids(found: list[Block]) -> dict[str, Any]:
    """Arguments of `parametrize`."""
    return {"argvalues": found, "ids": [block.place for block in found]}


def test_every_block_names_its_language() -> None:
    """An indented block could be anything, so there is none; what is no code is `text`."""
    known = {
        *("bash", "crontab", "dotenv", "graphql", "json", "mermaid", "nginx"),
        *("python", "text", "toml", "yaml"),
    }
    assert [
        each.place for page in PAGES for each in blocks_of(page) if each.language not in known
    ] == []


def test_few_blocks_are_not_run() -> None:
    """A block that cannot run says why, and their number does not grow by itself."""
    reasons = [block.noted("not-run") for block in blocks("bash", "python")]
    assert Counter(reason for reason in reasons if reason) == NOT_RUN


@pytest.mark.parametrize("block", **ids(blocks("bash")))
def test_shell_commands_can_be_read(block: Block) -> None:
    """Bash understands the block, whether it runs it or not."""
    done = subprocess.run(
        ["/bin/bash", "-n"], input=block.text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def commands_in(text: str) -> Iterator[list[str]]:
    """The words of each call of `discord-cloud`, without those of comments and of pipes."""
    for line in text.replace("\\\n", " ").splitlines():
        for call in re.findall(r"discord-cloud ((?:[^|<>;#&]|\w[|]\w)+)", line.partition("  #")[0]):
            yield call.split()


def all_commands() -> dict[str, set[str]]:
    """Each command with its options."""

    def walk(commands: Any, before: str = "") -> Iterator[tuple[str, set[str]]]:
        for name, command in commands.items():
            if hasattr(command, "commands"):
                yield from walk(command.commands, f"{name} ")
            else:
                options = {
                    text for each in command.params for text in each.opts + each.secondary_opts
                }
                yield f"{before}{name}", {text for text in options if text.startswith("-")}

    group: Any = typer.main.get_command(app)
    return dict(walk(group.commands))


@pytest.mark.parametrize("block", **ids(blocks("bash")))
def test_commands_and_their_options_exist(block: Block) -> None:
    """Also in blocks that are not run."""
    commands = all_commands()
    for first, *rest in commands_in(block.text):
        name, words = (first, rest) if first in commands else (f"{first} {rest[0]}", rest[1:])
        options = {word.partition("=")[0] for word in words if re.match(r"-{1,2}[a-z]", word)}
        assert options <= commands[name] | {"--help"}, name


def usages() -> dict[str, set[str]]:
    """Each command that a synopsis shows, and the options that it shows."""
    found: dict[str, set[str]] = {}
    synopses = "".join(
        each.text for page in PAGES for each in blocks_of(page) if each.note == "usage"
    )
    for call in re.split(r"^discord-cloud ", synopses, flags=re.MULTILINE)[1:]:
        name = re.match(r"[a-z-]+( [a-z-]+)*", call)
        assert name, call
        options = re.findall(r"(?<![\w-])-{1,2}[a-z][a-z-]*", call)
        found.setdefault(name[0], set()).update(options)
    return found


def test_the_synopses_have_every_command_with_its_options() -> None:
    """No command and no option is missing, and none is made up."""
    assert usages() == all_commands()


def compose_calls() -> Iterator[tuple[str, list[str]]]:
    """Each subcommand of `docker compose` that a page shows, with its words but for options."""
    for block in blocks("bash", "crontab"):
        for call in re.findall(r"docker compose ([^|<>;&#\n]+)", block.text):
            subcommand, *words = call.split()
            words = [word.partition("=")[0] if "=" in word else word for word in words]
            yield subcommand, [word for word in words if not word.startswith("-")]


def test_compose_knows_the_services_that_it_is_told_of() -> None:
    """What is started, stopped or run by itself is in docker-compose.yml, and runs a command that exists."""
    files = ("docker-compose.yml", "deploy/emulator.yml")
    services = {
        name for file in files for name in yaml.safe_load((ROOT / file).read_text())["services"]
    }
    for subcommand, words in compose_calls():
        named = words[:1] if subcommand in {"run", "exec"} else words
        assert set(named) <= services, words
        if subcommand == "run" and not words[1].startswith("/"):  # that is of another entry point
            assert {words[1], " ".join(words[1:3])} & all_commands().keys(), words


def known_settings() -> set[str]:
    """What programs and compose read."""
    page = (ROOT / "docs" / "settings.md").read_text()
    example = (ROOT / ".env.example").read_text()
    secrets = (ROOT / "deploy" / "make-secrets.sh").read_text()
    return {
        *re.findall(r"^\| `([A-Z_]+)`", page, re.MULTILINE),
        *re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE),
        *re.findall(r"^([A-Z_]+)=", secrets, re.MULTILINE),
    }


@pytest.mark.parametrize("block", **ids(blocks("yaml")))
def test_overrides_of_the_compose_file_are_of_it(block: Block) -> None:
    """What a page tells to override is there to be overridden."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    override = yaml.safe_load(block.text)
    # tests/house/test_kubernetes.py looks at what is for Kubernetes.
    services = {} if "apiVersion" in override else override["services"]
    for name, service in services.items():
        assert set(service) <= set(compose["services"][name]), name


@pytest.mark.parametrize("block", **ids(blocks("dotenv")))
def test_settings_exist(block: Block) -> None:
    """Files of settings can be read, and name nothing that nobody reads."""
    values = dotenv.dotenv_values(stream=StringIO(block.text))
    assert None not in values.values()
    assert set(values) <= known_settings()


@pytest.mark.parametrize("block", **ids(blocks("crontab")))
def test_cron_jobs_can_be_read(block: Block) -> None:
    """Five fields, and a command in which each percent sign is escaped."""
    *when, command = block.text.strip().split(maxsplit=5)
    assert all(re.fullmatch(r"[*]|[\d,/-]+", field) for field in when)
    assert not re.search(r"(?<!\\)%", command)
    subprocess.run(["/bin/bash", "-n"], input=command.replace("\\%", "%"), text=True, check=True)


@pytest.mark.parametrize("block", **ids(blocks("json")))
def test_json_is_what_it_claims_to_be(block: Block) -> None:
    """JSON can be read; what is shown as a packet is one, to the last field."""
    text = block.text
    for sample, value in SAMPLES.items():
        text = text.replace(sample, value)
    content = json.loads(text)
    packet = block.noted("packet")
    if packet is not None:
        content = {"id": packet, "uuid": SAMPLES["<uuid>"], "data": content}
    if packet is not None or block.note == "frame":
        packets = PACKETS.values()
        extensions = {each.extension for each in packets if each.extension}
        extensions |= {name for each in packets for name in each.extension_fields.values()}
        frame = json.dumps(content)
        codec.decode(frame, accepts=frozenset(NAMESPACES), extensions=frozenset(extensions))


@pytest.mark.parametrize("block", **ids(blocks("toml")))
def test_toml_can_be_read(block: Block, tmp_path: Path) -> None:
    """It is valid, and what configures views does so."""
    if "views" in tomllib.loads(block.text):
        file = tmp_path / "views.toml"
        file.write_text(block.text)
        assert load_views(file).views


@pytest.mark.parametrize("block", **ids(blocks("graphql")))
def test_graphql_fits_the_schema(block: Block) -> None:
    """Every field and argument of a request exists."""
    document = graphql.parse(block.text)
    assert graphql.validate(graphql.build_schema(schema.as_str()), document) == []


def nginx_files(folder: Path) -> Iterator[Path]:
    """The configuration of the gateway, and those of the pages, each as a whole."""
    gateway = (ROOT / "deploy" / "gateway.conf.template").read_text()
    whole = (ROOT / "deploy" / "nginx.conf").read_text()
    (folder / "gateway.conf").write_text(re.sub(r"[$][{](\w+)[}]", "127.0.0.1", gateway))
    (folder / "nginx.conf").write_text(whole.replace("/tmp/", f"{folder}/"))
    yield folder / "nginx.conf"
    for number, block in enumerate(blocks("nginx")):
        is_beside_servers = block.text.startswith("upstream")
        text = block.text if is_beside_servers else f"server {{\n{block.text}}}"
        file = folder / f"{number}.conf"
        file.write_text(f"events {{}}\nhttp {{\n{text}\n}}\n")
        yield file


def test_nginx_understands_what_it_is_given(tmp_path: Path) -> None:
    """Every directive exists, where it stands and with as many arguments."""
    for file in nginx_files(tmp_path):
        parsed = crossplane.parse(str(file), strict=True, ignore=["map"])
        assert parsed["errors"] == []
        assert parsed["status"] == "ok"


@pytest.mark.parametrize("block", **ids(blocks("python")))
def test_python_can_be_compiled(block: Block) -> None:
    """As a module, or with an `await` outside of functions."""
    compile(block.text, block.place, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
