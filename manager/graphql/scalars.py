"""Scalars beyond GraphQL's own."""

import re
from datetime import UTC, datetime
from typing import NewType
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from protocol.values import MAX_SAFE_INTEGER, is_uuid

_SNOWFLAKE = re.compile(r"[0-9]{15,19}")

ByteCount = NewType("ByteCount", int)


def _parse_count(value: object) -> ByteCount:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MAX_SAFE_INTEGER:
        raise GraphQLError("ByteCount: must be an integer within 2^53 - 1")
    return ByteCount(value)


SCALARS: dict[object, ScalarDefinition] = {
    ByteCount: strawberry.scalar(
        name="ByteCount",
        description="A number of bytes: an integer up to 2^53 - 1, where Int ends at 2^31 - 1.",
        serialize=int,
        parse_value=_parse_count,
    )
}


def file_id_of(text: str) -> UUID | None:
    """The id that an argument holds; None for a text that is none."""
    return UUID(text) if is_uuid(text) else None


def snowflake_of(text: str) -> int | None:
    """The id of Discord's that an argument holds; None for a text that is none."""
    return int(text) if _SNOWFLAKE.fullmatch(text) else None


def moment(seconds: float) -> datetime:
    """Seconds since the epoch as GraphQL's DateTime."""
    return datetime.fromtimestamp(seconds, UTC)
