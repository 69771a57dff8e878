"""Records of the catalog as the wire shows them to one user."""

from datetime import UTC, datetime

from catalog.records import ROOT_FOLDER_ID, File, Folder, Share
from manager.files.rights import Access, access_of
from protocol import s2c


def access_to(file: File, viewer_id: int | None, share: Share | None = None) -> Access:
    """What the viewer may do with a file; `share` is taken from the file unless it is given."""
    share = share or file.share
    return access_of(
        owner_id=file.owner_id,
        is_public=file.is_public,
        share_can_write=None if share is None else share.can_write,
        viewer_id=viewer_id,
    )


def ownership(access: Access, share: Share | None) -> s2c.Ownership:
    """How a changed file's ownership is told."""
    return s2c.Ownership(status=access.status.value, share=_share(access, share))


def file_handle(
    file: File, ownership: s2c.Ownership, *, thumbnail_url: str | None = None
) -> s2c.FileHandle:
    """A file as a change announces it."""
    return s2c.FileHandle(
        id=file.id,
        name=file.name,
        type=file.mime_type,
        has_thumbnail=file.has_thumbnail,
        ownership=ownership,
        created_at=timestamp(file.created_at),
        updated_at=timestamp(file.updated_at),
        size=file.size,
        thumbnail_url=thumbnail_url,
    )


def listed_file_handle(file: File, viewer_id: int | None) -> s2c.ListedFileHandle:
    """A file as a listing shows it to a viewer; the file carries that viewer's share."""
    access = access_to(file, viewer_id)
    return s2c.ListedFileHandle(
        id=file.id,
        name=file.name,
        type=file.mime_type,
        has_thumbnail=file.has_thumbnail,
        ownership=s2c.ListedOwnership(
            status=access.status.value, share=_share(access, file.share), can=access.can.value
        ),
        created_at=timestamp(file.created_at),
        updated_at=timestamp(file.updated_at),
        size=file.size,
    )


def folder_handle(folder: Folder) -> s2c.FolderHandle:
    """A folder; one that lies in the root has no parent on the wire."""
    return s2c.FolderHandle(
        id=folder.id, name=folder.name, parent_folder=folder_id_on_wire(folder.parent_id)
    )


def folder_id_on_wire(folder_id: int | None) -> int | None:
    """The wire knows the root as null."""
    return None if folder_id == ROOT_FOLDER_ID else folder_id


def folder_id_from_wire(folder_id: int | None) -> int:
    """The reverse; some clients send 0 for the root, which is its id."""
    return ROOT_FOLDER_ID if folder_id is None else folder_id


def timestamp(seconds: float) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _share(access: Access, share: Share | None) -> s2c.Share | None:
    if share is None or access.status.value != "shared":
        return None
    return s2c.Share(
        can_write=share.can_write,
        file=share.file_id,
        shared_at=timestamp(share.shared_at),
        user=share.user_id,
    )
