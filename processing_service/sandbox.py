"""The sandbox of a worker: what is taken from a process before it decodes a stranger's file.

A library with a hole runs the code of whoever made the file. In the sandbox that code

- reads the programs and libraries of the system and one job's folder, and writes one folder in that
  (Landlock);
- makes no connection, traces no process, changes no attributes of files and starts nothing that would
  outlive the job (seccomp, `processing_service.system_calls`);
- sends signals to its own processes only (Landlock since its sixth version);
- sees no network at all (a network namespace, where the service may make one);
- has no capability and, where the service is started by root, a user of its own.

The fork server prepares the sandbox, each worker enters it before it reads the input. `Sandbox.probe`
tries in a process what must fail, so that the report says what is in force rather than what should be.
What the kernel lacks is left out and reported; what it has and refuses ends the worker.

Landlock does not hide names, sizes and times: a worker can ask for those of any path (`stat`).

Sources: landlock(7), seccomp(2), user_namespaces(7), capabilities(7), and
https://docs.kernel.org/userspace-api/landlock.html for what each version adds.
"""

import os
import socket
import stat
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NoReturn

import landlockpy
import msgspec
import seccompy
from landlockpy import AccessFS, LandlockError, Ruleset, Scope
from seccompy import Filter, SeccompError

import common
import processing_service
import protocol
from processing_service.kernel_calls import (
    drop_capabilities,
    hide_memory,
    may_change_users,
    unshare_network,
)
from processing_service.system_calls import system_call_filter
from processing_service.work_order import INPUT_FILE, ORDER_FILE, OUTPUT_FOLDER

WORKER_USER: Final = 65533
"""User and group of workers that root has started: between the numbers that systemd gives away and
`nobody`, so that nothing else runs as it."""
_SCOPES_SINCE: Final = 6
"""The version of Landlock that keeps signals inside."""
_SYSTEM: Final = ("/bin", "/lib", "/lib64", "/sbin", "/usr")
_SYSTEM_FILES: Final = (
    "/etc/fonts", "/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/dev/urandom",
    "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu",
)  # fmt: skip
_CODE_SUFFIXES: Final = (".dist-info", ".egg-info", ".py", ".pyc", ".so")
_READ: Final = AccessFS.READ_FILE | AccessFS.READ_DIR | AccessFS.EXECUTE
_OF_FILES: Final = (
    AccessFS.EXECUTE | AccessFS.READ_FILE | AccessFS.WRITE_FILE | AccessFS.TRUNCATE
) | AccessFS.IOCTL_DEV
"""The rights that a rule for a file, and not a folder, may have."""
_WRITE: Final = (
    AccessFS.READ_FILE | AccessFS.READ_DIR | AccessFS.WRITE_FILE | AccessFS.TRUNCATE
    | AccessFS.MAKE_REG | AccessFS.MAKE_DIR | AccessFS.REMOVE_FILE | AccessFS.REMOVE_DIR | AccessFS.REFER
)  # fmt: skip
"""Without links, devices, pipes and sockets, which would make the service read something else."""


