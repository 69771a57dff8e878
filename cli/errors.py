"""Errors of the client commands, and the exit code of each: the one table.

The codes are those of sysexits(3), as for the server commands; docs/cli.md lists them.
"""

import contextlib
from collections.abc import Iterator, Mapping

import typer
from rich.console import Console

from cli.output import say
from client_sdk import errors

PARTIAL = 1
"""Some files failed, others did not."""
INTERRUPTED = 130


class CredentialsUnusable(errors.CloudError):
    """The file with the login cannot be read or written."""

    code = "credentials_unusable"


EXIT_CODES: Mapping[type[errors.CloudError], int] = {
    errors.InvalidInput: 64,
    errors.Refused: 65,
    errors.NotFound: 66,
    errors.SourceUnreadable: 66,
    errors.Unreachable: 69,
    errors.ConnectionLost: 69,
    errors.ReplyTimeout: 69,
    errors.CloudError: 70,
    errors.TargetUnwritable: 73,
    errors.LastingFailure: 74,
    errors.UploadFailed: 75,
    errors.DownloadFailed: 75,
    errors.SourceChanged: 75,
    errors.TooManyAttempts: 75,
    errors.ServerFailed: 75,
    errors.UnexpectedAnswer: 76,
    errors.NotLoggedIn: 77,
    errors.WrongPassword: 77,
    errors.Forbidden: 77,
    CredentialsUnusable: 78,
}
"""The most special class that fits counts."""

_HINTS: Mapping[type[errors.CloudError], str] = {
    errors.NotLoggedIn: "log in with `discord-cloud login URL USER`",
    errors.ReplyTimeout: "try again; `discord-cloud status` shows whether the manager is well",
    errors.SourceChanged: "upload it again once nobody writes to it",
    errors.DownloadFailed: "run the same command again to go on from there",
}


def exit_code(error: errors.CloudError) -> int:
    """The exit code for an error."""
    return next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES)


def explain(error: errors.CloudError) -> str:
    """One line: what happened, and what to do where that is known."""
    hint = _HINTS.get(type(error))
    text = " ".join(str(error).split())
    return f"{text}: {hint}" if hint else text


@contextlib.contextmanager
def reported(console: Console) -> Iterator[None]:
    """End the command with one line and the right exit code, instead of a traceback."""
    try:
        yield
    except errors.CloudError as error:
        say(console, f"discord-cloud: {explain(error)}")
        raise typer.Exit(exit_code(error)) from None
    except (KeyboardInterrupt, typer.Abort):
        say(console, "discord-cloud: interrupted")
        raise typer.Exit(INTERRUPTED) from None
