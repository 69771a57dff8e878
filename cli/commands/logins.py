"""`sessions` and `app-passwords`: where the user is logged in, and the passwords of programs."""

from datetime import UTC, datetime, timedelta

import typer

from cli.context import command_context
from cli.login import account_client
from cli.output import human_time, print_json, print_line
from client_sdk import AppPassword, Client, LoginSession
from client_sdk.errors import InvalidInput, NotFound
from common.wording import counted


def list_sessions(context: typer.Context, user: str | None, *, as_json: bool) -> None:
    """Print sessions, those seen last first."""
    ctx = command_context(context)

    async def run() -> None:
        async with account_client(ctx) as cloud:
            found = await cloud.sessions(user_id=await _id_of(cloud, user))
        if as_json:
            print_json(ctx.out, found)
        else:
            for each in found:
                print_line(ctx.out, _session_line(each))

    ctx.run(run())


def end_session(context: typer.Context, session_id: str, user: str | None) -> None:
    """End the session whose id begins so."""
    ctx = command_context(context)

    async def run() -> None:
        async with account_client(ctx) as cloud:
            user_id = await _id_of(cloud, user)
            session = _chosen(await cloud.sessions(user_id=user_id), session_id)
            await cloud.end_session(session.id, user_id=user_id)
        ctx.note(f"ended the session of {session.device}")

    ctx.run(run())


def end_others(context: typer.Context, user: str | None) -> None:
    """End all other sessions, or all of a user."""
    ctx = command_context(context)

    async def run() -> None:
        async with account_client(ctx) as cloud:
            ended = await cloud.end_other_sessions(user_id=await _id_of(cloud, user))
        ctx.note(f"ended {counted(ended, 'session')}")

    ctx.run(run())


def add_app_password(
    context: typer.Context,
    name: str,
    *,
    read_only: bool,
    folder: str | None,
    days: int | None,
    as_json: bool,
) -> None:
    """Make an app password, and print its text."""
    ctx = command_context(context)
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)

    async def run() -> None:
        async with account_client(ctx) as cloud:
            text = await cloud.create_app_password(
                name, read_only=read_only, folder=folder, expires_at=expires_at
            )
        if as_json:
            print_json(ctx.out, {"name": name, "app_password": text})
        else:
            print_line(ctx.out, text)
            ctx.note("keep it now: it cannot be shown again")

    ctx.run(run())


def list_app_passwords(context: typer.Context, *, as_json: bool) -> None:
    """Print app passwords by name."""
    ctx = command_context(context)

    async def run() -> None:
        async with account_client(ctx) as cloud:
            found = await cloud.app_passwords()
        if as_json:
            print_json(ctx.out, found)
        else:
            for each in found:
                print_line(ctx.out, _app_password_line(each))

    ctx.run(run())


def revoke_app_password(context: typer.Context, name: str) -> None:
    """Revoke the app password of that name."""
    ctx = command_context(context)

    async def run() -> None:
        async with account_client(ctx) as cloud:
            await cloud.revoke_app_password(name)
        ctx.note(f"revoked {name}")

    ctx.run(run())


async def _id_of(cloud: Client, user: str | None) -> int | None:
    return None if user is None else (await cloud.find_account(user)).id


def _chosen(sessions: list[LoginSession], beginning: str) -> LoginSession:
    """The only session whose id begins so. Raises `NotFound`, `InvalidInput`."""
    found = [each for each in sessions if each.id.startswith(beginning.lower())]
    if not found:
        raise NotFound(f"{beginning}: there is no such session")
    if len(found) > 1:
        raise InvalidInput(f"{beginning}: {len(found)} sessions begin so: give more of the id")
    return found[0]


def _session_line(session: LoginSession) -> str:
    mark = "*" if session.is_current else " "
    seen = human_time(session.last_seen_at)
    return f"{mark} {session.id[:8]}  {seen:19}  {session.address:15}  {session.device}"


def _app_password_line(each: AppPassword) -> str:
    may = "reads" if each.read_only else "all"
    used = "never used" if each.last_used_at is None else human_time(each.last_used_at)
    ends = "" if each.expires_at is None else f"  ends {human_time(each.expires_at)}"
    return f"{may:5}  {used:19}  {each.folder or '/'}  {each.name}{ends}"
