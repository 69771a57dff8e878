"""`invitations` with its subcommands."""

from typing import Annotated

import typer

from cli.command_line.options import Json

invitations = typer.Typer(
    name="invitations",
    no_args_is_help=True,
    help="Invitations to register, for administrators.",
)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(invitations)


@invitations.command("create")
def create(
    context: typer.Context,
    *,
    uses: Annotated[int, typer.Option(min=1, metavar="N", help="How many may register.")] = 1,
    expires: Annotated[
        str, typer.Option(metavar="TIME", help="When it ends, from now: such as 12h or 7d.")
    ] = "7d",
    size: Annotated[
        str | None,
        typer.Option("--bytes", metavar="SIZE", help="What each may store, as 10G; or `none`."),
    ] = None,
    files: Annotated[
        str | None, typer.Option(metavar="N", help="How many files each may store; or `none`.")
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Group of which each becomes a member."),
    ] = None,
    label: Annotated[str, typer.Option(metavar="TEXT", help="A note for administrators.")] = "",
    as_json: Json = False,
) -> None:
    """Print a URL by which an invited person registers."""
    from cli.commands import invitations as command

    command.create(
        context,
        uses=uses,
        expires=expires,
        size=size,
        files=files,
        groups=group or [],
        label=label,
        as_json=as_json,
    )


@invitations.command("list")
def list_invitations(context: typer.Context, *, as_json: Json = False) -> None:
    """Show id, state, expiry (UTC), uses and note of each invitation, the newest first."""
    from cli.commands import invitations as command

    command.list_invitations(context, as_json=as_json)


@invitations.command("revoke", no_args_is_help=True)
def revoke(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(help="Ids, as `invitations list` shows them.")],
) -> None:
    """End invitations; who has registered by them stays."""
    from cli.commands import invitations as command

    command.revoke(context, ids)
