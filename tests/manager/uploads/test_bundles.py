"""Bundles: many small files as one request, each of them an upload like any other."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from catalog.records import StorageQuota
from protocol import c2s, s2c, s2u, u2s
from protocol.extensions import BUNDLE, MESSAGES, OBJECT_KEYS, REJECTIONS, WEBHOOKS
from storage.envelope import ENVELOPE_OVERHEAD
from tests.manager.sockets.bundling import (
    BUNDLING,
    as_upload,
    ask_for_bundle,
    bundling_client,
    outcomes,
    rejected_bundle,
    rejections_in,
    send_bundle,
    small_file,
    store_bundle,
)
from tests.manager.sockets.flaky import FlakyStage, running_flaky_stage
from tests.manager.sockets.peers import YES, ClientPeer, ServicePeer, no
from tests.manager.sockets.stage import Stage, running_stage

THREE = (small_file("a"), small_file("b", "/sub/deep"), small_file("c", size=40))


CHUNK_SIZE = 500
ACTIONS: tuple[c2s.OverwriteAction, ...] = ("skip", "overwrite", "rename")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A manager with chunks into which some files of a few bytes fit."""
    async with running_stage(tmp_path, chunk_size=CHUNK_SIZE) as running:
        yield running


@pytest.fixture
async def flaky_stage(tmp_path: Path) -> AsyncIterator[FlakyStage]:
    """The same, with a catalog that fails when the test says so."""
    async with running_flaky_stage(tmp_path, chunk_size=CHUNK_SIZE) as running:
        yield running


@pytest.fixture
async def service(stage: Stage) -> ServicePeer:
    """The only service."""
    return await stage.service()


@pytest.fixture
async def client(stage: Stage, service: ServicePeer) -> ClientPeer:
    """A client that has it booked."""
    assert service
    return await bundling_client(stage)


async def test_each_file_is_an_upload_of_its_own(
    stage: Stage, client: ClientPeer, service: ServicePeer
):
    """Own ids and keys, folders made, types noted, and the service free before the end is told."""
    response = await ask_for_bundle(client, *THREE)
    assert response.upload_address == service.address
    start = await service.next(s2u.BundleStart)
    assert [file.upload_id for file in start.files] == [each.upload_id for each in response.uploads]
    assert len({file.key for file in start.files}) == 3
    await store_bundle(service, start)
    told = await client.until(s2c.BundleFinished)
    kinds = [type(packet) for packet in told]
    assert kinds.index(s2c.UploadStageFinish) < kinds.index(s2c.BundleFinished)
    finished = told[-1]
    assert isinstance(finished, s2c.BundleFinished)
    assert outcomes(finished) == [True, True, True]
    files = (await client.list_files("/", ascending_sort=True)).files
    assert [(file.name, file.size, file.type) for file in files] == [
        ("a", 10, "text/plain"),
        ("c", 40, "text/plain"),
    ]
    assert await client.names("/sub/deep") == ["b"]
    assert (await client.request_upload("d")).accepted
    assert await stage.catalog.garbage(limit=10) == []


async def test_changes_are_one_packet_for_those_who_take_them_together(
    stage: Stage, client: ClientPeer, service: ServicePeer
):
    """Folders first, then a packet for each folder; a base client gets one for each file."""
    watching = await stage.client("bob", extensions=BUNDLING)
    base = await stage.client("cid")
    await send_bundle(client, service, [*THREE, small_file("d", "/sub/deep")])
    packets = [await watching.next(s2c.FilesModify), await watching.next(s2c.FilesModify)]
    assert {(p.path, p.action, tuple(handle.name for handle in p.handles)) for p in packets} == {
        ("/", "add", ("a", "c")),
        ("/sub/deep", "add", ("b", "d")),
    }
    statuses = {handle.ownership.status for p in packets for handle in p.handles}
    assert statuses == {"restricted"}
    own = await client.next(s2c.FilesModify, path="/")
    assert {handle.ownership.status for handle in own.handles} == {"owned"}
    assert watching.unread(s2c.FileModify) == []
    singly = [await base.next(s2c.FileModify) for _ in range(4)]
    assert sorted((p.path, p.handle.name) for p in singly) == [
        ("/", "a"), ("/", "c"), ("/sub/deep", "b"), ("/sub/deep", "d"),
    ]  # fmt: skip
    assert [p.path for p in watching.unread(s2c.FolderModify)] == ["/sub", "/sub/deep"]


