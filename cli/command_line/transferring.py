"""`put`, `get` and `zip`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.command_line.options import ConflictOption, Jobs, Json, RemotePaths, SeveralAndOne


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("put", cls=SeveralAndOne, no_args_is_help=True)(put)
    app.command("get", cls=SeveralAndOne, no_args_is_help=True)(get)
    app.command("zip", no_args_is_help=True)(zip_)


def put(
    context: typer.Context,
    sources: Annotated[list[Path], typer.Argument(help="Files and folders.")],
    dest: Annotated[
        str, typer.Argument(help="Remote folder to put them in; or, for one file, its path.")
    ],
    *,
    jobs: Jobs = 4,
    on_conflict: Annotated[
        ConflictOption | None,
        typer.Option(
            help="When a name is taken. Asks on a terminal, renames elsewhere, if not given."
        ),
    ] = None,
    public: Annotated[
        bool, typer.Option("--public/--private", help="Let everybody read and write the files.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Upload files and folders; `put holiday /archive` makes the folder /archive/holiday.

    A folder that is missing is made; for one file only if DEST ends with a slash.
    """
    from cli.commands import putting

    putting.put(
        context, sources, dest, jobs=jobs, on_conflict=on_conflict, public=public, as_json=as_json
    )


def get(
    context: typer.Context,
    remotes: RemotePaths,
    local: Annotated[
        str,
        typer.Argument(
            help="Folder to put them in; or, for one file, its name, or `-` for standard output."
        ),
    ],
    *,
    jobs: Jobs = 4,
    resume: Annotated[
        bool, typer.Option("--resume/--no-resume", help="Go on with partial downloads.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Download files and folders. A download that broke off goes on where it stopped."""
    from cli.commands import getting

    getting.get(context, remotes, local, jobs=jobs, resume=resume, as_json=as_json)


def zip_(
    context: typer.Context,
    remote: Annotated[str, typer.Argument(help="Remote folder.")],
    file: Annotated[
        str | None,
        typer.Argument(
            help="File to write, or folder to put it in; `-` is standard output. "
            "The folder's name and .zip, if not given."
        ),
    ] = None,
) -> None:
    """Download a folder with everything in it as a zip archive, but for what you may not read."""
    from cli.commands import archiving

    archiving.zip_(context, remote, file)
