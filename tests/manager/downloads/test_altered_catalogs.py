"""A catalog that somebody has altered: no byte of it passes for content that was not sealed as that."""

from pathlib import Path

import pytest
from aiohttp import ClientError
from structlog.testing import capture_logs

from tests.manager.cloud import Cloud, running_cloud
from tests.manager.databases import alter

CONTENT = bytes(range(256)) * 10
"""Three chunks: 1000, 1000 and 560 bytes, each with an envelope of 33."""
SWAP = """
    CREATE TEMP TABLE other AS SELECT * FROM chunks;
    UPDATE chunks SET message_id = -message_id;
    UPDATE chunks SET (message_id, attachment_id, stored_size, size, digest) =
        (SELECT message_id, attachment_id, stored_size, size, digest FROM other
         WHERE other.object_id = chunks.object_id AND other."index" = 1 - chunks."index")
    WHERE "index" < 2;
    UPDATE chunks SET message_id = abs(message_id);
"""
RELABEL = {
    "plain": "UPDATE objects SET envelope = 'plain'",
    "base": "UPDATE objects SET envelope = 'base'",
}
ALTERATIONS = {
    "ciphertext as plain content": """
        UPDATE objects SET envelope = 'plain', chunk_size = 1000 + 33, size = 2560 + 3 * 33;
        UPDATE chunks SET digest = NULL, size = stored_size""",
    "as content of the base protocol": "UPDATE objects SET envelope = 'base', size = size + 3",
    "with chunks out of nowhere": "UPDATE chunks SET message_id = message_id + 1",
    "without digests": "UPDATE chunks SET digest = NULL",
    "without the last digest": 'UPDATE chunks SET digest = NULL WHERE "index" = 2',
    "two chunks swapped": SWAP,
    "shorter": "UPDATE objects SET size = size - 1",
    "shorter, in all places": """
        UPDATE objects SET size = 2000 + 500;
        UPDATE chunks SET size = 500, stored_size = 500 + 33 WHERE "index" = 2""",
    "longer": "UPDATE objects SET size = size + 1",
    "fewer chunks": """
        UPDATE objects SET chunk_count = 2, size = 2000;
        DELETE FROM chunks WHERE "index" = 2""",
    "cut differently": "UPDATE objects SET chunk_size = 2000, chunk_count = 2, size = 3000",
    "chunks of gigabytes": """
        UPDATE objects SET chunk_size = 1 << 40, size = 1 << 40, chunk_count = 1;
        UPDATE chunks SET stored_size = (1 << 40) + 33, size = 1 << 40 WHERE "index" = 0""",
}


async def downloaded(cloud: Cloud, byte_range: str | None) -> tuple[int, bytes | None]:
    """The status of a download, and its bytes; None for one that was cut off."""
    query = {"path": "/", "name": "a.bin", "auth": await cloud.token()}
    headers = {"Range": f"bytes={byte_range}"} if byte_range else {}
    async with cloud.client.get("/download", params=query, headers=headers) as response:
        try:
            return response.status, await response.read()
        except ClientError:
            return response.status, None


@pytest.mark.parametrize("byte_range", [None, "0-99", "2000-2100"])
@pytest.mark.parametrize("statements", ALTERATIONS.values(), ids=ALTERATIONS)
async def test_altered_content_is_refused(
    tmp_path: Path, statements: str, byte_range: str | None
) -> None:
    """As a whole or in part: whatever comes is a part of what was stored, and never ends as if whole."""
    async with running_cloud(tmp_path) as cloud:
        await cloud.token()
        await cloud.store("/a.bin", CONTENT)
        await alter(cloud.settings.database_path, statements)
        status, body = await downloaded(cloud, byte_range)
    if status in {200, 206} and body is not None:
        # A part that the alteration did not touch.
        assert byte_range is not None
        first, last = map(int, byte_range.split("-"))
        assert body == CONTENT[first : last + 1]
    else:
        assert status in {200, 206, 416, 502}


@pytest.mark.parametrize("envelope", RELABEL)
async def test_the_refusal_says_who_can_help(tmp_path: Path, envelope: str) -> None:
    """The reader is told the setting, once and for all; the log names the object."""
    async with running_cloud(tmp_path) as cloud:
        await cloud.token()
        file = await cloud.store("/a.bin", CONTENT)
        await alter(cloud.settings.database_path, RELABEL[envelope])
        query = {"path": "/", "name": "a.bin", "auth": await cloud.token()}
        with capture_logs() as logs:
            async with cloud.client.get("/download", params=query) as response:
                answer = await response.json()
    assert response.status == 502
    assert response.headers["Discord-Cloud-Lasting"] == "unauthenticated-content"
    assert "BASE_UPLOAD_SERVICES" in answer["error_details"]
    (logged,) = (entry for entry in logs if entry["event"] == "unauthenticated-content")
    assert (logged["object"], logged["envelope"]) == (str(file.object_id), envelope)
