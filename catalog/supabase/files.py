"""Names for content: finding, committing, renaming, moving, sharing and deleting them."""

from collections.abc import Callable, Sequence
from uuid import UUID

from catalog.errors import CatalogError
from catalog.permits import Permit
from catalog.placed import PlacedFile
from catalog.port import (
    CommittedFile,
    FailOnConflict,
    FolderPath,
    MovedFile,
    OverwriteOnConflict,
    ReleasedFiles,
    RenameOnConflict,
    Trashing,
    UploadCommit,
)
from catalog.records import File, Share
from catalog.rows import share_of
from catalog.supabase.client import Functions, SupabasePart, permit_to_json, trashing_to_json
from catalog.supabase.failures import refusal_of
from catalog.supabase.grouped_requests import GroupedRequests
from catalog.supabase.objects import draft_to_json
from catalog.supabase.rows import Row, file_of, moved_file_of, placed_file_of, placed_folder_of

_CONFLICTS = {
    FailOnConflict: "fail",
    OverwriteOnConflict: "overwrite",
    RenameOnConflict: "rename",
}


class SupabaseFiles(SupabasePart):
    """`FileStore` on Supabase."""

    def __init__(self, functions: Functions, clock: Callable[[], float]) -> None:
        super().__init__(functions, clock)
        self._commits = GroupedRequests(self._commit_together)

    async def file_at(
        self, folder: FolderPath, name: str, *, viewer_id: int | None = None
    ) -> File | None:
        """The file of that name in the folder at that path, or None."""
        row = await self._functions.read("file_at", path=folder, name=name, viewer_id=viewer_id)
        return None if row is None else file_of(row)

    async def file_by_id(self, file_id: int, *, viewer_id: int | None = None) -> File | None:
        """The file with that id, or None."""
        row = await self._functions.read("file_by_id", file_id=file_id, viewer_id=viewer_id)
        return None if row is None else file_of(row)

    async def files_in(
        self, folder_id: int, names: Sequence[str], *, viewer_id: int | None = None
    ) -> list[File]:
        """Those files of the folder that have one of the names."""
        rows = await self._functions.read(
            "files_in", folder_id=folder_id, names=list(names), viewer_id=viewer_id
        )
        return [file_of(row) for row in rows]

    async def files_of(self, object_id: UUID) -> list[PlacedFile]:
        """The files that have this content, by id."""
        rows = await self._functions.read("files_of", object_id=str(object_id))
        return [placed_file_of(row) for row in rows]

    async def commit_upload(self, upload: UploadCommit) -> CommittedFile:
        """Completes content, gives it a name, and releases what has held it.

        Raises `NameTaken`, `IsAFolder`, `NotAFolder`, `NotPermitted`, `ObjectMissing`,
        `ObjectIncomplete`, `UserMissing`, `QuotaExceeded`.
        """
        (committed,) = await self.commit_uploads([upload])
        if isinstance(committed, CatalogError):
            raise committed
        return committed

    async def commit_uploads(
        self, uploads: Sequence[UploadCommit]
    ) -> list[CommittedFile | CatalogError]:
        """Does that for many uploads, each of which succeeds or fails alone."""
        return list(await self._commits.carry_out(uploads))

    async def _commit_together(
        self, uploads: Sequence[UploadCommit]
    ) -> list[CommittedFile | CatalogError]:
        rows = await self._functions.write(
            "commit_uploads", orders=[_order_of(upload) for upload in uploads], now=self._clock()
        )
        return [
            _committed_of(upload, row) if "error" not in row else refusal_of(row["error"])
            for upload, row in zip(uploads, rows, strict=True)
        ]

    async def check_place(self, folder: FolderPath, name: str) -> None:
        """Raises `NotAFolder`, `IsAFolder` if something stands where it cannot."""
        await self._functions.read("check_place", path=folder, name=name)

    async def rename_file(
        self, file_id: int, name: str, *, permit: Permit | None = None
    ) -> PlacedFile:
        """Takes the first free `name (n)` when taken. Raises `FileMissing`, `NotPermitted`."""
        row = await self._change(
            "rename_file", file_id=file_id, name=name, permit=permit_to_json(permit)
        )
        return placed_file_of(row)

    async def move_files(
        self, file_ids: Sequence[int], folder_id: int, *, permit: Permit | None = None
    ) -> list[MovedFile]:
        """Moves all or none. Raises `FileMissing`, `FolderMissing`, `NotPermitted`."""
        rows = await self._change(
            "move_files",
            file_ids=list(dict.fromkeys(file_ids)),
            folder_id=folder_id,
            permit=permit_to_json(permit),
        )
        return [moved_file_of(row) for row in rows]

    async def delete_file(
        self, file_id: int, *, permit: Permit | None = None, trashing: Trashing | None = None
    ) -> PlacedFile | None:
        """Deletes the name, or puts the file into the trash. None for a missing one.

        Raises `NotPermitted`, `UserMissing`.
        """
        row = await self._change(
            "delete_file",
            file_id=file_id,
            permit=permit_to_json(permit),
            trashing=trashing_to_json(trashing),
        )
        return None if row is None else placed_file_of(row)

    async def set_owner(
        self,
        file_id: int,
        owner_id: int | None,
        *,
        delete_shares: bool = False,
        share_with: int | None = None,
        permit: Permit | None = None,
    ) -> PlacedFile:
        """Gives the file away. Raises `FileMissing`, `UserMissing`, `NotPermitted`."""
        row = await self._change(
            "set_owner",
            file_id=file_id,
            owner_id=owner_id,
            delete_shares=delete_shares,
            share_with=share_with,
            permit=permit_to_json(permit),
        )
        return placed_file_of(row)

    async def release_files(
        self, user_id: int, *, heir_id: int | None, limit: int
    ) -> ReleasedFiles:
        """Gives files to the heir, or deletes them. Raises `UserMissing`."""
        answer = await self._change("release_files", user_id=user_id, heir_id=heir_id, limit=limit)
        return released_of(answer)

    async def set_public(
        self, file_id: int, *, is_public: bool, permit: Permit | None = None
    ) -> PlacedFile:
        """Makes a file public, or not any more. Raises `FileMissing`, `NotPermitted`."""
        row = await self._change(
            "set_public",
            file_id=file_id,
            is_public=is_public,
            permit=permit_to_json(permit),
        )
        return placed_file_of(row)

    async def shares_of(self, file_id: int) -> list[Share]:
        """The shares of a file by user id; none for a file that does not exist."""
        rows = await self._functions.read("shares_of", file_id=file_id)
        return [share_of(row) for row in rows]

    async def put_share(
        self, file_id: int, user_id: int, *, can_write: bool, permit: Permit | None = None
    ) -> PlacedFile:
        """Adds or changes a share. Raises `FileMissing`, `UserMissing`, `NotPermitted`."""
        row = await self._change(
            "put_share",
            file_id=file_id,
            user_id=user_id,
            can_write=can_write,
            permit=permit_to_json(permit),
        )
        return placed_file_of(row)

    async def remove_share(
        self, file_id: int, user_id: int, *, permit: Permit | None = None
    ) -> PlacedFile | None:
        """None when there was none. Raises `NotPermitted`."""
        row = await self._change(
            "remove_share", file_id=file_id, user_id=user_id, permit=permit_to_json(permit)
        )
        return None if row is None else placed_file_of(row)


