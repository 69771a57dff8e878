"""The Discord emulator, which also watches which process posts with which webhook.

Linux says to which process the other end of a connection belongs, so nothing has to tell who it is.
"""

import asyncio
import json
import sys
from asyncio import BaseTransport
from collections import Counter
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from cli.servers.process import LogSettings, load, logging_to_stderr
from discord_emulator.app import EMULATOR, create_app, start_site
from discord_emulator.settings import EmulatorSettings

POSTS = "/emulator/posts"
_SERVICE = b"upload-service"
_LOOKS = 20
"""The kernel may leave lines out of a table that changes while it is read."""


class PostWatch:
    """Notes posts of upload services, and webhooks with which two of them post at the same time."""

    def __init__(self) -> None:
        self._processes: dict[BaseTransport, int | None] = {}
        self._posting: dict[str, Counter[int]] = {}
        self._posts: Counter[int] = Counter()
        self._clashes: list[str] = []
        self._stored_bytes = 0

    def add_to(self, app: web.Application) -> None:
        """Watches an application from now on, which tells what was seen at `POSTS`."""

        @web.middleware
        async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
            webhook = request.match_info.get("webhook_id")
            is_post = request.method == "POST" and webhook is not None
            process = self._process_of(request.transport) if is_post else None
            if webhook is None or process is None:
                return await handler(request)
            return await self._posted(webhook, process, handler(request))

        app.middlewares.append(watch)
        app.router.add_get(POSTS, self._tell)

    async def _posted(
        self, webhook: str, process: int, answering: Awaitable[web.StreamResponse]
    ) -> web.StreamResponse:
        posting = self._posting.setdefault(webhook, Counter())
        posting[process] += 1
        self._posts[process] += 1
        others = [pid for pid, running in posting.items() if running and pid != process]
        self._clashes += [f"{webhook}: {pid} and {process}" for pid in others if _runs(pid)]
        try:
            response = await answering
        finally:
            posting[process] -= 1
        if isinstance(response, web.Response) and isinstance(response.body, bytes):
            attachments = json.loads(response.body or b"{}").get("attachments", ())
            self._stored_bytes += sum(each["size"] for each in attachments)
        return response

    def _process_of(self, transport: BaseTransport | None) -> int | None:
        if transport is None:
            return None
        if transport not in self._processes:
            for known in [each for each in self._processes if each.is_closing()]:
                del self._processes[known]
            self._processes[transport] = upload_service_at(
                transport.get_extra_info("peername")[1], transport.get_extra_info("sockname")[1]
            )
        return self._processes[transport]

    async def _tell(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "posts": {str(pid): count for pid, count in self._posts.items()},
                "clashes": self._clashes,
                "stored_bytes": self._stored_bytes,
            }
        )


def _runs(process: int) -> bool:
    with suppress(OSError):
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    return False


def upload_service_at(port: int, own_port: int) -> int | None:
    """The id of the upload service's process that is connected from one port to another, if it is one."""
    ends = [f":{each:04X}" for each in (port, own_port)]
    for _ in range(_LOOKS):
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if [each[-5:] for each in fields[1:3]] == ends:
                return _owner(f"socket:[{fields[9]}]")
    return None


def _owner(link: str) -> int | None:
    for folder in Path("/proc").glob("[0-9]*"):
        # Processes end, and those of others are closed to us.
        with suppress(OSError):
            is_service = _SERVICE in (folder / "cmdline").read_bytes().split(b"\0")
            if is_service and any(_leads_to(each, link) for each in (folder / "fd").iterdir()):
                return int(folder.name)
    return None


def _leads_to(descriptor: Path, link: str) -> bool:
    with suppress(OSError):
        return str(descriptor.readlink()) == link
    return False


async def main() -> None:
    """Serves the emulator as `discord-cloud emulator` does, until it is killed."""
    app = create_app(EmulatorSettings())
    PostWatch().add_to(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await start_site(runner, app[EMULATOR])
    app[EMULATOR].write_webhook_urls()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    with logging_to_stderr(load(LogSettings)):
        asyncio.run(main())
