"""A discord-cloud that runs for the length of the tests, and commands that use it."""

import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.context import CommandContext
from cli.credentials import ClientEnvironment, Credentials, CredentialStore
from cli.main import app
from cli.output import TextOutput
from client_sdk import ClientSettings
from tests.client_sdk.running import PASSWORD, registered, running_cloud

Put = Callable[..., None]
"""Uploads files, each with its name as content, into the folder of the test."""


@pytest.fixture(autouse=True)
def signal_handlers() -> Iterator[None]:
    """Those of before come back: a program that was told to stop keeps its own, to end undisturbed."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


async def no_answer() -> str:
    """Fails: there is no terminal to ask on."""
    raise AssertionError("there is no terminal to ask on")


@dataclass
class Shell:
    """Runs client commands as one user of one machine."""

    home: Path
    url: str
    answers: list[str] | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: object, stdin: str = "") -> Result:
        """Run a command to its end."""
        return CliRunner().invoke(
            app, [str(argument) for argument in arguments], input=stdin, obj=self.command_context()
        )

    def json(self, *arguments: object) -> Any:
        """The JSON that a command prints."""
        return json.loads(self(*arguments, "--json").stdout)

    @classmethod
    def logged_in(cls, home: Path, url: str, token: str) -> "Shell":
        """One whose user has logged in before."""
        CredentialStore(home, ClientEnvironment()).save(Credentials(url, token))
        return cls(home, url)

    def login(self, name: str) -> None:
        """Log in."""
        assert self("login", self.url, name, "--password-stdin", stdin=PASSWORD).exit_code == 0

    def command_context(self) -> CommandContext:
        """The context that the commands are given."""
        environment = ClientEnvironment.read(self.environment)
        return CommandContext(
            out=TextOutput(),
            err=TextOutput(is_error=True),
            credentials=CredentialStore(self.home, environment),
            is_interactive=self.answers is not None,
            read_line=no_answer if self.answers is None else self._answer,
            client_settings=ClientSettings(retry_first_s=0.0, upload_attempts=2),
        )

    async def _answer(self) -> str:
        assert self.answers is not None
        return self.answers.pop(0)


@dataclass(frozen=True)
class Cloud:
    """A running discord-cloud, and the tokens of its users; alice is the administrator."""

    url: str
    tokens: dict[str, str]


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Runs for all tests."""
    with running_cloud(tmp_path_factory.mktemp("cloud")) as url:
        yield Cloud(url, registered(url, "alice", "bert", "berta"))


@pytest.fixture(scope="session")
def cloud_url(cloud: Cloud) -> str:
    """The address of the running discord-cloud."""
    return cloud.url


@pytest.fixture
def shell(tmp_path: Path, cloud: Cloud) -> Shell:
    """Commands of the administrator, who is logged in."""
    return Shell.logged_in(tmp_path / "home", cloud.url, cloud.tokens["alice"])


@pytest.fixture
def bert(tmp_path: Path, cloud: Cloud) -> Shell:
    """Commands of another user."""
    return Shell.logged_in(tmp_path / "home of bert", cloud.url, cloud.tokens["bert"])


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> str:
    """A remote folder for one test alone."""
    return "/" + "".join(c if c.isalnum() else "-" for c in request.node.name)[-100:].strip("-")


@pytest.fixture
def put(shell: Shell, tmp_path: Path, folder: str) -> Put:
    """Uploads files, each with its name as content, into the folder of the test."""

    def put_all(*names: str) -> None:
        root = tmp_path / "source"
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(name)
        assert shell("put", *root.iterdir(), f"{folder}/").exit_code == 0

    return put_all
