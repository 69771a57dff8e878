"""The emulator for tests: in-process, on a free port, on a clock that the test turns."""

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
        """Returns the time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Lets time pass."""
        self.now += seconds


class _TestSettings(EmulatorSettings):
    """Settings that no environment can change."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Returns what the constructor is given, alone."""
        return (init_settings,)


@asynccontextmanager
async def running_emulator(
    folder: Path, *, clock: Callable[[], float] | None = None, **settings: object
) -> AsyncIterator[Emulator]:
    """Runs an emulator on a free port of 127.0.0.1 and yields it; `.base_url` is where it listens.

    Args:
        folder: where it keeps its data; a second run there finds everything again.
        clock: gives seconds since the Unix epoch, and time passes by it alone; None for the real time.
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
