"""`register`, `login`, `logout`, `passwd` and `users`, against a running discord-cloud."""

import asyncio
import contextlib
import json
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from typer.testing import Result

from cli.credentials import ClientEnvironment, Credentials, CredentialStore
from cli.errors import CredentialsUnusable
from client_sdk.errors import NotLoggedIn
from tests.certificates import server_context, write_certificate
from tests.cli.conftest import Cloud, Shell
from tests.client_sdk.running import PASSWORD, running_cloud


def stored(folder: Path, **environment: str) -> CredentialStore:
    """A store with this environment."""
    return CredentialStore(folder, ClientEnvironment.read(environment))


def test_login_is_kept_for_its_owner_alone(tmp_path: Path, cloud_url: str) -> None:
    """The file with the token has mode 0600, holds the address, and goes with `logout`."""
    shell = Shell(tmp_path, cloud_url)
    result = shell("login", f"{cloud_url}/", "alice", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert (result.exit_code, result.stdout) == (0, "")
    path = tmp_path / "credentials.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["url"] == cloud_url
    assert shell("ls").exit_code == 0
    assert "logged out" in shell("logout").stderr
    assert "not logged in" in shell("logout").stderr
    result = shell("ls")
    assert result.exit_code == 77
    assert "discord-cloud login" in result.stderr


@pytest.mark.parametrize(
    ("user", "password", "code"),
    [
        ("alice", "wrong horse", 77),
        ("nobody", PASSWORD, 77),
        ("a b", PASSWORD, 64),
        ("alice", "x", 64),
    ],
)
def test_a_failed_login_is_one_line(tmp_path, cloud_url, user, password, code) -> None:
    """What is wrong is said in one line without the password, and nothing is kept."""
    shell = Shell(tmp_path, cloud_url)
    result = shell("login", cloud_url, user, "--password-stdin", stdin=password)
    assert result.exit_code == code
    assert result.stderr.startswith("discord-cloud: ")
    assert result.stderr.count("\n") == 1
    assert password not in result.stderr.split()
    assert list(tmp_path.iterdir()) == []


def test_a_new_password_is_asked_for_twice(shell: Shell) -> None:
    """A typing error does not make a user; the next step is printed."""
    shell.answers = []
    result = shell(
        "register", shell.url, "edgar", stdin="password1\npassword2\npassword3\npassword3\n"
    )
    assert result.exit_code == 0
    assert f"discord-cloud login {shell.url} edgar" in result.stderr
    login = shell("login", shell.url, "edgar", "--password-stdin", stdin="password3")
    assert login.exit_code == 0


@pytest.mark.parametrize("command", ["register", "login", "passwd"])
def test_passwords_are_not_waited_for_without_a_terminal(shell: Shell, command: str) -> None:
    """A script that forgets `--password-stdin` is told so at once."""
    result = shell(command, shell.url, "alice")
    assert result.exit_code == 64
    assert result.stderr == (
        "discord-cloud: there is no terminal to ask on: use --password-stdin\n"
    )


def test_a_prompt_that_is_left_is_an_interrupt(shell: Shell) -> None:
    """Ctrl-C or the end of the input at a prompt ends as Ctrl-C does everywhere."""
    shell.answers = []
    result = shell("login", shell.url, "alice", stdin="")
    assert result.exit_code == 130
    assert result.stderr.endswith("discord-cloud: interrupted\n")


def test_an_address_without_a_manager_is_told(shell: Shell) -> None:
    """A server that is something else, or a wrong path, is not taken for a missing file."""
    result = shell("login", f"{shell.url}/elsewhere", "alice", "--password-stdin", stdin=PASSWORD)
    assert result.exit_code == 69
    assert result.stderr == (
        f"discord-cloud: what answers at {shell.url}/elsewhere is not the manager (HTTP 404): check the "
        "address and its port\n"
    )


async def test_a_certificate_of_ones_own_is_remembered(
    tmp_path: Path, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`login --ca-cert` counts for all later commands, from any folder; else the environment does."""
    file = write_certificate(tmp_path / "ca.pem", ends_in=timedelta(days=1))
    monkeypatch.chdir(tmp_path)
    async with tls_in_front(cloud.url, file) as url:
        shell = Shell(tmp_path / "home", url)

        async def run(*arguments: str) -> Result:
            return await asyncio.to_thread(shell, *arguments, stdin=PASSWORD)

        login = ("login", url, "alice", "--password-stdin")
        refused = await run(*login)
        assert refused.exit_code == 69
        assert "--ca-cert" in refused.stderr
        assert (await run(*login, "--ca-cert", "ca.pem")).exit_code == 0
        monkeypatch.chdir("/")
        assert (await run("ls")).exit_code == 0
        assert (await run(*login)).exit_code == 0
        shell.environment = {"DISCORD_CLOUD_CA_CERT": str(tmp_path / "missing")}
        unread = await run("ls")
        assert (unread.exit_code, "missing: No such file" in unread.stderr) == (64, True)


@asynccontextmanager
async def tls_in_front(url: str, certificate: Path) -> AsyncIterator[str]:
    """Pass connections that speak TLS on to a server that does not; yields the address."""
    port = urlsplit(url).port

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(65536):
                writer.write(piece)
                await writer.drain()
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pipe(reader, inner_writer), pipe(inner_reader, writer))

    tls = server_context(certificate)
    async with await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls) as server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"


def test_more_users_need_an_administrator(shell: Shell, tmp_path: Path) -> None:
    """The login of an administrator is enough; so is a token; nothing is not."""
    stranger = Shell(tmp_path / "other", shell.url)
    arguments = ("register", shell.url, "carla", "--password-stdin")
    result = stranger(*arguments, stdin=PASSWORD)
    assert result.exit_code == 77
    assert "--admin-token" in result.stderr
    token = json.loads((shell.home / "credentials.json").read_text())["token"]
    assert stranger(*arguments, "--admin-token", token, stdin=PASSWORD).exit_code == 0
    assert shell(*arguments, stdin=PASSWORD).exit_code == 65


def test_the_first_user_needs_the_setup_code(tmp_path: Path) -> None:
    """It is asked for on a terminal, and elsewhere the option is named. The old login is of no use then."""
    with running_cloud(tmp_path, setup_code="open sesame") as url:
        shell = Shell(tmp_path / "home", url)
        arguments = ("register", url, "alice", "--password-stdin")
        silent = shell(*arguments, stdin=PASSWORD)
        assert silent.exit_code == 77
        assert "--setup-code" in silent.stderr
        wrong = shell(*arguments, "--setup-code", "open barley", stdin=PASSWORD)
        assert wrong.exit_code == 77
        assert "wrong setup code" in wrong.stderr
        shell.answers = [" open sesame "]
        asked = shell(*arguments, stdin=PASSWORD)
        assert asked.exit_code == 0
        assert "registered alice" in asked.stderr
        shell.answers = None
        shell.login("alice")
        assert shell("register", url, "bob", "--password-stdin", stdin=PASSWORD).exit_code == 0
        again = shell(*arguments, "--setup-code", "open sesame", stdin=PASSWORD)
        assert again.exit_code == 77
        assert "administrator" in again.stderr


def test_a_token_never_goes_to_another_address(tmp_path: Path) -> None:
    """An address from the environment does not get the token of the last login."""
    stored(tmp_path).save(Credentials("http://one", "token-one"))
    assert stored(tmp_path).current() == Credentials("http://one", "token-one")
    with pytest.raises(NotLoggedIn, match="http://two"):
        stored(tmp_path, DISCORD_CLOUD_URL="http://two").current()
    assert stored(tmp_path).login_for("http://two") is None


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    """Address and token may come from the environment, with or without a file."""
    environment = {"DISCORD_CLOUD_URL": "http://two", "DISCORD_CLOUD_TOKEN": "token-two"}
    assert stored(tmp_path, **environment).current() == Credentials("http://two", "token-two")
    stored(tmp_path).save(Credentials("http://one", "token-one"))
    assert stored(tmp_path, **environment).current() == Credentials("http://two", "token-two")
    assert stored(tmp_path, DISCORD_CLOUD_TOKEN="t").current() == Credentials("http://one", "t")


@pytest.mark.parametrize("damaged", [b"{", b'{"url": "\xff"}', b'{"a":' + b"[" * 5000])
def test_a_damaged_file_says_what_to_do(tmp_path: Path, damaged: bytes) -> None:
    """A file that cannot be understood is an error of its own, as is a place that is no folder."""
    (tmp_path / "credentials.json").write_bytes(damaged)
    with pytest.raises(CredentialsUnusable, match="delete it"):
        stored(tmp_path).current()
    with pytest.raises(CredentialsUnusable, match="cannot write"):
        stored(tmp_path / "credentials.json").save(Credentials("http://one", "token"))


def test_a_token_is_never_shown() -> None:
    """The repr of a login hides its token."""
    assert "secret" not in repr(Credentials("http://one", "secret"))


Arrival = Callable[[str], Shell]


@pytest.fixture
def arrived(shell: Shell, tmp_path: Path) -> Arrival:
    """Makes users; gives their commands."""

    def arrive(name: str) -> Shell:
        registered = shell("register", shell.url, name, "--password-stdin", stdin=PASSWORD)
        assert registered.exit_code == 0
        home = Shell(tmp_path / f"home of {name}", shell.url)
        home.login(name)
        return home

    return arrive


def put(owner: Shell, folder: str, *names: str) -> None:
    """Uploads files, each with its name as content."""
    root = owner.home / "source"
    root.mkdir()
    for name in names:
        (root / name).write_text(name)
    assert owner("put", *root.iterdir(), f"{folder}/").exit_code == 0


def names(shell: Shell, *arguments: str) -> list[str]:
    """The names of the users that are listed."""
    return [user["name"] for user in shell.json("users", "list", *arguments)]


def access(shell: Shell, folder: str) -> dict[str, str]:
    """What the files of a folder are to a user, by name."""
    return {entry["name"]: entry["ownership"] for entry in shell.json("ls", folder)}


def test_users_are_found_by_everybody(bert: Shell) -> None:
    """Those whose name holds the query; all without one."""
    assert bert("users", "list", "bert").stdout.splitlines()[:2] == ["bert", "berta"]
    assert set(bert.json("users", "list", "berta")[0]) == {"id", "name"}
    everybody = bert("users", "list").stdout.splitlines()
    assert {"alice", "bert", "berta"} <= set(everybody)
    assert everybody == sorted(set(everybody), key=str.lower)
    assert bert("users", "list", "zzz").stdout == ""
    assert bert("users", "list", "a b").exit_code == 64


def test_administrators_see_what_users_own(shell: Shell, arrived: Arrival, folder: str) -> None:
    """With their role, number and size of files."""
    put(arrived("rich"), folder, "a", "bcd")
    (line,) = shell("users", "list", "RICH").stdout.splitlines()
    assert line.split() == ["user", "2", "files", "4", "B", "rich"]
    (rich,) = shell.json("users", "list", "rich")
    assert (rich["is_admin"], rich["file_count"], rich["total_size"]) == (False, 2, 4)
    assert shell("users", "list", "alice").stdout.startswith("administrator ")
    assert {"alice", "bert", "berta", "rich"} <= set(names(shell))
    assert shell("users", "list", "a b").exit_code == 64


def test_a_password_is_reset(shell: Shell, arrived: Arrival) -> None:
    """It is asked for twice on a terminal, and read from standard input elsewhere."""
    gina = arrived("gina")
    result = shell("users", "reset-password", "gina", "--password-stdin", stdin="another horse\n")
    assert (result.exit_code, result.output) == (0, "changed the password of gina\n")
    assert gina("ls").exit_code == 77
    arguments = ("login", shell.url, "gina", "--password-stdin")
    assert gina(*arguments, stdin=PASSWORD).exit_code == 77
    assert gina(*arguments, stdin="another horse").exit_code == 0
    assert shell("users", "reset-password", "gina").exit_code == 64
    shell.answers = []
    twice = "password1\npassword2\npassword3\npassword3\n"
    assert shell("users", "reset-password", "gina", stdin=twice).exit_code == 0
    assert gina(*arguments, stdin="password3").exit_code == 0
    result = shell("users", "reset-password", "gina", "--password-stdin", stdin="short")
    assert (result.exit_code, "short" in result.stderr.split()) == (64, False)
    own = shell("users", "reset-password", "alice", "--password-stdin", stdin="another horse")
    assert own.exit_code == 65


def test_users_are_promoted_and_demoted(shell: Shell, arrived: Arrival) -> None:
    """It counts at once; the last administrator stays one."""
    hugo = arrived("hugo")
    assert shell("users", "demote", "alice").exit_code == 65
    result = shell("users", "promote", "hugo")
    assert (result.exit_code, result.stderr) == (0, "hugo is an administrator\n")
    assert hugo("users", "list", "hugo").stdout.startswith("administrator ")
    result = hugo("users", "demote", "hugo")
    assert (result.exit_code, result.stderr) == (0, "hugo is no administrator\n")
    assert hugo("users", "list", "hugo").stdout == "hugo\n"
    assert shell("users", "promote", "nobody").exit_code == 66
    assert shell("users", "promote", "no body").exit_code == 64


def test_files_of_a_removed_user_are_given(shell: Shell, bert: Shell, arrived, folder) -> None:
    """To the one who is named; the removed one is logged out."""
    ines = arrived("ines")
    put(ines, folder, "a", "b")
    result = shell("users", "remove", "ines", "--give-files-to", "BERT", "--yes")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "removed ines, and gave bert 2 files (2 B)\n"
    assert access(bert, folder) == {"a": "owned", "b": "owned"}
    assert names(shell, "ines") == []
    assert ines("ls").exit_code == 77


def test_files_of_a_removed_user_are_deleted(shell: Shell, arrived, folder) -> None:
    """With the JSON of what was there."""
    put(arrived("jana"), folder, "a", "bc")
    (jana,) = shell.json("users", "list", "jana")
    removed = shell.json("users", "remove", "jana", "--delete-files", "-y")
    assert removed == {
        "id": jana["id"],
        "name": "jana",
        "is_removed": True,
        "heir": None,
        "file_count": 2,
        "total_size": 3,
    }
    assert access(shell, folder) == {}
    assert names(shell, "jana") == []


def test_a_removal_is_asked_about_on_a_terminal(shell: Shell, arrived, folder) -> None:
    """Only a yes removes; the question says what becomes of which files."""
    put(arrived("kurt"), folder, "a")
    shell.answers = ["\n", "no\n", "Y\n"]
    result = shell("users", "remove", "KURT", "--delete-files")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "kurt: remove this user, and delete 1 file (1 B)? [y/N]\n"
    result = shell("users", "remove", "kurt", "--give-files-to", "Alice", "--json")
    assert result.stderr == "kurt: remove this user, and give alice 1 file (1 B)? [y/N]\n"
    kept = json.loads(result.stdout)
    assert (kept["is_removed"], kept["heir"]) == (False, "alice")
    assert names(shell, "kurt") == ["kurt"]
    assert shell("users", "remove", "kurt", "--give-files-to", "alice").exit_code == 0
    assert names(shell, "kurt") == []
    assert access(shell, folder) == {"a": "owned"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("lena",), 64, "--give-files-to or --delete-files"),
        (("lena", "--yes"), 64, "--give-files-to or --delete-files"),
        (("lena", "--yes", "--delete-files", "--give-files-to", "bert"), 64, "--give-files-to or"),
        (("lena", "--delete-files"), 64, "use --yes"),
        (("lena", "--yes", "--give-files-to", "LENA"), 64, "another user"),
        (("lena", "--yes", "--give-files-to", "nobody"), 66, "nobody"),
        (("nobody", "--yes", "--delete-files"), 66, "nobody"),
        (("alice", "--yes", "--delete-files"), 65, "another administrator"),
    ],
)
def test_who_cannot_be_removed_so_stays(shell: Shell, arrived, arguments, code, words) -> None:
    """With a line that says why; in particular, files are never deleted for lack of a word."""
    if "lena" not in names(shell, "lena"):
        arrived("lena")
    result = shell("users", "remove", *arguments)
    assert result.exit_code == code
    assert result.stderr.startswith("discord-cloud: ")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr
    assert {"alice", "lena"} <= set(names(shell))


def test_only_administrators(bert: Shell) -> None:
    """Others are refused, with the exit code of missing rights."""
    for arguments in (
        ("remove", "berta", "--delete-files", "--yes"),
        ("promote", "bert"),
        ("demote", "alice"),
        ("reset-password", "berta", "--password-stdin"),
    ):
        refused = bert("users", *arguments, stdin="another horse")
        assert (refused.exit_code, "administrator" in refused.stderr) == (77, True)
