"""The server programs end when they are told to, whatever is under way."""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace

from discord_emulator.emulator import Emulator
from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from discord_emulator.testing import running_emulator
from tests.manager.sockets.stage import SERVICE_PASSWORD
from tests.raw_requests import BEGUN, FORM, WEBSOCKET, asking
from tests.system.server import Server, manager, program
from tests.system.whole import User, send_chunk

CONTENT = b"content"
GRACE_S = "20"
"""More than the usual one, for a busy machine; the emulator once took a minute."""


async def hold(clients: AsyncExitStack, server: Server, form: str) -> None:
    """Connects clients that send nothing, half a head, half a body, or ask for nothing more."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    _, silent = await asyncio.open_connection(host, int(port))
    clients.callback(silent.close)
    _, slow = await asyncio.open_connection(host, int(port))
    slow.write(b"GET / HTTP/1.1\r\nHos")
    clients.callback(slow.close)
    await clients.enter_async_context(asking(form, f"POST\n{FORM}", BEGUN))
    idle = await clients.enter_async_context(asking(f"{server.url}/health", "GET"))
    await idle.reader.readuntil(b"\r\n\r\n")


def slow(discord: Emulator, route: Operation) -> Fault:
    """Discord does not answer such requests any more."""
    fault = Fault(kind=FaultKind.SLOW, route=route, times=None)
    discord.faults.add(fault)
    return fault


async def stored(user: User, service: Server, name: str) -> None:
    """Uploads a file of one chunk."""
    response = await user.request(name, len(CONTENT))
    response = replace(response, upload_address=service.url)
    assert (await send_chunk(user.http, response, 0, CONTENT))[0] == 200
    assert (await user.finished(response)).success


@pytest.mark.timeout(400)  # five programs start, on a machine that may be busy
async def test_every_program_ends_within_its_grace(tmp_path: Path):
    """Exit code 0: connections that stand still, a Discord and clients that do, keep nobody."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        discord = await enter(running_emulator(tmp_path / "discord", limits="off", channels=1))
        server = await enter(
            manager(discord, DATABASE_PATH=str(tmp_path / "catalog.sqlite3"), STOP_GRACE_S=GRACE_S)
        )
        of_services = {
            "MANAGER_ADDRESS": server.url,
            "SERVICE_PASSWORD": SERVICE_PASSWORD,
            "STOP_GRACE_S": GRACE_S,
        }
        service = await enter(
            program(
                "upload-service",
                OWN_ADDRESS="http://127.0.0.1:1/",
                PORT="0",
                SLOTS="1",
                DRAIN_GRACE_S="1",
                REPORTS_FOLDER=str(tmp_path / "reports"),
                **of_services,
            )
        )
        processing = await enter(program("processing-service", **of_services))
        folder = tmp_path / "alone"
        emulator = await enter(
            program("emulator", EMULATOR_PORT="0", EMULATOR_DATA=str(folder), STOP_GRACE_S=GRACE_S)
        )
        (*_, webhook) = (folder / "webhook-urls").read_text().split()
        await hold(stack, emulator, webhook)
        await hold(stack, server, f"{server.url}/login")
        await hold(stack, service, service.url)
        token = await server.register()
        user = await enter(server.user(token))
        await stored(user, service, "a.bin")
        download = slow(discord, Operation.CDN)
        await enter(asking(user.download_url("a.bin"), "GET"))
        await enter(asking(f"{server.url}/?type=client&key={token}", f"GET\n{WEBSOCKET}"))
        post = slow(discord, Operation.EXECUTE)
        sending = asyncio.create_task(stored(user, service, "b.bin"))
        await download.reached.wait()
        await post.reached.wait()
        programs = (server, service, processing, emulator)
        assert await asyncio.gather(*(each.stop() for each in programs)) == [0, 0, 0, 0]
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


HANGS = """
import asyncio
from cli.servers.process import run

async def hang():
    print("ready", flush=True)
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

run(hang)
"""
LOOKS_UP = """
import asyncio, socket, threading
from cli.servers.process import run

def getaddrinfo(*_, **__):
    print("ready", flush=True)
    threading.Event().wait()

async def look_up():
    await asyncio.get_running_loop().getaddrinfo("discord.invalid", 443)

socket.getaddrinfo = getaddrinfo
run(look_up)
"""
"""No name server answers."""


async def stopped(code: str, *, grace_s: float) -> tuple[int | None, bytes]:
    """Runs a program, asks it to stop once it has printed a line; its exit code, and what it has logged."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        cwd=Path(__file__).parents[2],
        env={"STOP_GRACE_S": str(grace_s)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        await process.stdout.readline()
        process.terminate()
        _, errors = await process.communicate()
    return process.returncode, errors


async def test_a_program_that_hangs_ends_itself():
    """When its grace is over, with the place where it hangs, and an exit code that is no success."""
    code, errors = await stopped(HANGS, grace_s=0.2)
    assert code == 1
    assert b"Timeout" in errors
    assert b"most recent call first" in errors


async def test_a_program_that_looks_a_name_up_ends_at_once():
    """A lookup cannot be cancelled, and nobody waits for it: the program has ended well."""
    assert await stopped(LOOKS_UP, grace_s=50) == (0, b"")
