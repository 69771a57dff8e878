"""GraphQL: whatever an administrator sends is answered with data or errors, and breaks nothing."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.fuzz.inputs import fuzzed, json_values, mutated, mutated_text, quickly, repeated
from tests.manager.cloud import Cloud, running_cloud

Post = Callable[[bytes], int]
"""Posts a body as an administrator, checks that it was no defect, and returns the status."""

QUERIES = [
    "query ($a: ID!) { file(id: $a) { id size url views { name } references { key } } }",
    "query ($a: Int!, $b: String) { references(first: $a, after: $b) { nodes { key } } }",
    "query ($a: Int!, $b: Int!) { garbage(first: $a) { path } failedJobs(first: $b) { error } }",
    "mutation ($a: String!, $b: ByteCount!) { getTicket(mimeType: $a, size: $b) { url } }",
    """mutation ($a: Int, $b: String) { getTicket(
        mimeType: "a/b", size: 1, successActionStatus: $a, successActionRedirect: $b) { url } }""",
    "mutation ($a: ID!) { revokeTemporaryReference(fileId: $a) }",
    "mutation ($a: String!) { createKey(name: $a) { name } }",
    "mutation ($a: String!) { revokeKey(name: $a) }",
    "mutation ($a: ID!) { retryWebhook(id: $a) }",
    "mutation ($a: ID!, $b: String!) { createReference(fileId: $a, key: $b) { key } }",
    "mutation ($a: String!) { releaseReference(key: $a) }",
    "{ __typename keys { name revokedAt } webhooks { id state reason } }",
]
WORDS = (
    "{ } ( ) [ ] ! : $a ... @include(if: true) query mutation fragment F on Query ...F file keys name "
    '"""  " 1e9 \\u0000 #'
)
TOKENS = st.sampled_from(WORDS.split(" "))


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    """A manager that runs, and its administrator."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        cloud: Cloud = runner.run(
            stack.enter_async_context(running_cloud(tmp_path_factory.mktemp("graphql")))
        )
        headers = {
            "Authorization": f"Bearer {runner.run(cloud.token())}",
            "Content-Type": "application/json",
        }

        async def send(body: bytes) -> int:
            with capture_logs() as logs:
                async with cloud.client.post("/graphql", data=body, headers=headers) as response:
                    answer = await response.json()
            assert response.status in {200, 400}, answer
            assert "data" in answer or answer["error"] is True
            assert [entry for entry in logs if entry["log_level"] in {"error", "critical"}] == []
            return response.status

        yield lambda body: runner.run(send(body))
        runner.run(stack.aclose())


def body_of(query: object, variables: object = None) -> bytes:
    """A request."""
    return json.dumps({"query": query, "variables": variables}).encode()


@fuzzed
@given(query=st.sampled_from(QUERIES), a=json_values(), b=json_values())
def test_variables(post: Post, query: str, a: object, b: object) -> None:
    """Any JSON in the place of any variable."""
    with quickly():
        post(body_of(query, {"a": a, "b": b}))


@fuzzed
@given(
    query=st.sampled_from(QUERIES).flatmap(mutated_text)
    | st.lists(TOKENS, max_size=40).map(" ".join)
    | repeated(TOKENS, 60_000)
)
def test_queries(post: Post, query: str) -> None:
    """Any text in the place of a query, also one that is nested deeply or is very long."""
    with quickly(5.0):
        post(body_of(query))


@fuzzed
@given(
    body=st.sampled_from(QUERIES).map(body_of).flatmap(mutated)
    | json_values().map(lambda it: json.dumps(it).encode())
    | st.binary(max_size=60)
)
def test_bodies(post: Post, body: bytes) -> None:
    """Any bytes in the place of a request; those that are none are answered 400."""
    with quickly():
        status = post(body)
    try:
        is_object = isinstance(msgspec.json.decode(body), dict)
    except (msgspec.DecodeError, UnicodeDecodeError):
        is_object = False
    assert is_object or status == 400
