"""What all routes of the wire protocol have in common: CORS, the shape of errors, bad input."""

import pytest
from yarl import URL

from tests.manager.cloud import running_cloud

ALICE = "username=alice&password=correct%20horse"
CHANGE = "username=alice&previousPassword=correct%20horse&newPassword=new%20password"
GET_ROUTES = {
    "/health": "",
    "/login": ALICE,
    "/register": ALICE,
    "/token-status": "token=a.b.c",
    "/update-password": CHANGE,
    "/download": "path=/&name=a&auth=a.b.c",
    "/bulk-download": "path=/&auth=a.b.c",
    "/signed-download": "q=abc",
    "/signed-download-metadata": "q=abc",
}
POST_ROUTES = ("/login", "/register", "/update-password")


@pytest.fixture
async def cloud(tmp_path):
    """A manager that takes passwords also from queries, so that all its routes can be asked by GET."""
    async with running_cloud(tmp_path, legacy_get_login=True) as running:
        yield running


@pytest.mark.parametrize(("route", "query"), GET_ROUTES.items())
async def test_any_origin_may_read_every_answer(cloud, route, query):
    """A page of any origin can read the answer, also that of an error, and takes it for nothing else."""
    for url in (f"{route}?{query}", route):
        response = await cloud.client.get(url, headers={"Origin": "https://frontend.example"})
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "Content-Disposition" in response.headers["Access-Control-Expose-Headers"]
        assert "Retry-After" in response.headers["Access-Control-Expose-Headers"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("route", GET_ROUTES)
async def test_preflight(cloud, route):
    """A browser may ask before it sends a token in a header, a range, or JSON."""
    asked = {
        "Origin": "https://frontend.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type, range",
    }
    response = await cloud.client.options(route, headers=asked)
    assert response.status == 204
    allowed = response.headers["Access-Control-Allow-Headers"].lower()
    assert {"authorization", "content-type", "range"} <= set(allowed.replace(",", " ").split())
    assert "POST" in response.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize("route", GET_ROUTES)
async def test_other_methods(cloud, route):
    """A method that a route does not know is a 405 in the shape of every error."""
    response = await cloud.client.delete(route)
    assert response.status == 405
    assert "GET" in response.headers["Allow"]
    answer = await response.json()
    assert answer["error"] is True
    assert isinstance(answer["error_details"], str)


@pytest.mark.parametrize("route", [*POST_ROUTES, "/bulk-download", "/graphql"])
async def test_compressed_bodies_are_refused(cloud, route):
    """No route takes them, whatever the body is like, and the answer says what is taken."""
    headers = {
        "Authorization": f"Bearer {await cloud.token()}",
        "Content-Encoding": "gzip",
        "Content-Type": "application/json",
    }
    response = await cloud.client.post(route, data=b'{"path": "/"}', headers=headers)
    assert response.status == 415
    assert response.headers["Accept-Encoding"] == "identity"
    assert "Content-Encoding" in (await response.json())["error_details"]


NASTY = ("%FF", "%00", "%ED%A0%80", "a%0D%0AX-Evil:%201", "%22%3E%3Cscript%3E", "a" * 5000)


@pytest.mark.parametrize("value", NASTY)
@pytest.mark.parametrize(("route", "query"), GET_ROUTES.items())
async def test_nasty_values(cloud, route, query, value):
    """No value of any parameter is more than a bad one: a 4xx that does not quote it."""
    for name in URL(f"?{query}").query:
        others = [each for each in query.split("&") if not each.startswith(f"{name}=")]
        url = URL(f"{route}?{'&'.join([*others, f'{name}={value}'])}", encoded=True)
        response = await cloud.client.get(url)
        if response.status == 200:
            # Any text of the right length is a password.
            assert "password" in name.lower()
            continue
        assert response.status in {400, 401, 403, 404}
        assert "X-Evil" not in response.headers
        answer = await response.json()
        assert answer["error"] is True
        assert "script" not in str(answer)


NESTED = b"[" * 30_000 + b"]" * 30_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"a"',
        b"{",
        b"\xff",
        b'{"username": {}}',
        b'{"username": 1}',
        pytest.param(b'{"username": %b}' % NESTED, id="nested"),
    ],
)
@pytest.mark.parametrize("route", POST_ROUTES)
async def test_nasty_bodies(cloud, route, body):
    """What is no JSON object with texts in it is a clear 400, and makes nobody a user."""
    headers = {"Content-Type": "application/json"}
    response = await cloud.client.post(route, data=body, headers=headers)
    assert response.status == 400
    assert (await response.json())["error"] is True
    assert await cloud.catalog.user_by_id(1) is None


async def test_bad_input_changes_nothing(cloud):
    """After every refusal there are the same users with the same passwords."""
    token = await cloud.token()
    alice = await cloud.catalog.user_by_name("alice")
    for url in (
        f"/register?username=bob&password=short&adminToken={token}",
        f"/register?username=b%20b&password=long%20enough&adminToken={token}",
        "/register?username=bob&password=long%20enough&adminToken=a.b.c",
        "/register?username=bob&password=long%20enough",
        "/update-password?username=alice&previousPassword=correct%20horse&newPassword=x",
        "/update-password?username=alice&previousPassword=wrong%20horse&newPassword=long%20enough",
    ):
        assert (await cloud.client.get(url)).status in {400, 403}
    assert await cloud.catalog.user_by_name("bob") is None
    assert await cloud.catalog.user_by_name("alice") == alice


async def test_health(cloud):
    """Whoever watches over the manager learns that it works."""
    response = await cloud.client.get("/health")
    assert (response.status, await response.read()) == (204, b"")
