"""Why a server program cannot start: one line for people, and an exit code for scripts.

The codes are those of sysexits(3).
"""

import errno

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from cli.settings_errors import explain
from discord_emulator.store import EmulatorFolderInUse


class StartError(Exception):
    """Base of the reasons; the text says what to do and holds no secret."""

    exit_code = 70


class SettingsInvalid(StartError):
    """Settings are wrong or missing; the text has one line for each."""

    exit_code = 78

    def __init__(self, error: ValidationError, settings: type[BaseSettings]) -> None:
        lines = "\n".join(f"  {line}" for line in explain(error, settings))
        super().__init__(f"these settings (environment or .env) are wrong:\n{lines}")


class CannotListen(StartError):
    """The address cannot be listened on."""

    exit_code = 69

    def __init__(self, host: str, port: int, error: OSError) -> None:
        text = f"cannot listen on {host} port {port}: {error.strerror or error}"
        if error.errno == errno.EADDRINUSE:
            text = f"port {port} is taken: stop the program that uses it, or choose another port"
        super().__init__(text)


class DataFolderUnusable(StartError):
    """The data folder, or something in it, cannot be made, read or written."""

    exit_code = 73


class DataFolderInUse(StartError):
    """Another process runs on the same data folder."""

    exit_code = 75


class CatalogUnusable(StartError):
    """The database cannot be opened, or belongs to another release."""

    exit_code = 74


def start_error(error: OSError, host: str, port: int) -> StartError:
    """What an error of the operating system means for a server that listens there."""
    if isinstance(error, EmulatorFolderInUse):
        return DataFolderInUse(str(error))
    if error.filename is not None:
        return DataFolderUnusable(f"cannot use {error.filename}: {error.strerror}")
    return CannotListen(host, port, error)
