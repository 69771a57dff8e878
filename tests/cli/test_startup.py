"""What is imported by the time that a command has something to say."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys
sys.argv = ["discord-cloud", *sys.argv[1:]]
from cli.main import main
try:
    main()
finally:
    print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""
SERVERS = {
    "catalog",
    "discord_emulator",
    "manager",
    "processing_service",
    "storage",
    "upload_service",
}
SLOW = {"aiohttp", "asyncio", "client_sdk", "msgspec", "protocol", "rich", "uvloop", "websockets"}
"""What takes longer to import than the whole of a help page may take."""


def imported(*arguments: str, environment: dict[str, str] | None = None) -> set[str]:
    """The top-level packages that a command has imported by its end."""
    result = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
        text=True,
        check=False,
    )
    return set(result.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["put", "--help"], ["share", "add", "--help"], ["up", "--help"], ["put"]],
)
def test_help_imports_nothing_slow(arguments: list[str]) -> None:
    """Help of any command comes without the client, its libraries, and the servers."""
    assert not imported(*arguments) & {*SLOW, *SERVERS}


@pytest.mark.parametrize("words", ["discord-cloud pu", "discord-cloud put --"])
def test_completion_imports_nothing_slow(words: str) -> None:
    """Each press of the tab key starts the command anew."""
    environment = {
        "_DISCORD_CLOUD_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    assert not imported(environment=environment) & {*SLOW, *SERVERS}


def test_client_commands_import_no_server() -> None:
    """A command that is a client spends no time on what only servers, or terminals, need."""
    found = imported("ls", environment={"DISCORD_CLOUD_URL": "http://127.0.0.1:9"})
    assert "aiohttp" in found
    assert not found & {*SERVERS, "pydantic_settings", "rich", "structlog", "supabase"}
