"""`invitations`: addresses by which people register themselves."""

from collections.abc import Sequence
from dataclasses import asdict

import typer

from cli.commands.accounts import limit_of
from cli.commands.links import life_of
from cli.context import CommandContext, command_context
from cli.errors import reported
from cli.login import account_client
from cli.output import human_time, print_json, print_line
from client_sdk import InvitationInfo, StorageQuota
from client_sdk.errors import InvalidInput
from client_sdk.links import UNSET, Unset
from common.wording import counted


def create(
    context: typer.Context,
    *,
    uses: int,
    expires: str,
    size: str | None,
    files: str | None,
    groups: Sequence[str],
    label: str,
    as_json: bool,
) -> None:
    """Make an invitation, and print its address."""
    ctx = command_context(context)
    with reported(ctx.err):
        life_s = life_of(expires)
        if not isinstance(life_s, int | float):
            raise InvalidInput("an invitation has to end: give minutes, hours or days")
        quota = _quota(size, files)

    async def run() -> None:
        async with account_client(ctx) as cloud:
            made = await cloud.create_invitation(
                label=label, max_uses=uses, life_s=life_s, quota=quota, groups=groups
            )
        if as_json:
            print_json(ctx.out, asdict(made))
        else:
            print_line(ctx.out, made.url or "")

    ctx.run(run())


def list_invitations(context: typer.Context, *, as_json: bool) -> None:
    """List invitations, the newest first."""
    ctx = command_context(context)

    async def run() -> None:
        async with account_client(ctx) as cloud:
            found = await cloud.invitations()
        _print(ctx, found, as_json=as_json)

    ctx.run(run())


def revoke(context: typer.Context, ids: Sequence[str]) -> None:
    """End invitations."""
    ctx = command_context(context)

    async def run() -> None:
        async with account_client(ctx) as cloud:
            for each in ids:
                await cloud.revoke_invitation(each)
        ctx.note(f"revoked {counted(len(ids), 'invitation')}")

    ctx.run(run())


def _quota(size: str | None, files: str | None) -> StorageQuota | Unset:
    """What is given; without anything that of all new users. Raises `InvalidInput`."""
    if size is None and files is None:
        return UNSET
    return StorageQuota(
        bytes=None if size is None else limit_of("--bytes", size),
        files=None if files is None else limit_of("--files", files),
    )


def _print(ctx: CommandContext, found: Sequence[InvitationInfo], *, as_json: bool) -> None:
    if as_json:
        rows = [{k: v for k, v in asdict(each).items() if k != "url"} for each in found]
        print_json(ctx.out, rows)
        return
    for each in found:
        until = "never" if each.expires_at is None else human_time(each.expires_at)
        uses = f"{each.uses}/{each.max_uses}"
        line = f"{each.id}  {each.state:8}  {until:19}  {uses:>7}"
        print_line(ctx.out, f"{line}  {each.label}" if each.label else line)
