"""A peer of the base protocol, written from its description alone: JSON over a WebSocket, and strict.

Like the receivers that are out there it rejects a frame with an unknown key, or without a required
one, or with a value that breaks its rule; the test that waits for something fails then.
"""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import aiohttp

from common.tasks import cancel_and_wait

REPEATED_SIGNAL_S = 30.0
"""Nothing that a test waits for takes this long; it fails then instead of hanging."""

Rule = Callable[[Any], bool]
Fields = dict[str, Rule]
"""The rules of a packet's fields. A name that ends in `?` may be left out."""

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def text(pattern: str) -> Rule:
    """A string of that form."""
    form = re.compile(pattern)
    return lambda value: isinstance(value, str) and form.fullmatch(value) is not None


def integer(least: int = -(2**53) + 1, most: int = 2**53 - 1) -> Rule:
    """An integer between these."""
    return lambda value: type(value) is int and least <= value <= most


def one_of(*values: object) -> Rule:
    """One of these values, and no other type that equals it."""
    return lambda value: any(value == each and type(value) is type(each) for each in values)


def flag(value: Any) -> bool:
    """A boolean."""
    return isinstance(value, bool)


def null_or(rule: Rule) -> Rule:
    """Null is allowed as well."""
    return lambda value: value is None or rule(value)


def list_of(rule: Rule) -> Rule:
    """A list whose entries all keep the rule."""
    return lambda value: isinstance(value, list) and all(map(rule, value))


def record(fields: Fields) -> Rule:
    """An object with exactly these fields."""
    return lambda value: isinstance(value, dict) and not flaws(value, fields)


def flaws(data: dict[str, Any], fields: Fields) -> list[str]:
    """What is wrong with the fields of an object."""
    rules = {name.removesuffix("?"): rule for name, rule in fields.items()}
    found = [f"{name} is not known" for name in data if name not in rules]
    found += [f"{name} is missing" for name in fields if name[-1] != "?" and name not in data]
    found += [
        f"{name} is wrong: {value!r}"
        for name, value in data.items()
        if name in rules and not rules[name](value)
    ]
    return found


