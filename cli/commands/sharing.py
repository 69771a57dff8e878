"""`folders`, which are shared with others, and `groups`."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import typer

from cli.context import command_context
from cli.errors import reported
from cli.login import account_client
from cli.output import human_time, print_json, print_line
from client_sdk import Client, FolderRight, GrantedRight
from client_sdk.errors import InvalidInput


def share(
    context: typer.Context,
    path: str,
    user: str | None,
    group: str | None,
    *,
    everybody: bool,
    right: FolderRight,
) -> None:
    """Share a folder."""
    _check_one(context, user, group, everybody=everybody)
    _do(
        context,
        lambda cloud: cloud.share_folder(
            path, user=user, group=group, everybody=everybody, right=right
        ),
        f"{path} is shared with {user or group or 'everybody'} ({right})",
    )


def unshare(
    context: typer.Context, path: str, user: str | None, group: str | None, *, everybody: bool
) -> None:
    """Take back what was granted on a folder."""
    _check_one(context, user, group, everybody=everybody)
    _do(
        context,
        lambda cloud: cloud.unshare_folder(path, user=user, group=group, everybody=everybody),
        f"{path} is not shared with {user or group or 'everybody'} any more",
    )


def leave(context: typer.Context, path: str) -> None:
    """Give up a folder that is shared with the user."""
    _do(context, lambda cloud: cloud.leave_folder(path), f"left {path}")


def give(context: typer.Context, path: str, user: str) -> None:
    """Give a folder another owner."""
    _do(context, lambda cloud: cloud.give_folder(path, user), f"{path} belongs to {user} now")


def show(context: typer.Context, path: str, *, as_json: bool) -> None:
    """Print the user's right on a folder, its owner, and what was granted."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            access = await cloud.folder_access(path)
        if as_json:
            print_json(ctx.out, asdict(access))
            return
        print_line(ctx.out, f"you may {access.right}")
        if access.owner is not None:
            print_line(ctx.out, f"{'owner':6}  {access.owner}")
        for grant in access.grants:
            print_line(ctx.out, _grant_line(grant))

    ctx.run(run())


def shared(context: typer.Context, *, as_json: bool) -> None:
    """Print the folders that others share with the user."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            folders = await cloud.shared_with_me()
        if as_json:
            print_json(ctx.out, [asdict(folder) for folder in folders])
            return
        for folder in folders:
            print_line(ctx.out, f"{folder.right:6}  {folder.path}")

    ctx.run(run())


def list_groups(context: typer.Context, *, as_json: bool) -> None:
    """Print all groups, and how many members they have."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            groups = await cloud.groups()
        if as_json:
            print_json(ctx.out, [asdict(group) for group in groups])
            return
        for group in groups:
            print_line(ctx.out, f"{group.members:6}  {group.name}")

    ctx.run(run())


def create_group(context: typer.Context, name: str) -> None:
    """Make a group."""
    _administer(context, lambda cloud: cloud.create_group(name), f"made the group {name}")


def remove_group(context: typer.Context, name: str) -> None:
    """Remove a group."""
    _administer(context, lambda cloud: cloud.remove_group(name), f"removed the group {name}")


def add_member(context: typer.Context, name: str, user: str) -> None:
    """Make a user a member."""
    _administer(context, lambda cloud: cloud.add_to_group(name, user), f"{user} is in {name} now")


def drop_member(context: typer.Context, name: str, user: str) -> None:
    """End a membership."""
    _administer(
        context,
        lambda cloud: cloud.remove_from_group(name, user),
        f"{user} is not in {name} any more",
    )


def show_members(context: typer.Context, name: str, *, as_json: bool) -> None:
    """Print the members of a group."""
    ctx = command_context(context)

    async def run() -> None:
        async with account_client(ctx) as cloud:
            members = await cloud.group_members(name)
        if as_json:
            print_json(ctx.out, members)
            return
        for member in members:
            print_line(ctx.out, member)

    ctx.run(run())


def _grant_line(grant: GrantedRight) -> str:
    whom = grant.user or (grant.group and f"group {grant.group}") or "everybody"
    return f"{grant.right:6}  {whom}, since {human_time(grant.granted_at)}"


def _check_one(
    context: typer.Context, user: str | None, group: str | None, *, everybody: bool
) -> None:
    ctx = command_context(context)
    with reported(ctx.err):
        if sum((user is not None, group is not None, everybody)) != 1:
            raise InvalidInput("give one of --user, --group and --everybody")


_Work = Callable[[Client], Awaitable[Any]]


def _do(context: typer.Context, work: _Work, note: str) -> None:
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            await work(cloud)
        ctx.note(note)

    ctx.run(run())


def _administer(context: typer.Context, work: _Work, note: str) -> None:
    ctx = command_context(context)

    async def run() -> None:
        async with account_client(ctx) as cloud:
            await work(cloud)
        ctx.note(note)

    ctx.run(run())
