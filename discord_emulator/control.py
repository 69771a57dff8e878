"""The routes that order faults from outside, for tests that run the emulator as a process."""

import ipaddress

import msgspec
from aiohttp import web

from discord_emulator.emulator import Emulator
from discord_emulator.errors import ApiError, UnknownRoute
from discord_emulator.faults import Fault, FaultOrder
from discord_emulator.guard import Handler
from discord_emulator.intake import read_text
from discord_emulator.payload import parse_json
from discord_emulator.webhook_routes import json_answer


class ControlRoutes:
    """Orders, lists, releases and clears faults. Loopback addresses only."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Adds the routes."""
        faults = "/emulator/faults"
        router.add_post(faults, _local(self.order))
        router.add_get(faults, _local(self.pending), allow_head=False)
        router.add_delete(faults, _local(self.clear))
        router.add_post(f"{faults}/{{number:[0-9]+}}/release", _local(self.release))

    async def order(self, request: web.Request) -> web.StreamResponse:
        """Orders a fault; answers its number."""
        order = parse_json(await read_text(request.content), FaultOrder)
        fault = Fault(**msgspec.structs.asdict(order))
        return json_answer({"id": self._emulator.faults.add(fault)})

    async def pending(self, _request: web.Request) -> web.StreamResponse:
        """Answers which faults will still meet requests, and how many they have met."""
        return json_answer(
            [
                {"id": number, "kind": fault.kind, "route": fault.route, "hits": fault.hits}
                for number, fault in self._emulator.faults.pending.items()
            ]
        )

    async def clear(self, _request: web.Request) -> web.StreamResponse:
        """Removes all faults."""
        self._emulator.faults.clear()
        return web.Response(status=204)

    async def release(self, request: web.Request) -> web.StreamResponse:
        """Lets those go on that wait at a fault."""
        if not self._emulator.faults.release(int(request.match_info["number"])):
            raise UnknownRoute
        return web.Response(status=204)


def _local(handler: Handler) -> Handler:
    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            if not ipaddress.ip_address(request.remote or "0.0.0.0").is_loopback:  # noqa: S104 - not bound to
                raise UnknownRoute
            return await handler(request)
        except ApiError as error:
            return error.response()

    return guarded
