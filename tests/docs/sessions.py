"""Runs the shell commands of a page as a reader would: in order, on a terminal, in a new home.

The commands meet the real programs. Addresses have other ports than the page says, so that several pages
can run at once. Webhooks of Discord are those of the emulator that the session has started with its data
in `$SESSION/discord`.
"""

import os
import re
import socket
import sys
from contextlib import closing
from pathlib import Path
from shlex import quote

from PIL import Image

from tests.client_sdk.content import content_of
from tests.docs.blocks import ROOT, Block, blocks_of
from tests.docs.terminal import run_on_terminal

PASSWORD = "correct horse"
SESSION_S = 240.0
_MARK = "\x1e"
_WEBHOOK = "https://discord.com/api/webhooks/…"
_PROLOGUE = """
exec <> "$TERMINAL" >&0 2>&1
set -euo pipefail
curl() { command curl --fail-with-body "$@"; }
mark() { printf '\\036%s\\n' "$1"; }
serve() {
    local log="$SESSION/server-$((++served)).log"
    : > "$log"
    "$@" >> "$log" 2>&1 &
    servers+=($!)
    grep -m1 -q '^ready ' < <(tail -n +1 -f --pid=$! "$log") || { cat "$log"; return 1; }
}
stop() {
    kill "${servers[@]}"
    wait "${servers[@]}" || true
    servers=()
}
served=0 servers=()
trap '[ ${#servers[@]} -eq 0 ] || stop' EXIT
"""


def runs(block: Block) -> bool:
    """Whether a block is a part of its page's session."""
    return block.language == "bash" and not (block.noted("not-run") or block.noted("compose"))


class SessionFailed(AssertionError):
    """A command failed, or the session took too long."""


class Session:
    """The commands of one page.

    Args:
        page: whose commands they are.
        folder: an empty folder, for the home, the working folder and the logs.
    """

    def __init__(self, page: str, folder: Path) -> None:
        self._folder = folder
        self._ports = {port: _free_port() for port in ("4000", "4001", "4010", "4011", "4100")}
        self._blocks = [block for block in blocks_of(page) if runs(block)]
        (folder / "home").mkdir()
        _fill(self.working_folder)
        for block in blocks_of(page):
            if (name := block.noted("file")) is not None:
                (self.working_folder / name).write_text(self._filled(block.text))

    @property
    def working_folder(self) -> Path:
        """Where the commands run."""
        return self._folder / "work"

    def run(self) -> dict[Block, str]:
        """What each block has printed. Raises `SessionFailed`."""
        script = [_PROLOGUE]
        for number, block in enumerate(self._blocks):
            script += [f"mark {number}", self._commands(block)]
        path = self._folder / "session.sh"
        path.write_text("\n".join([*script, "mark end"]))
        output, code = self._on_terminal(path)
        _, *parts = output.split(_MARK)
        if code != 0:
            reached = self._blocks[min(len(parts), len(self._blocks)) - 1].place
            raise SessionFailed(f"{reached} ended with {code}:\n{output.replace(_MARK, '> ')}")
        texts = [part.partition("\n")[2] for part in parts]
        return dict(zip(self._blocks, texts, strict=False))

    def _commands(self, block: Block) -> str:
        commands = self._filled(block.text)
        return f"serve bash -c {quote(commands)}" if block.note == "server" else commands

    def _filled(self, text: str) -> str:
        for documented, free in self._ports.items():
            text = re.sub(rf"\b{documented}\b", free, text)
        # All other programs have a variable for it.
        text = re.sub(r"discord-cloud up(?![\w-])", rf"\g<0> --port {self._ports['4000']}", text)
        for line in range(1, text.count(_WEBHOOK) + 1):
            text = text.replace(
                _WEBHOOK, f"$(sed -n {line}p '{self._folder}/discord/webhook-urls')", 1
            )
        return text

    def _on_terminal(self, script: Path) -> tuple[str, int | None]:
        answers = {
            r"([Pp]assword|confirmation)[^\n]*: ": lambda: PASSWORD,
            r"[Cc]ode[^\n]*: ": self._setup_code,
            r"\[y/N\][^\n]*": lambda: "y",
        }
        return run_on_terminal(
            script, self.working_folder, self._variables(), answers, within_s=SESSION_S
        )

    def _setup_code(self) -> str:
        """The code that a server of this session has shown."""
        logs = "".join(log.read_text() for log in sorted(self._folder.glob("server-*.log")))
        *_, last = re.finditer(r"[?]setup=([\w-]+)", logs)
        return last[1]

    def _variables(self) -> dict[str, str]:
        programs = Path(sys.executable).parent
        return {
            "HOME": str(self._folder / "home"),
            "LANG": "C.UTF-8",
            "PATH": f"{programs}:{os.environ['PATH']}",
            "MANAGER_PORT": self._ports["4000"],
            "PORT": self._ports["4001"],
            "EMULATOR_PORT": self._ports["4100"],
            "PROJECT": str(ROOT),
            "SESSION": str(self._folder),
            "TERM": "dumb",
        }


def _fill(folder: Path) -> None:
    """Makes the files that the pages name."""
    for name in ("holiday/day 1/sea.jpg", "holiday/beach.jpg", "photo.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (80, 60), "teal").save(folder / name)
    (folder / "big.iso").write_bytes(content_of(5000))


def _free_port() -> str:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        return str(listening.getsockname()[1])
