"""Rows of either database as records.

The columns have the same names in both. SQLite gives ids of objects as 16 bytes and truth as 0 or 1;
Supabase answers with JSON, in which ids are text, bytes are hexadecimal, and times may lack their fraction.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from catalog.account_port import Account
from catalog.factor_port import Factor, FactorKind
from catalog.folder_link_port import FolderLink, LinkUpload
from catalog.folder_rights import FolderRight
from catalog.identity_port import Identity
from catalog.invitation_port import Invitation
from catalog.link_port import FileLink
from catalog.port import FolderPath, FolderSummary
from catalog.quota_port import UserUsage
from catalog.records import (
    ApiKey,
    AppPassword,
    ChannelLimits,
    Chunk,
    EnvelopeKind,
    File,
    Folder,
    Job,
    JobState,
    KeptUpload,
    KeptUploadState,
    LoginSession,
    Message,
    ObjectState,
    Quarantine,
    Reference,
    ServiceCredential,
    ServiceKind,
    Share,
    StorageQuota,
    StoredObject,
    Ticket,
    User,
    UserStorage,
    ViewTarget,
)
from catalog.search_port import parent_id_of
from catalog.space_port import FolderGrant, Grantee, Group, VisibleFolder
from catalog.star_port import StarKey, StarPage, StarredEntry
from catalog.trash_port import FileVersion, TrashedItem, TrashKey

Row: TypeAlias = sqlite3.Row | Mapping[str, Any]
"""A row by the names of its columns: of SQLite's driver, or an object of JSON."""


def folder_summary_of(row: Row) -> FolderSummary:
    """A folder's id and size, when it was made, and when its files last changed."""
    times = [time for time in (row["created_at"], row["updated_at"]) if time is not None]
    return FolderSummary(
        folder_id=row["id"], size=row["size"], changed_at=float(max(times)) if times else None
    )


def group_of(row: Row) -> Group:
    """A group with the number of its members."""
    return Group(id=row["id"], name=row["name"], members=row["members"])


def grant_of(row: Row) -> FolderGrant:
    """A row of `folder_grants`."""
    return FolderGrant(
        grantee=Grantee(user_id=row["user_id"], group_id=row["group_id"]),
        right=FolderRight(row["level"]),
        granted_at=float(row["granted_at"]),
    )


def visible_folder_of(row: Row, path: FolderPath) -> VisibleFolder:
    """A folder with a user's right on it, and what space it is."""
    return VisibleFolder(
        path=path,
        folder=folder_of(row),
        right=FolderRight(row["level"]),
        is_home=bool(row["is_home"]),
        is_common=bool(row["is_common"]),
    )


def trashed_item_of(row: Row, folder: FolderPath) -> TrashedItem:
    """A row of `trash` with what it is about, and the path of the folder that it was in."""
    return TrashedItem(
        id=row["id"],
        key=TrashKey(file_id=row["file_id"], folder_id=row["folder_id"]),
        name=row["name"],
        folder=folder,
        size=row["size"],
        files=row["files"],
        mime_type=row["mime_type"],
        deleted_by=row["deleted_by"],
        deleted_at=float(row["deleted_at"]),
        expires_at=float(row["expires_at"]),
    )


def file_version_of(row: Row) -> FileVersion:
    """A row of `versions` with the type of its content."""
    return FileVersion(
        id=row["id"],
        file_id=row["file_id"],
        object_id=uuid_of(row["object_id"]),
        size=row["size"],
        mime_type=row["mime_type"],
        stored_at=float(row["stored_at"]),
        replaced_at=float(row["replaced_at"]),
        modified_at=time_of(row["modified_at"]),
    )


def uuid_of(column: bytes | str) -> UUID:
    """The id of an object."""
    return UUID(bytes=column) if isinstance(column, bytes) else UUID(column)


def bytes_of(column: bytes | str | None) -> bytes | None:
    """Bytes; as text they are a backslash, an x, and hexadecimal digits, as PostgreSQL writes them."""
    return bytes.fromhex(column.removeprefix("\\x")) if isinstance(column, str) else column


def time_of(column: float | None) -> float | None:
    """A time that may be missing."""
    return None if column is None else float(column)


