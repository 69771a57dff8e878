"""Modification times from a client's request to what others are sent."""

from protocol import c2s, generic, s2c, s2u
from protocol.extensions import MODIFICATION_TIMES, SEARCH
from tests.manager.sockets.bundling import BUNDLING, ask_for_bundle, small_file, store_bundle
from tests.manager.sockets.stage import Stage

ON_DISK = "2019-08-02T09:30:00.125Z"
EXTENSIONS = (MODIFICATION_TIMES, SEARCH, *BUNDLING)


def request(name: str, modified_at: str | None) -> c2s.UploadRequest:
    """A request for an upload of a file that was modified then."""
    return c2s.UploadRequest(name=name, path="/", size=10, is_public=False, modified_at=modified_at)


async def test_a_time_is_kept_and_sent_to_who_asked_for_it(stage: Stage):
    """In the change, in listings and in searches; a base client gets the frames that it always got."""
    service, base = await stage.service(), await stage.client("bob")
    client = await stage.client(extensions=(MODIFICATION_TIMES, SEARCH))
    assert await client.book(1) == 1
    assert (await client.ask(request("a", ON_DISK), s2c.UploadResponse)).accepted
    await service.take_upload()
    changed = (await client.next(s2c.FileModify)).handle
    assert changed.modified_at == ON_DISK
    assert changed.updated_at not in {None, ON_DISK}
    assert (await base.next(s2c.FileModify)).handle.modified_at is None
    assert [each.modified_at for each in (await client.list_files()).files] == [ON_DISK]
    assert [each.modified_at for each in (await base.list_files()).files] == [None]
    found = await client.ask(c2s.SearchRequest(text="a"), s2c.SearchResults)
    assert [each.file and each.file.modified_at for each in found.results] == [ON_DISK]


async def test_files_of_a_bundle_and_empty_ones_have_times(stage: Stage):
    """They are listed by them, and those without one by the time of their upload."""
    service, client = await stage.service(), await stage.client(extensions=EXTENSIONS)
    assert await client.book(1) == 1
    files = [
        small_file("new", modified_at="2019-08-02T09:30:00Z"),
        small_file("old", modified_at="1969-12-31T23:59:59.5Z"),
        small_file("none"),
        small_file("wrong", modified_at="yesterday"),
    ]
    response = await ask_for_bundle(client, *files)
    codes = [each.rejection and each.rejection.code for each in response.uploads]
    assert codes == [None, None, None, "invalid-request"]
    await store_bundle(service, await service.next(s2u.BundleStart))
    handles = (await client.next(s2c.FilesModify)).handles
    assert [each.modified_at for each in handles] == [
        "2019-08-02T09:30:00.000Z",
        "1969-12-31T23:59:59.500Z",
        None,
    ]
    empty = c2s.EmptyFileUpload(path="/", name="empty", modified_at=ON_DISK)
    assert (await client.ask(empty, generic.Boolean)).success
    listed = await client.list_files(sort_by="modified_at", ascending_sort=True)
    assert [each.name for each in listed.files] == ["old", "new", "empty", "none"]


async def test_without_the_extension_there_are_no_times(stage: Stage):
    """Neither as a field nor as an order; the connection goes on."""
    await stage.service()
    base = await stage.client()
    await base.book(1)
    for packet in (
        request("a", ON_DISK),
        c2s.EmptyFileUpload(path="/", name="a", modified_at=ON_DISK),
        c2s.ListRequest(path="/", type="files", page=0, sort_by="modified_at"),
    ):
        assert not (await base.ask(packet, generic.Boolean)).success
    assert await base.names() == []


async def test_a_time_that_there_is_not_is_refused(stage: Stage):
    """The answer says which field is wrong, and no service is taken for it."""
    await stage.service()
    client = await stage.client(extensions=(MODIFICATION_TIMES,))
    await client.book(1)
    answer = await client.ask(request("a", "0001-01-01T00:00:00+14:00"), s2c.UploadResponse)
    assert not answer.accepted
    assert answer.rejection_reason == "modified_at: must lie in the years 1601 to 9998"
    assert (await client.ask(request("a", None), s2c.UploadResponse)).accepted
