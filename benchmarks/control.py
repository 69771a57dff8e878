"""A child process: this project's manager, configured by its environment."""

import asyncio

import uvloop
from aiohttp import web

from benchmarks.process import announce
from manager.app import create_app
from manager.settings import ManagerSettings


async def _serve() -> None:
    runner = web.AppRunner(create_app(ManagerSettings.model_validate({})), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=2048).start()
        announce(url="http://{}:{}".format(*runner.addresses[0][:2]))
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(_serve())