async def test_what_cannot_be_sent_is_rejected_alone(client: ClientPeer, service: ServicePeer):
    """A bad name or path, a file that is too large, or one name too many, keeps no other from being sent."""
    await send_bundle(client, service, [small_file("taken")])
    response = await ask_for_bundle(
        client,
        small_file("a/b"),
        small_file("a", "no path"),
        small_file("a", size=CHUNK_SIZE + 1),
        small_file("a", size=CHUNK_SIZE - ENVELOPE_OVERHEAD),
        small_file("taken", do_skip=True),
        small_file("b", size=1),
        small_file("sub", do_skip=True, size=1),
    )
    assert rejections_in(response) == [
        ("invalid-request", "never"),
        ("invalid-request", "never"),
        ("too-large-for-bundle", "never"),
        None,
        ("bundle-full", "soon"),
        ("bundle-full", "soon"),
        ("bundle-full", "soon"),
    ]
    start = await service.next(s2u.BundleStart)
    assert [file.name for file in start.files] == ["a"]


async def test_a_name_that_is_taken_is_not_sent_if_it_is_to_be_skipped(
    client: ClientPeer, service: ServicePeer
):
    """By a file, or a folder; the answer needs no service when nothing is left."""
    await send_bundle(client, service, [small_file("file"), small_file("x", "/folder")])
    wanted = [small_file(name, do_skip=True) for name in ("file", "folder", "new")]
    response = await ask_for_bundle(client, *wanted)
    taken = ("name-taken", "never")
    assert rejections_in(response) == [taken, taken, None]
    assert await rejected_bundle(client, *wanted[:2]) == taken
    invalid = small_file("a/b")
    mixed = await ask_for_bundle(client, wanted[0], invalid)
    assert (mixed.upload_address, rejections_in(mixed)) == (
        None,
        [taken, ("invalid-request", "never")],
    )


async def test_files_beyond_the_quota_are_rejected(
    stage: Stage, client: ClientPeer, service: ServicePeer
):
    """What comes first fits, and a file that replaces another one needs the difference alone."""
    alice = await stage.catalog.user_by_name("alice")
    assert alice is not None
    await stage.catalog.set_quota(alice.id, StorageQuota(bytes=60, files=3))
    await send_bundle(client, service, [small_file("old", size=30)])
    response = await ask_for_bundle(
        client,
        small_file("a", size=10),
        small_file("b", size=25),
        small_file("old", size=40, do_overwrite=True),
        small_file("c", size=5),
        small_file("d", size=1),
    )
    full = ("quota-exceeded", "never")
    assert rejections_in(response) == [None, full, None, full, full]


async def test_a_taken_name_holds_up_no_other_file(client: ClientPeer, service: ServicePeer):
    """The client is asked about that one, and decides as about any upload."""
    await send_bundle(client, service, [small_file(name) for name in "abc"])
    finished = await send_bundle(client, service, [small_file(name, size=20) for name in "abcd"])
    assert outcomes(finished) == [None, None, None, True]
    asked = [await client.next(s2c.UploadOverwriteRequest) for _ in "abc"]
    assert [question.file_name for question in asked] == ["a", "b", "c"]
    ends = []
    for question, action in zip(asked, ACTIONS, strict=True):
        await client.decide(question.upload_id, action)
        ends.append(await client.next(s2c.UploadFinishInfo, upload_id=question.upload_id))
    assert [(end.success, end.rename_target) for end in ends] == [
        (False, None), (True, None), (True, "c (1)"),
    ]  # fmt: skip
    files = (await client.list_files("/", ascending_sort=True)).files
    assert {file.name: file.size for file in files} == {
        "a": 10, "b": 20, "c": 10, "c (1)": 20, "d": 20,
    }  # fmt: skip


async def test_one_answer_holds_for_all_of_the_booking(client: ClientPeer, service: ServicePeer):
    """Those that were asked about, and those of later bundles."""
    names = [small_file(name) for name in "abc"]
    await send_bundle(client, service, names)
    await send_bundle(client, service, names)
    first = await client.next(s2c.UploadOverwriteRequest)
    await client.decide(first.upload_id, "rename", on_all=True)
    await client.next(s2c.UploadOverwriteCancel)
    for _ in names:
        assert (await client.next(s2c.UploadFinishInfo)).success
    again = await send_bundle(client, service, names)
    assert [file.rename_target for file in again.files] == ["a (2)", "b (2)", "c (2)"]


