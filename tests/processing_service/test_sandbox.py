"""What a worker that a hostile file has taken over can reach."""

import asyncio
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import Any

import pytest

from processing_service.errors import OutputInvalid, SandboxMissing
from processing_service.job_file import JobFile
from processing_service.sandbox import WORKER_USER, SandboxReport
from processing_service.views import load_views
from processing_service.work_order import (
    INPUT_FILE,
    OUTPUT_FOLDER,
    WorkerLimits,
    WorkerSuccess,
    WorkOrder,
    open_output,
)
from processing_service.worker_pool import WorkerPool
from protocol.t2s import JobFailed
from tests.processing_service.fake_manager import running_service

MIB = 1024**2
ORDER = WorkOrder(
    file=JobFile(name=None, size=5, type="text/plain"),
    views=load_views(None).wanted("text/plain", frozenset()),
    extensions=("hostile",),
    keep_gps=False,
    limits=WorkerLimits(timeout_s=60, memory_bytes=1024 * MIB, max_pixels=10**8),
)
PR_GET_DUMPABLE = 3

ATTEMPTS = """
import ctypes, json, os, resource, signal, socket, subprocess, sys
from pathlib import Path

libc = ctypes.CDLL(None, use_errno=True)
there = json.loads(THERE)
service, fork_server = there["service"], os.getppid()

def call(name, *arguments):
    if getattr(libc, name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), name)

def connected(kind, address):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    socket.socket(family, kind).connect(address)

def truncated(path):
    os.close(os.open(path, os.O_RDONLY | os.O_TRUNC))

def attempts(source, output):
    yield "files", "the service's environment", lambda: Path(f"/proc/{service}/environ").read_bytes()
    yield "files", "the service's memory", lambda: open(f"/proc/{service}/mem", "rb").read(1)
    yield "files", "the fork server's environment", lambda: Path(f"/proc/{fork_server}/environ").read_bytes()
    yield "files", "other processes", lambda: os.listdir("/proc")
    yield "files", "users", lambda: Path("/etc/passwd").read_bytes()
    yield "files", "the data folder", lambda: os.listdir(there["data"])
    yield "files", "the catalog", lambda: Path(there["data"], "catalog").read_bytes()
    yield "files", "the catalog by a detour", lambda: os.listdir("/proc/self/root" + there["data"])
    yield "files", "another job", lambda: Path(there["other"], "input").read_bytes()
    yield "files", "emptying the catalog", lambda: truncated(Path(there["data"], "catalog"))
    yield "files", "writing outside", lambda: Path(there["data"], "new").write_bytes(b"")
    yield "files", "writing the input", lambda: source.write_bytes(b"")
    yield "files", "removing the input", source.unlink
    yield "files", "writing beside the output", lambda: (source.parent / "new").write_bytes(b"")
    yield "files", "writing code", lambda: Path(__file__).write_bytes(b"")
    yield "files", "moving the output away", lambda: os.rename(output / "own", there["data"] + "/own")
    yield "files", "a pipe for the service", lambda: os.mkfifo(output / "view-pipe")
    yield "files", "a link for the service", lambda: os.symlink("/etc/passwd", output / "view-link")
    yield "files", "running what was written", lambda: subprocess.run([output / "own"])
    yield "calls", "TCP", lambda: connected(socket.SOCK_STREAM, tuple(there["tcp"]))
    yield "calls", "UDP", lambda: connected(socket.SOCK_DGRAM, tuple(there["tcp"]))
    yield "calls", "a socket in a folder", lambda: connected(socket.SOCK_STREAM, there["unix"])
    yield "calls", "a socket without folder", lambda: connected(socket.SOCK_STREAM, "\\0" + there["unix"])
    yield "calls", "netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
    yield "calls", "a pair of sockets", socket.socketpair
    yield "calls", "tracing the service", lambda: call("ptrace", 16, service, 0, 0)
    yield "calls", "tracing the fork server", lambda: call("ptrace", 16, fork_server, 0, 0)
    yield "calls", "reading memory", lambda: call("process_vm_readv", service, 0, 0, 0, 0, 0)
    yield "calls", "a handle of the service", lambda: os.pidfd_open(service)
    yield "calls", "the service's limits", lambda: resource.prlimit(service, resource.RLIMIT_NOFILE)
    yield "calls", "the service's priority", lambda: os.setpriority(os.PRIO_PROCESS, service, 19)
    yield "calls", "modes", lambda: os.chmod(source, 0o777)
    yield "calls", "times", lambda: os.utime(source, (0, 0))
    yield "calls", "a user namespace", lambda: call("unshare", 0x10000000)
    yield "calls", "a session of its own", os.setsid
    yield "calls", "mounting", lambda: call("mount", b"none", os.fsencode(output), b"tmpfs", 0, 0)
    yield "calls", "keys", lambda: call("syscall", 248, b"user", b"a", b"b", 1, -3)
    yield "signals", "a signal to the service", lambda: os.kill(service, 0)
    yield "signals", "a signal to the fork server", lambda: os.kill(fork_server, 0)

def generate(source, target, file):
    (target.parent / "own").write_text("#!/bin/sh")
    result = []
    for kind, name, attempt in attempts(source, target.parent):
        try:
            attempt()
        except OSError as error:
            result.append((kind, name, type(error).__name__))
        else:
            result.append((kind, name, None))
    target.write_text(json.dumps(result))
    return "application/json"
"""


