"""The mode for benchmarks, that keeps nothing but sizes."""

import io
import json

import aiohttp
import pytest

from discord_emulator.testing import running_emulator


@pytest.fixture
async def sink(tmp_path, calling):
    """An emulator in sink mode, and a client of it."""
    async with running_emulator(tmp_path, limits="off", sink=True) as emulator:
        yield emulator, calling(emulator)


@pytest.mark.parametrize("size", [0, 1, 5_000_000])
async def test_a_plausible_message(sink, size):
    """A sunk post is answered with the file's name and true size, and is found and deleted."""
    emulator, caller = sink
    form = aiohttp.FormData()
    form.add_field("payload_json", '{"attachments": [{"id": 0}]}', content_type="application/json")
    form.add_field("files[0]", io.BytesIO(bytes(size)), filename="c.bin")
    status, message = await caller.call("POST", "?wait=true", data=form)
    assert status == 200
    (attachment,) = message["attachments"]
    assert (attachment["filename"], attachment["size"]) == ("c.bin", size)
    path = f"/messages/{message['id']}"
    assert await caller.call("GET", path) == (200, message)
    assert [stored.id for stored in emulator.messages()] == [int(message["id"])]
    assert (await caller.get(attachment["url"]))[0] == 404
    assert (await caller.call("DELETE", path))[0] == 204
    assert (await caller.call("GET", path))[1]["code"] == 10008


async def test_nothing_is_written(sink):
    """Sunk posts leave no file behind."""
    emulator, caller = sink
    await caller.post(bytes(100_000))
    assert not [path for path in (emulator.settings.data / "messages").rglob("*") if path.is_file()]


async def test_unmarked_bodies_are_swallowed(sink):
    """A body that is no form at all is counted and answered too."""
    _, caller = sink
    status, message = await caller.call("POST", "?wait=true", data=b"raw bytes")
    assert (status, message["attachments"][0]["size"]) == (200, 9)


@pytest.mark.parametrize("sizes", [[5, 0, 70_000], [300_000] * 10, [1] * 3])
async def test_several_files_have_their_true_sizes(sink, sizes):
    """In the order of the fields, whatever is in them."""
    _, caller = sink
    described = [{"id": number, "filename": f"{number}.bin"} for number in range(len(sizes))]
    form = aiohttp.FormData()
    payload = json.dumps({"attachments": described})
    form.add_field("payload_json", payload, content_type="application/json")
    for number, size in enumerate(sizes):
        content = (b"\r\n--" + bytes(7)) * (size // 11 + 1)
        form.add_field(f"files[{number}]", content[:size], filename=f"{number}.bin")
    status, message = await caller.call("POST", "?wait=true", data=form)
    assert status == 200
    found = [(each["filename"], each["size"]) for each in message["attachments"]]
    assert found == [(f"{number}.bin", size) for number, size in enumerate(sizes)]