class SandboxReport(msgspec.Struct, frozen=True, kw_only=True):
    """What restricts workers on this machine, as a process in the sandbox found it.

    Attributes:
        landlock: the version of Landlock that is in force; 0: files are not restricted.
        seccomp: whether system calls are restricted.
        signals: whether signals to other processes are refused.
        network_namespace: whether workers are in a namespace that has no network.
        user: the number of the user that workers run as.
        missing: what is not in force, each with the reason.
    """

    landlock: int
    seccomp: bool
    signals: bool
    network_namespace: bool
    user: int
    missing: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether files, network and other processes are out of reach: what `REQUIRE_SANDBOX` asks for."""
        return self.landlock > 0 and self.seccomp


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The sandbox, prepared; made in the fork server, entered in its workers.

    Attributes:
        landlock: the version of Landlock; 0 where there is none.
        view: what workers may read, with the rights.
        system_calls: the filter; None where the kernel takes none.
        network_namespace: whether this process, and so its workers, are in one without network.
        switches_user: whether workers change to `WORKER_USER`.
        missing: what is not there, each with the reason.
    """

    landlock: int
    view: tuple[tuple[Path, AccessFS], ...]
    system_calls: Filter | None
    network_namespace: bool
    switches_user: bool
    missing: tuple[str, ...]

    @classmethod
    def prepare(cls, temp_folder: Path) -> "Sandbox":
        """Find out what the kernel offers, and leave the network.

        The calling process must have no other thread. It loses the network, and its memory becomes
        unreadable for other processes of the same user.

        Args:
            temp_folder: where the folders of jobs are.
        """
        missing: list[str] = []
        may_switch_user = os.geteuid() == 0 and _may_switch_user(temp_folder, missing)
        has_namespace = _leave_network(missing)
        hide_memory()
        return cls(
            landlock=_landlock_version(missing),
            view=tuple(_view()),
            system_calls=_filter(missing),
            network_namespace=has_namespace,
            switches_user=may_switch_user,
            missing=tuple(missing),
        )

    def enter(self, folder: Path) -> None:
        """Take everything from this process but the folder of one job. There is no way back.

        Args:
            folder: of the job, with a folder for the output in it.

        Raises:
            OSError: something that is in the kernel is refused; then the process must end.
        """
        if self.landlock:
            self._restrict_files(folder)
        if self.switches_user:
            _become_worker_user(folder)
        drop_capabilities()
        if self.system_calls is not None:
            self.system_calls.load()

    def _restrict_files(self, folder: Path) -> None:
        with Ruleset(scoped=Scope.SIGNAL | Scope.ABSTRACT_UNIX_SOCKET) as rules:
            for path, rights in self.view:
                with suppress(FileNotFoundError):  # removed since the fork server has started
                    rules.allow_path(path, rights)
            rules.allow_path("/proc/self", AccessFS.READ_FILE | AccessFS.READ_DIR)
            rules.allow_path(folder, AccessFS.READ_FILE | AccessFS.READ_DIR)
            rules.allow_path(folder / OUTPUT_FOLDER, _WRITE)
            rules.restrict()

    def probe(self, temp_folder: Path) -> SandboxReport:
        """Enter the sandbox in a process that then tries what must fail.

        Raises:
            OSError: the sandbox cannot be entered, or no process can be started.
        """
        with TemporaryDirectory(prefix="discord-cloud-probe-", dir=temp_folder) as name:
            folder = Path(name)
            (folder / OUTPUT_FOLDER).mkdir()
            tried = _in_child(lambda: self._try(folder))
        if tried is None:
            raise OSError("a worker cannot enter its sandbox; its log has the reason")
        return SandboxReport(
            landlock=self.landlock if tried.files else 0,
            seccomp=self.system_calls is not None and tried.system_calls,
            signals=tried.signals,
            network_namespace=self.network_namespace,
            user=tried.user,
            missing=(*self.missing, *tried.missing(self)),
        )

    def _try(self, folder: Path) -> "_Tried":
        outside = Path(f"/proc/{os.getppid()}/stat")
        self.enter(folder)
        return _Tried(
            files=_is_refused(outside.read_bytes),
            system_calls=_is_refused(socket.socket),
            signals=_is_refused(lambda: os.kill(os.getppid(), 0)),
            user=os.getuid(),
        )


class _Tried(msgspec.Struct, frozen=True, kw_only=True):
    """Which attempts of a process in the sandbox were refused."""

    files: bool
    system_calls: bool
    signals: bool
    user: int

    def missing(self, sandbox: Sandbox) -> Iterator[str]:
        """What was not refused although the kernel has what refuses it."""
        if sandbox.landlock and not self.files:
            yield "Landlock has no effect"
        if sandbox.system_calls is not None and not self.system_calls:
            yield "seccomp has no effect"
        if not self.signals:
            yield (
                "signals to other processes of the same user "
                f"(Landlock {_SCOPES_SINCE}, Linux 6.12, refuses them)"
            )


def _landlock_version(missing: list[str]) -> int:
    try:
        version = landlockpy.abi_version()
    except LandlockError as error:
        reason = error.strerror
    else:
        if version > 0:
            return version
        reason = "it is not in this kernel, Linux 5.13 or newer, or not in its list `lsm=`"
    missing.append(f"Landlock ({reason})")
    return 0


