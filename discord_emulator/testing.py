"""The emulator for tests: in-process, on a free port, with a clock that the test advances."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from discord_emulator.app import EMULATOR, create_app, start_site
from discord_emulator.emulator import Emulator
from discord_emulator.settings import EmulatorSettings


class VirtualClock:
    """A clock that stands still until it is advanced. Call it for seconds since the Unix epoch."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Advance the clock."""
        self.now += seconds


class _TestSettings(EmulatorSettings):
    """Settings without environment variables and `.env`."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the arguments of the constructor as the only source."""
        return (init_settings,)


@asynccontextmanager
async def running_emulator(
    folder: Path, *, clock: Callable[[], float] | None = None, **settings: object
) -> AsyncIterator[Emulator]:
    """Run an emulator on a free port of 127.0.0.1 and yield it; `.base_url` is where it listens.

    Args:
        folder: the data folder; a second run with it finds everything again.
        clock: returns seconds since the Unix epoch, for rate limits too; None: the real time.
        settings: fields of `EmulatorSettings`, such as `limits="off"`.
    """
    chosen = {"data": folder, "host": "127.0.0.1", "port": 0, "channels": 1, **settings}
    app = create_app(
        _TestSettings.model_validate(chosen),
        clock=clock or time.time,
        monotonic=clock or time.monotonic,
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await start_site(runner, app[EMULATOR])
        yield app[EMULATOR]
    finally:
        await runner.cleanup()
