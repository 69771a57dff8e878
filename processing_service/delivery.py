"""Stores a view: asks the manager for a ticket and posts the view with it."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import aiohttp
from yarl import URL

from client_sdk.backoff import Backoff
from client_sdk.connection import Connection
from processing_service.errors import ViewNotStored
from processing_service.order import MadeView
from processing_service.reach import at_origin
from protocol.generic import Boolean
from protocol.s2t import ViewTicket
from protocol.t2s import ViewRequest

TRIES: Final = 3
_SUCCESSES: Final = range(200, 300)
_LONGEST_REASON: Final = 200


class Delivery:
    """Stores views over one link.

    Args:
        link: to the manager.
        http: session to post with.
        upload_origin: where upload services are reached; None: at the address of the ticket.
        backoff: makes the delays between attempts.
    """

    def __init__(
        self,
        link: Connection,
        http: aiohttp.ClientSession,
        upload_origin: str | None,
        backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self._link = link
        self._http = http
        self._upload_origin = upload_origin
        self._backoff = backoff

    async def store(self, job_id: str, view: MadeView, path: Path) -> None:
        """Store a view.

        Raises:
            ViewNotStored: the manager gives no ticket, or no attempt to post succeeded.
            CloudError: the manager does not answer.
        """
        backoff = self._backoff()
        while True:
            ticket = await self._ticket(job_id, view)
            reason = await self._post(ticket, view, path)
            if reason is None:
                return
            if backoff.tries + 1 >= TRIES:
                raise ViewNotStored(f"the view {view.name} was not taken: {reason}")
            await backoff.wait()

    async def _ticket(self, job_id: str, view: MadeView) -> ViewTicket:
        """A ticket, good for one attempt."""
        request = ViewRequest(job_id=job_id, view=view.name, size=view.size, type=view.type)
        answer = await self._link.request(request, ViewTicket)
        if isinstance(answer, Boolean):
            raise ViewNotStored(answer.message or f"the manager refuses the view {view.name}")
        return answer

    def _reachable(self, url: str) -> URL:
        if self._upload_origin is None:
            return URL(url, encoded=True)
        return at_origin(self._upload_origin, url)

    async def _post(self, ticket: ViewTicket, view: MadeView, path: Path) -> str | None:
        """Returns why it did not succeed, or None when it did."""
        form = aiohttp.FormData()
        for field in ticket.fields:
            form.add_field(field.name, field.value)
        with path.open("rb") as file:
            form.add_field("file", file, filename=view.name, content_type=view.type)
            try:
                async with self._http.post(
                    self._reachable(ticket.url), data=form, allow_redirects=False
                ) as response:
                    if response.status in _SUCCESSES:
                        return None
                    text = (await response.content.read(_LONGEST_REASON)).decode("utf-8", "replace")
                    return f"HTTP {response.status} {text}".strip()
            except (aiohttp.ClientError, TimeoutError) as error:
                return type(error).__name__
