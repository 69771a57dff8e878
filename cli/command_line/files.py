"""Commands about files: `put`, `get`, `ls`, `mv` and the like, and `share` and `uploads`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.command_line.options import (
    ConflictOption,
    Jobs,
    Json,
    RemotePaths,
    SeveralAndOne,
    SyncOptions,
)

SharedFile = Annotated[str, typer.Argument(help="Remote file.")]
OtherUser = Annotated[str, typer.Argument(help="Name of the other user.")]
SyncSource = Annotated[
    str, typer.Argument(help="Folder; a remote one is written as `cloud:/folder`.")
]
SyncTarget = Annotated[str, typer.Argument(help="Folder to change; made if it is missing.")]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Only show what would be done.")]
Include = Annotated[
    list[str] | None,
    typer.Option(metavar="PATTERN", help="Only files that match, as in .gitignore; repeatable."),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(metavar="PATTERN", help="No files that match, as in .gitignore; repeatable."),
]
Checksum = Annotated[
    bool, typer.Option("--checksum", help="Compare files by their content, not by time.")
]
LimitRate = Annotated[
    str | None,
    typer.Option(
        metavar="RATE",
        help="Bytes per second of all files together, as 500k or 2M; `none`: no limit.",
    ),
]
ModifyWindow = Annotated[
    float,
    typer.Option(
        metavar="SECONDS",
        min=0.001,
        max=3600.0,
        help="Modification times that differ by no more are the same; disks with FAT need 2.",
    ),
]
SizeOnly = Annotated[bool, typer.Option("--size-only", help="Compare files by their size alone.")]
share = typer.Typer(
    name="share",
    no_args_is_help=True,
    help="Share files: with users, or with everybody.",
)
uploads = typer.Typer(
    name="uploads", no_args_is_help=True, help="Unfinished uploads, which the manager keeps."
)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("put", cls=SeveralAndOne, no_args_is_help=True)(put)
    app.command("get", cls=SeveralAndOne, no_args_is_help=True)(get)
    app.command("copy", no_args_is_help=True)(copy)
    app.command("sync", no_args_is_help=True)(sync)
    app.command("cat", no_args_is_help=True)(cat)
    app.command("zip", no_args_is_help=True)(zip_)
    app.command("ls")(ls)
    app.command("tree")(tree)
    app.command("du")(du)
    app.command("stat", no_args_is_help=True)(stat)
    app.command("find")(find)
    app.command("mv", cls=SeveralAndOne, no_args_is_help=True)(mv)
    app.command("cp", cls=SeveralAndOne, no_args_is_help=True)(cp)
    app.command("rm", no_args_is_help=True)(rm)
    app.command("mkdir", no_args_is_help=True)(mkdir)
    app.add_typer(share)
    app.add_typer(uploads)


def put(
    context: typer.Context,
    sources: Annotated[list[Path], typer.Argument(help="Files and folders.")],
    dest: Annotated[
        str, typer.Argument(help="Remote folder to put them in; or, for one file, its path.")
    ],
    *,
    jobs: Jobs = 4,
    limit_rate: LimitRate = None,
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

    A folder that is missing is made; for one file only if DEST ends with a slash. An upload that broke
    off goes on where it stopped when the same command is run again.
    """
    from cli.commands import put as command

    command.put(
        context,
        sources,
        dest,
        jobs=jobs,
        limit_rate=limit_rate,
        on_conflict=on_conflict,
        public=public,
        as_json=as_json,
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
    limit_rate: LimitRate = None,
    resume: Annotated[
        bool, typer.Option("--resume/--no-resume", help="Go on with partial downloads.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Download files and folders. A download that broke off goes on where it stopped."""
    from cli.commands import get as command

    command.get(
        context,
        remotes,
        local,
        jobs=jobs,
        limit_rate=limit_rate,
        resume=resume,
        as_json=as_json,
    )


def copy(
    context: typer.Context,
    source: SyncSource,
    target: SyncTarget,
    *,
    dry_run: DryRun = False,
    include: Include = None,
    exclude: Exclude = None,
    checksum: Checksum = False,
    size_only: SizeOnly = False,
    modify_window: ModifyWindow = 0.001,
    jobs: Jobs = 4,
    limit_rate: LimitRate = None,
    as_json: Json = False,
) -> None:
    """Transfer what is in a folder and not, or otherwise, in another one. Deletes nothing.

    `copy photos cloud:/photos` uploads, `copy cloud:/photos photos` downloads.
    """
    from cli.commands import sync as command

    options = SyncOptions(
        include=include or [],
        exclude=exclude or [],
        checksum=checksum,
        size_only=size_only,
        modify_window_s=modify_window,
        deletes=False,
        is_dry_run=dry_run,
        jobs=jobs,
        limit_rate=limit_rate,
        as_json=as_json,
    )
    command.sync(context, source, target, options)


def sync(
    context: typer.Context,
    source: SyncSource,
    target: SyncTarget,
    *,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete what only TARGET has, once all is transferred.")
    ] = False,
    dry_run: DryRun = False,
    include: Include = None,
    exclude: Exclude = None,
    checksum: Checksum = False,
    size_only: SizeOnly = False,
    modify_window: ModifyWindow = 0.001,
    jobs: Jobs = 4,
    limit_rate: LimitRate = None,
    as_json: Json = False,
) -> None:
    """Make a folder as another one: as `copy`, and with --delete what only TARGET has is deleted."""
    from cli.commands import sync as command

    options = SyncOptions(
        include=include or [],
        exclude=exclude or [],
        checksum=checksum,
        size_only=size_only,
        modify_window_s=modify_window,
        deletes=delete,
        is_dry_run=dry_run,
        jobs=jobs,
        limit_rate=limit_rate,
        as_json=as_json,
    )
    command.sync(context, source, target, options)


def cat(
    context: typer.Context,
    remotes: Annotated[list[str], typer.Argument(help="Remote files.")],
) -> None:
    """Write files to standard output, one after the other."""
    from cli.commands import get as command

    command.cat(context, remotes)


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
    from cli.commands import get as command

    command.zip_(context, remote, file)


def ls(
    context: typer.Context,
    path: Annotated[str, typer.Argument(help="Folder or file.")] = "/",
    *,
    long: Annotated[bool, typer.Option("--long", "-l", help="Also size, time and access.")] = False,
    as_json: Json = False,
) -> None:
    """List a folder: folders first, then files, each by name."""
    from cli.commands import browse

    browse.ls(context, path, long=long, as_json=as_json)


def tree(
    context: typer.Context,
    path: Annotated[str, typer.Argument(help="Folder.")] = "/",
    *,
    depth: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Levels at most; all, if not given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show a folder with everything below it."""
    from cli.commands import browse

    browse.tree(context, path, depth=depth, as_json=as_json)


def du(
    context: typer.Context,
    path: Annotated[str, typer.Argument(help="Folder.")] = "/",
    *,
    depth: Annotated[
        int, typer.Option(min=0, metavar="N", help="Levels below it that have a line of their own.")
    ] = 1,
    as_json: Json = False,
) -> None:
    """Show how much a folder, and each folder in it, holds with everything below it."""
    from cli.commands import browse

    browse.du(context, path, depth=depth, as_json=as_json)


def stat(context: typer.Context, paths: RemotePaths, *, as_json: Json = False) -> None:
    """Show everything that is known of files and folders."""
    from cli.commands import browse

    browse.stat(context, paths, as_json=as_json)


def find(
    context: typer.Context,
    text: Annotated[
        str, typer.Argument(help="Parts of the name, or words of the content; all, if not given.")
    ] = "",
    folder: Annotated[
        str | None, typer.Argument(help="Folder to search in; everywhere, if not given.")
    ] = None,
    *,
    types: Annotated[
        list[str] | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="`file`, `folder`, `image`, `video`, `audio`, `text`, `pdf`, `document`, `spreadsheet`, "
            "`presentation`, `archive`, or a MIME type. Give it several times for any of them.",
        ),
    ] = None,
    larger: Annotated[
        str | None, typer.Option(metavar="SIZE", help="At least so large, as 500k or 2G.")
    ] = None,
    smaller: Annotated[str | None, typer.Option(metavar="SIZE", help="At most so large.")] = None,
    newer: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Changed since then: `30min`, `12h` or `7d` ago, or a time as 2026-01-31 (UTC).",
        ),
    ] = None,
    older: Annotated[str | None, typer.Option(metavar="TIME", help="Changed before then.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="USER", help="Files of that user.")] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="Results at most.")] = 100,
    long: Annotated[bool, typer.Option("--long", "-l", help="Also size, time and access.")] = False,
    as_json: Json = False,
) -> None:
    """Search files and folders by name, content, type, size, time and owner, the best matches first."""
    from cli.commands import find as command

    options = command.FindOptions(
        types=types or (),
        larger=larger,
        smaller=smaller,
        newer=newer,
        older=older,
        owner=owner,
        limit=limit,
    )
    command.find(context, text, folder, options, long=long, as_json=as_json)


def mv(
    context: typer.Context,
    sources: RemotePaths,
    dest: Annotated[str, typer.Argument(help="Folder to move them to; or, for one, its new path.")],
    *,
    as_json: Json = False,
) -> None:
    """Move or rename files and folders. Nothing is replaced: a taken name is numbered."""
    from cli.commands import files

    files.mv(context, sources, dest, as_json=as_json)


def cp(
    context: typer.Context,
    sources: RemotePaths,
    dest: Annotated[str, typer.Argument(help="Folder to copy them to; or, for one, the new path.")],
    *,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Copy folders with everything in them.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Copy files, and folders with -r, without sending them again. A taken name is numbered."""
    from cli.commands import files

    files.cp(context, sources, dest, recursive=recursive, as_json=as_json)


def rm(
    context: typer.Context,
    paths: RemotePaths,
    *,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Delete folders with everything in them.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Do not ask, and ignore paths that do not exist.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Delete files, and folders with -r. Asks on a terminal."""
    from cli.commands import files

    files.rm(context, paths, recursive=recursive, force=force, as_json=as_json)


def mkdir(
    context: typer.Context,
    paths: Annotated[list[str], typer.Argument(help="Remote folders.")],
    *,
    parents: Annotated[
        bool,
        typer.Option(
            "--parents", "-p", help="Also create missing parents, and ignore folders that exist."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Create folders."""
    from cli.commands import files

    files.mkdir(context, paths, parents=parents, as_json=as_json)


@share.command("add", no_args_is_help=True)
def share_with(
    context: typer.Context,
    path: SharedFile,
    user: OtherUser,
    *,
    write: Annotated[bool, typer.Option("--write", help="Let the user write it, too.")] = False,
) -> None:
    """Share a file with a user, for reading unless --write; changes an existing share."""
    from cli.commands import files

    files.share_with(context, path, user, write=write)


@share.command("remove", no_args_is_help=True)
def unshare(context: typer.Context, path: SharedFile, user: OtherUser) -> None:
    """Stop sharing a file with a user."""
    from cli.commands import files

    files.unshare(context, path, user)


@share.command("public", no_args_is_help=True)
def make_public(context: typer.Context, path: SharedFile) -> None:
    """Let all users read and write a file."""
    from cli.commands import files

    files.set_public(context, path, is_public=True)


@share.command("private", no_args_is_help=True)
def make_private(context: typer.Context, path: SharedFile) -> None:
    """Make a file private again: for you and those with whom you share it."""
    from cli.commands import files

    files.set_public(context, path, is_public=False)


@share.command("list", no_args_is_help=True)
def list_shares(context: typer.Context, path: SharedFile, *, as_json: Json = False) -> None:
    """Show who may use your file."""
    from cli.commands import files

    files.list_shares(context, path, as_json=as_json)


@uploads.command("list")
def list_uploads(context: typer.Context, *, as_json: Json = False) -> None:
    """Show id, stored bytes, state, time of expiry (UTC) and path of each unfinished upload."""
    from cli.commands import uploads as command

    command.list_uploads(context, as_json=as_json)


@uploads.command("drop")
def drop_uploads(
    context: typer.Context,
    ids: Annotated[
        list[str] | None, typer.Argument(help="Ids, as `uploads list` shows them.")
    ] = None,
    *,
    drop_all: Annotated[bool, typer.Option("--all", help="Drop all of them.")] = False,
) -> None:
    """Give up unfinished uploads: what was stored of them is deleted."""
    from cli.commands import uploads as command

    command.drop(context, ids or [], drop_all=drop_all)
