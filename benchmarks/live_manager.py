"""The manager as a child process, on an SQLite catalog that is filled before it starts, and a whole fleet."""

import base64
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from benchmarks.harness import ChildName, ChildProcess, child, cores
from benchmarks.stores import free_ports
from catalog.port import Catalog
from catalog.sqlite.adapter import SqliteCatalog
from client_sdk.connection import Connection
from common.key_derivation import Purpose
from common.tasks import BackgroundTasks
from manager.accounts.credentials import Passwords, TokenSigner
from manager.accounts.sessions import SESSION_LIFE_S, Sessions, UseNotes
from manager.audit.log import AuditLog
from manager.signing.keys import SigningKeyKeeper
from manager.signing.signatures import Signer, SigningKeyRing
from storage.keys import KeyRing

MASTER_KEY = base64.b64encode(bytes(range(32))).decode()
USER_ID = 1
CATALOG = "catalog.sqlite3"


@dataclass(frozen=True, slots=True)
class LiveManager:
    """A running manager, and a token of its only user."""

    process: ChildProcess
    url: str
    token: str

    def client_url(self) -> str:
        """Return where a client connects; the token is in it."""
        return f"{self.url.replace('http', 'ws', 1)}/?type=client&key={self.token}"

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Connection]:
        """Connect a client."""
        receives = frozenset({"s2c", "generic"})
        async with Connection.open(self.client_url(), receives=receives) as connection:
            yield connection


async def claim(database: Path) -> str:
    """Make the catalog with its only user, and return a token of the user."""
    async with SqliteCatalog.open(database) as catalog:
        return await claim_catalog(catalog)


async def claim_catalog(catalog: Catalog) -> str:
    """Make the only user of an empty catalog, and return a token of the user."""
    lives = {Purpose.USER_TOKENS: SESSION_LIFE_S, Purpose.RENEWALS: SESSION_LIFE_S}
    ring = SigningKeyRing(lives, time.time)
    cheap = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    keyring = KeyRing.parse(MASTER_KEY)
    audit = AuditLog(catalog, time.time, keep_days=1)
    keeper = SigningKeyKeeper(catalog, keyring, ring, time.time, audit, on_revocation=lambda: None)
    await keeper.start()
    tokens = TokenSigner(Signer(ring, Purpose.USER_TOKENS), Signer(ring, Purpose.RENEWALS))
    notes = UseNotes(BackgroundTasks())
    sessions = Sessions(catalog, tokens, notes, on_end=lambda _: None)
    user = await catalog.create_first_user("benchmark", await cheap.hash("benchmark"))
    issued = await sessions.begin(user, device="benchmark", address="127.0.0.1", is_renewable=False)
    return issued.token


@asynccontextmanager
async def live_manager(
    database: Path,
    token: str,
    announced: Mapping[str, Any],
    pinned_to: frozenset[int],
    **settings: str,
) -> AsyncIterator[LiveManager]:
    """Run the manager on a catalog and an emulated Discord, which has announced itself like this."""
    webhooks = [
        f"{announced['api_url']}/webhooks/{id_}/{key}" for id_, key, _ in announced["webhooks"]
    ]
    environment = {
        "SERVICE_PASSWORD": "benchmark",
        "MESSAGE_ENCRYPTION_KEY": MASTER_KEY,
        "DISCORD_WEBHOOKS": " ".join(webhooks),
        "DISCORD_API_URL": announced["api_url"],
        "DATABASE_PATH": str(database),
        "GLOBAL_REQUESTS_PER_S": "100000",
        **settings,
    }
    async with child(ChildName.MANAGER, pinned_to, environment) as process:
        yield LiveManager(process, process.announcement["url"], token)


@asynccontextmanager
async def fleet(
    folder: Path,
    token: str,
    announced: Mapping[str, Any],
    *,
    processes: int = 1,
    slots: int = 1,
    settings: Mapping[str, str],
) -> AsyncIterator[str]:
    """Run the manager with upload services on an emulated Discord; yields the manager's address.

    Args:
        folder: Has the catalog, which `claim` has made.
        token: Of its user.
        announced: What the emulator has announced.
        processes: Upload services.
        slots: Of each.
        settings: More settings of the manager.
    """
    server_cores, other_cores = cores()
    async with AsyncExitStack() as stack:
        manager = await stack.enter_async_context(
            live_manager(folder / CATALOG, token, announced, server_cores, **settings)
        )
        for number, port in enumerate(free_ports(processes)):
            environment = {
                "MANAGER_ADDRESS": manager.url,
                "SERVICE_PASSWORD": "benchmark",
                "OWN_ADDRESS": f"http://127.0.0.1:{port}",
                "SLOTS": str(slots),
                "PORT": str(port),
                "REPORTS_FOLDER": str(folder / f"reports-{number}"),
            }
            await stack.enter_async_context(
                child(ChildName.UPLOAD_SERVICE, other_cores, environment)
            )
        yield manager.url