async def test_files_are_overwritten_without_a_question_if_asked_for(
    client: ClientPeer, service: ServicePeer
):
    """`do_overwrite` replaces a file, but no folder."""
    await send_bundle(client, service, [small_file("a"), small_file("x", "/folder")])
    finished = await send_bundle(
        client,
        service,
        [small_file(name, size=33, do_overwrite=True) for name in ("a", "folder")],
    )
    assert outcomes(finished) == [True, False]
    (file,) = (await client.list_files("/")).files
    assert file.size == 33
    assert (await client.next(s2c.FilesModify, action="modify")).handles[0].name == "a"


async def test_what_the_service_did_not_store_fails_alone(
    stage: Stage, client: ClientPeer, service: ServicePeer
):
    """It says why; of what it says nothing the file was not sent. Nothing of them is left."""
    finished = await send_bundle(client, service, THREE, failing={"b"})
    assert outcomes(finished) == [True, False, True]
    assert finished.files[1].reason == "b is not wanted"
    response = await ask_for_bundle(client, small_file("d"))
    await service.next(s2u.BundleStart)
    finish = u2s.BundleFinish(bundle_id=response.bundle_id, success=True)
    await service.send(finish)
    (end,) = (await client.next(s2c.BundleFinished, bundle_id=response.bundle_id)).files
    assert (end.success, end.reason) == (False, "the file was not sent with its bundle")
    assert await client.names() == ["a", "c"]
    assert (await client.request_upload("d")).accepted


async def test_a_bundle_that_fails_as_a_whole_says_why(client: ClientPeer, service: ServicePeer):
    """Every file fails with the reason of the service."""
    response = await ask_for_bundle(client, *THREE)
    await service.send(
        u2s.BundleFinish(bundle_id=response.bundle_id, success=False, reason="no body came")
    )
    finished = await client.next(s2c.BundleFinished)
    assert {(file.success, file.reason) for file in finished.files} == {(False, "no body came")}


async def test_the_end_of_another_bundle_changes_nothing(client: ClientPeer, service: ServicePeer):
    """Nor does that of an upload: what crossed an abort does not end what runs now."""
    response = await ask_for_bundle(client, *THREE)
    start = await service.next(s2u.BundleStart)
    other = "0f8fad5b-d9cb-469f-a165-70867728950e"
    await service.send(u2s.BundleFinish(bundle_id=other, success=False, reason="late"))
    await service.send(u2s.UploadFinish(success=False, reason="late"))
    await store_bundle(service, start)
    finished = await client.next(s2c.BundleFinished, bundle_id=response.bundle_id)
    assert outcomes(finished) == [True, True, True]


async def test_a_bundle_is_aborted_as_a_whole(
    stage: Stage, client: ClientPeer, service: ServicePeer
):
    """Its service stops and is free; nothing of the files is left, and chunks come too late."""
    response = await ask_for_bundle(client, *THREE)
    start = await service.next(s2u.BundleStart)
    abort = c2s.UploadAbortRequest(upload_id=response.bundle_id)
    assert (await client.order(abort)).success
    await service.next(s2u.UploadAbort)
    finished = await client.next(s2c.BundleFinished)
    assert outcomes(finished) == [False, False, False]
    late = await service.post(as_upload(start, start.files[0]), 0)
    assert not (await service.order(late)).success
    assert (await client.request_upload("d")).accepted
    assert await client.names() == []


async def test_a_file_of_a_bundle_is_aborted_alone(
    stage: Stage, client: ClientPeer, service: ServicePeer
):
    """Its end is told at once, nothing of it is stored or left, and the others arrive."""
    response = await ask_for_bundle(client, *THREE)
    start = await service.next(s2u.BundleStart)
    unwanted = start.files[0]
    assert (await client.order(c2s.UploadAbortRequest(upload_id=unwanted.upload_id))).success
    assert not (await client.next(s2c.UploadFinishInfo, upload_id=unwanted.upload_id)).success
    late = await service.post(as_upload(start, unwanted), 0)
    assert not (await service.order(late)).success
    await store_bundle(service, start, failing={"a"})
    finished = await client.next(s2c.BundleFinished, bundle_id=response.bundle_id)
    assert outcomes(finished) == [None, True, True]
    assert service.unread(s2u.UploadAbort) == []
    assert (await client.names(), await client.names("/sub/deep")) == (["c"], ["b"])
    assert (await client.request_upload("d")).accepted


