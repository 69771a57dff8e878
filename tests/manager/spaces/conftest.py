"""A manager whose users have homes."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.manager.frontend import Frontend
from tests.manager.sockets.stage import Stage, running_stage
from tests.manager.world import World


class Cloud(World):
    """People who have homes, and what they ask by HTTP."""

    async def get(self, user: str, route: str, /, **query: str) -> tuple[int, Any]:
        """Status and answer of a GET."""
        headers = {"Authorization": f"Bearer {await self.stage.token(user)}"}
        async with self.session.get(
            self.stage.url + route, params=query, headers=headers
        ) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await (answer.json() if is_json else answer.read())

    async def post(self, user: str, route: str, /, **body: Any) -> tuple[int, Any]:
        """Status and answer of a POST."""
        headers = {"Authorization": f"Bearer {await self.stage.token(user)}"}
        async with self.session.post(self.stage.url + route, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def share(self, user: str, path: str, right: str | None, /, **grantee: Any) -> None:
        """Shares a folder, or ends that."""
        more = {} if right is None else {"right": right}
        status, answer = await self.post(user, "/folders/sharing", path=path, **more, **grantee)
        assert status == 200, answer

    async def home_of(self, user: str) -> str:
        """Where the home of a user is in the catalog."""
        found = await self.user(user)
        return f"/{found.name} {found.id}"

    async def put_at(
        self, user: str, path: str, *, owner: str | None = None, bob: str | None = None
    ) -> Any:
        """A file in the home of a user, who owns it if nobody else does, shared with Bob for `r` or `rw`."""
        return await self.put(await self.home_of(user) + path, owner=owner or user, bob=bob)


@pytest.fixture
async def personal_stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """The manager."""
    async with running_stage(tmp_path, spaces="personal") as stage:
        yield stage


@pytest.fixture
async def cloud(personal_stage: Stage) -> AsyncIterator[Cloud]:
    """Its people."""
    async with AsyncExitStack() as peers, ClientSession() as session:
        yield Cloud(personal_stage, session, peers)


@pytest.fixture
async def alice(cloud: Cloud) -> Frontend:
    """A user with a frontend of the base protocol."""
    return await cloud.frontend("alice")


@pytest.fixture
async def bob(cloud: Cloud, alice: Frontend) -> Frontend:
    """Another one."""
    return await cloud.frontend("bob")
