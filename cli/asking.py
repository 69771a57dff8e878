"""Asking the manager over GraphQL."""

from typing import Any, TypeVar

import msgspec

from cli.surroundings import Surroundings
from client_sdk.errors import UnexpectedAnswer

Answer = TypeVar("Answer")


async def asked(
    around: Surroundings,
    kind: type[Answer],
    query: str,
    **variables: Any,  # noqa: ANN401 - JSON
) -> Answer:
    """What the only field of a GraphQL request answers."""
    async with around.client() as cloud:
        (value,) = (await cloud.graphql(query, **variables)).values()
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise UnexpectedAnswer(f"the manager's answer cannot be read: {error}") from error
