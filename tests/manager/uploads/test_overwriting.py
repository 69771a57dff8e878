"""What becomes of uploads whose name is taken."""

from dataclasses import dataclass

import pytest

from catalog.records import File
from protocol import c2s, s2c
from tests.manager.sockets.peers import ClientPeer
from tests.manager.sockets.stage import CHUNK_SIZE, Stage
from tests.manager.sockets.uploading import add_file, booked, request_and_take, second_file


class TestOverwriting:
    """What happens when the name is taken."""

    async def test_the_client_is_asked_and_the_file_waits_in_limbo(self, stage: Stage):
        """Nothing changes until it answers; then the file has the new content."""
        client, service = await booked(stage)
        await add_file(client, service, "a.txt", size=10)
        response = await request_and_take(client, service, "a.txt", size=20)
        asked = await client.next(s2c.UploadOverwriteRequest)
        assert asked == s2c.UploadOverwriteRequest(
            upload_id=response.upload_id, file_name="a.txt", file_path="/"
        )
        (before,) = (await client.list_files()).files
        assert before.size == 10
        await client.decide(response.upload_id, "overwrite")
        info = await client.next(s2c.UploadFinishInfo)
        assert (info.success, info.rename_target) == (True, None)
        modified = await client.next(s2c.FileModify, action="modify")
        assert (modified.handle.id, modified.handle.size) == (before.id, 20)
        await stage.messages_left(1)

    async def test_renaming_numbers_the_name_and_tells_it(self, stage: Stage):
        """`rename_target` is the name that the file got."""
        client, service = await booked(stage)
        await add_file(client, service, "a.txt")
        response = await second_file(client, service, "a.txt")
        await client.decide(response.upload_id, "rename")
        info = await client.next(s2c.UploadFinishInfo)
        assert (info.success, info.rename_target) == (True, "a (1).txt")
        await client.next(s2c.FileModify, action="add")
        assert await client.names() == ["a (1).txt", "a.txt"]

    async def test_skipping_drops_the_upload(self, stage: Stage):
        """The file there stays, and what was uploaded is deleted on Discord."""
        client, service = await booked(stage)
        await add_file(client, service, "a.txt", size=10)
        response = await second_file(client, service, "a.txt", size=20)
        await client.decide(response.upload_id, "skip")
        assert not (await client.next(s2c.UploadFinishInfo)).success
        assert [file.size for file in (await client.list_files()).files] == [10]
        await stage.messages_left(1)

    async def test_do_overwrite_does_not_ask(self, stage: Stage):
        """The request said it already."""
        client, service = await booked(stage)
        await add_file(client, service, "a.txt", size=10)
        await client.request_upload("a.txt", size=20, do_overwrite=True)
        await service.take_upload()
        assert (await client.next(s2c.UploadFinishInfo)).success
        await client.next(s2c.FileModify, action="modify")
        assert client.unread(s2c.UploadOverwriteRequest) == []

    @pytest.mark.parametrize("do_overwrite", [True, None])
    async def test_a_file_of_somebody_else_is_not_overwritten(
        self, stage: Stage, do_overwrite: bool | None
    ):
        """Who may not write a file cannot replace it, asked or not."""
        client, service = await booked(stage)
        await add_file(client, service, "a.txt", size=10)
        await client.order(c2s.UploadBookingClear())
        other = await stage.client("bob")
        assert await other.book(1) == 1
        response = await other.request_upload("a.txt", size=20, do_overwrite=do_overwrite)
        await service.take_upload()
        if do_overwrite is None:
            await other.next(s2c.UploadOverwriteRequest)
            await other.decide(response.upload_id, "overwrite")
        info = await other.next(s2c.UploadFinishInfo)
        assert not info.success
        assert info.reason is not None
        assert "may not" in info.reason
        assert [file.size for file in (await client.list_files()).files] == [10]

    async def test_a_right_that_is_gone_at_the_answer_is_none(self, stage: Stage):
        """Who could write the file when it was asked about, and cannot any more, replaces nothing."""
        asked = await _bob_is_asked(stage, shared=True)
        await asked.share(is_deleting=True)
        await asked.bob.decide(asked.upload_id, "overwrite")
        info = await asked.bob.next(s2c.UploadFinishInfo)
        assert not info.success
        assert "may not" in (info.reason or "")
        assert await stage.catalog.file_by_id(asked.file.id) == asked.file

    async def test_a_right_that_came_before_the_answer_is_one(self, stage: Stage):
        """Who could not write the file when it was asked about, and can now, replaces it."""
        asked = await _bob_is_asked(stage, shared=False)
        await asked.share(can_write=True)
        await asked.bob.decide(asked.upload_id, "overwrite")
        assert (await asked.bob.next(s2c.UploadFinishInfo)).success
        replaced = await stage.catalog.file_by_id(asked.file.id)
        assert replaced is not None
        assert (replaced.size, replaced.owner_id) == (20, asked.file.owner_id)

    @pytest.mark.parametrize(("action", "names"), [("rename", ["a (1).txt"]), ("skip", [])])
    async def test_a_folder_of_that_name_is_asked_about(
        self, stage: Stage, action: c2s.OverwriteAction, names: list[str]
    ):
        """With the frames of any taken name: the upload can be renamed or skipped."""
        client, service = await booked(stage)
        await client.order(c2s.CreateFolder(path="/a.txt"))
        response = await second_file(client, service, "a.txt")
        await client.decide(response.upload_id, action)
        info = await client.next(s2c.UploadFinishInfo)
        assert (info.success, info.rename_target) == (bool(names), names[0] if names else None)
        assert await client.names() == names

    async def test_a_folder_is_not_overwritten(self, stage: Stage):
        """Neither by an answer, nor by the standing one for all, nor by the request itself."""
        client, service = await booked(stage)
        await client.order(c2s.CreateFolder(path="/a.txt"))
        first = await second_file(client, service, "a.txt")
        await client.decide(first.upload_id, "overwrite", on_all=True)
        standing = await request_and_take(client, service, "a.txt")
        infos = [
            await client.next(s2c.UploadFinishInfo, upload_id=each.upload_id)
            for each in (first, standing)
        ]
        await client.request_upload("a.txt", do_overwrite=True)
        await service.take_upload()
        infos.append(await client.next(s2c.UploadFinishInfo))
        assert [info.success for info in infos] == [False] * 3
        assert {info.reason for info in infos} == {
            "/a.txt is a folder, so that no file can have this name"
        }
        await stage.no_messages_left()

    async def test_nothing_is_put_below_a_file(self, stage: Stage):
        """The upload fails, and its reason names the file in the way."""
        client, service = await booked(stage)
        await add_file(client, service, "a.txt")
        response = await client.request_upload("b", path="/a.txt/deep")
        await service.take_upload()
        info = await client.next(s2c.UploadFinishInfo, upload_id=response.upload_id)
        assert not info.success
        assert info.reason == "/a.txt is a file, so that no folder can have this name"
        await stage.messages_left(1)

    async def test_what_would_be_sent_in_vain_is_rejected(self, stage: Stage):
        """Before more than one chunk is sent, the place is looked at."""
        client, service = await booked(stage)
        await add_file(client, service, "a.txt")
        await client.order(c2s.CreateFolder(path="/d"))
        size = 2 * CHUNK_SIZE
        below = await client.request_upload("b", path="/a.txt", size=size)
        onto = await client.request_upload("d", size=size, do_overwrite=True)
        assert (below.accepted, onto.accepted) == (False, False)
        assert (below.rejection_reason or "").startswith("/a.txt is a file")
        assert (onto.rejection_reason or "").startswith("/d is a folder")
        assert (await client.request_upload("d", size=size)).accepted

    async def test_an_answer_for_all_settles_the_queue_and_what_follows(self, stage: Stage):
        """All open questions are resolved, the client is told so, and asked no more."""
        client, service = await booked(stage)
        await add_file(client, service, "a.txt")
        first = await second_file(client, service, "a.txt")
        second = await second_file(client, service, "a.txt")
        await client.decide(first.upload_id, "rename", on_all=True)
        await client.next(s2c.UploadOverwriteCancel)
        third = await request_and_take(client, service, "a.txt")
        infos = [
            await client.next(s2c.UploadFinishInfo, upload_id=each.upload_id)
            for each in (first, second, third)
        ]
        assert all(info.success for info in infos)
        assert {info.rename_target for info in infos} == {f"a ({n}).txt" for n in (1, 2, 3)}
        await client.caught_up()
        assert client.unread(s2c.UploadOverwriteRequest) == []

    async def test_an_answer_for_all_holds_until_the_booking_is_cleared(self, stage: Stage):
        """After that, the client is asked again."""
        client, service = await booked(stage)
        await add_file(client, service, "a.txt")
        first = await second_file(client, service, "a.txt")
        await client.decide(first.upload_id, "skip", on_all=True)
        await client.next(s2c.UploadFinishInfo)
        assert (await client.order(c2s.UploadBookingClear())).success
        assert await client.book(1) == 1
        await second_file(client, service, "a.txt")

    async def test_an_answer_for_all_is_none_for_the_next_booking(self, stage: Stage):
        """Given after its booking was cleared, it replaces no file of the booking after that."""
        client, service = await booked(stage)
        for name in ("a.txt", "b.txt"):
            await add_file(client, service, name, size=10)
        first = await second_file(client, service, "a.txt", size=20)
        assert (await client.order(c2s.UploadBookingClear())).success
        await client.decide(first.upload_id, "overwrite", on_all=True)
        assert (await client.next(s2c.UploadFinishInfo)).success
        assert await client.book(1) == 1
        second = await second_file(client, service, "b.txt", size=20)
        await client.decide(second.upload_id, "skip")
        assert not (await client.next(s2c.UploadFinishInfo)).success
        sizes = {file.name: file.size for file in (await client.list_files()).files}
        assert sizes == {"a.txt": 20, "b.txt": 10}

    async def test_an_answer_for_all_leaves_open_what_another_booking_asks(self, stage: Stage):
        """As the client takes its queue for resolved, the question is asked again after that."""
        client, service = await booked(stage)
        for name in ("a.txt", "b.txt"):
            await add_file(client, service, name, size=10)
        first = await second_file(client, service, "a.txt", size=20)
        assert (await client.order(c2s.UploadBookingClear())).success
        assert await client.book(1) == 1
        second = await second_file(client, service, "b.txt", size=20)
        await client.decide(first.upload_id, "overwrite", on_all=True)
        await client.next(s2c.UploadOverwriteCancel)
        await client.next(s2c.UploadOverwriteRequest, upload_id=second.upload_id)
        await client.decide(second.upload_id, "rename")
        info = await client.next(s2c.UploadFinishInfo, upload_id=second.upload_id)
        assert info.rename_target == "b (1).txt"

    async def test_limbo_is_lost_when_the_client_disconnects(self, stage: Stage):
        """The file is dropped, and what was posted is deleted on Discord."""
        service = await stage.service()
        async with stage.visiting_client() as client:
            await client.book(1)
            await add_file(client, service, "a.txt", size=10)
            await second_file(client, service, "a.txt", size=20)
        await stage.messages_left(1)
        again = await stage.client()
        assert [file.size for file in (await again.list_files()).files] == [10]

    async def test_an_upload_in_limbo_can_be_aborted(self, stage: Stage):
        """Its question is closed: an answer comes too late."""
        client, service = await booked(stage)
        await add_file(client, service, "a.txt")
        response = await second_file(client, service, "a.txt")
        assert (await client.order(c2s.UploadAbortRequest(upload_id=response.upload_id))).success
        assert not (await client.next(s2c.UploadFinishInfo)).success
        late = c2s.UploadOverwriteResponse(upload_id=response.upload_id, action="overwrite")
        assert "not waiting" in await client.refusal(late)

    async def test_nobody_answers_for_somebody_else(self, stage: Stage):
        """Another client's upload id opens nothing."""
        client, service = await booked(stage)
        other = await stage.client("bob")
        await add_file(client, service, "a.txt")
        response = await second_file(client, service, "a.txt")
        await other.refusal(
            c2s.UploadOverwriteResponse(upload_id=response.upload_id, action="overwrite")
        )
        await client.decide(response.upload_id, "rename")
        assert (await client.next(s2c.UploadFinishInfo)).rename_target == "a (1).txt"

    async def test_a_name_freed_meanwhile_is_taken(self, stage: Stage):
        """Overwriting a file that is gone by now simply enters the new one."""
        client, service = await booked(stage)
        await add_file(client, service, "a.txt")
        response = await second_file(client, service, "a.txt", size=20)
        (file,) = (await client.list_files()).files
        await stage.catalog.delete_file(file.id)
        await client.decide(response.upload_id, "overwrite")
        assert (await client.next(s2c.UploadFinishInfo)).success
        assert [file.size for file in (await client.list_files()).files] == [20]


@dataclass
class Asked:
    """Bob has uploaded 20 bytes under the name of Alice's file of 10, and is asked about it."""

    alice: ClientPeer
    bob: ClientPeer
    bob_id: int
    file: File
    upload_id: str

    async def share(self, **fields: bool) -> None:
        """Alice gives Bob a right on her file, or takes it away."""
        name = self.file.name
        packet = c2s.FileShare(path="/", name=name, target_user=self.bob_id, **fields)
        assert (await self.alice.order(packet)).success


async def _bob_is_asked(stage: Stage, *, shared: bool) -> Asked:
    """`shared`: whether Bob may write the file when he is asked."""
    alice, service = await booked(stage)
    await add_file(alice, service, "a.txt", size=10)
    assert (await alice.order(c2s.UploadBookingClear())).success
    bob, user = await stage.client("bob"), await stage.catalog.user_by_name("bob")
    file = await stage.catalog.file_at((), "a.txt")
    assert user is not None
    assert file is not None
    asked = Asked(alice, bob, user.id, file, upload_id="")
    if shared:
        await asked.share(can_write=True)
    assert await bob.book(1) == 1
    asked.upload_id = (await second_file(bob, service, "a.txt", size=20)).upload_id
    return asked
