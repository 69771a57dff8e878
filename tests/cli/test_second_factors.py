"""`login` and `passwd` of a user with a second factor, against a running discord-cloud."""

import json
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
import pytest

from tests.cli.conftest import Cloud, Shell
from tests.client_sdk.running import PASSWORD

NEW = "another battery staple"


@dataclass
class App:
    """Carl's authenticator app, and his recovery codes."""

    secret: str
    recovery_codes: list[str]

    def code(self, step: int) -> str:
        """What it shows now, or so many steps later: each is accepted once."""
        return pyotp.TOTP(self.secret).at(int(time.time()) + 30 * step)


def ask(url: str, path: str, token: str | None = None, **body: str) -> Any:
    """What a route answers to JSON."""
    request = urllib.request.Request(f"{url}{path}", json.dumps(body).encode())  # noqa: S310
    request.add_header("Content-Type", "application/json")
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request) as response:  # noqa: S310 - of this machine
        return json.load(response)


@pytest.fixture(scope="module")
def carl(cloud: Cloud) -> App:
    """A user who has enrolled an app."""
    ask(
        cloud.url, "/register", username="carl", password=PASSWORD, adminToken=cloud.tokens["alice"]
    )
    token = ask(cloud.url, "/login", username="carl", password=PASSWORD)["token"]
    confirmed = ask(cloud.url, "/account/confirmation", token, password=PASSWORD)
    begun = ask(cloud.url, "/account/factors/totp", confirmation=confirmed["confirmation"])
    app = App(begun["secret"], [])
    done = ask(
        cloud.url, "/account/factors/totp/finish", enrolment=begun["enrolment"], code=app.code(-1)
    )
    return App(app.secret, done["recovery_codes"])


@pytest.fixture
def home(tmp_path: Path, cloud: Cloud) -> Shell:
    """A machine at which nobody has logged in."""
    return Shell(tmp_path / "machine", cloud.url)


def test_login_takes_a_code(home: Shell, carl: App) -> None:
    """Without one it says what to give; what is kept works without any further code."""
    refused = home("login", home.url, "carl", "--password-stdin", stdin=PASSWORD)
    assert refused.exit_code == 77
    assert "--code" in refused.stderr
    wrong = home("login", home.url, "carl", "--password-stdin", "--code", "000000", stdin=PASSWORD)
    assert wrong.exit_code == 77
    assert "wrong code" in wrong.stderr
    code = carl.code(0)
    done = home("login", home.url, "carl", "--password-stdin", "--code", code, stdin=PASSWORD)
    assert done.exit_code == 0
    assert home("ls", "/").exit_code == 0


def test_login_asks_for_a_code(home: Shell, carl: App) -> None:
    """On a terminal, after the password; a recovery code does as well."""
    home.answers = []
    asked = home("login", home.url, "carl", stdin=f"{PASSWORD}\n{carl.recovery_codes[0]}\n")
    assert asked.exit_code == 0, asked.stderr
    assert "Code of your second factor" in asked.stderr


def test_passwd_takes_a_code(home: Shell, carl: App) -> None:
    """The previous password is not enough to set another one."""
    lines = f"{PASSWORD}\n{NEW}\n"
    assert home("passwd", home.url, "carl", "--password-stdin", stdin=lines).exit_code == 77
    arguments = ("passwd", home.url, "carl", "--password-stdin", "--code", carl.recovery_codes[1])
    assert home(*arguments, stdin=lines).exit_code == 0
    code = ("--code", carl.recovery_codes[2])
    assert home("login", home.url, "carl", "--password-stdin", *code, stdin=NEW).exit_code == 0
