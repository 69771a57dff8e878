"""Tries every field of the GraphQL interface, whoever may use it."""

from collections.abc import Mapping
from typing import Any

from tests.access.callers import Caller, Scene
from tests.access.trying import new_address

FIELDS: Mapping[str, str] = {
    "file": '{ file(id: "%(object)s") { id } }',
    "references": "{ references { nodes { key } } }",
    "keys": "{ keys { name } }",
    "garbage": "{ garbage { fileId } }",
    "failedJobs": "{ failedJobs { fileId } }",
    "webhooks": "{ webhooks { id } }",
    "getTicket": 'mutation { getTicket(mimeType: "text/plain", size: 5) { url } }',
    "revokeTemporaryReference": 'mutation { revokeTemporaryReference(fileId: "%(object)s") }',
    "createReference": 'mutation { createReference(fileId: "%(object)s", key: "%(new)s") { key } }',
    "releaseReference": 'mutation { releaseReference(key: "%(new)s") }',
    "createKey": 'mutation { createKey(name: "%(new)s") { name } }',
    "revokeKey": 'mutation { revokeKey(name: "%(new)s") }',
    "collectGarbage": "mutation { collectGarbage }",
    "processMissing": "mutation { processMissing }",
    "retryFailedJobs": "mutation { retryFailedJobs }",
    "retryWebhook": 'mutation { retryWebhook(id: "1") }',
}
"""How each field is asked for: about the owner's file, and things that are new or not there."""


async def outcome_of(scene: Scene, field: str, caller: Caller) -> str | int:
    """`ok`, `null`, the code of the error, or the status of a request that is not let in."""
    query = FIELDS[field] % {"object": scene.file.object_id, "new": scene.new_name()}
    headers = new_address()
    if (key := await scene.key(caller)) is not None:
        headers["Authorization"] = f"Bearer {key}"
    async with scene.cloud.client.post(
        "/graphql", json={"query": query}, headers=headers
    ) as response:
        if response.status != 200:
            return response.status
        answer: dict[str, Any] = await response.json()
    if "errors" in answer:
        return str(answer["errors"][0]["extensions"]["code"])
    return "null" if answer["data"][field] is None else "ok"
