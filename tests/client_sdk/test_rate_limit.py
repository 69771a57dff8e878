"""How fast transfers are together, on a clock that only moves when somebody waits."""

import asyncio
from pathlib import Path

import pytest

from client_sdk import Client, ClientSettings
from client_sdk.errors import InvalidInput
from client_sdk.rate_limit import RateLimit
from tests.client_sdk.content import content_of

KIB = 1024


class VirtualTime:
    """A clock on which waiting takes no time."""

    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> float:
        """Seconds."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Seconds pass for everybody who waits."""
        until = self.now + seconds
        await asyncio.sleep(0)
        self.now = max(self.now, until)


@pytest.fixture
def time() -> VirtualTime:
    """The time of the client."""
    return VirtualTime()


def limited(time: VirtualTime, bytes_per_s: int | None) -> RateLimit:
    """A rate limit in that time."""
    return RateLimit(bytes_per_s, clock=time.clock, sleep=time.sleep)


async def test_bytes_take_their_time(time: VirtualTime) -> None:
    """The first ones come at once; further ones once those before are paid for, idle time or not."""
    rate = limited(time, 1000)
    await rate.take(2000)
    assert time.now == 100.0
    await rate.take(500)
    assert time.now == 102.0
    time.now += 60.0
    await rate.take(1000)
    await rate.take(1)
    assert time.now == 163.0


async def test_several_share_it(time: VirtualTime) -> None:
    """However many transfers there are, they are no faster together."""
    rate = limited(time, 1000)

    async def transfer() -> None:
        for _ in range(5):
            await rate.take(100)

    await asyncio.gather(*(transfer() for _ in range(4)))
    assert time.now == pytest.approx(100.0 + (5 * 4 - 1) * 0.1)


async def test_slow_rates_come_in_small_pieces(time: VirtualTime) -> None:
    """So that nobody takes a transfer for stalled; without a limit nothing is cut or waited for."""
    rate = limited(time, 40 * KIB)
    pieces = [bytes(piece) async for piece in rate.paced(content_of(64 * KIB))]
    assert b"".join(pieces) == content_of(64 * KIB)
    assert {len(piece) for piece in pieces} <= {10 * KIB, 4 * KIB}
    assert limited(time, 1).piece_size(512 * KIB) == KIB
    before = time.now
    free = limited(time, None)
    assert [len(piece) async for piece in free.paced(bytes(64 * KIB))] == [64 * KIB]
    await free.take(10**12)
    assert time.now == before


@pytest.mark.parametrize("rate", [0, -1])
def test_no_rate_at_all_is_an_error(time: VirtualTime, rate: int) -> None:
    """It would never end."""
    with pytest.raises(InvalidInput):
        limited(time, rate)
    with pytest.raises(InvalidInput):
        Client("http://127.0.0.1:1", settings=ClientSettings(rate_limit=rate))


async def test_all_transfers_of_a_client_keep_to_it(
    cloud_url: str, tokens: dict[str, str], tmp_path: Path, time: VirtualTime
) -> None:
    """Large files, small ones together, streams and archives, in both directions."""
    folder = tmp_path / "rate"
    folder.mkdir()
    (folder / "large").write_bytes(content_of(900 * KIB))
    for number in range(4):
        (folder / f"small {number}").write_bytes(content_of(25 * KIB))
    total, rate = 1000 * KIB, 100 * KIB
    settings = ClientSettings(rate_limit=rate, clock=time.clock, sleep=time.sleep)
    async with Client(cloud_url, tokens["alice"], settings=settings) as cloud:

        async def took(work: object) -> float:
            before = time.now
            await work  # type: ignore[misc]
            return time.now - before

        assert await took(cloud.upload_folder(folder, "/rate")) >= 0.9 * total / rate
        assert await took(cloud.download_folder("/rate", tmp_path / "back")) >= 0.9 * total / rate
        assert await took(cloud.read("/rate/large")) >= 8.0
        assert await took(cloud.download_archive("/rate", tmp_path / "z.zip")) >= 9.0
    assert (tmp_path / "back/large").read_bytes() == content_of(900 * KIB)