def user_of(row: Row) -> User:
    """A row of `users`."""
    return User(
        id=row["id"],
        name=row["name"],
        is_admin=bool(row["is_admin"]),
        password_hash=row["password_hash"],
        token_epoch=row["token_epoch"],
        created_at=float(row["created_at"]),
    )


def quota_of(row: Row) -> StorageQuota:
    """The quota in a row of `users`."""
    return StorageQuota(bytes=row["quota_bytes"], files=row["quota_files"])


def account_of(row: Row) -> Account:
    """A row of `users` with what the user stores."""
    return Account(
        user=user_of(row),
        file_count=row["used_files"],
        total_size=row["used_bytes"],
        quota=quota_of(row),
    )


def session_of(row: Row) -> LoginSession:
    """A row of `login_sessions`."""
    return LoginSession(
        id=uuid_of(row["id"]),
        user_id=row["user_id"],
        epoch=row["epoch"],
        device=row["device"],
        address=row["address"],
        created_at=float(row["created_at"]),
        last_seen_at=float(row["last_seen_at"]),
        expires_at=float(row["expires_at"]),
        generation=row["generation"],
        renewed_at=float(row["renewed_at"]),
    )


def app_password_of(row: Row, folder: tuple[str, ...] | None) -> AppPassword:
    """A row of `app_passwords`, and where its folder is."""
    return AppPassword(
        id=uuid_of(row["id"]),
        user_id=row["user_id"],
        name=row["name"],
        secret_hash=bytes_of(row["secret_hash"]) or b"",
        is_read_only=bool(row["is_read_only"]),
        folder_id=row["folder_id"],
        folder=folder,
        created_at=float(row["created_at"]),
        last_used_at=time_of(row["last_used_at"]),
        expires_at=time_of(row["expires_at"]),
    )


def folder_of(row: Row) -> Folder:
    """A row with id, name and parent_id."""
    return Folder(id=row["id"], name=row["name"], parent_id=row["parent_id"])


def file_with_share(row: Row, share: Share | None) -> File:
    """A row with a file's columns, and the viewer's share where there is one."""
    return File(
        id=row["id"],
        folder_id=row["folder_id"],
        name=row["name"],
        object_id=uuid_of(row["object_id"]),
        owner_id=row["owner_id"],
        is_public=bool(row["is_public"]),
        size=row["size"],
        mime_type=row["mime_type"],
        has_thumbnail=bool(row["has_thumbnail"]),
        created_at=float(row["created_at"]),
        updated_at=float(row["updated_at"]),
        modified_at=time_of(row["modified_at"]),
        share=share,
    )


def share_of(row: Row) -> Share:
    """A row of `shares`."""
    return Share(
        file_id=row["file_id"],
        user_id=row["user_id"],
        can_write=bool(row["can_write"]),
        shared_at=float(row["shared_at"]),
    )


def object_of(row: Row) -> StoredObject:
    """A row of `objects`."""
    return StoredObject(
        id=uuid_of(row["id"]),
        size=row["size"],
        chunk_size=row["chunk_size"],
        chunk_count=row["chunk_count"],
        envelope=EnvelopeKind(row["envelope"]),
        state=ObjectState(row["state"]),
        mime_type=row["mime_type"],
        hash=row["hash"],
        created_at=float(row["created_at"]),
        modified_at=time_of(row["modified_at"]),
    )


def chunk_of(row: Row) -> Chunk:
    """A row of `chunks`."""
    return Chunk(
        object_id=uuid_of(row["object_id"]),
        index=row["index"],
        message_id=row["message_id"],
        attachment_id=row["attachment_id"],
        offset=row["offset"],
        stored_size=row["stored_size"],
        size=row["size"],
        digest=bytes_of(row["digest"]),
    )


def message_of(row: Row) -> Message:
    """A row of `messages`."""
    return Message(
        id=row["id"],
        channel_id=row["channel_id"],
        webhook_id=row["webhook_id"],
        stored_size=row["stored_size"],
    )


def quarantine_of(row: Row) -> Quarantine:
    """A row of `quarantined_webhooks`."""
    return Quarantine(
        webhook_id=row["webhook_id"],
        reason=row["reason"],
        is_gone=bool(row["is_gone"]),
        since=float(row["since"]),
    )


