"""The server commands as a shell sees them: lines, exit codes, signals."""

import asyncio
import base64
import json
import os
import signal
import socket
import sys

import aiohttp
import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.servers.http_serving import until_stopped

SECRET = "hunter2-hunter2"
KEY = base64.b64encode(bytes(32)).decode()


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """An empty folder to start in, and an environment without any setting."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("MANAGER_", "DISCORD_", "EMULATOR_", "LOG_")):
            monkeypatch.delenv(name)
    return monkeypatch


class Program:
    """A server command in a process of its own."""

    def __init__(self, *arguments, **environment) -> None:
        self._arguments = arguments
        self._environment = environment

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from cli.main import main; main()",
            *self._arguments,
            env={**os.environ, **self._environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        return self

    async def __aexit__(self, *_error) -> None:
        if self.process.returncode is None:
            self.process.kill()
            await self.process.communicate()

    async def ready(self) -> str:
        """The URL of the line that says that it is ready."""
        async with asyncio.timeout(30):
            line = (await self._output.readline()).decode()
        word, url = line.split()
        assert word == "ready"
        return str(url)

    @property
    def _output(self) -> asyncio.StreamReader:
        assert self.process.stdout is not None
        return self.process.stdout

    async def stop(self, number=signal.SIGINT, times=1) -> tuple[int | None, str, str]:
        """Exit code and what was printed after the first line."""
        for _ in range(times):
            self.process.send_signal(number)
        async with asyncio.timeout(10):
            out, err = await self.process.communicate()
        return self.process.returncode, out.decode(), err.decode()


def test_missing_settings_are_named_all_at_once(environment):
    """Nothing starts without its settings, and one run tells all of them."""
    result = CliRunner().invoke(app, ["manager"])
    assert result.exit_code == 78
    for name in ("MESSAGE_ENCRYPTION_KEY", "DISCORD_WEBHOOKS"):
        assert f"{name}: missing" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("command", "settings", "named"),
    [
        ("manager", {"MANAGER_PORT": SECRET}, "MANAGER_PORT"),
        ("manager", {"MESSAGE_ENCRYPTION_KEY": SECRET}, "MESSAGE_ENCRYPTION_KEY"),
        ("manager", {"DISCORD_WEBHOOKS": SECRET}, "DISCORD_WEBHOOKS"),
        ("manager", {"LOG_LEVEL": SECRET}, "LOG_LEVEL"),
        ("upload-service", {"MANAGER_ADDRESS": SECRET}, "MANAGER_ADDRESS"),
        ("emulator", {"EMULATOR_PORT": SECRET}, "EMULATOR_PORT"),
    ],
)
def test_wrong_settings_are_named_and_not_shown(environment, command, settings, named):
    """A value may be a secret in the wrong place, so it is never repeated."""
    for name, value in settings.items():
        environment.setenv(name, value)
    result = CliRunner().invoke(app, [command])
    assert result.exit_code == 78
    assert f"{named}: " in result.stderr
    assert SECRET not in result.output


@pytest.mark.parametrize("url", ["cloud.example.org", "ftp://x", "http://", "http://x/?a=b"])
def test_public_url_must_be_one(environment, url):
    """A wrong option is an error of usage."""
    result = CliRunner().invoke(app, ["up", "--public-url", url])
    assert result.exit_code == 2


async def test_a_signal_after_the_stop_changes_nothing():
    """What a wrapper sends once more while the process winds up does not end it with a traceback."""

    async def program() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()

    await until_stopped(program())
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0)
    # The process of the program would end now; this one runs further tests, which send it signals.
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().remove_signal_handler(number)


@pytest.mark.parametrize(("number", "times"), [(signal.SIGINT, 3), (signal.SIGTERM, 1)])
async def test_up_from_start_to_stop(environment, number, times):
    """One line on standard output says that it is ready; a signal ends it well, a few do too."""
    async with Program("up", "--port", "0", "--data", "here") as program:
        url = await program.ready()
        async with aiohttp.ClientSession() as http, http.get(f"{url}/health") as response:
            assert response.status == 204
        code, out, err = await program.stop(number, times)
    assert (code, out) == (0, "")
    assert "embedded default" in err
    assert f"{url}/?setup=" in err
    assert "Traceback" not in err


async def test_parts_alone(environment, tmp_path):
    """Emulator, manager and upload service find one another as processes of their own."""
    emulator = Program("emulator", EMULATOR_PORT="0", EMULATOR_DATA=str(tmp_path / "discord"))
    async with emulator:
        discord = await emulator.ready()
        urls = (tmp_path / "discord" / "webhook-urls").read_text()
        manager = Program(
            "manager",
            MANAGER_PORT="0",
            SERVICE_PASSWORD=SECRET,
            MESSAGE_ENCRYPTION_KEY=KEY,
            DISCORD_WEBHOOKS=urls,
            DISCORD_API_URL=f"{discord}/api/v10",
            DATABASE_PATH=str(tmp_path / "new" / "catalog.sqlite3"),
            SETUP_CODE=SECRET,
        )
        async with manager:
            url = await manager.ready()
            uploads = Program(
                "upload-service",
                MANAGER_ADDRESS=url,
                SERVICE_PASSWORD=SECRET,
                OWN_ADDRESS="http://127.0.0.1:1/",
                PORT="0",
                LOG_FORMAT="json",
            )
            async with uploads:
                await uploads.ready()
                await _until_services(url, 4)
                code, _, err = await uploads.stop()
            assert code == 0
            assert all(json.loads(line) for line in err.splitlines())
            code, _, err = await manager.stop()
            assert code == 0
            assert "setup-code" in err
            assert SECRET not in err
        assert (await emulator.stop())[0] == 0


async def test_port_taken(environment):
    """A port in use is one line and its own exit code."""
    async with Program("up", "--port", "0", "--data", "one") as program:
        port = (await program.ready()).rpartition(":")[2]
        async with Program("up", "--port", port, "--data", "two") as second:
            _, err = await second.process.communicate()
            assert second.process.returncode == 69
            assert err.decode().strip() == (
                f"discord-cloud: port {port} is taken: stop the program that uses it, or choose another port"
            )


async def _until_services(url, count) -> None:
    """Asks until so many services are registered; they come in their own time."""
    credentials = {"username": "alice", "password": SECRET}
    async with asyncio.timeout(20), aiohttp.ClientSession() as http:
        await http.post(f"{url}/register", json={**credentials, "setupCode": SECRET})
        async with http.post(f"{url}/login", json=credentials) as response:
            token = (await response.json())["token"]
        while True:
            async with http.get(f"{url}/status", params={"auth": token}) as response:
                if len((await response.json())["services"]) == count:
                    return


@pytest.mark.parametrize("name", ["notify", "@discord-cloud-{}"])
async def test_systemd_is_notified(environment, tmp_path, name):
    """A unit with `Type=notify` has started when the program serves; abstract addresses work, too."""
    address = name.format(tmp_path.name) if name[0] == "@" else str(tmp_path / name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(address.replace("@", "\0"))
        supervisor.settimeout(30)
        async with Program("emulator", EMULATOR_PORT="0", NOTIFY_SOCKET=address) as emulator:
            await emulator.ready()
            assert supervisor.recv(100) == b"READY=1"
            assert (await emulator.stop())[0] == 0


async def test_a_notification_that_fails_ends_nothing(environment, tmp_path):
    """A socket that nobody listens on is ignored."""
    nobody = str(tmp_path / "nobody")
    async with Program("emulator", EMULATOR_PORT="0", NOTIFY_SOCKET=nobody) as emulator:
        await emulator.ready()
        assert (await emulator.stop())[0] == 0
