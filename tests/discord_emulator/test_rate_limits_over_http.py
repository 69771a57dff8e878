"""Rate limits over HTTP, on a clock that stands still."""

from typing import Any

import pytest

from discord_emulator.errors import LimitScope
from discord_emulator.testing import running_emulator

TWO_WEEKS_S = 14 * 86_400


async def answer(caller: Any, method: str, path: str = "", **options: Any) -> Any:
    """Sends a request; returns status, headers and JSON."""
    async with caller.http.request(method, caller.url + path, **options) as response:
        body = await response.json() if response.content_type == "application/json" else None
        return response.status, response.headers, body


@pytest.fixture
def tight(limited, calling):
    """A client of the limited emulator's webhook."""
    return calling(limited)


async def execute(caller: Any) -> Any:
    """Posts a small message."""
    return await answer(caller, "POST", "?wait=true", json={"content": "x"})


async def test_headers_count_down(tight, clock):
    """Each answer has the bucket's limit, what remains and when it resets."""
    for remaining in (4, 3, 2, 1, 0):
        status, headers, _ = await execute(tight)
        assert status == 200
        assert headers["X-RateLimit-Limit"] == "5"
        assert headers["X-RateLimit-Remaining"] == str(remaining)
        assert headers["X-RateLimit-Reset-After"] == "2.000"
        assert float(headers["X-RateLimit-Reset"]) == clock() + 2
        assert len(headers["X-RateLimit-Bucket"]) == 32


async def test_the_sixth_in_two_seconds_is_limited(tight, limited, clock):
    """A sixth message within two seconds is a 429 of the user's scope, in headers and body."""
    for _ in range(5):
        await execute(tight)
    clock.advance(0.5)
    status, headers, body = await execute(tight)
    assert status == 429
    assert headers["Retry-After"] == "2"
    assert headers["X-RateLimit-Scope"] == "user"
    assert headers["X-RateLimit-Reset-After"] == "1.500"
    assert "X-RateLimit-Global" not in headers
    assert body == {"message": "You are being rate limited.", "retry_after": 1.5, "global": False}
    assert limited.requests.rate_limited == {LimitScope.USER: 1}
    clock.advance(1.5)
    assert (await execute(tight))[0] == 200


async def test_webhooks_have_buckets_of_their_own(tight, limited, calling):
    """Another webhook's bucket has the same hash and its own budget."""
    limited.add_webhook()
    for _ in range(5):
        _, first, _ = await execute(tight)
    status, second, _ = await execute(calling(limited, 1))
    assert (status, second["X-RateLimit-Remaining"]) == (200, "4")
    assert first["X-RateLimit-Bucket"] == second["X-RateLimit-Bucket"]


async def test_routes_have_buckets_of_their_own(tight):
    """Reading is not slowed by posting."""
    for _ in range(5):
        _, posting, _ = await execute(tight)
    status, reading, _ = await answer(tight, "GET", "/messages/1")
    assert status == 404
    assert reading["X-RateLimit-Bucket"] != posting["X-RateLimit-Bucket"]


async def test_webhooks_of_a_channel_share_its_hidden_limit(tight, limited, calling, clock):
    """Thirty messages a minute go into a channel; only `Retry-After` says when the next may."""
    limited.add_webhook(limited.webhooks[0].channel_id)
    callers = [tight, calling(limited, 1)]
    for n in range(30):
        assert (await execute(callers[n % 2]))[0] == 200
        clock.advance(0.5)
    status, headers, body = await execute(callers[0])
    assert status == 429
    assert headers["X-RateLimit-Scope"] == "shared"
    assert int(headers["X-RateLimit-Remaining"]) > 0
    assert float(headers["X-RateLimit-Reset-After"]) < 3
    assert (headers["Retry-After"], body["retry_after"]) == ("45", 45.0)
    clock.advance(45)
    assert (await execute(callers[1]))[0] == 200


async def test_the_global_limit(limited, http, clock):
    """Fifty requests a second pass for one address; the next is a 429 of the global scope."""
    statuses = []
    for n in range(51):
        url = f"{limited.base_url}/api/v10/webhooks/{n + 1}/token"
        async with http.get(url) as response:
            statuses.append(response.status)
            headers, body = response.headers, await response.json()
    assert statuses == [404] * 50 + [429]
    assert headers["X-RateLimit-Global"] == "true"
    assert headers["X-RateLimit-Scope"] == "global"
    assert body["global"] is True
    clock.advance(1)
    async with http.get(url) as response:
        assert response.status == 404


async def test_old_messages_are_deleted_slower(tight, clock):
    """Messages of more than two weeks have a delete bucket of their own, and a slower one."""
    _, _, old = await execute(tight)
    clock.advance(TWO_WEEKS_S + 1)
    _, _, new = await execute(tight)
    _, slow, _ = await answer(tight, "DELETE", f"/messages/{old['id']}")
    _, fast, _ = await answer(tight, "DELETE", f"/messages/{new['id']}")
    assert slow["X-RateLimit-Bucket"] != fast["X-RateLimit-Bucket"]
    assert (slow["X-RateLimit-Limit"], slow["X-RateLimit-Reset-After"]) == ("30", "120.000")
    assert (fast["X-RateLimit-Limit"], fast["X-RateLimit-Reset-After"]) == ("5", "1.000")


async def test_invalid_requests_end_in_a_ban(tight, limited, clock):
    """After 10 000 answers of 401, 403 or 429 in ten minutes the address is banned, without JSON."""
    for _ in range(9_999):
        limited.limits.note_invalid("127.0.0.1")
    assert (await answer(tight, "GET", "x"))[0] == 401
    status, headers, body = await answer(tight, "GET")
    assert (status, body) == (429, None)
    assert "X-RateLimit-Scope" not in headers
    clock.advance(int(headers["Retry-After"]))
    assert (await answer(tight, "GET"))[0] == 200


async def test_the_cdn_has_no_buckets(tight, clock):
    """Attachments may be fetched as often as one likes."""
    _, message = await tight.post(b"x")
    for _ in range(60):
        assert (await tight.get(message["attachments"][0]["url"]))[0] == 200


async def test_limits_can_be_off(caller, emulator):
    """With the limits off nothing is throttled and no header speaks of limits."""
    for _ in range(60):
        status, headers, _ = await execute(caller)
        assert status == 200
        assert not [name for name in headers if name.lower().startswith("x-ratelimit")]
    assert emulator.requests.count("execute", 200) == emulator.requests.total == 60


async def test_a_strict_emulator_wants_the_documented_user_agent(tmp_path, calling):
    """`strict_user_agent` lets nothing pass but `DiscordBot (url, version)`."""
    async with running_emulator(tmp_path, strict_user_agent=True) as emulator:
        caller = calling(emulator)
        assert (await answer(caller, "GET"))[0] == 200
        status, _, body = await answer(caller, "GET", headers={"User-Agent": "python"})
        assert (status, body["code"]) == (403, 40333)
