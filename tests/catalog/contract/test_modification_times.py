"""The promises about modification times: they belong to content, and go wherever that goes."""

from dataclasses import replace

from catalog.port import FailOnConflict, OverwriteOnConflict, Trashing, UploadCommit
from catalog.records import FileOrder, KeptUpload, KeptUploadLimits
from catalog.trash_port import TrashKey
from tests.commits import commit_file

ON_DISK = 1_234_567_890.125
"""Seconds since the epoch; exact in binary."""


async def test_a_file_has_the_time_of_its_content(catalog, uploads, clock):
    """Beside the time of its upload, which stays what it was; also before 1970; none if none was given."""
    for number, modified_at in enumerate((ON_DISK, -86_400.5, 0.0, None)):
        file = await uploads.put((), f"{number}", modified_at=modified_at)
        assert (file.modified_at, file.updated_at) == (modified_at, clock())
        assert await catalog.file_by_id(file.id) == file
        assert (await catalog.object_by_id(file.object_id)).modified_at == modified_at
    listed = await catalog.list_files(
        0, viewer_id=None, order=FileOrder.MODIFIED_AT, ascending=True, offset=0, limit=9
    )
    assert [file.name for file in listed] == ["1", "2", "0", "3"]
    recent = await catalog.recent_files(viewer_id=(await catalog.create_user("a", "h")).id, limit=1)
    assert recent[0].file.modified_at is None


async def test_a_repeated_commit_answers_with_the_same_time(catalog, uploads):
    """The receipt has it as well; and content without chunks brings it with its commit."""
    object_id = await uploads.store(modified_at=ON_DISK)
    first = await uploads.commit(object_id)
    assert first.file.modified_at == ON_DISK
    assert await commit_file(catalog, object_id, (), "a.txt", owner_id=None) == first
    draft = uploads.draft(chunk_count=0, size=0, modified_at=ON_DISK)
    empty = await catalog.commit_upload(
        UploadCommit(
            object_id=draft.id,
            mime_type="text/plain",
            hash_hex="ab" * 32,
            folder=(),
            name="empty",
            owner_id=None,
            is_public=False,
            on_conflict=FailOnConflict(),
            draft=draft,
        )
    )
    assert empty.file.modified_at == ON_DISK


async def test_it_goes_with_the_content(catalog, uploads, clock):
    """Into copies, other folders, and the trash and back; other content has its own, versions the former."""
    ann = await catalog.create_user("ann", "hash")
    file = await uploads.put(("a",), "f", owner_id=ann.id, modified_at=ON_DISK)
    clock.advance(60.0)
    (copy,) = (await catalog.copy_files([file.id], 0, owner_id=ann.id)).files
    assert (copy.file.modified_at, copy.file.updated_at) == (ON_DISK, clock())
    folder = await catalog.copy_folder(file.folder_id, 0, owner_id=ann.id, name="b", max_entries=9)
    assert [placed.file.modified_at for placed in folder.files] == [ON_DISK]
    (moved,) = await catalog.move_files([copy.file.id], file.folder_id)
    assert moved.after.file.modified_at == ON_DISK
    await catalog.delete_file(file.id, trashing=Trashing(user_id=ann.id, keep_s=60.0))
    restored = await catalog.restore_trashed(ann.id, TrashKey(file_id=file.id))
    assert restored.file.file.modified_at == ON_DISK

    other = await uploads.store(modified_at=None)
    replaced = await commit_file(
        catalog,
        other,
        ("a",),
        "f",
        owner_id=ann.id,
        on_conflict=OverwriteOnConflict(file.id),
        keep_versions=1,
    )
    assert replaced.file.modified_at is None
    (version,) = await catalog.versions_of(file.id)
    assert version.modified_at == ON_DISK
    again = await catalog.restore_version(file.id, version.id, keep=1)
    assert again.file.modified_at == ON_DISK
    newest_first = await catalog.list_files(
        file.folder_id,
        viewer_id=None,
        order=FileOrder.MODIFIED_AT,
        ascending=False,
        offset=0,
        limit=9,
    )
    assert {each.modified_at for each in newest_first} == {ON_DISK}


async def test_a_kept_upload_keeps_it(catalog, uploads, clock):
    """Whoever goes on with the upload need not give it again."""
    ann = await catalog.create_user("ann", "hash")
    object_id = await uploads.begin(modified_at=ON_DISK)
    kept = KeptUpload(
        object_id=object_id,
        owner_id=ann.id,
        folder=(),
        name="f",
        is_public=False,
        do_overwrite=False,
        fingerprint="x",
        created_at=clock(),
        expires_at=clock() + 60.0,
        size=5,
        chunk_size=5,
        chunk_count=1,
    )
    await catalog.keep_upload(kept, limits=KeptUploadLimits(uploads=1, size=5))
    again = replace(uploads.draft(), id=object_id)
    await catalog.begin_objects([again], [uploads.reference(object_id)])
    assert (await catalog.object_by_id(object_id)).modified_at == ON_DISK
