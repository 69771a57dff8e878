"""Uploads that are kept beyond their client's connection."""

import json
from uuid import UUID

from catalog.errors import (
    KeptUploadClaimed,
    KeptUploadMissing,
    TooManyKeptBytes,
    TooManyKeptUploads,
)
from catalog.kept_upload_port import KEPT_UPLOAD_SERVICE
from catalog.records import KeptUpload, KeptUploadLimits, KeptUploadState, Reference
from catalog.rows import kept_upload_of
from catalog.sqlite.accounts import require_user
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, read, snapshot, write
from catalog.sqlite.objects import put_reference, require_object
from catalog.sqlite.statements import sql
from common.wording import counted


class SqliteKeptUploads(SqlitePart):
    """`KeptUploadStore` on SQLite."""

    @write
    def keep_upload(
        self, session: Session, kept: KeptUpload, *, limits: KeptUploadLimits | None
    ) -> None:
        """Keeps the upload of an object.

        Raises `ObjectMissing`, `UserMissing`, `TooManyKeptUploads`, `TooManyKeptBytes`.
        """
        content = require_object(session, kept.object_id)
        require_user(session, kept.owner_id)
        if self._find(session, kept.object_id) is not None:
            return
        if limits is not None:
            self._require_room(session, kept.owner_id, content.size, limits)
        # An expired one makes room for itself.
        session.run(sql.delete_kept_upload, object_id=kept.object_id.bytes, owner_id=None)
        session.run(
            sql.insert_kept_upload,
            object_id=kept.object_id.bytes,
            owner_id=kept.owner_id,
            folder=json.dumps(kept.folder),
            name=kept.name,
            is_public=kept.is_public,
            do_overwrite=kept.do_overwrite,
            fingerprint=kept.fingerprint,
            state=kept.state.value,
            mime_type=kept.mime_type,
            epoch=kept.epoch,
            created_at=kept.created_at,
        )
        _hold(session, kept.object_id, kept.owner_id, kept.expires_at)

    def _require_room(
        self, session: Session, owner_id: int, size: int, limits: KeptUploadLimits
    ) -> None:
        row = (session.rows(sql.kept_upload_totals, owner_id=owner_id, now=self._clock()))[0]
        if row["uploads"] >= limits.uploads:
            raise TooManyKeptUploads(
                f"{counted(limits.uploads, 'upload')} may be kept, and no more: resume or drop one"
            )
        if row["size"] + size > limits.size:
            raise TooManyKeptBytes(
                f"kept uploads may have {counted(limits.size, 'byte')} together, and have {row['size']}"
            )

    @read
    def kept_upload(self, session: Session, object_id: UUID) -> KeptUpload | None:
        """The kept upload of that object, or None."""
        return self._find(session, object_id)

    def _find(self, session: Session, object_id: UUID) -> KeptUpload | None:
        row = session.row(sql.kept_upload, object_id=object_id.bytes, now=self._clock())
        return kept_upload_of(row) if row else None

    @read
    def kept_uploads_of(
        self, session: Session, owner_id: int, *, after: UUID | None, limit: int
    ) -> list[KeptUpload]:
        """A user's kept uploads, the oldest first, those after that of an object."""
        rows = session.rows(
            sql.kept_uploads_of,
            owner_id=owner_id,
            after=after.bytes if after else None,
            limit=limit,
            now=self._clock(),
        )
        return [kept_upload_of(row) for row in rows]

    @write
    def claim_kept_upload(
        self,
        session: Session,
        object_id: UUID,
        *,
        owner_id: int,
        epoch: int,
        claimant: UUID,
        expires_at: float,
    ) -> KeptUpload:
        """Takes the upload over. Raises `KeptUploadMissing`, `KeptUploadClaimed`."""
        row = session.row(sql.kept_upload, object_id=object_id.bytes, now=self._clock())
        if row is None or row["owner_id"] != owner_id:
            raise KeptUploadMissing(f"the user keeps no upload {object_id}")
        if (row["epoch"], row["claimed_by"]) != (epoch + 1, claimant.bytes):
            if row["epoch"] != epoch:
                raise KeptUploadClaimed(f"the upload {object_id} was resumed elsewhere")
            session.run(sql.claim_kept_upload, object_id=object_id.bytes, claimant=claimant.bytes)
            _hold(session, object_id, owner_id, expires_at)
        claimed = session.row(sql.kept_upload, object_id=object_id.bytes, now=self._clock())
        if claimed is None:
            raise KeptUploadMissing(f"the time of the upload {object_id} is over")
        return kept_upload_of(claimed)

    @write
    def park_kept_upload(
        self,
        session: Session,
        kept: KeptUpload,
        *,
        state: KeptUploadState,
        mime_type: str | None,
        expires_at: float,
    ) -> bool:
        """Notes how far the upload has come. False unless its epoch is going on."""
        row = session.row(
            sql.park_kept_upload,
            object_id=kept.object_id.bytes,
            epoch=kept.epoch,
            state=state.value,
            mime_type=mime_type,
        )
        if row is None:
            return False
        _hold(session, kept.object_id, row["owner_id"], expires_at)
        return True

    @write
    def note_kept_upload_service(
        self, session: Session, object_id: UUID, credential_id: UUID
    ) -> None:
        """Notes that services with this credential were given the upload."""
        session.run(
            sql.note_kept_upload_service,
            object_id=object_id.bytes,
            credential_id=credential_id.bytes,
        )

    @snapshot
    def kept_upload_given_to(
        self, session: Session, object_id: UUID, credential_id: UUID
    ) -> KeptUpload | None:
        """The kept upload of that object, if services with that credential were given it."""
        row = session.row(
            sql.kept_upload_service,
            object_id=object_id.bytes,
            credential_id=credential_id.bytes,
        )
        return self._find(session, object_id) if row else None

    @write
    def drop_kept_upload(self, session: Session, object_id: UUID, *, owner_id: int | None) -> bool:
        """Keeps the upload no longer. False when there was none."""
        row = session.row(sql.delete_kept_upload, object_id=object_id.bytes, owner_id=owner_id)
        if row is None:
            return False
        session.run(
            sql.delete_reference,
            object_id=object_id.bytes,
            service=KEPT_UPLOAD_SERVICE,
            key=str(row["owner_id"]),
        )
        return True


def _hold(session: Session, object_id: UUID, owner_id: int, expires_at: float) -> None:
    put_reference(
        session,
        Reference(
            object_id=object_id,
            service=KEPT_UPLOAD_SERVICE,
            key=str(owner_id),
            expires_at=expires_at,
        ),
    )
