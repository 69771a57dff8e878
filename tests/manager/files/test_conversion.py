"""Records of the catalog as they are sent, and names as they come in."""

from dataclasses import replace
from uuid import UUID

import pytest

from catalog.port import FolderSummary
from catalog.records import ROOT_FOLDER_ID, File, Folder, Share
from manager.errors import NAMES_LISTED, InvalidRequest
from manager.files.conversion import (
    asks_for_place,
    checked_folder,
    checked_name,
    file_handle,
    folder_handle,
    folder_id_from_wire,
    folder_summary,
    listed_file_handle,
    modification_time,
    names_answer,
    naming_answer,
    optional_timestamp,
    ownership,
    timestamp,
)
from protocol import c2s, s2c
from protocol.values import NamePolicy

OWNER, VIEWER = 1, 2
SHARE = Share(file_id=7, user_id=VIEWER, can_write=True, shared_at=3.0)
FILE = File(
    id=7,
    folder_id=5,
    name="a.txt",
    object_id=UUID(int=1),
    owner_id=OWNER,
    is_public=False,
    size=9,
    mime_type="text/plain",
    has_thumbnail=True,
    created_at=0.0,
    updated_at=1.5,
)


def test_a_file_of_a_change_tells_its_address_and_ownership():
    """Times are ISO 8601 in UTC to the millisecond."""
    owned = ownership(FILE, OWNER, None)
    handle = file_handle(FILE, owned, thumbnail_url="/thumbnail", with_times=False)
    assert owned == s2c.Ownership(status="owned")
    assert (handle.id, handle.name, handle.type, handle.size) == (7, "a.txt", "text/plain", 9)
    assert handle.created_at == "1970-01-01T00:00:00.000Z"
    assert handle.updated_at == "1970-01-01T00:00:01.500Z"
    assert (handle.has_thumbnail, handle.thumbnail_url) == (True, "/thumbnail")


@pytest.mark.parametrize(
    ("is_public", "viewer", "status", "can", "is_told"),
    [
        (False, VIEWER, "shared", "rw", True),
        (True, VIEWER, "public", "rw", False),
        (False, OWNER, "owned", "rw", False),
    ],
)
def test_a_share_is_told_where_it_is_what_counts(is_public, viewer, status, can, is_told):
    """The owner, and viewers of a public file, have rights that do not come from a share."""
    handle = listed_file_handle(
        replace(FILE, is_public=is_public, share=SHARE), viewer, with_times=False
    )
    assert (handle.ownership.status, handle.ownership.can) == (status, can)
    told = s2c.Share(can_write=True, file=7, shared_at="1970-01-01T00:00:03.000Z", user=VIEWER)
    assert handle.ownership.share == (told if is_told else None)


def test_modification_times_are_for_who_receives_them():
    """Others get the frames of the base protocol, and so does everybody where no time is known."""
    dated, owned = replace(FILE, modified_at=-0.5), ownership(FILE, OWNER, None)
    for file, with_times, expected in (
        (dated, True, "1969-12-31T23:59:59.500Z"),
        (dated, False, None),
        (FILE, True, None),
    ):
        assert file_handle(file, owned, with_times=with_times).modified_at == expected
        assert listed_file_handle(file, OWNER, with_times=with_times).modified_at == expected


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2026-13-01T00:00:00Z", "1600-12-31T23:59:59Z", "9999-06-01T00:00:00Z", "nan"],
)
def test_a_modification_time_is_one_that_all_can_show(text):
    """Anything else is refused by name, so that no listing fails at it later."""
    with pytest.raises(InvalidRequest, match="modified_at: must"):
        modification_time(text)
    assert modification_time(None) is None
    assert modification_time("1969-12-31T23:59:59.500+00:00") == -0.5
    assert modification_time("2026-01-01T00:00:00") == 1767225600.0


def test_the_root_has_no_id_in_packets():
    """A folder in the root has no parent there, and none means the root in what comes in."""
    inner = folder_handle(Folder(id=5, name="a", parent_id=4))
    outer = folder_handle(Folder(id=4, name="b", parent_id=ROOT_FOLDER_ID))
    assert (inner.parent_folder, outer.parent_folder) == (4, None)
    assert [folder_id_from_wire(each) for each in (None, 0, 4)] == [0, 0, 4]


def test_the_date_of_a_folder_may_be_unknown():
    """The packet says null where the catalog knows none."""
    dated = folder_summary(FolderSummary(folder_id=5, size=9, changed_at=1.5))
    assert (dated.id, dated.total_size) == (5, 9)
    assert dated.changed_at == "1970-01-01T00:00:01.500Z"
    assert folder_summary(FolderSummary(folder_id=5, size=0, changed_at=None)).changed_at is None


def test_a_new_name_keeps_the_policy():
    """What the policy does not allow is refused with the field that holds it."""
    assert checked_name("a|", NamePolicy.UNICODE) == "a|"
    assert checked_folder("/a/b", NamePolicy.BASE) == ("a", "b")
    with pytest.raises(InvalidRequest, match="name: "):
        checked_name("a|", NamePolicy.BASE)
    with pytest.raises(InvalidRequest, match="path: "):
        checked_folder("/a/b|", NamePolicy.BASE)


def test_an_answer_tells_a_name_that_was_taken():
    """Without a word when the file is called as requested."""
    assert naming_answer("a", "a").message is None
    assert naming_answer("a", "a (1)").message == "the name was taken, so it is called a (1)"


def test_an_answer_tells_a_few_names_that_were_taken():
    """Of many it tells how many more there are."""
    taken = [(str(each), f"{each} (1)") for each in range(NAMES_LISTED + 2)]
    assert names_answer([("a", "a")]).message is None
    assert names_answer([("a", "a"), *taken[:2]]).message == (
        "names were taken, so 0 is called 0 (1), 1 is called 1 (1)"
    )
    assert str(names_answer(taken).message).endswith("4 is called 4 (1) and 2 more differ")


def test_a_time_is_written_in_utc_to_the_millisecond():
    """`timestamp` gives what ISO 8601 calls UTC, with three decimals."""
    assert timestamp(1.5) == "1970-01-01T00:00:01.500Z"


@pytest.mark.parametrize(("seconds", "written"), [(None, None), (0.0, "1970-01-01T00:00:00.000Z")])
def test_a_time_that_is_not_set_stays_none(seconds, written):
    """Zero is a time; None is not."""
    assert optional_timestamp(seconds) == written


@pytest.mark.parametrize(
    ("changes", "asks"),
    [
        ({}, True),
        ({"sort_by": "name"}, True),
        ({"sort_by": "size"}, False),
        ({"type": "subfolders", "sort_by": "size"}, True),
        ({"is_prefix": False}, False),
        ({"start": 1}, False),
    ],
)
def test_a_place_is_asked_for_in_the_order_of_names_alone(changes, asks):
    """Elsewhere names that begin alike do not stand together."""
    values = {"path": "/", "type": "files", "name": "a", "is_prefix": True, **changes}
    assert asks_for_place(c2s.PositionRequest(**values)) is asks
