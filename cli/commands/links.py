"""`link` and `links`: addresses that open a file without an account."""

import re
import sys

import typer

from cli.commands.summary import Summary, transfer_all
from cli.context import CommandContext, command_context
from cli.errors import reported
from cli.output import human_time, print_json, print_line
from client_sdk import LinkInfo
from client_sdk.errors import InvalidInput
from client_sdk.links import UNSET, Unset
from common.wording import counted

_TIME = re.compile(r"(\d{1,9})([mhd])", re.ASCII)
_UNIT_S = {"m": 60, "h": 3600, "d": 86400}


def make(
    context: typer.Context,
    path: str,
    *,
    expires: str | None,
    has_password: bool,
    password_stdin: bool,
    downloads: int | None,
    label: str | None,
    follow: bool,
    as_json: bool,
) -> None:
    """Make a link, and print its address."""
    ctx = command_context(context)
    with reported(ctx.err):
        life_s = _life_s(expires)
        asks = has_password or password_stdin
        password = _ask_password(ctx, stdin=password_stdin) if asks else None

    async def run() -> None:
        async with ctx.client() as cloud:
            made = await cloud.create_link(
                path,
                label=label or "",
                life_s=life_s,
                password=password,
                max_downloads=downloads,
                follows_content=follow,
            )
        if as_json:
            print_json(ctx.out, _as_data(made))
        else:
            print_line(ctx.out, made.url or "")

    ctx.run(run())


def list_links(
    context: typer.Context, path: str | None, *, user: str | None, as_json: bool
) -> None:
    """List links, the newest first."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            found = [link async for link in cloud.links(path, user=user)]
        if as_json:
            print_json(ctx.out, [_as_data(link) for link in found])
            return
        for link in found:
            print_line(ctx.out, _line(link))

    ctx.run(run())


def change(
    context: typer.Context,
    link_id: str,
    *,
    expires: str | None,
    has_password: bool | None,
    password_stdin: bool,
    downloads: int | None,
    label: str | None,
    as_json: bool,
) -> None:
    """Change a link."""
    ctx = command_context(context)
    with reported(ctx.err):
        life_s = _life_s(expires)
        password: str | Unset | None = UNSET
        if has_password is False:
            password = None
        elif has_password or password_stdin:
            password = _ask_password(ctx, stdin=password_stdin)

    async def run() -> None:
        async with ctx.client() as cloud:
            changed = await cloud.change_link(
                link_id,
                label=UNSET if label is None else label,
                life_s=life_s,
                password=password,
                max_downloads=UNSET if downloads is None else downloads or None,
            )
        if as_json:
            print_json(ctx.out, _as_data(changed))
        else:
            ctx.note("the link has been changed")

    ctx.run(run())


def revoke(context: typer.Context, ids: list[str], *, any_user: bool) -> None:
    """End links."""
    ctx = command_context(context)

    async def run() -> None:
        summary = Summary()
        async with ctx.client() as cloud:

            async def revoke_one(link_id: str) -> None:
                await cloud.revoke_link(link_id, of_any_user=any_user)
                summary.done.append({"id": link_id})

            await transfer_all(ids, revoke_one, str, summary, 1)
        summary.print_failures(ctx)
        if summary.done:
            ctx.note(f"revoked {counted(len(summary.done), 'link')}")
        summary.exit()

    ctx.run(run())


def _life_s(expires: str | None) -> float | Unset | None:
    """Seconds of a time such as 7d. Raises `InvalidInput`."""
    if expires is None:
        return UNSET
    if expires == "never":
        return None
    match = _TIME.fullmatch(expires)
    if match is None:
        raise InvalidInput(
            f"{expires}: give minutes, hours or days, such as 30m, 12h or 7d; or never"
        )
    return int(match[1]) * _UNIT_S[match[2]]


def _ask_password(ctx: CommandContext, *, stdin: bool) -> str:
    """Read the password of a link. Raises `InvalidInput`."""
    if stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif not ctx.is_interactive:
        raise InvalidInput("there is no terminal to ask on: use --password-stdin")
    else:
        password = typer.prompt(
            "Password of the link", hide_input=True, confirmation_prompt=True, err=True
        )
    if not password:
        raise InvalidInput("the password is empty")
    return password


def _line(link: LinkInfo) -> str:
    """Id, state, when it expires, how often it was used, its file, and the note."""
    until = "never" if link.expires_at is None else human_time(link.expires_at)
    used = f"{link.downloads}/{link.max_downloads or '-'}"
    lock = "password" if link.has_password else ""
    line = (
        f"{link.id}  {link.state:15}  {until:19}  {used:>7}  {lock:8}  {link.path or '(deleted)'}"
    )
    return f"{line}  {link.label}" if link.label else line


def _as_data(link: LinkInfo) -> dict[str, object]:
    return {
        "id": link.id,
        "url": link.url,
        "state": link.state.value,
        "path": link.path,
        "label": link.label,
        "has_password": link.has_password,
        "max_downloads": link.max_downloads,
        "downloads": link.downloads,
        "follows_content": link.follows_content,
        "created_at": link.created_at,
        "expires_at": link.expires_at,
        "revoked_at": link.revoked_at,
        "last_used_at": link.last_used_at,
    }
