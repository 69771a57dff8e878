"""Files of 0 bytes, which no service takes."""

import pytest

from client_sdk import OnConflict, Outcome
from client_sdk.errors import (
    Refused,
    UploadFailed,
)
from protocol import c2s, generic


@pytest.mark.parametrize(
    ("policy", "files"),
    [
        (OnConflict.OVERWRITE, {"/a.txt": b""}),
        (OnConflict.RENAME, {"/a.txt": b"old", "/a (1).txt": b""}),
        (OnConflict.SKIP, {"/a.txt": b"old"}),
    ],
)
async def test_empty_files_keep_the_policy(manager, make_client, policy, files) -> None:
    """A file of 0 bytes is made without a service, and respects what is there."""
    manager.files["/a.txt"] = b"old"
    async with make_client() as cloud:
        await cloud.upload(b"", "/a.txt", on_conflict=policy)
        await cloud.upload(b"", "/new", on_conflict=policy)
    assert manager.files == {**files, "/new": b""}
    assert manager.count(c2s.UploadBookingRequest) == 0


@pytest.mark.parametrize("is_made", [True, False])
async def test_a_lost_answer_about_an_empty_file_is_found_out(
    manager, make_client, is_made
) -> None:
    """Made or not, in the end there is exactly one file, and no error."""
    make = manager.handlers[c2s.EmptyFileUpload]

    async def lose(peer, frame, packet) -> None:
        manager.on(c2s.EmptyFileUpload, make)
        if is_made:
            manager.files["/name"] = b""
        await peer.drop()

    manager.on(c2s.EmptyFileUpload, lose)
    async with make_client() as cloud:
        assert (await cloud.upload(b"", "/name")).outcome is Outcome.STORED
    assert manager.files == {"/name": b""}


@pytest.mark.parametrize("packet_type", [c2s.EmptyFileUpload, c2s.DeleteFile])
async def test_a_file_stays_when_no_empty_one_can_take_its_place(
    manager, make_client, packet_type
) -> None:
    """Whichever step the manager refuses, the old file is there, and nothing else."""

    async def refuse(peer, frame, packet) -> None:
        manager.on(packet_type, original)
        await peer.send(generic.Boolean(success=False, message="not now"), frame)

    original = manager.handlers[packet_type]
    manager.on(packet_type, refuse)
    manager.files["/a.txt"] = b"old"
    async with make_client() as cloud:
        with pytest.raises(Refused, match="not now"):
            await cloud.upload(b"", "/a.txt", on_conflict=OnConflict.OVERWRITE)
    assert manager.files == {"/a.txt": b"old"}


@pytest.mark.parametrize("is_done", [True, False])
@pytest.mark.parametrize("packet_type", [c2s.EmptyFileUpload, c2s.DeleteFile, c2s.RenameFile])
async def test_an_empty_file_takes_a_place_though_the_link_is_lost(
    manager, make_client, packet_type, is_done
) -> None:
    """Whichever answer is lost, in the end there is the empty file alone."""
    original = manager.handlers[packet_type]

    async def lose(peer, frame, packet) -> None:
        manager.on(packet_type, original)
        if is_done:
            manager.lose(generic.Boolean)
            await original(peer, frame, packet)
        await peer.drop()

    manager.on(packet_type, lose)
    manager.files["/a.txt"] = b"old"
    async with make_client() as cloud:
        await cloud.upload(b"", "/a.txt", on_conflict=OnConflict.OVERWRITE)
    assert manager.files == {"/a.txt": b""}


async def test_a_name_that_is_taken_meanwhile_is_left_to_its_file(manager, make_client) -> None:
    """The error tells under which name the empty file is."""
    rename = manager.handlers[c2s.RenameFile]

    async def be_late(peer, frame, packet) -> None:
        manager.files["/a.txt"] = b"another"
        await rename(peer, frame, packet)

    manager.on(c2s.RenameFile, be_late)
    manager.files["/a.txt"] = b"old"
    async with make_client() as cloud:
        with pytest.raises(UploadFailed, match=r"there as a\.txt"):
            await cloud.upload(b"", "/a.txt", on_conflict=OnConflict.OVERWRITE)
    assert sorted(manager.files.values()) == [b"", b"another"]