@pytest.fixture
async def pool(tmp_path: Path) -> AsyncIterator[WorkerPool]:
    """Workers that end with the test."""
    made = WorkerPool(tmp_path)
    yield made
    await made.close()


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """The folder of a job."""
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / INPUT_FILE).write_bytes(b"words")
    return folder


@pytest.fixture
async def surroundings(tmp_path: Path) -> AsyncIterator[dict[str, Any]]:
    """What there is to reach: a data folder, another job, servers, and this process as the service."""
    data, other = tmp_path / "data", tmp_path / "other"
    for folder, name in ((data, "catalog"), (other, INPUT_FILE)):
        folder.mkdir()
        (folder / name).write_bytes(b"a secret")

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    path = str(tmp_path / "socket")
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind("\0" + path)
    async with (
        await asyncio.start_server(serve, "127.0.0.1", 0) as tcp,
        await asyncio.start_unix_server(serve, path),
        await asyncio.start_unix_server(serve, sock=abstract),
    ):
        yield {
            "data": str(data),
            "other": str(other),
            "service": os.getpid(),
            "tcp": tcp.sockets[0].getsockname(),
            "unix": path,
        }


def in_force(report: SandboxReport) -> dict[str, bool]:
    """Which kinds of attempts a report says are refused."""
    return {
        "files": report.landlock > 0,
        "calls": report.seccomp,
        "signals": report.signals,
    }


async def test_a_hostile_worker_reaches_nothing(pool, job, surroundings, install):
    """No file but those of its job, no network, no other process; where the kernel cannot, that is said."""
    report = await pool.start()
    install("hostile", f"THERE = {json.dumps(surroundings)!r}\n" + ATTEMPTS)
    await pool.close()
    done = await pool.run(ORDER, job)
    assert isinstance(done, WorkerSuccess)
    results = json.loads((job / OUTPUT_FOLDER / "view-hostile").read_text())
    said = in_force(report)
    succeeded = {name for kind, name, error in results if said[kind] and error is None}
    assert not succeeded
    # None of them failed because there was nothing to reach.
    failed_otherwise = {error for *_, error in results} - {"PermissionError", "OSError", None}
    assert not failed_otherwise
    assert all(said.values()) or report.missing
    assert (Path(surroundings["data"]) / "catalog").read_bytes() == b"a secret"
    assert (job / INPUT_FILE).read_bytes() == b"words"