def released_of(row: Row) -> ReleasedFiles:
    """Files that were given away or deleted."""
    return ReleasedFiles(
        files=tuple(placed_file_of(placed) for placed in row["files"]),
        remaining=row["remaining"],
        sequence=row.get("sequence"),
    )


def _order_of(upload: UploadCommit) -> dict[str, object]:
    on_conflict, hold = upload.on_conflict, upload.hold
    overwrite = on_conflict if isinstance(on_conflict, OverwriteOnConflict) else None
    return {
        "object_id": str(upload.object_id),
        "mime_type": upload.mime_type,
        "hash": upload.hash_hex,
        "path": upload.folder,
        "name": upload.name,
        "owner_id": upload.owner_id,
        "is_public": upload.is_public,
        "on_conflict": _CONFLICTS[type(on_conflict)],
        "overwrite_id": overwrite and overwrite.file_id,
        "permit": permit_to_json(overwrite.permit if overwrite else None),
        "hold_service": hold and hold[0],
        "hold_key": hold and hold[1],
        "draft": draft_to_json(upload.draft) if upload.draft else None,
        "place_permit": permit_to_json(upload.permit),
        "keep_versions": upload.keep_versions,
    }


def _committed_of(upload: UploadCommit, row: Row) -> CommittedFile:
    return CommittedFile(
        folder=upload.folder,
        file=file_of(row["file"]),
        shares=tuple(share_of(share) for share in row["shares"]),
        created_folders=tuple(placed_folder_of(placed) for placed in row["created"]),
        replaced=row["replaced"],
        sequence=row.get("sequence"),
    )
