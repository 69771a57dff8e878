"""Which part of a file an answer of the manager holds (RFC 9110, 14.4), and of which content."""

import re

import aiohttp

from client_sdk.errors import DownloadFailed
from client_sdk.http import RANGE_NOT_SATISFIABLE
from protocol.errors import InvalidValue
from protocol.timestamps import parse_modification_time

PIECE_SIZE = 1024 * 1024
"""Bytes of a body that are handled at once, at most."""
PARTIAL = 206
_CHUNK_SIZE_HEADER = "Discord-Cloud-Chunk-Size"
_MODIFIED_AT_HEADER = "Discord-Cloud-Modified-At"
_SENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)\Z", re.ASCII)
_NO_RANGE = re.compile(r"bytes \*/(\d+)\Z", re.ASCII)
_CHUNK_SIZE = re.compile(r"[1-9]\d{0,18}\Z", re.ASCII)


def sent_part(response: aiohttp.ClientResponse) -> tuple[int, int, int]:
    """The bytes that an answer holds, from and up to, and how many the whole file has."""
    told = response.headers.get("Content-Range", "")
    if response.status == PARTIAL and (match := _SENT_RANGE.match(told)):
        first, last, size = map(int, match.groups())
        return first, last + 1, size
    if response.status == RANGE_NOT_SATISFIABLE and (match := _NO_RANGE.match(told)):
        return int(match[1]), int(match[1]), int(match[1])
    if response.status in {PARTIAL, RANGE_NOT_SATISFIABLE} or response.content_length is None:
        raise DownloadFailed("the manager did not say which part of the file it sends")
    return 0, response.content_length, response.content_length


def strong_tag(response: aiohttp.ClientResponse) -> str | None:
    """The tag of the content; None for a weak one, which does not promise equal bytes."""
    tag = response.headers.get("ETag")
    return None if tag is None or tag.startswith("W/") else tag


def chunk_size(response: aiohttp.ClientResponse) -> int | None:
    """Bytes of the chunks that are checked one by one; None if only the whole file is checked."""
    text = response.headers.get(_CHUNK_SIZE_HEADER, "")
    return int(text) if _CHUNK_SIZE.match(text) else None


def modified_at(response: aiohttp.ClientResponse) -> float | None:
    """When the content was last modified, in seconds since the epoch; None: the manager does not say."""
    try:
        return parse_modification_time(response.headers.get(_MODIFIED_AT_HEADER, ""))
    except InvalidValue:
        return None
