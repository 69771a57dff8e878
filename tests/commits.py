"""Files of content that is stored already."""

from uuid import UUID

from catalog.permits import Permit
from catalog.port import (
    CommittedFile,
    FailOnConflict,
    FileStore,
    FolderPath,
    OnConflict,
    UploadCommit,
)


async def commit_file(
    catalog: FileStore,
    object_id: UUID,
    folder: FolderPath,
    name: str,
    *,
    owner_id: int | None,
    is_public: bool = False,
    on_conflict: OnConflict = FailOnConflict(),  # noqa: B008 - immutable
    hold: tuple[str, str] | None = None,
    mime_type: str = "text/plain",
    permit: Permit | None = None,
    keep_versions: int = 0,
) -> CommittedFile:
    """Gives content a name; its MIME type matters only if it is not finished yet."""
    return await catalog.commit_upload(
        UploadCommit(
            object_id=object_id,
            mime_type=mime_type,
            hash_hex="ab" * 32,
            folder=folder,
            name=name,
            owner_id=owner_id,
            is_public=is_public,
            on_conflict=on_conflict,
            hold=hold,
            permit=permit,
            keep_versions=keep_versions,
        )
    )
