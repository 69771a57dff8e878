"""`link`, and `links` with its subcommands."""

from typing import Annotated

import typer

from cli.command_line.options import Json, PasswordStdin

Expires = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="When it ends: minutes, hours or days from now, such as 30m, 12h or 7d; or `never`.",
    ),
]
Label = Annotated[str | None, typer.Option(metavar="TEXT", help="A note for you.")]
MaxFiles = Annotated[
    int | None,
    typer.Option(metavar="N", help="How many files may be added by it; 0: any number.", min=0),
]
MaxSize = Annotated[
    str | None,
    typer.Option(metavar="SIZE", help="How large each of them may be, as 500M; or `none`."),
]
MaxTotal = Annotated[
    str | None,
    typer.Option(metavar="SIZE", help="How large all of them may be, as 10G; or `none`."),
]
Ids = Annotated[list[str], typer.Argument(help="Ids, as `links list` shows them.")]
links = typer.Typer(
    name="links",
    no_args_is_help=True,
    help="Links to files and folders: list, change and revoke them.",
)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("link", no_args_is_help=True)(link)
    app.add_typer(links)


def link(
    context: typer.Context,
    path: Annotated[str, typer.Argument(help="Remote file or folder.")],
    *,
    upload: Annotated[
        bool,
        typer.Option("--upload", help="Let others add files to the folder, without seeing it."),
    ] = False,
    max_files: MaxFiles = None,
    max_size: MaxSize = None,
    max_total: MaxTotal = None,
    expires: Expires = None,
    password: Annotated[
        bool, typer.Option("--password", help="Ask for a password, which the link then needs.")
    ] = False,
    password_stdin: PasswordStdin = False,
    downloads: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="How often it may be used.")
    ] = None,
    label: Label = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Let it go on when the file gets other content.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print a URL that downloads a file, or opens a folder, without an account."""
    from cli.commands import links as command

    command.make(
        context,
        path,
        limits=command.UploadLimits(max_files, max_size, max_total),
        upload=upload,
        expires=expires,
        has_password=password,
        password_stdin=password_stdin,
        downloads=downloads,
        label=label,
        follow=follow,
        as_json=as_json,
    )


@links.command("list")
def list_links(
    context: typer.Context,
    path: Annotated[
        str | None, typer.Argument(help="Remote file or folder; all of yours, if not given.")
    ] = None,
    *,
    user: Annotated[
        str | None, typer.Option(metavar="NAME", help="Another user, for administrators.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show id, state, expiry (UTC), uses, file or folder, and note of each link, the newest first."""
    from cli.commands import links as command

    command.list_links(context, path, user=user, as_json=as_json)


@links.command("change", no_args_is_help=True)
def change_link(
    context: typer.Context,
    link_id: Annotated[str, typer.Argument(metavar="ID", help="Id, as `links list` shows it.")],
    *,
    expires: Expires = None,
    password: Annotated[
        bool | None,
        typer.Option("--password/--no-password", help="Ask for a new password, or take it away."),
    ] = None,
    password_stdin: PasswordStdin = False,
    downloads: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="How often it may be used; 0: any number."),
    ] = None,
    label: Label = None,
    max_files: MaxFiles = None,
    max_size: MaxSize = None,
    max_total: MaxTotal = None,
    as_json: Json = False,
) -> None:
    """Change a link; what is not given stays."""
    from cli.commands import links as command

    command.change(
        context,
        link_id,
        limits=command.UploadLimits(max_files, max_size, max_total),
        expires=expires,
        has_password=password,
        password_stdin=password_stdin,
        downloads=downloads,
        label=label,
        as_json=as_json,
    )


@links.command("revoke", no_args_is_help=True)
def revoke_links(
    context: typer.Context,
    ids: Ids,
    *,
    any_user: Annotated[
        bool, typer.Option("--any-user", help="Also those of other users, for administrators.")
    ] = False,
) -> None:
    """End links for good."""
    from cli.commands import links as command

    command.revoke(context, ids, any_user=any_user)
