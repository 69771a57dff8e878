"""How large attachments and requests may be."""

from collections.abc import AsyncIterator

import pytest

from discord_emulator.settings import SizeLimits
from discord_emulator.testing import running_emulator

MIB = 1024 * 1024


@pytest.fixture
async def small(tmp_path, calling):
    """A client of an emulator that takes 100 bytes a file and 1000 a request."""
    async with running_emulator(
        tmp_path, limits="off", attachment_limit_bytes=100, request_limit_bytes=1000
    ) as emulator:
        yield calling(emulator), emulator


async def test_the_largest_attachment_passes(small):
    """An attachment of exactly the limit is taken."""
    caller, _ = small
    assert (await caller.post(b"x" * 100))[0] == 200


async def test_one_byte_more_is_refused(small):
    """A larger attachment is 413 with 40005, and nothing of its message stays."""
    caller, emulator = small
    status, error = await caller.post(b"fits", b"x" * 101)
    assert (status, error["code"]) == (413, 40005)
    assert emulator.messages() == []
    assert list((emulator.settings.data / "drafts").iterdir()) == []


async def test_announced_requests_are_refused_by_their_length(small):
    """A body whose Content-Length is over the limit is 413 with 40005."""
    caller, _ = small
    status, error = await caller.post(*[b"x" * 100] * 10)
    assert (status, error["code"]) == (413, 40005)


async def test_unannounced_requests_are_refused_while_they_come(small):
    """A body without Content-Length is cut off at the limit."""
    caller, emulator = small

    async def endless() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n'
        yield b"x" * 90
        for n in range(30):
            yield f'\r\n--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n'.encode()
            yield b"x" * 90
        yield b"\r\n--b--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    status, error = await caller.call("POST", "?wait=true", data=endless(), headers=headers)
    assert (status, error["code"]) == (413, 40005)
    assert emulator.messages() == []


@pytest.mark.parametrize(
    ("settings", "mib"),
    [
        ({}, 20),
        ({"sizes": "2022"}, 8),
        ({"sizes": "2023"}, 25),
        ({"sizes": "2025"}, 10),
        ({"boost_tier": 2}, 50),
    ],
)
async def test_limits_are_those_that_discord_has_had(tmp_path, calling, settings, mib):
    """Without settings, and since a year, an attachment may have so many MiB and no byte more."""
    async with running_emulator(tmp_path, limits="off", sink=False, **settings) as emulator:
        caller = calling(emulator)
        content = bytes(mib * MIB + 1)
        assert (await caller.post(content[:-1]))[0] == 200
        assert (await caller.post(content))[0] == 413


async def test_channels_may_have_limits_of_their_own(tmp_path, calling):
    """To attachments, requests and the number of attachments; other channels keep the usual ones."""
    async with running_emulator(tmp_path, limits="off", channels=2) as emulator:
        emulator.size_limits[emulator.webhooks[0].channel_id] = SizeLimits(100, 1000, 2)
        narrow, usual = calling(emulator), calling(emulator, 1)
        refused = [[b"x" * 101], [b"x" * 100, b"y" * 600], [b"x"] * 3]
        answers = [await narrow.post(*contents) for contents in refused]
        assert [(status, error["code"]) for status, error in answers] == [
            (413, 40005),
            (413, 40005),
            (400, 30015),
        ]
        assert (await narrow.post(b"x" * 100, b"y" * 100))[0] == 200
        assert [(await usual.post(*contents))[0] for contents in refused] == [200, 200, 200]
        del emulator.size_limits[emulator.webhooks[0].channel_id]
        assert (await narrow.post(b"x" * 101))[0] == 200
