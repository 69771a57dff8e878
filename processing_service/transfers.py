"""What a job moves over HTTP: the file from the manager, and views to upload services."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final

import aiohttp
from yarl import URL

from client_sdk.connection import Connection
from common.http_bodies import read_up_to
from common.retry import RetryPolicy
from processing_service.errors import ContentDownloadFailed, ViewNotStored
from processing_service.work_order import MadeView, open_output, view_file
from protocol.generic import Boolean
from protocol.s2t import ViewTicket
from protocol.t2s import ViewRequest

PIECE_BYTES: Final = 1024 * 1024
TRANSFER_RETRY: Final = RetryPolicy(cap_s=30.0)
DOWNLOAD_TRIES: Final = 6
"""Attempts in a row of which at most the first brings a byte."""
UPLOAD_TRIES: Final = 3
_OK: Final = 200
_PARTIAL: Final = 206
_SUCCESSES: Final = range(200, 300)
_CLIENT_ERRORS: Final = range(400, 500)
_RETRYABLE: Final = frozenset({408, 425, 429})
_LONGEST_REASON: Final = 200
"""Bytes of an answer that are quoted in an error."""


def url_at_origin(origin: str, url: str) -> URL:
    """The path and query of a URL, at another origin (which may have a path of its own).

    Clients may use other addresses of a server than this service.
    """
    return URL(origin.rstrip("/") + URL(url, encoded=True).raw_path_qs, encoded=True)


class ContentDownload:
    """The beginning of a file, or all of it; an attempt continues where the one before was cut off.

    Args:
        http: session to ask with.
        url: where the manager serves the file; a secret.
        length: how many bytes are wanted, from the first.
        retry: the delays between attempts.
    """

    def __init__(
        self, http: aiohttp.ClientSession, url: URL, *, length: int, retry: RetryPolicy
    ) -> None:
        self._http = http
        self._url = url
        self._length = length
        self._attempts = replace(retry, max_tries=DOWNLOAD_TRIES).attempts()
        self._received = 0

    async def save(self, target: Path) -> None:
        """Write the bytes to a file.

        Raises:
            ContentDownloadFailed: they did not come, in spite of several attempts.
            OSError: the file cannot be written.
        """
        with target.open("wb") as file:
            while self._received < self._length:
                before = self._received
                reason = await self._attempt(file)
                if self._received == self._length:
                    return
                if self._received > before:
                    self._attempts.reset()
                if not await self._attempts.wait():
                    raise ContentDownloadFailed(reason)

    async def _attempt(self, file: BinaryIO) -> str:
        """Read as much as comes. Returns why no more came."""
        # A proxy that compressed on its way would make ranges meaningless.
        headers = {
            "Range": f"bytes={self._received}-{self._length - 1}",
            "Accept-Encoding": "identity",
        }
        try:
            async with self._http.get(self._url, headers=headers) as response:
                self._check(response, file)
                await self._receive(response, file)
        except (aiohttp.ClientError, TimeoutError) as error:
            return f"the manager could not be read from ({type(error).__name__})"
        return "the manager's answer was cut off"

    def _check(self, response: aiohttp.ClientResponse, file: BinaryIO) -> None:
        status = response.status
        if status in _CLIENT_ERRORS and status not in _RETRYABLE:
            raise ContentDownloadFailed(f"the manager does not give the file (HTTP {status})")
        response.raise_for_status()
        if status == _PARTIAL:
            begin = response.headers.get("Content-Range", "").removeprefix("bytes ")
            if not begin.startswith(f"{self._received}-"):
                raise ContentDownloadFailed("the manager answers with another range")
        elif status == _OK:
            # The whole file, although a range was requested: start again.
            self._received = 0
            file.seek(0)
            file.truncate()
        else:
            raise ContentDownloadFailed(f"the manager answers with HTTP {status}")

    async def _receive(self, response: aiohttp.ClientResponse, file: BinaryIO) -> None:
        async for piece in response.content.iter_chunked(PIECE_BYTES):
            wanted = piece[: self._length - self._received]
            await asyncio.to_thread(file.write, wanted)
            self._received += len(wanted)
            if self._received == self._length:
                return


class ViewUploader:
    """Stores views: requests a ticket from the manager, and posts the view with it.

    Args:
        manager: the connection.
        http: session to post with.
        upload_origin: origin of the upload services; None: that of the address in the ticket.
    """

    def __init__(
        self, manager: Connection, http: aiohttp.ClientSession, upload_origin: str | None
    ) -> None:
        self._manager = manager
        self._http = http
        self._upload_origin = upload_origin

    async def store(self, job_id: str, view: MadeView, folder: Path, retry: RetryPolicy) -> None:
        """Store a view.

        Args:
            job_id: the job whose file the view shows.
            view: what the worker has made.
            folder: of the job, with the view in its output.
            retry: the delays between attempts.

        Raises:
            ViewNotStored: the manager gives no ticket, or no attempt to post succeeded.
            OutputInvalid: the worker has not written the view.
            CloudError: the manager does not answer.
        """
        attempts = replace(retry, max_tries=UPLOAD_TRIES).attempts()
        while True:
            ticket = await self._request_ticket(job_id, view)
            reason = await self._post(ticket, view, folder)
            if reason is None:
                return
            if not await attempts.wait():
                raise ViewNotStored(f"the view {view.name} was not taken: {reason}")

    async def _request_ticket(self, job_id: str, view: MadeView) -> ViewTicket:
        """A ticket, good for one attempt."""
        request = ViewRequest(job_id=job_id, view=view.name, size=view.size, type=view.type)
        answer = await self._manager.request(request, ViewTicket)
        if isinstance(answer, Boolean):
            raise ViewNotStored(answer.message or f"the manager refuses the view {view.name}")
        return answer

    async def _post(self, ticket: ViewTicket, view: MadeView, folder: Path) -> str | None:
        """Returns why the post did not succeed, or None when it did."""
        url = URL(ticket.url, encoded=True)
        if self._upload_origin is not None:
            url = url_at_origin(self._upload_origin, ticket.url)
        form = aiohttp.FormData()
        for field in ticket.fields:
            form.add_field(field.name, field.value)
        with open_output(folder, view_file(view.name)) as file:
            form.add_field("file", file, filename=view.name, content_type=view.type)
            try:
                async with self._http.post(url, data=form, allow_redirects=False) as response:
                    if response.status in _SUCCESSES:
                        return None
                    text = (await read_up_to(response.content, _LONGEST_REASON)).decode(
                        "utf-8", "replace"
                    )
                    return f"HTTP {response.status} {text}".strip()
            except (aiohttp.ClientError, TimeoutError) as error:
                return type(error).__name__
