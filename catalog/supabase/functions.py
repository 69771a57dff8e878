"""Calls functions of the database, and asks again where that can help."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, TypeAlias

import httpx
from supabase import AsyncClient, AsyncClientOptions, create_async_client

from catalog.errors import CatalogFaulty, CatalogUnavailable
from catalog.supabase.failures import (
    Interrupted,
    require_answer_of_postgrest,
    translated_errors,
)
from catalog.supabase.patience import Patience
from common.faults import FaultLog
from common.tasks import settled

Answer: TypeAlias = Any
"""JSON. Each function has a shape of its own, which its caller knows."""

_CONNECTIONS = 16
_log = logging.getLogger(__name__)

# At info level the client logs the URL of every request.
logging.getLogger("httpx").setLevel(logging.WARNING)


@cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates takes longer than a call, so that it is done once."""
    return httpx.create_ssl_context()


class Functions:
    """The functions of the database. Made by `Functions.connected`."""

    def __init__(self, client: AsyncClient, patience: Patience) -> None:
        self._client = client
        self._patience = patience
        self._faults = FaultLog("database-fault")

    @classmethod
    @asynccontextmanager
    async def connected(
        cls, url: str, key: str, *, patience: Patience
    ) -> AsyncIterator["Functions"]:
        """Holds connections to a project open. Makes no request yet.

        Args:
            url: Address of the Supabase project.
            key: Key of the service role.
            patience: How long calls are repeated.
        """
        async with httpx.AsyncClient(
            verify=_tls(),
            timeout=patience.attempt_s,
            limits=httpx.Limits(max_connections=_CONNECTIONS),
            event_hooks={"response": [require_answer_of_postgrest]},
        ) as http:
            options = AsyncClientOptions(
                httpx_client=http,
                postgrest_client_retry=False,
                auto_refresh_token=False,
                persist_session=False,
            )
            yield cls(await create_async_client(url, key, options), patience)

    async def read(self, function: str, **arguments: object) -> Answer:
        """The answer of a function that changes nothing."""
        with self._faults.noting(CatalogFaulty):
            return await self._patiently(function, lambda: self._once(function, arguments))

    async def write(self, function: str, **arguments: object) -> Answer:
        """The answer of a function that changes something.

        A caller that is cancelled goes on only once the attempt that runs is over.
        """
        with self._faults.noting(CatalogFaulty):
            answer = await self._patiently(
                function, lambda: settled(self._once(function, arguments))
            )
        self._faults.works()
        return answer

    async def _patiently(self, function: str, once: Callable[[], Awaitable[Answer]]) -> Answer:
        ends_at = self._patience.now() + self._patience.total_s
        for number, pause_s in enumerate(self._patience.pauses()):
            try:
                return await once()
            except Interrupted as error:
                if number > 0 and self._patience.now() + pause_s >= ends_at:
                    raise CatalogUnavailable(str(error)) from error
                _log.warning("%s: %s; trying again in %.1f s", function, error, pause_s)
            await self._patience.sleep(pause_s)
        try:
            return await once()
        except Interrupted as error:
            raise CatalogUnavailable(str(error)) from error

    async def _once(self, function: str, arguments: dict[str, object]) -> Answer:
        named = {f"p_{name}": value for name, value in arguments.items()}
        with translated_errors():
            async with asyncio.timeout(self._patience.attempt_s):
                answer: Answer = (await self._client.rpc(function, named).execute()).data
        if isinstance(answer, str):
            raise Interrupted("Supabase answers with something else than JSON")
        return answer