async def test_a_bundle_is_over_once_each_of_its_files_was_aborted(
    client: ClientPeer, service: ServicePeer
):
    """With the last one its service stops, and is free."""
    response = await ask_for_bundle(client, *THREE)
    await service.next(s2u.BundleStart)
    for upload in response.uploads:
        assert upload.upload_id is not None
        assert (await client.order(c2s.UploadAbortRequest(upload_id=upload.upload_id))).success
        assert not (await client.next(s2c.UploadFinishInfo, upload_id=upload.upload_id)).success
    await service.next(s2u.UploadAbort)
    finished = await client.next(s2c.BundleFinished, bundle_id=response.bundle_id)
    assert outcomes(finished) == [None, None, None]
    assert (await client.request_upload("d")).accepted


async def test_it_is_too_late_to_abort_what_is_entered(client: ClientPeer, service: ServicePeer):
    """Of a bundle whose files wait for a decision these are aborted, each alone or all together."""
    await send_bundle(client, service, [small_file("a"), small_file("b")])
    finished = await send_bundle(client, service, [small_file(name) for name in "abc"])
    first, second, _ = finished.files
    assert (await client.order(c2s.UploadAbortRequest(upload_id=first.upload_id))).success
    assert not (await client.next(s2c.UploadFinishInfo, upload_id=first.upload_id)).success
    abort = c2s.UploadAbortRequest(upload_id=finished.bundle_id)
    assert (await client.order(abort)).success
    assert not (await client.next(s2c.UploadFinishInfo, upload_id=second.upload_id)).success
    assert await client.names() == ["a", "b", "c"]
    await client.refusal(abort)


async def test_a_client_that_leaves_takes_its_bundle_along(stage: Stage, service: ServicePeer):
    """Before everything is stored nothing is entered; what waits for a decision is dropped."""
    async with stage.visiting_client(extensions=BUNDLING) as client:
        assert await client.book(1) == 1
        await ask_for_bundle(client, *THREE)
    await service.next(s2u.UploadAbort)
    async with stage.visiting_client(extensions=BUNDLING) as client:
        assert await client.book(1) == 1
        await send_bundle(client, service, [small_file("a")])
        finished = await send_bundle(client, service, [small_file("a", size=30), small_file("b")])
        assert outcomes(finished) == [None, True]
    observer = await stage.client()
    files = (await observer.list_files("/", ascending_sort=True)).files
    assert [(file.name, file.size) for file in files] == [("a", 10), ("b", 10)]


async def test_a_lost_service_fails_all_files(stage: Stage):
    """The client hears that first, so that it sends them again elsewhere."""
    async with stage.visiting_service() as service:
        client = await bundling_client(stage)
        response = await ask_for_bundle(client, *THREE)
        await service.next(s2u.BundleStart)
    stage_finish = await client.next(s2c.UploadStageFinish, upload_id=response.bundle_id)
    assert stage_finish.service_disconnect
    finished = await client.next(s2c.BundleFinished)
    assert outcomes(finished) == [False, False, False]


async def test_a_bundle_moves_to_a_service_that_takes_bundles(stage: Stage):
    """One that is lost before it has answered is replaced, and not by one that knows no bundles."""
    without = (WEBHOOKS, MESSAGES, OBJECT_KEYS)
    client = await stage.client(extensions=BUNDLING)
    await client.book(3)
    other = await stage.service(extensions=without)
    async with stage.visiting_service() as first:
        first.answers[s2u.BundleStart] = None
        await client.send(c2s.BundleRequest(files=THREE))
        await first.next(s2u.BundleStart)
        second = await stage.service()
    start = await second.next(s2u.BundleStart)
    assert other.unread(s2u.BundleStart) == []
    await store_bundle(second, start)
    assert outcomes(await client.next(s2c.BundleFinished)) == [True, True, True]


async def test_without_a_service_that_takes_bundles_there_is_a_code(stage: Stage):
    """The client then sends its files one by one."""
    client = await stage.client(extensions=BUNDLING)
    assert await rejected_bundle(client, *THREE) == ("nothing-booked", "soon")
    await stage.service(extensions=(WEBHOOKS, MESSAGES, OBJECT_KEYS))
    assert await client.book(1) == 1
    assert await rejected_bundle(client, *THREE) == ("no-bundles-here", "soon")
    assert (await client.request_upload("a")).accepted
    assert await rejected_bundle(client, *THREE) == ("all-busy", "soon")


async def test_bundles_need_rejections_and_keys(stage: Stage):
    """A client without the codes, and a service without keys, is not granted them."""
    client = await stage.client(extensions=[BUNDLE])
    assert client.connection.granted == frozenset()
    both = await stage.client(extensions=[BUNDLE, REJECTIONS])
    assert both.connection.granted == {BUNDLE, REJECTIONS}


