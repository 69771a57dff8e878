"""A shell on a terminal, with somebody at the keyboard who answers what programs ask."""

import os
import re
import select
import signal
import subprocess
import time
import tty
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

Answers = Mapping[str, Callable[[], str]]
"""What is typed, by a pattern of what the output ends with."""


def run_on_terminal(
    script: Path, folder: Path, environment: Mapping[str, str], answers: Answers, within_s: float
) -> tuple[str, int | None]:
    """Runs a shell script; returns what the terminal showed, and the exit code: None if time was up.

    The script takes the terminal by opening the file that `TERMINAL` names.
    """
    keyboard, terminal = os.openpty()
    with (
        closing(os.fdopen(keyboard, "r+b", buffering=0)),
        closing(os.fdopen(terminal, "r+b", buffering=0)),
    ):
        tty.setraw(terminal)
        shell = subprocess.Popen(  # noqa: S603 - our own documentation
            ["/bin/bash", str(script)],
            cwd=folder,
            env={**environment, "TERMINAL": os.ttyname(terminal)},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        with shell:
            talk = _Talk(keyboard, answers)
            try:
                is_over = talk.until_end_of(shell.pid, time.monotonic() + within_s)
            finally:
                os.killpg(shell.pid, signal.SIGKILL)
    return talk.shown, shell.returncode if is_over else None


@dataclass
class _Talk:
    """What a terminal has shown, and whoever reads it and types."""

    keyboard: int
    answers: Answers
    shown: str = ""
    _unanswered: str = field(default="", repr=False)

    def until_end_of(self, process: int, deadline: float) -> bool:
        """Talks until a process has ended; false if that takes too long."""
        ending = os.pidfd_open(process)
        try:
            while (remaining := deadline - time.monotonic()) > 0:
                ready, _, _ = select.select([self.keyboard, ending], [], [], remaining)
                if self.keyboard in ready:
                    self._read()
                elif ending in ready:
                    return True
        finally:
            os.close(ending)
        return False

    def _read(self) -> None:
        text = os.read(self.keyboard, 65536).decode(errors="replace")
        self.shown += text
        self._unanswered = (self._unanswered + text)[-200:]
        for question, answer in self.answers.items():
            if re.search(rf"{question}$", self._unanswered):
                self._unanswered = ""
                os.write(self.keyboard, f"{answer()}\n".encode())
