"""How large attachments and requests may be."""

from collections.abc import AsyncIterator

import pytest

from discord_emulator.testing import running_emulator


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


async def test_default_limits_are_discords(tmp_path, calling):
    """Without settings an attachment may have 10 MiB and no byte more."""
    async with running_emulator(tmp_path, limits="off") as emulator:
        caller = calling(emulator)
        content = bytes(10 * 1024 * 1024 + 1)
        assert (await caller.post(content[:-1]))[0] == 200
        assert (await caller.post(content))[0] == 413
