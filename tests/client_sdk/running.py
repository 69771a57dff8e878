"""A discord-cloud that runs in a process of its own, for tests that want a real manager."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from client_sdk import Client

PASSWORD = "correct horse"


@contextmanager
def running_cloud(folder: Path, *, setup_code: str = "none", **environment: str) -> Iterator[str]:
    """Runs `discord-cloud up` with its data in a folder; yields its address."""
    program = [sys.executable, "-c", "from cli.main import main; main()"]
    command = [*program, "up", "--port", "0", "--data", str(folder / "data")]
    with (
        (folder / "up.log").open("wb") as log,
        subprocess.Popen(  # noqa: S603 - our own program
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            # What is known of the channels does not depend on how long the tests take.
            env={
                **os.environ,
                "SETUP_CODE": setup_code,
                "SIZE_PROBE_INTERVAL_S": "0",
                **environment,
            },
        ) as server,
    ):
        try:
            assert server.stdout is not None
            first_line = server.stdout.readline()
            assert first_line.startswith("ready "), "discord-cloud up does not start"
            yield first_line.removeprefix("ready ").strip()
        finally:
            server.terminate()


def registered(url: str, *names: str) -> dict[str, str]:
    """Tokens of users, by name; the first of them is the administrator."""

    async def register() -> dict[str, str]:
        tokens: dict[str, str] = {}
        async with Client(url) as cloud:
            for name in names:
                token = next(iter(tokens.values()), None)
                await cloud.register(name, PASSWORD, admin_token=token)
                tokens[name] = await cloud.login(name, PASSWORD)
        return tokens

    return asyncio.run(register())
