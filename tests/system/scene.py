"""A Discord that lets posts wait, and programs around it that end and start again."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from discord_emulator.emulator import Emulator
from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from discord_emulator.testing import running_emulator
from tests.chaos.programs import free_port
from tests.manager.sockets.stage import SERVICE_PASSWORD
from tests.system.server import Server, manager, program


@dataclass
class Scene:
    """An emulator whose posts wait after the first ones, and the programs that a test starts.

    Attributes:
        folder: For all that they write.
        emulator: The Discord.
        waiting: Has the posts wait until it is released.
        port: The manager's.
        MANAGER: More settings of the manager.
        SERVICE: More settings of the upload services.
    """

    MANAGER: ClassVar[dict[str, str]] = {}
    SERVICE: ClassVar[dict[str, str]] = {}

    folder: Path
    emulator: Emulator
    waiting: Fault
    port: int

    @classmethod
    @asynccontextmanager
    async def set_up(cls, folder: Path, *, posts: int) -> AsyncIterator[Self]:
        """An emulator that takes so many posts, and nothing else yet."""
        async with running_emulator(folder / "discord", limits="off", channels=2) as emulator:
            slow = Fault(kind=FaultKind.SLOW, route=Operation.EXECUTE, times=None, skip=posts)
            emulator.faults.add(slow)
            yield cls(folder, emulator, slow, free_port())
            slow.release()

    @property
    def posts(self) -> int:
        """How many messages Discord has taken."""
        return self.emulator.requests.count(Operation.EXECUTE, 200)

    def manager(self) -> AbstractAsyncContextManager[Server]:
        """The manager; the next one has the same address and catalog."""
        return manager(
            self.emulator,
            MANAGER_PORT=str(self.port),
            DATABASE_PATH=str(self.folder / "catalog.sqlite3"),
            **self.MANAGER,
        )

    def service(self) -> AbstractAsyncContextManager[Server]:
        """An upload service with one slot; all of them share the folder of their reports."""
        port = str(free_port())
        return program(
            "upload-service",
            MANAGER_ADDRESS=f"http://127.0.0.1:{self.port}",
            SERVICE_PASSWORD=SERVICE_PASSWORD,
            OWN_ADDRESS=f"http://127.0.0.1:{port}/",
            PORT=port,
            SLOTS="1",
            REPORTS_FOLDER=str(self.folder / "reports"),
            **self.SERVICE,
        )