def channel_limits_of(row: Row) -> ChannelLimits:
    """A row of `channel_limits`."""
    return ChannelLimits(
        channel_id=row["channel_id"],
        attachment_bytes=row["attachment_bytes"],
        request_bytes=row["request_bytes"],
        attachments=row["attachments"],
        learned_at=time_of(row["learned_at"]),
        refused_at=time_of(row["refused_at"]),
    )


def reference_of(row: Row) -> Reference:
    """A row of `references`."""
    return Reference(
        object_id=uuid_of(row["object_id"]),
        service=row["service"],
        key=row["key"],
        expires_at=time_of(row["expires_at"]),
    )


def ticket_of(row: Row) -> Ticket:
    """A row of `tickets`."""
    view = None
    if row["view_of"] is not None:
        view = ViewTarget(object_id=uuid_of(row["view_of"]), name=row["view_name"])
    return Ticket(
        id=uuid_of(row["id"]),
        holder=row["holder"],
        mime_type=row["mime_type"],
        size=row["size"],
        created_at=float(row["created_at"]),
        expires_at=float(row["expires_at"]),
        reference_ttl_s=float(row["reference_ttl_s"]),
        success_action_status=row["success_action_status"],
        success_action_redirect=row["success_action_redirect"],
        view=view,
        used_at=time_of(row["used_at"]),
        completed_at=time_of(row["completed_at"]),
    )


def key_of(row: Row) -> ApiKey:
    """A row of `api_keys`."""
    return ApiKey(
        id=row["id"],
        name=row["service"],
        key_hash=bytes_of(row["key_hash"]) or b"",
        created_by=row["created_by"],
        created_at=float(row["created_at"]),
        revoked_at=time_of(row["revoked_at"]),
    )


def service_credential_of(row: Row) -> ServiceCredential:
    """A row of `service_credentials`."""
    return ServiceCredential(
        id=uuid_of(row["id"]),
        name=row["name"],
        kind=ServiceKind(row["kind"]),
        secret_hash=bytes_of(row["secret_hash"]) or b"",
        created_at=float(row["created_at"]),
        last_used_at=time_of(row["last_used_at"]),
        revoked_at=time_of(row["revoked_at"]),
    )


def job_of(row: Row) -> Job:
    """A row of `jobs`."""
    return Job(
        object_id=uuid_of(row["object_id"]),
        state=JobState(row["state"]),
        due_at=float(row["due_at"]),
        attempts=row["attempts"],
        worker=row["worker"],
        error=row["error"],
        recipe_version=row["recipe_version"],
    )


def kept_upload_of(row: Row) -> KeptUpload:
    """A row of `kept_uploads` with the columns of its object; a folder is a list of names, or its JSON."""
    folder = row["folder"]
    return KeptUpload(
        object_id=uuid_of(row["object_id"]),
        owner_id=row["owner_id"],
        folder=tuple(json.loads(folder) if isinstance(folder, str) else folder),
        name=row["name"],
        is_public=bool(row["is_public"]),
        do_overwrite=bool(row["do_overwrite"]),
        fingerprint=row["fingerprint"],
        created_at=float(row["created_at"]),
        expires_at=float(row["expires_at"]),
        size=row["size"],
        chunk_size=row["chunk_size"],
        chunk_count=row["chunk_count"],
        state=KeptUploadState(row["state"]),
        mime_type=row["mime_type"],
        epoch=row["epoch"],
        stored_chunks=row["stored_chunks"],
    )


def link_of(row: Row) -> FileLink:
    """A row of `links`."""
    object_id = row["object_id"]
    return FileLink(
        id=uuid_of(row["id"]),
        token_hash=bytes_of(row["token_hash"]) or b"",
        sealed_token=bytes_of(row["sealed_token"]) or b"",
        file_id=row["file_id"],
        object_id=None if object_id is None else uuid_of(object_id),
        owner_id=row["owner_id"],
        label=row["label"],
        is_requested=bool(row["is_requested"]),
        password_hash=row["password_hash"],
        max_downloads=row["max_downloads"],
        downloads=row["downloads"],
        created_at=float(row["created_at"]),
        expires_at=time_of(row["expires_at"]),
        revoked_at=time_of(row["revoked_at"]),
        last_used_at=time_of(row["last_used_at"]),
    )


