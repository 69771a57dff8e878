"""`folders`, which are shared with others, and `groups`."""

from enum import StrEnum
from typing import Annotated

import typer

from cli.command_line.options import Json

folders = typer.Typer(
    name="folders",
    no_args_is_help=True,
    help="Sharing folders with users and groups, where each user has a home.",
)
groups = typer.Typer(name="groups", no_args_is_help=True, help="Groups of users.")


class Right(StrEnum):
    """What may be done in a folder."""

    READ = "read"
    WRITE = "write"
    MANAGE = "manage"


Folder = Annotated[str, typer.Argument(metavar="PATH", help="Remote folder.")]
Name = Annotated[str, typer.Argument(metavar="GROUP", help="Name of the group.")]
Member = Annotated[str, typer.Argument(metavar="USER", help="Name of the user.")]
ToUser = Annotated[str | None, typer.Option("--user", metavar="NAME", help="With this user.")]
ToGroup = Annotated[str | None, typer.Option("--group", metavar="NAME", help="With this group.")]
ToEverybody = Annotated[
    bool, typer.Option("--everybody", help="With all users, for administrators.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(folders)
    app.add_typer(groups)


@folders.command("share", no_args_is_help=True)
def share(
    context: typer.Context,
    path: Folder,
    *,
    user: ToUser = None,
    group: ToGroup = None,
    everybody: ToEverybody = False,
    right: Annotated[Right, typer.Option(help="What may be done in it.")] = Right.READ,
) -> None:
    """Share a folder with all that is in it; changes what was granted before."""
    from cli.commands import sharing

    sharing.share(context, path, user, group, everybody=everybody, right=right.value)


@folders.command("unshare", no_args_is_help=True)
def unshare(
    context: typer.Context,
    path: Folder,
    *,
    user: ToUser = None,
    group: ToGroup = None,
    everybody: ToEverybody = False,
) -> None:
    """Take back what was granted on a folder."""
    from cli.commands import sharing

    sharing.unshare(context, path, user, group, everybody=everybody)


@folders.command("show", no_args_is_help=True)
def show(context: typer.Context, path: Folder, *, as_json: Json = False) -> None:
    """Show your right on a folder, and with whom it is shared if you manage it."""
    from cli.commands import sharing

    sharing.show(context, path, as_json=as_json)


@folders.command("shared")
def shared(context: typer.Context, *, as_json: Json = False) -> None:
    """Show the folders that others share with you."""
    from cli.commands import sharing

    sharing.shared(context, as_json=as_json)


@folders.command("leave", no_args_is_help=True)
def leave(context: typer.Context, path: Folder) -> None:
    """Give up a folder that is shared with you."""
    from cli.commands import sharing

    sharing.leave(context, path)


@folders.command("give", no_args_is_help=True)
def give(context: typer.Context, path: Folder, user: Member) -> None:
    """Give a folder another owner."""
    from cli.commands import sharing

    sharing.give(context, path, user)


@groups.command("list")
def list_groups(context: typer.Context, *, as_json: Json = False) -> None:
    """Show all groups, and how many members they have."""
    from cli.commands import sharing

    sharing.list_groups(context, as_json=as_json)


@groups.command("create", no_args_is_help=True)
def create(context: typer.Context, name: Name) -> None:
    """Make a group; for administrators."""
    from cli.commands import sharing

    sharing.create_group(context, name)


@groups.command("remove", no_args_is_help=True)
def remove(context: typer.Context, name: Name) -> None:
    """Remove a group and what was granted to it; for administrators."""
    from cli.commands import sharing

    sharing.remove_group(context, name)


@groups.command("members", no_args_is_help=True)
def members(context: typer.Context, name: Name, *, as_json: Json = False) -> None:
    """Show who is in a group; for administrators."""
    from cli.commands import sharing

    sharing.show_members(context, name, as_json=as_json)


@groups.command("add", no_args_is_help=True)
def add(context: typer.Context, name: Name, user: Member) -> None:
    """Make a user a member; for administrators."""
    from cli.commands import sharing

    sharing.add_member(context, name, user)


@groups.command("drop", no_args_is_help=True)
def drop(context: typer.Context, name: Name, user: Member) -> None:
    """End a membership; for administrators."""
    from cli.commands import sharing

    sharing.drop_member(context, name, user)