NUMBER, COUNT = integer(), integer(0)
UUID_TEXT = text(UUID.pattern)
NAME = text(r"(?!\s)[^/\\\x00-\x1f\x7f]{1,127}(?<![\s.])")
PATH = text(r"/|(/[^/\\\x00-\x1f]{1,127}){1,10}")
SNOWFLAKE = text(r"[0-9]{15,22}")
MIME = text(r"[!-.0-~]+/[ -~]+")
TIME = null_or(text(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?"))
ANY_TEXT = text(r"(?s).+")
KEY = text(r"[A-Za-z0-9+/]{43}=")
SHARE = record({"can_write": flag, "file": NUMBER, "shared_at": ANY_TEXT, "user": NUMBER})


def ownership(more: Fields) -> Rule:
    """Whose a file is, for who receives it."""
    plain = record({"status": one_of("owned", "public", "restricted"), **more})
    shared = record({"status": one_of("shared"), "share": SHARE, **more})
    return lambda value: plain(value) or shared(value)


def file_handle(more: Fields, **of_ownership: Rule) -> Rule:
    """A file as clients see it."""
    return record(
        {
            "id": NUMBER,
            "name": NAME,
            "type": MIME,
            "has_thumbnail": flag,
            "ownership": ownership(of_ownership),
            "created_at": TIME,
            "updated_at": TIME,
            "size": COUNT,
            **more,
        }
    )


FOLDER = record({"id": NUMBER, "name": NAME, "parent_folder": null_or(NUMBER)})

GENERIC: dict[str, Fields] = {
    "generic:boolean": {"success": flag, "message?": ANY_TEXT},
    "generic:primitives": {
        "boolean_value?": flag,
        "integer_value?": NUMBER,
        "float_value?": lambda value: isinstance(value, float | int),
        "string_value?": text(r"(?s).*"),
    },
}
TO_CLIENTS: dict[str, Fields] = {
    "s2c:service-registry": {
        "service_type": one_of("upload", "thumbnail"),
        "action": one_of("added", "removed", "list"),
        "service_uuid": UUID_TEXT,
        "address?": text(r"https?://.+"),
    },
    "s2c:upload-booking": {"amount": COUNT},
    "s2c:upload-booking-modify": {"effective_change": one_of(1, -1)},
    "s2c:upload-response": {
        "name": ANY_TEXT,
        "path": ANY_TEXT,
        "accepted": flag,
        "chunk_size": integer(1),
        "upload_id": UUID_TEXT,
        "upload_address?": text(r"https?://.+"),
        "rejection_reason?": ANY_TEXT,
    },
    "s2c:upload-stage-finish": {"upload_id": UUID_TEXT, "service_disconnect?": flag},
    "s2c:upload-overwrite-request": {"upload_id": UUID_TEXT, "file_name": NAME, "file_path": PATH},
    "s2c:upload-overwrite-cancel": {},
    "s2c:upload-finish-info": {
        "success": flag,
        "upload_id": UUID_TEXT,
        "rename_target?": NAME,
        "reason?": ANY_TEXT,
    },
    "s2c:file-modify": {
        "path": PATH,
        "action": one_of("add", "delete", "modify"),
        "handle": file_handle({"thumbnail_url?": ANY_TEXT}),
    },
    "s2c:folder-modify": {
        "path": PATH,
        "handle": FOLDER,
        "action": one_of("add", "delete", "rename", "move"),
        "rename_origin?": ANY_TEXT,
        "parent_folder_origin?": null_or(NUMBER),
    },
    "s2c:folder-status": {
        "path": PATH,
        "folder_id": null_or(NUMBER),
        "exists": flag,
        "file_count": COUNT,
        "subfolder_count": COUNT,
        "page_size": integer(1),
    },
    "s2c:list-files": {
        "path": PATH,
        "page": COUNT,
        "files": list_of(file_handle({}, can=one_of("r", "rw", "none"))),
        "success": flag,
    },
    "s2c:list-folders": {"path": PATH, "page": COUNT, "folders": list_of(FOLDER), "success": flag},
}
TO_UPLOAD_SERVICES: dict[str, Fields] = {
    "s2u:upload-service-configuration": {
        "crypto": lambda value: (
            value == {"enabled": False}
            or (record({"enabled": flag, "key": KEY})(value) and value["enabled"])
        ),
        "discord_bot_token": ANY_TEXT,
        "discord_channel_id": SNOWFLAKE,
    },
    "s2u:upload-start": {
        "name": NAME,
        "path": PATH,
        "size": COUNT,
        "client": UUID_TEXT,
        "upload_id": UUID_TEXT,
        "chunk_size": integer(1),
    },
    "s2u:upload-abort": {},
}
TO_THUMBNAIL_SERVICES: dict[str, Fields] = {
    "s2t:thumbnail-service-configuration": {
        "message_encryption_key?": ANY_TEXT,
        "discord_bot_token": ANY_TEXT,
        "image_quality": integer(0, 100),
        "image_width": integer(1, 4096),
        "image_type": one_of("avif", "jpeg", "webp"),
    },
    "s2t:gen-thumbnail": {
        "file_id": NUMBER,
        "channel_id": SNOWFLAKE,
        "first_msg_id": SNOWFLAKE,
        "file_type": MIME,
        "is_encrypted": flag,
    },
}


def problems(frame: Any, packets: dict[str, Fields]) -> list[str]:
    """What a strict receiver of these packets has against a frame."""
    if not isinstance(frame, dict):
        return ["no object"]
    envelope: Fields = {
        "id": one_of(*packets, *GENERIC),
        "uuid": UUID_TEXT,
        "reply_uuid?": UUID_TEXT,
        "data": lambda value: isinstance(value, dict),
    }
    return flaws(frame, envelope) or flaws(frame["data"], {**packets, **GENERIC}[frame["id"]])


class Frame:
    """A packet that came in."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.id: str = content["id"]
        self.uuid: str = content["uuid"]
        self.reply_uuid: str | None = content.get("reply_uuid")
        self.data: dict[str, Any] = content["data"]

    def __repr__(self) -> str:
        return f"{self.id} {self.data}"


class Link:
    """A connection to the manager. What comes in is kept until it is asked for."""

    packets: dict[str, Fields]

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.rejected: list[str] = []
        self.is_over = False
        self._inbox: list[Frame] = []
        self._replies: dict[str, asyncio.Future[Frame]] = {}
        self._changed = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    async def close(self) -> None:
        """Disconnects."""
        await self.socket.close()
        await cancel_and_wait(self._reader)
        assert not self.rejected, self.rejected

    async def send(self, packet: str, *, reply_to: str | None = None, **data: Any) -> str:
        """Sends a packet; answers the uuid of its frame."""
        frame: dict[str, Any] = {"id": packet, "uuid": str(uuid4()), "data": data}
        if reply_to is not None:
            frame["reply_uuid"] = reply_to
        await self.socket.send_str(json.dumps(frame))
        uuid: str = frame["uuid"]
        return uuid

    async def begin(self, packet: str, **data: Any) -> "asyncio.Future[Frame]":
        """Sends a packet; its reply will be the result of the future."""
        uuid = str(uuid4())
        frame = {"id": packet, "uuid": uuid, "data": data}
        reply = self._replies[uuid] = asyncio.get_running_loop().create_future()
        await self.socket.send_str(json.dumps(frame))
        return reply

    async def ask(self, packet: str, **data: Any) -> Frame:
        """Sends a packet and waits for its reply."""
        reply = await self.begin(packet, **data)
        async with asyncio.timeout(REPEATED_SIGNAL_S):
            return await reply

    async def next(self, packet: str, **expected: Any) -> dict[str, Any]:
        """The data of the next such packet with these values; others stay for later."""

        def found() -> Frame | None:
            assert not self.rejected, self.rejected
            fitting = (f for f in self._inbox if f.id == packet and _holds(f.data, expected))
            return next(fitting, None)

        async with asyncio.timeout(REPEATED_SIGNAL_S), self._changed:
            await self._changed.wait_for(lambda: self.is_over or found() is not None)
            frame = found()
            assert frame is not None, f"the connection ended without {packet}"
            self._inbox.remove(frame)
        return frame.data

    async def ended(self) -> int | None:
        """Waits until the manager ends the connection; answers the close code."""
        async with asyncio.timeout(REPEATED_SIGNAL_S), self._changed:
            await self._changed.wait_for(lambda: self.is_over)
        return self.socket.close_code

    def unread(self, packet: str) -> list[dict[str, Any]]:
        """The data of what came of that kind and was not asked for."""
        return [frame.data for frame in self._inbox if frame.id == packet]

    async def handle(self, frame: Frame) -> None:
        """Does what the peer does about a frame by itself."""

    async def _read(self) -> None:
        async for message in self.socket:
            content = json.loads(message.data)
            async with self._changed:
                self.rejected += problems(content, self.packets)
                if not self.rejected:
                    await self._take(Frame(content))
                self._changed.notify_all()
        async with self._changed:
            self.is_over = True
            self._changed.notify_all()

    async def _take(self, frame: Frame) -> None:
        reply = self._replies.pop(frame.reply_uuid or "", None)
        if reply is not None:
            reply.set_result(frame)
            return
        if frame.reply_uuid is not None:
            self.rejected.append(f"a reply to nothing: {frame}")
            return
        self._inbox.append(frame)
        await self.handle(frame)


def _holds(data: dict[str, Any], expected: dict[str, Any]) -> bool:
    return all(data.get(name) == value for name, value in expected.items())