def folder_link_of(row: Row) -> FolderLink:
    """A row of `folder_links`."""
    return FolderLink(
        id=uuid_of(row["id"]),
        token_hash=bytes_of(row["token_hash"]) or b"",
        sealed_token=bytes_of(row["sealed_token"]) or b"",
        folder_id=row["folder_id"],
        owner_id=row["owner_id"],
        label=row["label"],
        is_for_uploads=bool(row["is_for_uploads"]),
        password_hash=row["password_hash"],
        max_files=row["max_files"],
        max_file_size=row["max_file_size"],
        max_total_size=row["max_total_size"],
        received_files=row["received_files"],
        received_size=row["received_size"],
        created_at=float(row["created_at"]),
        expires_at=time_of(row["expires_at"]),
        revoked_at=time_of(row["revoked_at"]),
        last_used_at=time_of(row["last_used_at"]),
    )


def link_upload_of(row: Row) -> LinkUpload:
    """A row of `link_uploads`."""
    return LinkUpload(
        id=uuid_of(row["id"]),
        link_id=uuid_of(row["link_id"]),
        name=row["name"],
        size=row["size"],
        expires_at=float(row["expires_at"]),
        counted_at=time_of(row["counted_at"]),
    )


def usage_of(row: Row) -> UserUsage:
    """A row of `users` with what else is to be known of what the user stores."""
    return UserUsage(
        user=user_of(row),
        storage=UserStorage(
            quota=quota_of(row),
            used_bytes=row["used_bytes"],
            used_files=row["used_files"],
            temporary_bytes=0,
            temporary_files=0,
        ),
        trash_bytes=row["trash_bytes"],
        trash_files=row["trash_files"],
        version_bytes=row["version_bytes"],
        seen_at=time_of(row["seen_at"]),
    )


def invitation_of(row: Row) -> Invitation:
    """A row of `invitations`. SQLite has the groups as JSON."""
    group_ids = row["group_ids"]
    return Invitation(
        id=uuid_of(row["id"]),
        token_hash=bytes_of(row["token_hash"]) or b"",
        created_by=row["created_by"],
        label=row["label"],
        quota=quota_of(row),
        group_ids=tuple(json.loads(group_ids) if isinstance(group_ids, str) else group_ids),
        max_uses=row["max_uses"],
        uses=row["uses"],
        created_at=float(row["created_at"]),
        expires_at=time_of(row["expires_at"]),
        revoked_at=time_of(row["revoked_at"]),
    )


def factor_of(row: Row) -> Factor:
    """A row of `factors`."""
    return Factor(
        id=uuid_of(row["id"]),
        user_id=row["user_id"],
        kind=FactorKind(row["kind"]),
        label=row["label"],
        credential_id=bytes_of(row["credential_id"]),
        key=bytes_of(row["key"]) or b"",
        counter=row["counter"],
        created_at=float(row["created_at"]),
        last_used_at=time_of(row["last_used_at"]),
    )


def identity_of(row: Row) -> Identity:
    """A row of `identities`."""
    return Identity(
        issuer=row["issuer"],
        subject=row["subject"],
        user_id=row["user_id"],
        created_at=float(row["created_at"]),
    )


def star_key_of(row: Row) -> StarKey:
    """A row of `stars`."""
    return StarKey(file_id=row["file_id"], folder_id=row["folder_id"])


def star_page_of(
    keys: Sequence[StarKey],
    files: Iterable[File],
    folders: Iterable[Folder],
    paths: Mapping[int, FolderPath],
    *,
    next_: int | None,
) -> StarPage:
    """A page in the order of its stars, of which some mark what is not there."""
    entries: dict[StarKey, File | Folder] = {StarKey(file_id=file.id): file for file in files}
    entries |= {StarKey(folder_id=folder.id): folder for folder in folders}
    return StarPage(
        entries=tuple(
            StarredEntry(folder=paths[parent_id_of(entries[key])], entry=entries[key])
            for key in keys
            if key in entries
        ),
        next=next_,
    )
