"""Reading attachments from Discord's CDN. It is not the API: no limits are announced."""

from aiohttp import ClientError, ClientResponse, ClientSession
from yarl import URL

from common.direct_bodies import BodyReceiver, receiving
from common.wording import counted
from storage.discord.answers import TransientFault
from storage.discord.budgets import TOO_MANY_REQUESTS, LimitHeaders
from storage.errors import DiscordRefused

_WHOLE = 200
_PART = 206
_SKIPPED_BYTES = 256 * 1024
"""Received at once, of what is not wanted."""


class UrlRefused(Exception):
    """The CDN does not take the URL: its signature has expired, or the attachment is gone."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


async def download(
    session: ClientSession, url: str, into: memoryview, *, offset: int, attachment_size: int
) -> None:
    """Fills `into` with the bytes of an attachment from `offset` on. One try.

    Raises:
        UrlRefused: A fresh URL may help.
        TransientFault: The same again may help; `into` holds no whole answer.
        DiscordRefused: Nothing helps.
    """
    headers = {"Accept-Encoding": "identity"}
    if offset or len(into) != attachment_size:
        headers["Range"] = f"bytes={offset}-{offset + len(into) - 1}"
    try:
        async with session.get(
            URL(url, encoded=True), headers=headers, allow_redirects=False
        ) as response:
            _check_status(response)
            with receiving(response) as body:
                if offset and response.status == _WHOLE:
                    await _skip(body, offset)
                end = await body.receive(into, at_least=len(into))
    except (TimeoutError, ClientError, OSError, ValueError) as error:
        # Among them yarl's errors for malformed URLs. The texts hold the signed URL.
        raise TransientFault(f"download failed ({type(error).__name__})") from None
    if end < len(into):
        raise TransientFault(f"the CDN sent {end} of {counted(len(into), 'byte')}")


def _check_status(response: ClientResponse) -> None:
    if response.status in {_WHOLE, _PART}:
        return
    if response.status in {403, 404}:
        raise UrlRefused(response.status)
    if response.status == TOO_MANY_REQUESTS or response.status >= 500:
        retry_after_s = LimitHeaders.parse(response.headers).retry_after_s or 0.0
        raise TransientFault(f"the CDN answered HTTP {response.status}", retry_after_s)
    raise DiscordRefused(response.status, 0)


async def _skip(body: BodyReceiver, size: int) -> None:
    """Receive so many bytes, or as many as come, for nothing."""
    scratch = memoryview(bytearray(min(size, _SKIPPED_BYTES)))
    while size and (count := await body.receive(scratch[:size])):
        size -= count
