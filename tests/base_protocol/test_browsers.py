"""What a browser asks before, and looks for after, each request of a page from another origin."""

import aiohttp
import pytest

from tests.base_protocol.frontend import Frontend
from tests.base_protocol.stage import Stage

ORIGIN = {"Origin": "https://frontend.example"}


def allows(answer: aiohttp.ClientResponse, name: str) -> set[str]:
    """The entries of a list in the answer to a preflight."""
    listed = answer.headers.get(f"Access-Control-Allow-{name}", "")
    return {entry.strip().lower() for entry in listed.split(",")}


async def preflight(
    http: aiohttp.ClientSession, url: str, method: str, *headers: str
) -> aiohttp.ClientResponse:
    """Asks as a browser does, from a page of the internet to a private address."""
    asked = {
        **ORIGIN,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Private-Network": "true",
    }
    if headers:
        asked["Access-Control-Request-Headers"] = ",".join(headers).lower()
    async with http.options(url, headers=asked) as answer:
        return answer


def permits(answer: aiohttp.ClientResponse, method: str, *headers: str) -> bool:
    """Whether the browser goes on. A star stands for every header but Authorization."""
    allowed = allows(answer, "Headers")
    return (
        200 <= answer.status < 300
        and answer.headers.get("Access-Control-Allow-Origin") in {"*", ORIGIN["Origin"]}
        and answer.headers.get("Access-Control-Allow-Private-Network") == "true"
        and (method in {"GET", "HEAD", "POST"} or method.lower() in allows(answer, "Methods"))
        and all(
            header.lower() in allowed or ("*" in allowed and header != "Authorization")
            for header in headers
        )
    )


@pytest.mark.parametrize(
    ("path", "method", "headers"),
    [
        ("/login", "POST", ["Content-Type"]),
        ("/register", "POST", ["Content-Type"]),
        ("/update-password", "POST", ["Content-Type"]),
        ("/download", "GET", ["Authorization", "Range", "If-Range"]),
        ("/bulk-download", "GET", ["Authorization"]),
        ("/signed-download", "GET", ["Range"]),
        ("/token-status", "GET", ["X-Requested-With"]),
        ("/status", "GET", ["Authorization"]),
        ("/nowhere", "POST", ["Content-Type"]),
        ("/", "GET", ["Authorization"]),
    ],
)
async def test_the_manager_answers_preflights(
    stage: Stage, path: str, method: str, headers: list[str]
):
    """Every path may be asked for from everywhere, with the headers that clients use."""
    answer = await preflight(stage.http, f"{stage.url}{path}", method, *headers)
    assert permits(answer, method, *headers)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 204),
        ("GET", "/login", 400),
        ("GET", "/login?username=alice&password=wrong%20horse", 403),
        ("GET", "/token-status?token=a.b.c", 401),
        ("GET", "/download?path=/&name=a&auth=a.b.c", 401),
        ("GET", "/nowhere", 404),
        ("DELETE", "/login", 405),
        ("POST", "/login", 415),
        ("GET", "/?type=client&key=a.b.c", None),
    ],
)
async def test_the_manager_lets_pages_read_answers(
    stage: Stage, method: str, path: str, status: int | None
):
    """Errors too: a page must be able to tell people what is wrong."""
    await stage.token("alice")
    async with stage.http.request(method, f"{stage.url}{path}", headers=ORIGIN) as answer:
        assert status in {None, answer.status}
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_a_refused_upgrade_can_be_read(stage: Stage):
    """The reason for which a WebSocket is refused is an answer like any other."""
    headers = {**ORIGIN, "Upgrade": "websocket", "Connection": "Upgrade"}
    async with stage.http.get(f"{stage.url}/?type=x", headers=headers) as answer:
        assert answer.status == 400
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_downloads_can_be_read(stage: Stage, content: bytes):
    """A page sees the content, what it needs to resume, and errors in between."""
    await stage.our_service()
    alice = await stage.frontend(booked=1)
    await alice.store("a.txt", content)
    query = {"path": "/", "name": "a.txt", "auth": alice.token}
    for header, status in (("bytes=1-2", 206), ("bytes=900-", 416)):
        headers = {**ORIGIN, "Range": header}
        async with stage.http.get(f"{stage.url}/download", params=query, headers=headers) as got:
            exposed = got.headers["Access-Control-Expose-Headers"].lower()
            assert (got.status, got.headers["Access-Control-Allow-Origin"]) == (status, "*")
            assert {"content-range", "etag", "content-disposition"} <= set(exposed.split(", "))


async def upload_address(stage: Stage, alice: Frontend) -> str:
    """Where an upload that runs takes its chunks."""
    address: str = (await alice.request("a.txt", 10))["upload_address"]
    return address


async def test_an_upload_service_answers_preflights(stage: Stage):
    """A POST with an upload listener always preflights, at exactly the address that it was given."""
    await stage.our_service()
    alice = await stage.frontend(booked=1)
    address = await upload_address(stage, alice)
    for headers in ([], ["Content-Type"], ["X-Requested-With", "Authorization"]):
        answer = await preflight(stage.http, address, "POST", *headers)
        assert permits(answer, "POST", *headers)


async def test_an_upload_service_lets_pages_read_errors(stage: Stage):
    """A page can tell whether a chunk was refused, and why."""
    await stage.our_service()
    alice = await stage.frontend(booked=1)
    address = await upload_address(stage, alice)
    async with stage.http.post(address, data=b"no form", headers=ORIGIN) as answer:
        assert answer.status in range(400, 500)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert (await answer.json())["error"]
    async with stage.http.get(address, headers=ORIGIN) as answer:
        assert answer.status == 405
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
