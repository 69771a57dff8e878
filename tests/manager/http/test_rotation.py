"""New master keys are put in front of the old ones."""

import base64

from structlog.testing import capture_logs

from storage.keys import KeyRing

KEYS = [base64.b64encode(bytes([n]) * 32).decode() for n in range(2)]


async def test_rotation_keeps_files_and_tokens(tmp_path, running_cloud):
    """After a rotation old files can be read, new ones are too, and nobody is logged out."""
    async with running_cloud(tmp_path, message_encryption_key=KEYS[0]) as cloud:
        token = await cloud.token()
        await cloud.store("/docs/old.txt", b"old" * 1000)
    async with running_cloud(tmp_path, message_encryption_key=" ".join(KEYS[::-1])) as cloud:
        await cloud.store("/docs/new.txt", b"new" * 1000)
        for name in ("old", "new"):
            params = {"path": "/docs", "name": f"{name}.txt", "auth": token}
            response = await cloud.client.get("/download", params=params)
            assert await response.read() == name.encode() * 1000


async def test_lost_key_is_an_error(tmp_path, running_cloud):
    """Without the key of a file log and download name the key at once, and nobody gets encrypted bytes."""
    key_id = KeyRing.parse(KEYS[0]).primary.key_id.hex()
    async with running_cloud(tmp_path, message_encryption_key=KEYS[0]) as cloud:
        await cloud.token()
        await cloud.store("/docs/old.txt", b"old" * 1000)
    with capture_logs() as logs:
        async with running_cloud(tmp_path, message_encryption_key=KEYS[1]) as cloud:
            params = {"path": "/docs", "name": "old.txt", "auth": await cloud.token()}
            response = await cloud.client.get("/download", params=params)
            assert response.status == 502
            details = (await response.json())["error_details"]
            assert details.startswith(f"the master key {key_id} is missing: ")
            assert "MESSAGE_ENCRYPTION_KEY" in details
            assert response.headers["Discord-Cloud-Lasting"] == "unknown-key"
    missing = [entry for entry in logs if entry["event"] == "master-key-missing"]
    assert [(entry["key_id"], entry["files"]) for entry in missing] == [(key_id, 1)]
