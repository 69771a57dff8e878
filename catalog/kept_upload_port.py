"""Uploads that outlive the connection of their client. The promises of `catalog.port` hold here as well."""

from typing import Protocol
from uuid import UUID

from catalog.records import KeptUpload, KeptUploadLimits, KeptUploadState

KEPT_UPLOAD_SERVICE = "kept-upload"
"""The service of the references that kept uploads hold on their objects; the key is the owner's id."""


class KeptUploadStore(Protocol):
    """Uploads that their owners have asked to keep, each with a reference that holds its object.

    A kept upload ends with its reference: once that is over no call finds it any more, and the
    collector deletes it together with its object. The transaction that gives the object a name ends
    both, so that an upload is entered once at most.
    """

    async def keep_upload(self, kept: KeptUpload, *, limits: KeptUploadLimits | None) -> None:
        """Keeps the upload of an object from now on, until `kept.expires_at`; None sets no limits.

        An upload that is kept already stays as it is.
        Raises `ObjectMissing`, `UserMissing`, `TooManyKeptUploads`, `TooManyKeptBytes`.
        """

    async def kept_upload(self, object_id: UUID) -> KeptUpload | None:
        """The kept upload of that object, as long as its time is not over."""

    async def kept_uploads_of(
        self, owner_id: int, *, after: UUID | None, limit: int
    ) -> list[KeptUpload]:
        """A user's kept uploads, the oldest first, those after that of an object.

        None at all after one that is not kept any more.
        """

    async def claim_kept_upload(
        self, object_id: UUID, *, owner_id: int, epoch: int, claimant: UUID, expires_at: float
    ) -> KeptUpload:
        """Takes the upload over, unless it was claimed since it was read: compares `epoch`, then raises it.

        It is in state `uploading` then, and its expiry moves. `claimant` is new for each claim; the same
        claim again answers as before, unless the upload was claimed again since.
        Raises `KeptUploadMissing`, also for another owner, and `KeptUploadClaimed`.
        """

    async def park_kept_upload(
        self, kept: KeptUpload, *, state: KeptUploadState, mime_type: str | None, expires_at: float
    ) -> bool:
        """Notes how far the upload has come.

        `mime_type` is what its service has found out. False, and no change, unless `kept.epoch`
        is still that of the upload.
        """

    async def note_kept_upload_service(self, object_id: UUID, credential_id: UUID) -> None:
        """Notes that services with this credential were given the upload, for as long as it is kept.

        No change when it is not kept, or the credential is unknown.
        """

    async def kept_upload_given_to(self, object_id: UUID, credential_id: UUID) -> KeptUpload | None:
        """The kept upload of that object, if services with that credential were given it."""

    async def drop_kept_upload(self, object_id: UUID, *, owner_id: int | None) -> bool:
        """Keeps the upload no longer: deletes it, and its reference. None drops that of any owner.

        False when there was none. What nothing else refers to is garbage then.
        """
