"""`ls` and `status`."""

from typing import Any

import typer

from cli.output import human_time, say, say_json
from cli.surroundings import Surroundings, surroundings_of
from client_sdk import Client, FileInfo, FolderInfo, ManagerStatus, MessageStatus
from client_sdk.errors import NotFound
from client_sdk.models import Entry
from common.wording import counted, human_size

_ACCESS = {(True, True): "rw", (True, False): "r", (False, False): "none"}


def ls(context: typer.Context, path: str, *, long: bool, as_json: bool) -> None:
    """List a folder: folders first, then files, each by name."""
    around = surroundings_of(context)
    around.run(_ls(around, path, long=long, as_json=as_json))


def status(context: typer.Context, *, as_json: bool) -> None:
    """Show the manager's upload services and who has booked them."""
    around = surroundings_of(context)
    around.run(_status(around, as_json=as_json))


async def _ls(around: Surroundings, path: str, *, long: bool, as_json: bool) -> None:
    async with around.client() as cloud:
        entries = await _entries(cloud, path)
    if as_json:
        say_json(around.out, [_as_data(entry) for entry in entries])
        return
    for entry in entries:
        say(around.out, _long_line(entry) if long else _name(entry))


async def _entries(cloud: Client, path: str) -> list[Entry]:
    try:
        return [entry async for entry in cloud.list(path)]
    except NotFound:
        if path.endswith("/"):
            raise
        return [await _file(cloud, path)]


async def _file(cloud: Client, path: str) -> FileInfo:
    try:
        return await cloud.find_file(path)
    except NotFound:
        raise NotFound(f"{path}: there is no such file or folder") from None


def _name(entry: Entry) -> str:
    return f"{entry.name}/" if isinstance(entry, FolderInfo) else entry.name


def _long_line(entry: Entry) -> str:
    if isinstance(entry, FolderInfo):
        return f"{'-':>9}  {'':19}  {'':10}  {entry.name}/"
    time = human_time(entry.updated_at) if entry.updated_at else ""
    size, access = human_size(entry.size), entry.ownership
    return f"{size:>9}  {time:19}  {access:10}  {entry.name}"


def _as_data(entry: Entry) -> dict[str, Any]:
    if isinstance(entry, FolderInfo):
        return {"kind": "folder", "id": entry.id, "name": entry.name}
    return {
        "kind": "file",
        "id": entry.id,
        "name": entry.name,
        "size": entry.size,
        "type": entry.content_type,
        "created_at": entry.created_at,
        "updated_at": entry.updated_at,
        "ownership": entry.ownership,
        "can": _ACCESS[entry.can_read, entry.can_write],
    }


async def _status(around: Surroundings, *, as_json: bool) -> None:
    async with around.client() as cloud:
        status = await cloud.status()
    if as_json:
        say_json(around.out, status)
    else:
        _tell_status(around, status)


def _tell_status(around: Surroundings, status: ManagerStatus) -> None:
    free = sum(service.state == "free" for service in status.services)
    say(around.out, f"upload services: {len(status.services)}, {free} free")
    for service in status.services:
        holder = f", booked by {service.user}" if service.user else ""
        say(around.out, f"  {service.address}  {service.state}{holder}")
    say(around.out, f"bookings: {len(status.bookings)}")
    for booking in status.bookings:
        say(around.out, f"  {booking.user}  holds {booking.amount} of {booking.desired} wanted")
    _tell_messages(around, status.messages)


def _tell_messages(around: Surroundings, messages: MessageStatus) -> None:
    """What lies on Discord in vain, if there is anything."""
    if messages.stuck:
        stuck = counted(messages.stuck, "message")
        say(around.out, f"on Discord: {stuck} that cannot be deleted, see `webhooks list`")
    uncertain = counted(messages.uncertain_posts, "message")
    if not (messages.unknown_found or messages.uncertain_posts):
        return
    if messages.has_bot:
        found = counted(messages.unknown_found, "message")
        when = human_time(messages.swept_at) if messages.swept_at else "not yet"
        say(around.out, f"unknown to the catalog: {found} found and deleted, last look {when}")
    else:
        say(around.out, f"unknown to the catalog: up to {uncertain}, without a bot to find them")
