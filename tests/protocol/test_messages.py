"""Reports of messages that hold several chunks."""

from uuid import UUID

import pytest

from protocol.u2s import MessageStored, StoredChunk


def chunk(upload: int, index: int) -> StoredChunk:
    """A chunk of an upload."""
    return StoredChunk(
        upload_id=str(UUID(int=upload)),
        index=index,
        attachment_id="4",
        offset=0,
        stored_size=5,
        size=5,
        digest="00" * 32,
    )


@pytest.mark.parametrize(
    ("chunks", "upload"),
    [
        ([chunk(1, 0)], UUID(int=1)),
        ([chunk(1, 0), chunk(1, 1)], UUID(int=1)),
        ([chunk(1, 0), chunk(2, 0)], None),
    ],
)
def test_a_message_of_one_upload_names_it(chunks, upload):
    """The log of an upload has its messages; one that several share is in none of theirs."""
    report = MessageStored(message_id="1", channel_id="2", webhook_id="3", chunks=tuple(chunks))
    assert report.upload_id == (None if upload is None else str(upload))
