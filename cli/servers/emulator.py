"""`emulator`: the Discord emulator alone."""

from cli.server_errors import start_error
from cli.servers.running import load, run, say_ready
from discord_emulator.app import serve
from discord_emulator.settings import EmulatorSettings


def run_emulator() -> None:
    """Run it until it is stopped."""
    run(lambda: _emulator(load(EmulatorSettings)))


async def _emulator(settings: EmulatorSettings) -> None:
    try:
        await serve(settings, on_ready=say_ready)
    except OSError as error:
        raise start_error(error, settings.host, settings.port) from error
