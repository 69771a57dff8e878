"""What services are as peers of a manager: where they connect, and how they stay connected."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlencode, urlsplit, urlunsplit

from client_sdk.connection import Connection
from client_sdk.endpoint import address_of
from client_sdk.errors import (
    CloudError,
    ConnectionLost,
    Forbidden,
    NotLoggedIn,
    Unavailable,
    Unreachable,
)
from common.log_events import EventLogger
from common.manager_urls import ManagerUrls
from common.retry import Backoff

_SCHEMES = {"http": "ws", "https": "wss"}

log = EventLogger(__name__)


def service_url(manager: str, kind: str, credential: str, **parameters: str) -> str:
    """The WebSocket URL for a service. The credential is in its query, so the URL is a secret.

    Args:
        manager: URL of the manager, ws(s):// or http(s)://, without a slash at its end.
        kind: Of the service, as the protocol names it: "upload" or "thumbnail".
        credential: What the service logs in with.
        parameters: What else the service says of itself.
    """
    parts = urlsplit(manager)
    query = urlencode({"type": kind, "key": credential, **parameters})
    scheme = _SCHEMES.get(parts.scheme, parts.scheme)
    return urlunsplit(parts._replace(scheme=scheme, path=f"{parts.path}/", query=query))


@asynccontextmanager
async def connected_to(
    managers: ManagerUrls, *, receives: frozenset[str], extensions: frozenset[str]
) -> AsyncIterator[Connection]:
    """A connection to the present manager, or to the first of the others that takes one.

    Args:
        managers: WebSocket URLs of managers of one cloud.
        receives: As of `Connection.open`.
        extensions: As of `Connection.open`.

    Raises:
        CloudError: As `Connection.open`, when none of them takes it.
    """
    async with AsyncExitStack() as stack:
        while True:
            url = managers.current
            try:
                opening = Connection.open(url, receives=receives, extensions=extensions)
                connection = await stack.enter_async_context(opening)
            except (Unreachable, ConnectionLost, Unavailable):
                if not managers.failed(url):
                    raise
            else:
                managers.reached()
                log.info("manager-connected", manager=address_of(url))
                break
        yield connection


async def stay_connected(connect: Callable[[Backoff], Awaitable[None]], backoff: Backoff) -> None:
    """Connects again and again until cancelled, whatever ended a connection.

    Args:
        connect: Makes one connection and serves it until it ends; resets the delays once the manager
            has been heard.
        backoff: Delays between connections.
    """
    while True:
        try:
            await connect(backoff)
            log.info("manager-connection-lost")
        except (Forbidden, NotLoggedIn) as error:
            log.error("manager-refuses-service-credential", reason=str(error))
        except CloudError as error:
            log.warning("manager-unreachable", code=error.code, reason=str(error))
        except Exception:
            # A defect in one connection must not end the service.
            log.exception("manager-connection-failed")
        await backoff.wait()