def _filter(missing: list[str]) -> Filter | None:
    try:
        rules = system_call_filter()
        if seccompy.supported() and rules.program:
            return rules
        reason = "it is not in this kernel"
    except SeccompError as error:
        reason = str(error)
    missing.append(f"seccomp ({reason})")
    return None


def _leave_network(missing: list[str]) -> bool:
    """Enter a network namespace without any interface, as root or in a user namespace."""
    user, group = os.geteuid(), os.getegid()
    try:
        unshare_network(with_user=user != 0)
        if user != 0:
            # Otherwise the process would have no user that it knows.
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    except OSError as error:
        missing.append(f"network namespace ({error.strerror})")
        return False
    return True


def _may_switch_user(temp_folder: Path, missing: list[str]) -> bool:
    """Whether this process may change users, and `WORKER_USER` find the program and folders of jobs."""
    if not may_change_users():
        missing.append("user of its own (CAP_CHOWN, CAP_SETGID and CAP_SETUID were taken away)")
        return False
    for path in (temp_folder, *map(Path, sys.path), Path(sys.prefix)):
        closed = next((part for part in _way_to(path) if not _is_open(part)), None)
        if closed is not None:
            missing.append(f"user of its own (others may not enter {closed})")
            return False
    return True


def _way_to(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (path.resolve(), *path.resolve().parents)


def _is_open(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IXOTH)


def _become_worker_user(folder: Path) -> None:
    """Change to `WORKER_USER`, who may then read the folder of the job and owns that for the output."""
    os.chown(folder, -1, WORKER_USER)
    folder.chmod(0o750)
    for path in (folder / ORDER_FILE, folder / INPUT_FILE):
        if path.exists():
            os.chown(path, -1, WORKER_USER)
            path.chmod(0o640)
    os.chown(folder / OUTPUT_FOLDER, WORKER_USER, WORKER_USER)
    os.setgroups([])
    os.setresgid(WORKER_USER, WORKER_USER, WORKER_USER)
    os.setresuid(WORKER_USER, WORKER_USER, WORKER_USER)


def _view() -> Iterator[tuple[Path, AccessFS]]:
    """What workers may read: the system's programs and libraries, Python, and what can be imported."""
    prefixes = {Path(prefix).resolve() for prefix in (sys.prefix, sys.base_prefix)} - {Path("/")}
    packages = [
        path for package in (common, processing_service, protocol) for path in package.__path__
    ]
    for path in map(Path, (*_SYSTEM, *_SYSTEM_FILES, *map(str, prefixes), *packages)):
        yield from _rule(path, _READ)
    for folder in (Path(name).resolve() for name in sys.path):
        if folder.is_file() or any(folder.is_relative_to(prefix) for prefix in prefixes):
            yield from _rule(folder, _READ)
        elif folder.is_dir():
            # It may be the folder of a checkout, and then has the data folder in it.
            yield folder, AccessFS.READ_DIR
            yield from _importable(folder)
    yield from _rule(Path("/dev/null"), _READ | AccessFS.WRITE_FILE | AccessFS.IOCTL_DEV)


def _importable(folder: Path) -> Iterator[tuple[Path, AccessFS]]:
    for path in folder.iterdir():
        if path.suffix in _CODE_SUFFIXES or (path / "__init__.py").exists():
            yield from _rule(path, _READ)


def _rule(path: Path, rights: AccessFS) -> Iterator[tuple[Path, AccessFS]]:
    if path.is_dir():
        yield path, rights
    elif path.exists():
        yield path, rights & _OF_FILES


def _is_refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return True
    return False


def _in_child(work: Callable[[], _Tried]) -> _Tried | None:
    """Have a forked process do something; None when it fails."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(work, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return msgspec.json.decode(text, type=_Tried) if text else None


def _answer(work: Callable[[], _Tried], writing: int) -> NoReturn:
    try:
        os.write(writing, msgspec.json.encode(work()))
    except BaseException:  # noqa: BLE001 - it ends here, whatever it is
        traceback.print_exc()
    finally:
        os._exit(0)