async def test_a_service_that_refuses_rejects_the_bundle(client: ClientPeer, service: ServicePeer):
    """As a whole, with its words, and is free again."""
    service.answers[s2u.BundleStart] = no("the disk is full")
    assert await rejected_bundle(client, *THREE) == ("service-refused", "later")
    service.answers[s2u.BundleStart] = YES
    assert rejections_in(await ask_for_bundle(client, *THREE)) == [None] * 3


async def test_a_catalog_that_is_away_rejects_the_bundle(flaky_stage: FlakyStage):
    """So does a defect of the manager; the connection stays."""
    service = await flaky_stage.service()
    client = await bundling_client(flaky_stage)
    flaky_stage.catalog.before["begin_objects"] = 1
    assert await rejected_bundle(client, *THREE) == ("catalog-unavailable", "later")
    flaky_stage.catalog.defects["begin_objects"] = 1
    rejection = await client.ask(c2s.BundleRequest(files=THREE), s2c.UploadRejection)
    assert rejection.code == "internal-error"
    await service.ended()


async def test_a_commit_whose_answer_is_lost_is_made_once(flaky_stage: FlakyStage):
    """The catalog knows what it has entered."""
    service = await flaky_stage.service()
    client = await bundling_client(flaky_stage)
    flaky_stage.catalog.after["commit_uploads"] = 2
    finished = await send_bundle(client, service, THREE)
    assert outcomes(finished) == [True, True, True]
    assert [file.rename_target for file in finished.files] == [None, None, None]
    assert flaky_stage.catalog.failed["commit_uploads"] == 2


async def test_a_defect_in_a_commit_is_told(flaky_stage: FlakyStage):
    """The client hears of the failure of every file, and may send them again."""
    service = await flaky_stage.service()
    client = await bundling_client(flaky_stage)
    flaky_stage.catalog.defects["commit_uploads"] = 1
    assert outcomes(await send_bundle(client, service, THREE)) == [False] * 3
    assert outcomes(await send_bundle(client, service, THREE)) == [True] * 3


@pytest.mark.parametrize("seed", range(6))
async def test_a_bundle_enters_what_single_uploads_enter(
    seed: int, client: ClientPeer, service: ServicePeer
):
    """Whatever is there already, and whatever is decided about it, the folder looks the same afterwards."""
    chance = random.Random(seed)
    names = [f"file {number}" for number in range(8)]
    for path in ("/singly", "/together"):
        present = [small_file(name, path, size=5) for name in chance.sample(names, 4)]
        chance.seed(seed)
        present += [small_file("x", f"{path}/{name}", size=5) for name in ("folder 1", "folder 2")]
        await send_bundle(client, service, present)
    wanted = [*chance.sample(names, 6), "folder 1", "folder 2"]
    sizes = {name: chance.randrange(6, 50) for name in wanted}
    overwriting = set(chance.sample(wanted, 3))
    actions = {name: chance.choice(ACTIONS) for name in wanted}
    for name in wanted:
        await upload_singly(
            client, service, name, sizes[name], actions[name], do_overwrite=name in overwriting
        )
    finished = await send_bundle(
        client,
        service,
        [
            small_file(name, "/together", size=sizes[name], do_overwrite=name in overwriting)
            for name in wanted
        ],
    )
    for name, file in zip(wanted, finished.files, strict=True):
        if file.success is None:
            await client.decide(file.upload_id, actions[name])
            await client.next(s2c.UploadFinishInfo, upload_id=file.upload_id)
    assert await files_in(client, "/together") == await files_in(client, "/singly")


async def upload_singly(
    client: ClientPeer,
    service: ServicePeer,
    name: str,
    size: int,
    action: c2s.OverwriteAction,
    *,
    do_overwrite: bool,
) -> None:
    """An upload by itself, with that answer if there is a question."""
    response = await client.request_upload(
        name, path="/singly", size=size, do_overwrite=do_overwrite
    )
    await service.take_upload()
    told = await client.next_of(s2c.UploadOverwriteRequest, s2c.UploadFinishInfo)
    if isinstance(told, s2c.UploadOverwriteRequest):
        await client.decide(response.upload_id, action)
        await client.next(s2c.UploadFinishInfo, upload_id=response.upload_id)


async def files_in(client: ClientPeer, path: str) -> list[tuple[str, int, str, str]]:
    """What a listing shows of the files of a folder."""
    files = (await client.list_files(path, ascending_sort=True)).files
    return [(file.name, file.size, file.type, file.ownership.can) for file in files]
