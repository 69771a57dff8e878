"""Calls functions of the database, and asks again where that can help."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from functools import cache
from typing import Any, Final, TypeAlias
from uuid import uuid4

import httpx
from supabase import AsyncClient, AsyncClientOptions, create_async_client

from catalog.errors import CatalogFaulty, CatalogUnavailable
from catalog.permits import Permit, Standing
from catalog.port import Trashing
from catalog.supabase.failures import (
    Interrupted,
    require_answer_of_postgrest,
    translated_errors,
)
from common.faults import FaultLog
from common.log_events import EventLogger
from common.retry import RetryPolicy
from common.tasks import settled

Answer: TypeAlias = Any
"""JSON. Its shape depends on the function that answers."""

_CONNECTIONS = 16
log = EventLogger(__name__)

ATTEMPT_S: Final = 4.0
"""Seconds that one attempt may take."""
CALL_RETRY: Final = RetryPolicy(
    first_s=0.1, cap_s=2.0, max_tries=7, give_up_after_s=4.0, sure_tries=2
)
"""How calls are repeated.

A restart of PostgREST takes about a second; a peer that asks the manager gives up after ten. A call
is repeated once in any case: an attempt that hung may have done its work, and only another one
tells. Two that hang take eight seconds; no other attempts take longer.
"""

# At info level the client logs the URL of every request.
logging.getLogger("httpx").setLevel(logging.WARNING)


@cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates takes longer than a call, so that it is done once."""
    return httpx.create_ssl_context()


class Functions:
    """The functions of the database. Made by `Functions.connected`."""

    def __init__(self, client: AsyncClient, retry: RetryPolicy, attempt_s: float) -> None:
        self._client = client
        self._retry = retry
        self._attempt_s = attempt_s
        self._faults = FaultLog("database-fault")

    @classmethod
    @asynccontextmanager
    async def connected(
        cls,
        url: str,
        key: str,
        *,
        retry: RetryPolicy = CALL_RETRY,
        attempt_s: float = ATTEMPT_S,
    ) -> AsyncIterator["Functions"]:
        """Holds connections to a project open. Makes no request yet.

        Args:
            url: Address of the Supabase project.
            key: Key of the service role.
            retry: How calls are repeated.
            attempt_s: Seconds that one attempt may take.
        """
        async with httpx.AsyncClient(
            verify=_tls(),
            timeout=attempt_s,
            limits=httpx.Limits(max_connections=_CONNECTIONS),
            event_hooks={"response": [require_answer_of_postgrest]},
        ) as http:
            options = AsyncClientOptions(
                httpx_client=http,
                postgrest_client_retry=False,
                auto_refresh_token=False,
                persist_session=False,
            )
            yield cls(await create_async_client(url, key, options), retry, attempt_s)

    async def read(self, function: str, **arguments: object) -> Answer:
        """The answer of a function that changes nothing."""
        with self._faults.noting(CatalogFaulty):
            return await self._repeated(function, lambda: self._once(function, arguments))

    async def write(self, function: str, **arguments: object) -> Answer:
        """The answer of a function that changes something.

        A caller that is cancelled goes on only once the attempt that runs is over.
        """
        with self._faults.noting(CatalogFaulty):
            answer = await self._repeated(
                function, lambda: settled(self._once(function, arguments))
            )
        self._faults.works()
        return answer

    async def _repeated(self, function: str, once: Callable[[], Awaitable[Answer]]) -> Answer:
        attempts = self._retry.attempts()
        while True:
            try:
                return await once()
            except Interrupted as error:
                if not await attempts.wait():
                    raise CatalogUnavailable(str(error)) from error
                log.warning("supabase-call-repeated", function=function, reason=str(error))

    async def _once(self, function: str, arguments: dict[str, object]) -> Answer:
        named = {f"p_{name}": value for name, value in arguments.items()}
        with translated_errors():
            async with asyncio.timeout(self._attempt_s):
                answer: Answer = (await self._client.rpc(function, named).execute()).data
        if isinstance(answer, str):
            raise Interrupted("Supabase answers with something else than JSON")
        return answer


class SupabasePart:
    """Base of the parts: the functions of the database, and the clock (seconds since the epoch)."""

    def __init__(self, functions: Functions, clock: Callable[[], float]) -> None:
        self._functions = functions
        self._clock = clock

    async def _change(self, function: str, **arguments: object) -> Answer:
        """Calls a function that answers what it changed, which a second attempt could not see.

        The database keeps the answer under the call's own id, and gives it again.
        """
        return await self._functions.write(
            function, request_id=str(uuid4()), now=self._clock(), **arguments
        )


def permit_to_json(permit: Permit | None) -> dict[str, object] | None:
    """A permit as the database's functions take it."""
    if permit is None:
        return None
    standings = [_standing_to_text(standing) for standing in permit.standings]
    right = permit.folder_right
    return {
        "user_id": permit.user_id,
        "standings": standings,
        "folder_right": None if right is None else int(right),
    }


def trashing_to_json(trashing: Trashing | None) -> dict[str, object] | None:
    """Who puts something into the trash, and for how long, as the database's functions take it."""
    return None if trashing is None else asdict(trashing)


def _standing_to_text(standing: Standing) -> str:
    can_write = "none" if standing.can_write is None else str(standing.can_write).lower()
    return f"{standing.holder.value}/{str(standing.is_public).lower()}/{can_write}"
