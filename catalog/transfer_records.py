"""The records of an export, and the part of the port that reads and writes them.

They are what is in a catalog, apart from what can be counted again. Field names are the columns', times
are seconds since the epoch, ids of objects are UUIDs as text, hashes and digests are hexadecimal.
docs/export-format.md describes them.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Final, Literal, Protocol, TypeAlias

from msgspec import Meta, Struct

Id: TypeAlias = Annotated[int, Meta(ge=1)]
Count: TypeAlias = Annotated[int, Meta(ge=0)]
FolderId: TypeAlias = Annotated[int, Meta(ge=-1)]
"""0 is the root, -1 that of the trash."""
Uuid: TypeAlias = Annotated[
    str, Meta(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
]
Digest: TypeAlias = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
KeyId: TypeAlias = Annotated[str, Meta(pattern="^[0-9a-f]{8}$")]
Sealed: TypeAlias = Annotated[str, Meta(pattern="^([0-9a-f]{2})+$")]


class TransferRecord(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"
):
    """Base of the records. Every field is there, null where there is no value."""


class UserRecord(TransferRecord, frozen=True, tag="user"):
    """A row of `users`, with the hash of the password."""

    id: Id
    name: str
    is_admin: bool
    password_hash: str
    token_epoch: Count
    created_at: float

    def __repr__(self) -> str:
        return f"UserRecord(id={self.id})"


class FolderRecord(TransferRecord, frozen=True, tag="folder"):
    """A row of `folders`. The roots (ids 0 and -1) are in every catalog, and in no export."""

    id: Id
    parent_id: FolderId
    name: str


class MessageRecord(TransferRecord, frozen=True, tag="message"):
    """A row of `messages`."""

    id: Id
    channel_id: Id
    webhook_id: Id | None
    stored_size: Count


class ObjectRecord(TransferRecord, frozen=True, tag="object"):
    """A row of `objects`. `metadata` is JSON as text, exactly as processing reported it.

    Exports of earlier releases lack `modified_at`.
    """

    id: Uuid
    size: Count
    chunk_size: Id
    chunk_count: Count
    envelope: Literal["plain", "base", "v1"]
    state: Literal["uploading", "stored"]
    mime_type: str
    hash: str
    metadata: str | None
    created_at: float
    unreferenced_since: float | None
    modified_at: float | None = None


class ChunkRecord(TransferRecord, frozen=True, tag="chunk"):
    """A row of `chunks`."""

    object_id: Uuid
    index: Count
    message_id: Id
    attachment_id: Id | None
    offset: Count
    stored_size: Count
    size: Count
    digest: Digest | None


class FileRecord(TransferRecord, frozen=True, tag="file"):
    """A row of `files`. Its size is that of its object."""

    id: Id
    folder_id: FolderId
    name: str
    object_id: Uuid
    owner_id: Id | None
    is_public: bool
    created_at: float
    updated_at: float


class ShareRecord(TransferRecord, frozen=True, tag="share"):
    """A row of `shares`."""

    file_id: Id
    user_id: Id
    can_write: bool
    shared_at: float


class ReferenceRecord(TransferRecord, frozen=True, tag="reference"):
    """A row of `references`, temporary ones included."""

    object_id: Uuid
    service: str
    key: str
    expires_at: float | None


class ViewRecord(TransferRecord, frozen=True, tag="view"):
    """A row of `views`."""

    object_id: Uuid
    name: str
    view_object_id: Uuid


class CommitRecord(TransferRecord, frozen=True, tag="commit"):
    """A row of `commits`: the receipt of an upload, for who lost the answer."""

    object_id: Uuid
    file_id: Id
    folder_id: Count
    name: str
    owner_id: Id | None
    is_public: bool
    created_at: float
    updated_at: float
    replaced: bool
    created_folders: tuple[tuple[int, int, tuple[str, ...]], ...] | None


class ApiKeyRecord(TransferRecord, frozen=True, tag="api_key"):
    """A row of `api_keys`."""

    id: Id
    service: str
    key_hash: Digest
    created_by: Id | None
    created_at: float
    revoked_at: float | None


class TicketRecord(TransferRecord, frozen=True, tag="ticket"):
    """A row of `tickets`."""

    id: Uuid
    holder: str
    mime_type: str
    size: Count
    created_at: float
    expires_at: float
    reference_ttl_s: float
    success_action_status: int | None
    success_action_redirect: str | None
    view_of: Uuid | None
    view_name: str | None
    used_at: float | None
    completed_at: float | None


class JobRecord(TransferRecord, frozen=True, tag="job"):
    """A row of `jobs`."""

    object_id: Uuid
    state: Literal["queued", "running", "done", "failed"]
    due_at: float
    attempts: Count
    worker: str | None
    error: str | None
    recipe_version: int | None


class SequenceRecord(TransferRecord, frozen=True, tag="sequence"):
    """The last id that a table gave out, since ids are never used again."""

    table: Literal["api_keys", "files", "folders", "users"]
    last_id: Count


class MasterKeyRecord(TransferRecord, frozen=True, tag="master_key"):
    """From when on a master key has sealed new content. The key itself is in no export."""

    used_from: float
    key_id: KeyId


class SigningKeyRecord(TransferRecord, frozen=True, tag="signing_key"):
    """A row of `signing_keys`. `sealed` is hexadecimal; it takes the master key to open it."""

    key_id: KeyId
    signs_from: float
    sealed: Sealed | None

    def __repr__(self) -> str:
        return f"SigningKeyRecord(key_id={self.key_id})"


class ServiceCredentialRecord(TransferRecord, frozen=True, tag="service_credential"):
    """A row of `service_credentials`. Of the credential itself there is only the SHA-256."""

    id: Uuid
    name: str
    service_kind: Literal["upload", "processing", "thumbnail", "gateway", "metrics"]
    secret_hash: Digest
    created_at: float
    last_used_at: float | None
    revoked_at: float | None


class AppPasswordRecord(TransferRecord, frozen=True, tag="app_password"):
    """A row of `app_passwords`."""

    id: Uuid
    user_id: Id
    name: str
    secret_hash: Digest
    is_read_only: bool
    folder_id: Count | None
    created_at: float
    last_used_at: float | None
    expires_at: float | None


class LinkRecord(TransferRecord, frozen=True, tag="link"):
    """A row of `links`. `sealed_token` is hexadecimal; it takes the master key to open it."""

    id: Uuid
    token_hash: Digest
    sealed_token: Sealed
    file_id: Id | None
    object_id: Uuid | None
    owner_id: Id
    label: str
    is_requested: bool
    password_hash: str | None
    max_downloads: Id | None
    downloads: Count
    created_at: float
    expires_at: float | None
    revoked_at: float | None
    last_used_at: float | None

    def __repr__(self) -> str:
        return f"LinkRecord(id={self.id})"


class FactorRecord(TransferRecord, frozen=True, tag="factor"):
    """A row of `factors`. `credential_id` and `key` are hexadecimal."""

    id: Uuid
    user_id: Id
    factor_kind: Literal["totp", "passkey"]
    label: str
    credential_id: Sealed | None
    key: Sealed
    counter: Count
    created_at: float
    last_used_at: float | None

    def __repr__(self) -> str:
        return f"FactorRecord(id={self.id})"


class RecoveryCodeRecord(TransferRecord, frozen=True, tag="recovery_code"):
    """A row of `recovery_codes`."""

    user_id: Id
    code_hash: Digest


class FactorDemandRecord(TransferRecord, frozen=True, tag="factor_demand"):
    """A row of `factor_demands`."""

    user_id: Id


class IdentityRecord(TransferRecord, frozen=True, tag="identity"):
    """A row of `identities`."""

    issuer: str
    subject: str
    user_id: Id
    created_at: float


class QuotaRecord(TransferRecord, frozen=True, tag="quota"):
    """The quota of a user who has one."""

    user_id: Id
    bytes: Id | None
    files: Id | None


class GroupRecord(TransferRecord, frozen=True, tag="group"):
    """A row of `user_groups`."""

    id: Id
    name: str
    created_at: float


class GroupMemberRecord(TransferRecord, frozen=True, tag="group_member"):
    """A row of `group_members`."""

    group_id: Id
    user_id: Id


class FolderOwnerRecord(TransferRecord, frozen=True, tag="folder_owner"):
    """The owner of a folder that has one of its own."""

    folder_id: Id
    owner_id: Id


class FolderGrantRecord(TransferRecord, frozen=True, tag="folder_grant"):
    """A row of `folder_grants`. It is everybody's without a user and without a group."""

    folder_id: Id
    user_id: Id | None
    group_id: Id | None
    level: Literal[1, 2, 3]
    granted_at: float


