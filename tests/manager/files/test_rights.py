"""Who may do what with a file: the table of the protocol cell by cell, and as permits of the catalog."""

from uuid import UUID

import pytest

from catalog.folder_rights import FolderRight
from catalog.permits import STANDINGS, Holder
from catalog.records import File, Share, User
from manager.files.rights import (
    ALLOWED,
    Access,
    Can,
    FileOperation,
    Status,
    access_of,
    may_read,
    permit_for,
)

OWNER, OTHER = 1, 2
OWNED = Access(Status.OWNED, Can.READ_AND_WRITE)
PUBLIC = Access(Status.PUBLIC, Can.READ_AND_WRITE)
WRITABLE = Access(Status.SHARED, Can.READ_AND_WRITE)
READABLE = Access(Status.SHARED, Can.READ)
RESTRICTED = Access(Status.RESTRICTED, Can.NOTHING)

ACCESSES = [
    (OWNER, False, None, OWNER, OWNED),
    (OWNER, False, None, OTHER, RESTRICTED),
    (OWNER, False, None, None, RESTRICTED),
    (OWNER, False, False, OWNER, OWNED),
    (OWNER, False, False, OTHER, READABLE),
    (OWNER, False, False, None, RESTRICTED),
    (OWNER, False, True, OWNER, OWNED),
    (OWNER, False, True, OTHER, WRITABLE),
    (OWNER, False, True, None, RESTRICTED),
    (OWNER, True, None, OWNER, OWNED),
    (OWNER, True, None, OTHER, PUBLIC),
    (OWNER, True, None, None, PUBLIC),
    (OWNER, True, False, OWNER, OWNED),
    (OWNER, True, False, OTHER, PUBLIC),
    (OWNER, True, False, None, PUBLIC),
    (OWNER, True, True, OWNER, OWNED),
    (OWNER, True, True, OTHER, PUBLIC),
    (OWNER, True, True, None, PUBLIC),
    *[
        (None, is_public, share, viewer, OWNED)
        for is_public in (False, True)
        for share in (None, False, True)
        for viewer in (OWNER, OTHER, None)
    ],
]


@pytest.mark.parametrize(("owner", "is_public", "share", "viewer", "expected"), ACCESSES)
def test_access(
    owner: int | None, is_public: bool, share: bool | None, viewer: int | None, expected: Access
):
    """Owner, or a file without one: all; public: read and write; shared: as shared; else restricted."""
    access = access_of(owner_id=owner, is_public=is_public, share_can_write=share, viewer_id=viewer)
    assert access == expected


MANAGED_PUBLIC = Access(Status.PUBLIC, Can.READ_AND_WRITE, is_manager=True)
MANAGED = Access(Status.SHARED, Can.READ_AND_WRITE, is_manager=True)
READ, WRITE, MANAGE = FolderRight

IN_FOLDERS = [
    (OTHER, False, None, READ, READABLE),
    (OTHER, False, None, WRITE, WRITABLE),
    (OTHER, False, None, MANAGE, MANAGED),
    (OTHER, False, True, READ, WRITABLE),
    (OTHER, False, False, WRITE, WRITABLE),
    (OTHER, False, False, READ, READABLE),
    (OTHER, True, None, READ, PUBLIC),
    (OTHER, True, None, WRITE, PUBLIC),
    (OTHER, True, None, MANAGE, MANAGED_PUBLIC),
    (None, False, None, READ, READABLE),
    (None, False, None, WRITE, WRITABLE),
    (None, False, None, MANAGE, MANAGED),
    *[(OWNER, False, None, right, OWNED) for right in FolderRight],
]
"""Owner, public, share and right on the folder, for the viewer `OWNER`."""


@pytest.mark.parametrize(("owner", "is_public", "share", "right", "expected"), IN_FOLDERS)
def test_access_by_the_right_on_the_folder(
    owner: int | None, is_public: bool, share: bool | None, right: FolderRight, expected: Access
):
    """It adds to the rights on the file; a file without an owner is used as the folder allows."""
    access = access_of(
        owner_id=owner,
        is_public=is_public,
        share_can_write=share,
        viewer_id=OWNER,
        folder_right=right,
    )
    assert access == expected


CELLS = {
    MANAGED: "download overwrite rename move delete share",
    MANAGED_PUBLIC: "download overwrite rename move delete share",
    OWNED: "download overwrite rename move delete share transfer",
    PUBLIC: "download overwrite rename move delete",
    WRITABLE: "download overwrite rename move delete",
    READABLE: "download",
    RESTRICTED: "",
}


@pytest.mark.parametrize("operation", FileOperation)
@pytest.mark.parametrize("access", CELLS)
def test_operation(access: Access, operation: FileOperation):
    """Each access allows exactly its operations."""
    assert access.allows(operation) is (operation.value in CELLS[access].split())


def test_the_table_is_complete():
    """Every access that can come about has its row, and no other has."""
    assert set(ALLOWED) == set(CELLS) == {access for *_, access in ACCESSES + IN_FOLDERS}


@pytest.mark.parametrize("access", CELLS)
def test_reading_and_writing_agree_with_the_operations(access: Access):
    """What the wire calls `r` and `rw` is what downloading and overwriting need."""
    assert access.may_read is access.allows(FileOperation.DOWNLOAD)
    assert access.may_write is access.allows(FileOperation.OVERWRITE)


def _user(user_id: int) -> User:
    return User(
        id=user_id, name="u", is_admin=True, password_hash="", token_epoch=0, created_at=0.0
    )


def _file(owner: int | None, *, is_public: bool, share: bool | None, viewer: int) -> File:
    shared = (
        None if share is None else Share(file_id=1, user_id=viewer, can_write=share, shared_at=0)
    )
    return File(
        id=1,
        folder_id=0,
        name="a",
        object_id=UUID(int=1),
        owner_id=owner,
        is_public=is_public,
        size=1,
        mime_type="text/plain",
        has_thumbnail=False,
        created_at=0,
        updated_at=0,
        share=shared,
    )


@pytest.mark.parametrize(("owner", "is_public", "share", "viewer", "expected"), ACCESSES)
def test_may_read(
    owner: int | None, is_public: bool, share: bool | None, viewer: int | None, expected: Access
):
    """A user may read a file as the table says."""
    if viewer is not None:
        file = _file(owner, is_public=is_public, share=share, viewer=viewer)
        assert may_read(file, _user(viewer)) is expected.may_read


OWNERS = {FileOperation.SHARE, FileOperation.TRANSFER}


@pytest.mark.parametrize("operation", FileOperation)
def test_standings_that_a_permit_covers(operation):
    """Owners may do all; every user reads and writes public files; shares let read, or write too."""
    permit = permit_for(_user(7), operation)
    assert permit.user_id == 7
    for standing in STANDINGS:
        if standing.holder is not Holder.OTHER:
            expected = True
        elif operation in OWNERS:
            expected = False
        elif standing.is_public:
            expected = True
        elif operation is FileOperation.DOWNLOAD:
            expected = standing.can_write is not None
        else:
            expected = bool(standing.can_write)
        assert (standing in permit.standings) is expected, standing
