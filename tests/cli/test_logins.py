"""What `login` keeps, `sessions` and `app-passwords`, against a running discord-cloud."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cli.credentials import ClientEnvironment, Credentials, CredentialStore
from tests.cli.conftest import Cloud, Shell
from tests.client_sdk.running import PASSWORD


def kept(shell: Shell) -> Credentials:
    """What is in the file."""
    login = CredentialStore(shell.home, ClientEnvironment()).saved()
    assert login is not None
    return login


def aged(shell: Shell) -> None:
    """Lets the time after the login pass in which no password is asked for."""
    login = replace(kept(shell), account_until=time.time() - 1)
    CredentialStore(shell.home, ClientEnvironment()).save(login)


@pytest.fixture
def home(tmp_path: Path, cloud: Cloud) -> Shell:
    """A machine at which the administrator has just logged in."""
    shell = Shell(tmp_path / "machine", cloud.url)
    shell.login("alice")
    return shell


def test_login_keeps_an_app_password(home: Shell) -> None:
    """It is named after this machine, and does not manage accounts."""
    login = kept(home)
    assert login.token.startswith("dca_")
    assert login.user == "alice"
    names = [each["name"] for each in home.json("app-passwords", "list")]
    assert any(name.startswith("discord-cloud on ") for name in names)
    assert home("ls", "/").exit_code == 0


def test_another_login_replaces_the_one_before(home: Shell) -> None:
    """The app password of before is revoked, so that they do not pile up."""
    before = kept(home)
    number = len(home.json("app-passwords", "list"))
    home.login("alice")
    assert len(home.json("app-passwords", "list")) == number
    stale = Shell.logged_in(home.home / "stale", home.url, before.token)
    assert stale("ls", "/").exit_code == 77


def test_logout_ends_the_login_at_the_manager(home: Shell) -> None:
    """Whoever has copied the file has nothing."""
    login = kept(home)
    assert home("logout").stderr == "logged out\n"
    for token in (login.token, login.account_token):
        assert token is not None
        copied = Shell.logged_in(home.home / "copy", home.url, token)
        assert copied("ls", "/").exit_code == 77


def test_logout_without_a_manager(tmp_path: Path) -> None:
    """The file goes all the same, and what is left to do is said."""
    shell = Shell.logged_in(tmp_path, "http://127.0.0.1:9", "dca_lost")
    result = shell("logout")
    assert result.exit_code == 0
    assert "revoke the app password of this machine" in result.stderr
    assert "not logged in" in shell("logout").stderr


def test_administration_asks_for_the_password_after_a_while(home: Shell) -> None:
    """Right after the login it does not; later it does, once; files need none at any time."""
    assert home("keys", "list").exit_code == 0
    aged(home)
    assert home("ls", "/").exit_code == 0
    refused = home("keys", "list")
    assert refused.exit_code == 77
    assert "discord-cloud login" in refused.stderr
    home.answers = []
    wrong = home("keys", "list", stdin="not the password\n")
    assert (wrong.exit_code, "wrong user name or password" in wrong.stderr) == (77, True)
    assert home("keys", "list", stdin=f"{PASSWORD}\n").exit_code == 0
    assert home("keys", "list").exit_code == 0


def test_users_are_found_without_the_password(tmp_path: Path, cloud: Cloud) -> None:
    """By somebody who is no administrator, also long after the login."""
    shell = Shell(tmp_path, cloud.url)
    shell.login("bert")
    aged(shell)
    assert "bert" in shell("users", "list", "bert").stdout


def test_a_login_of_an_earlier_release_is_used_on(tmp_path: Path, cloud: Cloud) -> None:
    """Its file has a token, with which everything works as it did."""
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps({"url": cloud.url, "token": cloud.tokens["alice"], "ca_cert": None}))
    shell = Shell(tmp_path, cloud.url)
    assert shell("ls", "/").exit_code == 0
    assert shell("keys", "list").exit_code == 0


def test_a_changed_password_leaves_this_machine_logged_in(shell: Shell, tmp_path: Path) -> None:
    """The app password stays; what manages accounts is asked for anew."""
    registered = shell("register", shell.url, "pia", "--password-stdin", stdin=PASSWORD)
    assert registered.exit_code == 0
    home = Shell(tmp_path / "pia", shell.url)
    home.login("pia")
    token = kept(home).token
    new = f"{PASSWORD}\nanother one\n"
    assert home("passwd", home.url, "pia", "--password-stdin", stdin=new).exit_code == 0
    assert kept(home).token == token
    assert kept(home).account_token is None
    assert home("ls", "/").exit_code == 0


def test_sessions_are_listed_and_ended(home: Shell, tmp_path: Path, cloud: Cloud) -> None:
    """By the beginning of their ids, or all others at once; administrators end those of others."""
    registered = home("register", home.url, "sam", "--password-stdin", stdin=PASSWORD)
    assert registered.exit_code == 0
    sam = Shell(tmp_path / "sam", cloud.url)
    sam.login("sam")
    shown = home("sessions", "list", "--user", "sam").stdout
    assert "discord-cloud on " in shown
    listed = home.json("sessions", "list", "--user", "sam")
    [session] = [each for each in listed if each["device"].startswith("discord-cloud on ")]
    assert home("sessions", "end", session["id"][:8], "--user", "sam").exit_code == 0
    assert home("sessions", "end", session["id"], "--user", "sam").exit_code == 66
    assert sam("sessions", "list").exit_code == 77
    sam.login("sam")
    assert sam("sessions", "list", "--user", "alice").exit_code == 77
    ended = home("sessions", "end-others", "--user", "sam")
    assert "ended 1 session" in ended.stderr


def test_a_scope_is_held_to_and_shown(home: Shell, folder: str, tmp_path: Path) -> None:
    """An app password for reading a folder reads it, and does nothing else."""
    (tmp_path / "f").write_text("content")
    assert home("mkdir", folder).exit_code == 0
    assert home("put", tmp_path / "f", folder).exit_code == 0
    name = folder.strip("/")[:60]
    made = home("app-passwords", "add", name, "--read-only", "--folder", folder, "--days", 7)
    assert made.exit_code == 0
    text = made.stdout.strip()
    assert text.startswith("dca_")
    assert "cannot be shown again" in made.stderr
    environment = {"DISCORD_CLOUD_URL": home.url, "DISCORD_CLOUD_TOKEN": text}
    script = Shell(tmp_path / "script", home.url, environment=environment)
    assert "f" in script("ls", folder).stdout
    assert script("get", f"{folder}/f", tmp_path / "copy").exit_code == 0
    assert (tmp_path / "copy").read_text() == "content"
    for arguments in (("put", tmp_path / "f", folder), ("rm", f"{folder}/f"), ("ls", "/")):
        refused = script(*arguments)
        assert refused.exit_code != 0
        assert "this app password" in refused.stderr
    refused = script("keys", "list")
    assert (refused.exit_code, "this app password is confined" in refused.stderr) == (77, True)
    line = next(each for each in home("app-passwords", "list").stdout.splitlines() if name in each)
    assert line.startswith("reads")
    assert home("app-passwords", "revoke", name).exit_code == 0
    assert home("app-passwords", "revoke", name).exit_code == 66
    assert script("ls", folder).exit_code == 77


def test_profiles_are_logins_side_by_side(tmp_path: Path, cloud: Cloud) -> None:
    """Each is used where it is named, instead of the environment's; the login without a name stays."""
    shell = Shell(tmp_path / "home", cloud.url)
    shell.login("alice")
    arguments = ("--profile", "second", "login", cloud.url, "bert", "--password-stdin")
    assert shell(*arguments, stdin=PASSWORD).exit_code == 0
    listed = shell("--profile", "second", "profiles")
    assert listed.stdout == f"* second  bert  {cloud.url}\n"
    shell.environment["DISCORD_CLOUD_TOKEN"] = "wrong"
    assert shell("-p", "second", "ls").exit_code == 0
    assert shell("ls").exit_code == 77
    del shell.environment["DISCORD_CLOUD_TOKEN"]
    assert shell("-p", "second", "logout").exit_code == 0
    assert json.loads(shell("profiles", "--json").stdout) == []
    assert shell("ls").exit_code == 0


def test_profiles_that_are_missing_or_misnamed_are_told(shell: Shell) -> None:
    """A name is no path: it leads to no other file."""
    missing = shell("-p", "nobody", "ls")
    assert (missing.exit_code, "with the profile nobody" in missing.stderr) == (77, True)
    assert shell("-p", "../credentials", "ls").exit_code == 64


def test_quiet_leaves_notes_out_and_keeps_errors(shell: Shell, folder: str) -> None:
    """Data and errors are printed all the same."""
    assert shell("mkdir", "-p", f"{folder}/x").exit_code == 0
    assert shell("tree", folder).stderr != ""
    quiet = shell("-q", "tree", folder)
    assert (quiet.stdout, quiet.stderr) == (f"{folder}\n└── x/\n", "")
    assert "no such folder" in shell("-q", "tree", f"{folder}/none").stderr