class SpaceRecord(TransferRecord, frozen=True, tag="space"):
    """A row of `spaces`: the home of a user, or (null) the common space."""

    folder_id: Id
    user_id: Id | None


class TrashRecord(TransferRecord, frozen=True, tag="trash"):
    """A row of `trash`. The file or folder lies in the root of the trash."""

    id: Id
    file_id: Id | None
    folder_id: Id | None
    name: str
    origin_id: Count
    origin: tuple[str, ...]
    deleted_by: Id | None
    deleted_at: float
    expires_at: float


class VersionRecord(TransferRecord, frozen=True, tag="version"):
    """A row of `versions`."""

    id: Id
    file_id: Id
    object_id: Uuid
    size: Count
    stored_at: float
    replaced_at: float


class FolderLinkRecord(TransferRecord, frozen=True, tag="folder_link"):
    """A row of `folder_links`. `sealed_token` is hexadecimal; it takes the master key to open it."""

    id: Uuid
    token_hash: Digest
    sealed_token: Sealed
    folder_id: Count | None
    owner_id: Id
    label: str
    is_for_uploads: bool
    password_hash: str | None
    max_files: Id | None
    max_file_size: Id | None
    max_total_size: Id | None
    received_files: Count
    received_size: Count
    created_at: float
    expires_at: float | None
    revoked_at: float | None
    last_used_at: float | None

    def __repr__(self) -> str:
        return f"FolderLinkRecord(id={self.id})"


