"""`ls` and `status`."""

from typing import Annotated, Any

import typer

from cli.output import human_size, say, say_json
from cli.surroundings import Surroundings, surroundings_of
from client_sdk import Client
from client_sdk.errors import NotFound
from protocol import s2c

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Entry = s2c.FolderHandle | s2c.ListedFileHandle


def ls(
    context: typer.Context,
    path: Annotated[str, typer.Argument(help="Folder or file.")] = "/",
    *,
    long: Annotated[bool, typer.Option("--long", "-l", help="Also size, time and access.")] = False,
    as_json: Json = False,
) -> None:
    """List a folder: folders first, then files, each by name."""
    around = surroundings_of(context)
    around.run(_ls(around, path, long=long, as_json=as_json))


def status(context: typer.Context, *, as_json: Json = False) -> None:
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


async def _file(cloud: Client, path: str) -> s2c.ListedFileHandle:
    try:
        return await cloud.find_file(path)
    except NotFound:
        raise NotFound(f"{path}: there is no such file or folder") from None


def _name(entry: Entry) -> str:
    return f"{entry.name}/" if isinstance(entry, s2c.FolderHandle) else entry.name


def _long_line(entry: Entry) -> str:
    if isinstance(entry, s2c.FolderHandle):
        return f"{'-':>9}  {'':19}  {'':10}  {entry.name}/"
    time = (entry.updated_at or "")[:19].replace("T", " ")
    size, access = human_size(entry.size), entry.ownership.status
    return f"{size:>9}  {time:19}  {access:10}  {entry.name}"


def _as_data(entry: Entry) -> dict[str, Any]:
    if isinstance(entry, s2c.FolderHandle):
        return {"kind": "folder", "id": entry.id, "name": entry.name}
    return {
        "kind": "file",
        "id": entry.id,
        "name": entry.name,
        "size": entry.size,
        "type": entry.type,
        "created_at": entry.created_at,
        "updated_at": entry.updated_at,
        "ownership": entry.ownership.status,
        "can": entry.ownership.can,
    }


async def _status(around: Surroundings, *, as_json: bool) -> None:
    async with around.client() as cloud:
        facts = await cloud.status()
    facts.pop("error", None)
    if as_json:
        say_json(around.out, facts)
        return
    services, bookings = facts.get("services", []), facts.get("bookings", [])
    idle = sum(service.get("state") == "free" for service in services)
    say(around.out, f"upload services: {len(services)}, {idle} free")
    for service in services:
        holder = f", booked by {service['user']}" if service.get("user") else ""
        say(around.out, f"  {service.get('address')}  {service.get('state')}{holder}")
    say(around.out, f"bookings: {len(bookings)}")
    for booking in bookings:
        amount, desired = booking.get("amount"), booking.get("desired")
        say(around.out, f"  {booking.get('user')}  holds {amount} of {desired} wanted")
