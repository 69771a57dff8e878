"""Errors that end a command, and the exit code of each: the one table.

The codes are those of sysexits(3), for clients and servers alike; docs/cli.md lists them.
"""

import contextlib
import os
import signal
from collections.abc import Iterator, Mapping

import typer

from cli.output import TextOutput, print_line
from client_sdk import errors

PARTIAL = 1
"""Some files failed, others did not."""
INTERRUPTED = 128 + signal.SIGINT


class CommandError(Exception):
    """Base of the command's own errors; the text says what to do and holds no secret."""


class CredentialsUnusable(CommandError):
    """The file with the login cannot be read or written."""


class SettingsInvalid(CommandError):
    """Settings are wrong or missing; the text has one line for each."""


class CannotListen(CommandError):
    """The address cannot be listened on."""


class DataFolderUnusable(CommandError):
    """The data folder, or something in it, cannot be created, read or written."""


class DataFolderInUse(CommandError):
    """Another process runs on the same data folder."""


class CatalogUnusable(CommandError):
    """The database cannot be opened, or belongs to another release."""


class CatalogOccupied(CommandError):
    """The catalog to import into is not empty."""


class MasterKeyWrong(CommandError):
    """The master key is not that of the catalog."""


class ExportInvalid(CommandError):
    """The file to import is not a complete export."""


class CredentialNotAdded(CommandError):
    """A credential of that name is in force, or it was used before."""


class CredentialUnreadable(CommandError):
    """The credential that was given cannot be read."""


class ExportUnreadable(CommandError):
    """The file to import cannot be read, or there is no catalog."""


class ExportUnwritable(CommandError):
    """The export cannot be written."""


EXIT_CODES: Mapping[type[Exception], int] = {
    errors.InvalidInput: os.EX_USAGE,
    errors.Refused: os.EX_DATAERR,
    ExportInvalid: os.EX_DATAERR,
    errors.NotFound: os.EX_NOINPUT,
    errors.SourceUnreadable: os.EX_NOINPUT,
    CredentialUnreadable: os.EX_NOINPUT,
    ExportUnreadable: os.EX_NOINPUT,
    errors.Unreachable: os.EX_UNAVAILABLE,
    errors.ConnectionLost: os.EX_UNAVAILABLE,
    errors.ReplyTimeout: os.EX_UNAVAILABLE,
    CannotListen: os.EX_UNAVAILABLE,
    errors.CloudError: os.EX_SOFTWARE,
    CommandError: os.EX_SOFTWARE,
    errors.TargetUnwritable: os.EX_CANTCREAT,
    CatalogOccupied: os.EX_CANTCREAT,
    CredentialNotAdded: os.EX_CANTCREAT,
    DataFolderUnusable: os.EX_CANTCREAT,
    ExportUnwritable: os.EX_CANTCREAT,
    errors.LastingFailure: os.EX_IOERR,
    CatalogUnusable: os.EX_IOERR,
    errors.UploadFailed: os.EX_TEMPFAIL,
    errors.DownloadFailed: os.EX_TEMPFAIL,
    errors.UploadStalled: os.EX_TEMPFAIL,
    errors.ResumedElsewhere: os.EX_TEMPFAIL,
    errors.SourceChanged: os.EX_TEMPFAIL,
    errors.TooManyAttempts: os.EX_TEMPFAIL,
    errors.ServerFailed: os.EX_TEMPFAIL,
    DataFolderInUse: os.EX_TEMPFAIL,
    errors.UnexpectedAnswer: os.EX_PROTOCOL,
    errors.NotLoggedIn: os.EX_NOPERM,
    errors.WrongPassword: os.EX_NOPERM,
    errors.WrongCode: os.EX_NOPERM,
    errors.SecondFactorNeeded: os.EX_NOPERM,
    errors.SecondFactorDemanded: os.EX_NOPERM,
    errors.Forbidden: os.EX_NOPERM,
    CredentialsUnusable: os.EX_CONFIG,
    MasterKeyWrong: os.EX_CONFIG,
    SettingsInvalid: os.EX_CONFIG,
}
"""The most derived class that matches counts."""

_HINTS: Mapping[type[errors.CloudError], str] = {
    errors.NotLoggedIn: "log in with `discord-cloud login URL USER`",
    errors.SecondFactorNeeded: "give a code of your authenticator app, or a recovery code, as --code",
    errors.ReplyTimeout: "try again; `discord-cloud status` shows whether the manager is well",
    errors.SourceChanged: "upload it again once no program writes to it",
    errors.DownloadFailed: "run the same command again to go on from there",
}


def exit_code(error: errors.CloudError | CommandError) -> int:
    """The exit code for an error."""
    if isinstance(error, errors.Rejected) and error.may_pass:
        return os.EX_TEMPFAIL
    return next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES)


def explain(error: errors.CloudError) -> str:
    """One line: what happened, and what to do where that is known."""
    hint = _HINTS.get(type(error))
    text = " ".join(str(error).split())
    return f"{text}: {hint}" if hint else text


@contextlib.contextmanager
def reported(console: TextOutput) -> Iterator[None]:
    """End the command with the reason and its exit code instead of a traceback."""
    try:
        yield
    except errors.CloudError as error:
        print_line(console, f"discord-cloud: {explain(error)}")
        raise typer.Exit(exit_code(error)) from None
    except CommandError as error:
        for line in f"discord-cloud: {error}".splitlines():
            print_line(console, line)
        raise typer.Exit(exit_code(error)) from None
    except (KeyboardInterrupt, typer.Abort):
        print_line(console, "discord-cloud: interrupted")
        raise typer.Exit(INTERRUPTED) from None