class InvitationRecord(TransferRecord, frozen=True, tag="invitation"):
    """A row of `invitations`."""

    id: Uuid
    token_hash: Digest
    created_by: Id
    label: str
    quota_bytes: Id | None
    quota_files: Id | None
    group_ids: tuple[int, ...]
    max_uses: Id
    uses: Count
    created_at: float
    expires_at: float | None
    revoked_at: float | None


class StarRecord(TransferRecord, frozen=True, tag="star"):
    """A row of `stars`."""

    id: Id
    user_id: Id
    file_id: Id | None
    folder_id: Id | None


KINDS: tuple[type[TransferRecord], ...] = (
    UserRecord,
    FolderRecord,
    MessageRecord,
    ObjectRecord,
    ChunkRecord,
    FileRecord,
    ShareRecord,
    ReferenceRecord,
    ViewRecord,
    CommitRecord,
    ApiKeyRecord,
    TicketRecord,
    JobRecord,
    SequenceRecord,
    MasterKeyRecord,
    SigningKeyRecord,
    ServiceCredentialRecord,
    AppPasswordRecord,
    LinkRecord,
    FactorRecord,
    RecoveryCodeRecord,
    FactorDemandRecord,
    IdentityRecord,
    QuotaRecord,
    GroupRecord,
    GroupMemberRecord,
    FolderOwnerRecord,
    FolderGrantRecord,
    SpaceRecord,
    TrashRecord,
    VersionRecord,
    FolderLinkRecord,
    InvitationRecord,
    StarRecord,
)
"""All kinds, in the order of an export: what is referred to comes first."""


RANKS: Final = {kind: rank for rank, kind in enumerate(KINDS, 1)}
"""The position of a kind in an export. Supabase's functions identify the kinds by it."""


def kind_of(record: type[TransferRecord]) -> str:
    """The name of a kind, as in `kind` of its records."""
    return str(record.__struct_config__.tag)


Batch = Sequence[TransferRecord]
"""Some records of one kind."""


class RecordSink(Protocol):
    """Takes the records of an import."""

    async def add(self, batch: Batch) -> None:
        """Takes records of one kind. Kinds come in the order of `transfer_records.KINDS`.

        Raises `InvalidRecord` when they contradict one another or themselves, now or at the end.
        """


class CatalogTransfer(Protocol):
    """Export and import. Memory does not grow with the catalog."""

    def exporting(self) -> AbstractAsyncContextManager[AsyncIterator[Batch]]:
        """All records of one snapshot, unaffected by writes meanwhile.

        Kinds come in the order of `transfer_records.KINDS`, folders after those they lie in, all
        else by key, so that the same catalog always gives the same sequence.
        """

    def importing(self) -> AbstractAsyncContextManager[RecordSink]:
        """Fills an empty catalog, all or nothing.

        The records are there once the context has been left without an error; until then, and after
        an error, none is visible. What is counted (entries of folders, totals, references)
        is counted again.

        Raises:
            CatalogNotEmpty: There is something in the catalog; on entering or on leaving.
            InvalidRecord: A record refers to something that is not there, two have one key, or
                content that is stored lacks chunks.
        """
