"""Uploads that are kept beyond their client's connection."""

from uuid import UUID

from catalog.records import KeptUpload, KeptUploadLimits, KeptUploadState
from catalog.rows import kept_upload_of
from catalog.supabase.client import SupabasePart
from catalog.supabase.rows import Row


class SupabaseKeptUploads(SupabasePart):
    """`KeptUploadStore` on Supabase."""

    async def keep_upload(self, kept: KeptUpload, *, limits: KeptUploadLimits | None) -> None:
        """Keeps the upload of an object.

        Raises `ObjectMissing`, `UserMissing`, `TooManyKeptUploads`, `TooManyKeptBytes`.
        """
        await self._functions.write(
            "keep_upload",
            upload=_row_of(kept),
            expires_at=kept.expires_at,
            most_uploads=limits and limits.uploads,
            most_bytes=limits and limits.size,
            now=self._clock(),
        )

    async def kept_upload(self, object_id: UUID) -> KeptUpload | None:
        """The kept upload of that object, or None."""
        row = await self._functions.read("kept_upload", object_id=str(object_id), now=self._clock())
        return None if row is None else kept_upload_of(row)

    async def kept_uploads_of(
        self, owner_id: int, *, after: UUID | None, limit: int
    ) -> list[KeptUpload]:
        """A user's kept uploads, the oldest first, those after that of an object."""
        rows = await self._functions.read(
            "kept_uploads_of",
            owner_id=owner_id,
            after=after and str(after),
            limit=limit,
            now=self._clock(),
        )
        return [kept_upload_of(row) for row in rows]

    async def claim_kept_upload(
        self, object_id: UUID, *, owner_id: int, epoch: int, claimant: UUID, expires_at: float
    ) -> KeptUpload:
        """Takes the upload over. Raises `KeptUploadMissing`, `KeptUploadClaimed`."""
        row = await self._functions.write(
            "claim_kept_upload",
            object_id=str(object_id),
            owner_id=owner_id,
            epoch=epoch,
            claimant=str(claimant),
            expires_at=expires_at,
            now=self._clock(),
        )
        return kept_upload_of(row)

    async def park_kept_upload(
        self, kept: KeptUpload, *, state: KeptUploadState, mime_type: str | None, expires_at: float
    ) -> bool:
        """Notes how far the upload has come. False unless its epoch is going on."""
        is_parked: bool = await self._functions.write(
            "park_kept_upload",
            object_id=str(kept.object_id),
            epoch=kept.epoch,
            state=state.value,
            mime_type=mime_type,
            expires_at=expires_at,
        )
        return is_parked

    async def note_kept_upload_service(self, object_id: UUID, credential_id: UUID) -> None:
        """Notes that services with this credential were given the upload."""
        await self._functions.write(
            "note_kept_upload_service", object_id=str(object_id), credential_id=str(credential_id)
        )

    async def kept_upload_given_to(self, object_id: UUID, credential_id: UUID) -> KeptUpload | None:
        """The kept upload of that object, if services with that credential were given it."""
        row = await self._functions.read(
            "kept_upload_given_to",
            object_id=str(object_id),
            credential_id=str(credential_id),
            now=self._clock(),
        )
        return None if row is None else kept_upload_of(row)

    async def drop_kept_upload(self, object_id: UUID, *, owner_id: int | None) -> bool:
        """Keeps the upload no longer. False when there was none."""
        is_dropped: bool = await self._change(
            "drop_kept_upload", object_id=str(object_id), owner_id=owner_id
        )
        return is_dropped


def _row_of(kept: KeptUpload) -> Row:
    return {
        "object_id": str(kept.object_id),
        "owner_id": kept.owner_id,
        "folder": list(kept.folder),
        "name": kept.name,
        "is_public": kept.is_public,
        "do_overwrite": kept.do_overwrite,
        "fingerprint": kept.fingerprint,
        "state": kept.state.value,
        "mime_type": kept.mime_type,
        "epoch": kept.epoch,
        "created_at": kept.created_at,
    }
