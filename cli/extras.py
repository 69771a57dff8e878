"""Checks that optional dependencies are installed.

`pip install discord-cloud` installs the client. The libraries of the servers are extras, listed in
pyproject.toml; a command whose extra is missing names it instead of failing at an import.
"""

import os
import re

import typer

_DISTRIBUTION = "discord-cloud"
_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)[^;]*;.*\bextra == ['\"](?P<extra>[\w-]+)['\"]")


def require_extras(*extras: str) -> None:
    """End the command with one line that names these extras, unless all they install is installed."""
    if not all(_is_installed(extra) for extra in extras):
        wanted = f"pip install '{_DISTRIBUTION}[{','.join(extras)}]'"
        typer.echo(f"discord-cloud: this needs more than is installed: {wanted}", err=True)
        raise typer.Exit(os.EX_CONFIG)


def _is_installed(extra: str) -> bool:
    # Too slow for the commands that need none of it.
    from importlib.metadata import PackageNotFoundError, distribution, requires  # noqa: PLC0415

    found = [_REQUIREMENT.match(line) for line in requires(_DISTRIBUTION) or ()]
    try:
        for requirement in found:
            if requirement is not None and requirement["extra"] == extra:
                distribution(requirement["name"])
    except PackageNotFoundError:
        return False
    return True
