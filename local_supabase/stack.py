"""PostgreSQL, PostgREST and the gateway, started and stopped together."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import jwt
from aiohttp import web

from local_supabase import programs
from local_supabase.database import SUPERUSER, LocalDatabase, migrated, running_database
from local_supabase.gateway import Gateway

_JWT_SECRET = "a-secret-that-only-this-local-project-uses"  # noqa: S105 - protects nothing
_EMPTYING = Path(__file__).parent / "emptying.sql"


def api_key(role: str) -> str:
    """The API key of a role: a token that PostgREST accepts."""
    return jwt.encode({"role": role, "iss": "supabase"}, _JWT_SECRET, algorithm="HS256")


class Postgrest:
    """PostgREST on a database, which can be stopped and started again."""

    def __init__(self, database: LocalDatabase) -> None:
        self.socket = database.folder / "postgrest.sock"
        self._environment = {
            "PGRST_DB_URI": database.uri("authenticator"),
            "PGRST_DB_SCHEMAS": "public",
            "PGRST_DB_ANON_ROLE": "anon",
            "PGRST_JWT_SECRET": _JWT_SECRET,
            "PGRST_SERVER_UNIX_SOCKET": str(self.socket),
        }
        self._child: programs.Child | None = None

    def start(self) -> None:
        """Starts it; returns once it knows the schema."""
        command = [programs.postgrest()]
        self._child = programs.Child(command, self._environment, "Schema cache loaded")

    def stop(self) -> None:
        """Stops it, if it runs."""
        if self._child is not None:
            self._child.stop(signal.SIGTERM)
            self._child = None


class LocalSupabase:
    """A running Supabase with an empty catalog."""

    def __init__(
        self,
        database: LocalDatabase,
        postgrest: Postgrest,
        gateway: Gateway,
        url: str,
        http: httpx.Client,
    ) -> None:
        self.database = database
        self.postgrest = postgrest
        self.gateway = gateway
        self.url = url
        self.service_key = api_key("service_role")
        self.anon_key = api_key("anon")
        self._http = http

    def empty(self) -> None:
        """Empties the catalog and restarts its ids."""
        self.call("empty_catalog")

    def key_of(self, role: str) -> str:
        """The API key of a role."""
        return api_key(role)

    def call(
        self, function: str, *, key: str | None = None, **arguments: object
    ) -> tuple[int, bytes]:
        """Calls a function of the database, as the service role by default; status and body."""
        answer = self._http.post(
            f"{self.url}/rest/v1/rpc/{function}",
            json=arguments,
            headers=_credentials(key or self.service_key),
        )
        return answer.status_code, answer.content

    def read_table(self, table: str, *, key: str) -> tuple[int, bytes]:
        """Asks for the rows of a table; status and body."""
        answer = self._http.get(f"{self.url}/rest/v1/{table}", headers=_credentials(key))
        return answer.status_code, answer.content


def _credentials(key: str) -> dict[str, str]:
    return {"apikey": key, "Authorization": f"Bearer {key}"}


@contextmanager
def running_supabase(
    *, is_migrated: bool = True, durable: bool = False, port: int = 0
) -> Iterator[LocalSupabase]:
    """Runs all three until the context ends. The gateway has a thread of its own.

    Args:
        is_migrated: Whether the catalog's schema is applied.
        durable: Whether commits are written to the disk, as in production.
        port: Where the gateway listens on 127.0.0.1; 0 takes a free one.

    Raises:
        ProgramMissing: PostgreSQL or PostgREST is not installed.
        ChildFailed: One of them does not start.
    """
    programs.postgrest()
    with running_database(durable=durable) as database:
        if is_migrated:
            migrated(database)
            database.run_scripts(_EMPTYING, role=SUPERUSER)
        postgrest = Postgrest(database)
        postgrest.start()
        try:
            keys = frozenset(api_key(role) for role in ("anon", "authenticated", "service_role"))
            gateway = Gateway(postgrest.socket, keys)
            with _served(gateway, port) as url, httpx.Client() as http:
                yield LocalSupabase(database, postgrest, gateway, url, http)
        finally:
            postgrest.stop()


@contextmanager
def _served(gateway: Gateway, port: int) -> Iterator[str]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="local-supabase-gateway")
    thread.start()
    try:
        runner = web.AppRunner(gateway.application(), access_log=None, shutdown_timeout=0.0)
        asyncio.run_coroutine_threadsafe(_listen(runner, port), loop).result()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _listen(runner: web.AppRunner, port: int) -> None:
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
