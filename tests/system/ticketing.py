"""Another service, and users, as they use tickets: GraphQL, and forms over HTTP."""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Any

import aiohttp

from manager.app_keys import ACCOUNTS, CATALOG
from protocol.chunks import content_hash
from tests.manager.sockets.stage import PASSWORD, cheap_passwords
from tests.system.whole import CHUNK_SIZE, Whole, pieces_of

TICKET = """
mutation ($type: String!, $size: ByteCount!, $status: Int, $redirect: String) {
  getTicket(mimeType: $type, size: $size, successActionStatus: $status,
      successActionRedirect: $redirect) { url fileId fields { name value } }
}
"""


def hash_of(content: bytes) -> str:
    """The hash of content in chunks of the tests' size."""
    return content_hash(hashlib.sha256(piece).digest() for piece in pieces_of(content, CHUNK_SIZE))


@dataclass
class Caller:
    """Somebody who speaks GraphQL."""

    whole: Whole
    http: aiohttp.ClientSession
    credentials: str

    async def execute(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole answer."""
        headers = {"Authorization": f"Bearer {self.credentials}"}
        body = {"query": query, "variables": variables}
        url = f"{self.whole.url}/graphql"
        async with self.http.post(url, json=body, headers=headers) as response:
            assert response.status == 200, await response.text()
            answer: dict[str, Any] = await response.json()
        return answer

    async def ask(self, query: str, **variables: Any) -> Any:
        """What the only field of a request answered."""
        answer = await self.execute(query, **variables)
        assert "errors" not in answer, answer["errors"]
        (value,) = answer["data"].values()
        return value

    async def refused(self, query: str, **variables: Any) -> str:
        """The code of the error that a request must end with."""
        answer = await self.execute(query, **variables)
        (error,) = answer["errors"]
        code: str = error.get("extensions", {}).get("code", error["message"])
        return code

    async def ticket(
        self, size: int, mime_type: str = "application/octet-stream", **action: Any
    ) -> dict[str, Any]:
        """A ticket."""
        ticket: dict[str, Any] = await self.ask(TICKET, size=size, type=mime_type, **action)
        return ticket

    async def put(self, content: bytes, mime_type: str = "application/octet-stream") -> str:
        """Uploads with a ticket; gives the file's id."""
        ticket = await self.ticket(len(content), mime_type)
        assert await self.send(ticket, content) == (204, "")
        file_id: str = ticket["fileId"]
        return file_id

    async def send(
        self,
        given: dict[str, Any],
        content: bytes,
        *,
        address: str = "127.0.0.1",
        **changes: str | None,
    ) -> tuple[int, str]:
        """Sends the form of a ticket, some fields changed or (None) left out.

        `address` is what a proxy says of where it comes from.
        """
        form = form_of(given, content, **changes)
        headers = {"X-Forwarded-For": address}
        async with self.http.post(
            given["url"], data=form, headers=headers, allow_redirects=False
        ) as answer:
            return answer.status, await answer.text()

    async def file(self, file_id: str) -> Any:
        """What the caller sees of a file; None for nothing."""
        query = """query ($id: ID!) { file(id: $id) { id size mimeType hash metadata url
            temporaryUntil views { name url mimeType size } references { key expiresAt } } }"""
        return await self.ask(query, id=file_id)

    async def refer(self, file_id: str, key: str) -> Any:
        """Creates a reference."""
        query = (
            "mutation ($id: ID!, $key: String!) { createReference(fileId: $id, key: $key) { key } }"
        )
        return await self.ask(query, id=file_id, key=key)

    async def release(self, key: str) -> bool:
        """Releases a reference."""
        query = "mutation ($key: String!) { releaseReference(key: $key) }"
        return bool(await self.ask(query, key=key))


def form_of(given: dict[str, Any], content: bytes, **changes: str | None) -> aiohttp.FormData:
    """The form as a client builds it."""
    form = aiohttp.FormData()
    fields: dict[str, str | None] = {each["name"]: each["value"] for each in given["fields"]}
    for name, value in {**fields, **changes}.items():
        if value is not None:
            form.add_field(name, value)
    form.add_field("file", content, filename="photo.jpg", content_type="image/jpeg")
    return form


async def user(whole: Whole, http: aiohttp.ClientSession, name: str = "alice") -> Caller:
    """A user with a token."""
    return Caller(whole, http, await whole.token(name))


async def administrator(whole: Whole, http: aiohttp.ClientSession) -> Caller:
    """An administrator with a token."""
    if await whole.app[CATALOG].user_by_name("root") is None:
        hashed = await cheap_passwords().hash(PASSWORD)
        await whole.app[CATALOG].create_user("root", hashed, is_admin=True)
    return Caller(whole, http, (await whole.app[ACCOUNTS].login("root", PASSWORD)).token)


async def service(whole: Whole, http: aiohttp.ClientSession, name: str = "blog") -> Caller:
    """Another service with an API key."""
    admin = await administrator(whole, http)
    made = await admin.ask("mutation ($n: String!) { createKey(name: $n) { key } }", n=name)
    return Caller(whole, http, made["key"])


async def run(*command: str) -> tuple[int, str]:
    """Runs a program; gives its exit code and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()
