"""Uploads whose rows somebody has altered while they were parked."""

import pytest

from protocol import s2c, s2u
from tests.manager.databases import alter
from tests.manager.sockets.keeping import booking_client, parked_by_leaving, resume
from tests.manager.sockets.stage import Stage


@pytest.mark.parametrize(
    "statements",
    ["UPDATE objects SET envelope = 'plain'", "UPDATE chunks SET digest = NULL"],
    ids=["envelope", "digest"],
)
async def test_an_upload_that_proves_nothing_is_not_entered(stage: Stage, statements: str):
    """It fails with a reason that names the setting, and no file comes of it."""
    service = await stage.service()
    start = await parked_by_leaving(stage, service, stored=(0,))
    await alter(stage.settings.database_path, statements)
    client = await booking_client(stage)
    await resume(client, start.upload_id)
    await service.finish_missing(await service.next(s2u.UploadContinue))
    ended = await client.next(s2c.UploadFinishInfo, upload_id=start.upload_id)
    assert (ended.success, "BASE_UPLOAD_SERVICES" in str(ended.reason)) == (False, True)
    assert await client.names() == []
