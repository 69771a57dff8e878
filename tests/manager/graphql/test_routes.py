"""Requests to `/graphql` that are none, or none that can be run."""

import json
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

JSON = {"Content-Type": "application/json"}
QUERY = "query a { keys { name } } query b { keys { name } }"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"query": QUERY, "operationName": "c"}, "operation"),
        ({"query": ""}, "empty"),
        ({"query": "fragment A on Query { keys { name } }"}, "operation"),
        ({"query": "subscription { keys { name } }"}, "subscription"),
        ({"query": "{"}, "Syntax"),
    ],
)
async def test_a_request_that_names_no_operation_is_told_so(cloud, body, told):
    """It is an error of the request, like any other: answered as GraphQL, and no defect of ours."""
    headers = {"Authorization": f"Bearer {await cloud.token()}"}
    with capture_logs() as logs:
        response = await cloud.client.post("/graphql", json=body, headers=headers)
    assert response.status == 200
    answer = await response.json()
    assert answer["data"] is None
    (error,) = answer["errors"]
    assert told in error["message"]
    # Requests to Discord are logged beside it, for debugging.
    assert [entry for entry in logs if entry["log_level"] != "debug"] == []


@pytest.mark.parametrize("depth", [500, 900, 20_000])
async def test_variables_that_are_nested_deeply_are_refused(cloud, depth):
    """However deep: as what no id can be, or as a body that is not read."""
    headers = {"Authorization": f"Bearer {await cloud.token()}"}
    nested = "[" * depth + "]" * depth
    body = f'{{"query": "query($a: ID!) {{ file(id: $a) {{ size }} }}", "variables": {{"a": {nested}}}}}'
    response = await cloud.client.post("/graphql", data=body, headers={**headers, **JSON})
    answer = await response.json()
    assert (response.status, bool(answer.get("errors") or answer.get("error"))) in {
        (200, True),
        (400, True),
    }


async def test_token_that_dies_while_the_body_comes_in(cloud):
    """An administrator who is locked out makes no API key with a request begun before that."""
    token = await cloud.token()

    async def body() -> AsyncIterator[bytes]:
        yield b'{"query": '
        # By the time at which this one has an answer the other one has been begun.
        assert (await cloud.client.get("/status", params={"auth": token})).status == 200
        await cloud.catalog.set_password(1, "another hash")
        yield json.dumps('mutation { createKey(name: "svc") { key } }').encode() + b"}"

    headers = {"Authorization": f"Bearer {token}"}
    response = await cloud.client.post("/graphql", data=body(), headers={**headers, **JSON})
    assert response.status == 401
    assert await cloud.catalog.list_keys() == []


async def test_a_host_that_is_none_is_refused(cloud):
    """Addresses in the answer could not begin with it."""
    headers = {"Authorization": f"Bearer {await cloud.token()}", "Host": "a:b"}
    response = await cloud.client.post("/graphql", json={"query": QUERY}, headers=headers)
    assert response.status == 400
    assert "Host" in (await response.json())["error_details"]
