"""Parts of discord-cloud that are not installed unless they are asked for.

`pip install discord-cloud` installs the client. What a server needs besides is an extra, listed in
pyproject.toml; the command that needs it says so instead of failing at an import.
"""

import re

import typer

EXIT_CODE = 78
"""EX_CONFIG of sysexits(3)."""
_DISTRIBUTION = "discord-cloud"
_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)[^;]*;.*\bextra == ['\"](?P<extra>[\w-]+)['\"]")


def require_extras(*extras: str) -> None:
    """Ends the command with one line unless everything is installed that these extras install."""
    if not all(_is_installed(extra) for extra in extras):
        wanted = f"pip install '{_DISTRIBUTION}[{','.join(extras)}]'"
        typer.echo(f"discord-cloud: this needs more than is installed: {wanted}", err=True)
        raise typer.Exit(EXIT_CODE)


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
