"""Answers that no peer of the tests can be brought to give: broken, nonsensical, or of odd statuses.

For all that the emulator can stage, use the emulator: it also checks what is sent. These are made by
`aioresponses`, which answers in place of aiohttp's client; nothing goes over any connection.
"""

from typing import Any, cast

from aiohttp import ClientResponse
from aiohttp.abc import AbstractStreamWriter
from aioresponses import aioresponses


class _NothingWritten:
    """The request's side of a connection that does not exist."""

    output_size = 0


class ScriptedResponse(ClientResponse):
    """A response as `aioresponses` makes it, which lacks an argument that today's aiohttp wants."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        nothing = cast(AbstractStreamWriter, _NothingWritten())
        super().__init__(*args, stream_writer=nothing, **kwargs)


class ScriptedAnswers(aioresponses):
    """`aioresponses` on today's aiohttp; addresses of this machine are spoken to as ever."""

    def __init__(self) -> None:
        super().__init__(passthrough=["http://127.0.0.1", "http://localhost"])

    def add(self, *args: Any, **kwargs: Any) -> None:
        """Gives an answer to the next request of a method to an address."""
        super().add(*args, **{"response_class": ScriptedResponse, **kwargs})

    @property
    def requested(self) -> int:
        """How many requests were answered, or would have been."""
        return sum(map(len, self.requests.values()))