async def test_what_decoders_need_still_works(pool, job, install):
    """Child programs, threads, temporary files and folders, renaming: libraries and tools use them."""
    code = """
        import shutil, subprocess, sys, tempfile, threading
        from pathlib import Path

        def generate(source, target, file):
            said = subprocess.run(
                ["/bin/sh", "-c", f"cat {source} | tr a-z A-Z"], check=True, capture_output=True
            ).stdout
            computed = subprocess.run(
                [sys.executable, "-c", "import ssl; print(6 * 7)"], check=True, capture_output=True
            ).stdout
            with tempfile.TemporaryDirectory() as folder:
                part = Path(folder, "part")
                thread = threading.Thread(target=part.write_bytes, args=(said + computed,))
                thread.start()
                thread.join()
                shutil.move(part, target)
            return "text/plain"
    """
    install("hostile", code)
    done = await pool.run(ORDER, job)
    assert isinstance(done, WorkerSuccess)
    assert "failed" not in done.metadata
    assert (job / OUTPUT_FOLDER / "view-hostile").read_bytes() == b"WORDS42\n"


async def test_a_stop_signal_of_a_worker_is_its_own(pool, job, install):
    """Signals within the job are allowed: tools end their children with them."""
    code = """
        import signal, subprocess

        def generate(source, target, file):
            child = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE)
            child.terminate()
            target.write_text(str(child.wait()))
            return "text/plain"
    """
    install("hostile", code)
    await pool.run(ORDER, job)
    written = (job / OUTPUT_FOLDER / "view-hostile").read_text()
    assert written == str(-signal.SIGTERM)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter, unlike those of pytest."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_root_without_capabilities_keeps_its_user(open_folder):
    """As in a container from which they were taken; the reason is said, and workers run."""
    script = """
        import sys
        from pathlib import Path
        import processing_service.worker
        from processing_service.kernel_calls import drop_capabilities
        from processing_service.sandbox import Sandbox

        drop_capabilities()
        sandbox = Sandbox.prepare(Path(sys.argv[1]))
        print(sandbox.probe(Path(sys.argv[1])).missing)
    """
    command = [sys.executable, "-c", dedent(script), open_folder]
    ran = subprocess.run(  # noqa: S603 - our own program
        command, check=True, stdout=subprocess.PIPE, text=True
    )
    assert ("CAP_SETUID" in ran.stdout) == (os.geteuid() == 0)


def test_as_root_workers_are_another_user(open_folder):
    """Who starts the service as root gets workers that are not, and that still have their job's folder."""
    script = """
        import json, os, stat, sys
        from dataclasses import replace
        from pathlib import Path
        import processing_service.worker
        from processing_service.sandbox import Sandbox

        folder, root = Path(sys.argv[1]), os.geteuid() == 0
        sandbox = replace(Sandbox.prepare(folder), switches_user=root)
        os.chdir(folder)
        sandbox.enter(folder)
        read = Path("input").read_bytes().decode()
        Path("output", "view").write_text(read)
        status = Path("/proc/self/status").read_text()
        powerless = "CapEff:\\t0000000000000000" in status
        print(json.dumps([os.getresuid(), os.getresgid(), os.getgroups(), powerless]))
    """
    (open_folder / INPUT_FILE).write_text("words")
    (open_folder / OUTPUT_FOLDER).mkdir()
    command = [sys.executable, "-c", dedent(script), open_folder]
    ran = subprocess.run(  # noqa: S603 - our own program
        command, check=True, stdout=subprocess.PIPE, text=True
    )
    users, groups, others, powerless = json.loads(ran.stdout)
    expected = WORKER_USER if os.geteuid() == 0 else os.geteuid()
    assert users == [expected] * 3
    assert groups == [WORKER_USER if os.geteuid() == 0 else os.getegid()] * 3
    assert others == [] or os.geteuid() != 0
    assert powerless
    assert (open_folder / OUTPUT_FOLDER / "view").read_text() == "words"


async def test_the_service_hides_its_memory(manager, tmp_path):
    """Its password is in there; other processes of its user cannot read it."""
    async with running_service(manager, tmp_path):
        assert ctypes.CDLL(None).prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0


OLD_KERNEL = """
import errno, os, runpy, sys
from seccompy import Filter

rules = Filter()
for name, error in (
    ("landlock_create_ruleset", errno.ENOSYS), ("unshare", errno.EPERM)
):
    rules.errno(name, error)
rules.load()
sys.argv = ["discord-cloud", *sys.argv[1:]]
runpy.run_module("cli", run_name="__main__")
"""
"""The program under a container runtime that knows nothing of Landlock and allows no namespaces."""


async def started_on_an_old_kernel(
    url: str, folder: Path, *command: str, **settings: str
) -> asyncio.subprocess.Process:
    """The program, where the kernel lacks Landlock and namespaces."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OLD_KERNEL, *(command or ("processing-service",))),
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2])]),
            "MANAGER_ADDRESS": url,
            "SERVICE_PASSWORD": "pass word",
            "LOG_FORMAT": "json",
            **settings,
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize("command", ["processing-service", "up --port 0"])
async def test_without_the_required_sandbox_the_service_does_not_run(manager, tmp_path, command):
    """It says what is missing, and ends as with a wrong setting."""
    program = await started_on_an_old_kernel(
        manager.url, tmp_path, *command.split(), REQUIRE_SANDBOX="true"
    )
    _, output = await program.communicate()
    text = output.decode()
    assert program.returncode == os.EX_CONFIG, text
    assert "REQUIRE_SANDBOX is set" in text
    assert "Landlock (it is not in this kernel" in text
    assert "Traceback" not in text


async def test_what_is_missing_is_logged_at_the_start(manager, tmp_path):
    """Without that setting the service runs with what there is, and warns."""
    program = await started_on_an_old_kernel(manager.url, tmp_path)
    assert program.stderr is not None
    events = {}
    while "workers-not-confined" not in events:
        line = json.loads(await program.stderr.readline())
        events[line["event"]] = line
    program.terminate()
    await program.communicate()
    said = events["worker-sandbox"]
    assert (said["landlock"], said["seccomp"], said["network_namespace"]) == (0, True, False)
    assert any(text.startswith("Landlock (") for text in said["missing"])
    assert any(text.startswith("network namespace (") for text in said["missing"])


async def test_a_pool_that_requires_a_sandbox_decodes_nothing_without(tmp_path, monkeypatch, job):
    """Neither at the start nor later, when a fork server had to be replaced."""
    complete = SandboxReport.is_complete
    monkeypatch.setattr(SandboxReport, "is_complete", False)
    pool = WorkerPool(tmp_path, require_sandbox=True)
    with pytest.raises(SandboxMissing):
        await pool.start()
    with pytest.raises(SandboxMissing):
        await pool.run(ORDER, job)
    monkeypatch.setattr(SandboxReport, "is_complete", complete)
    assert (await pool.start()).is_complete in {True, False}
    await pool.close()


async def test_a_fork_server_that_does_not_start_is_an_error(manager, tmp_path):
    """Here for want of a folder for temporary files; who requires a sandbox is not served without."""
    nowhere = tmp_path / "nowhere"
    with pytest.raises(OSError, match="did not start"):
        await WorkerPool(nowhere).start()
    with pytest.raises(SandboxMissing, match="no worker can be started"):
        async with running_service(manager, nowhere, require_sandbox=True):
            pass
    async with running_service(manager, nowhere):
        report = await manager.result(b"words", "text/plain")
    assert isinstance(report, JobFailed)
    assert report.retry


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "nothing", "linked folder"])
def test_only_files_of_a_worker_are_sent(tmp_path, kind):
    """A link would send a file of the service, and a pipe keep it waiting for ever."""
    output, view = tmp_path / OUTPUT_FOLDER, tmp_path / OUTPUT_FOLDER / "view-a"
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "view-a").write_text("a secret")
    if kind == "linked folder":
        output.symlink_to(secret)
    else:
        output.mkdir()
    match kind:
        case "link":
            view.symlink_to(secret / "view-a")
        case "pipe":
            os.mkfifo(view)
        case "folder":
            view.mkdir()
    with pytest.raises(OutputInvalid):
        open_output(tmp_path, "view-a")
