"""What the audit log records: every action with its name, its subject and its meaning.

`docs/audit.md` has the same table, which `python -m manager.audit.actions docs/audit.md` writes.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

_BEGIN: Final = "<!-- actions: written by `make docs` -->\n"
_END: Final = "<!-- end of the actions -->\n"


class AuditAction(StrEnum):
    """An action. Its value is its name in the log and in the catalog, which never changes.

    Attributes:
        subject: what the subject of its events is; empty when they have none.
        meaning: what its events say.
    """

    subject: str
    meaning: str

    def __new__(cls, name: str, subject: str, meaning: str) -> Self:
        """Makes a text with two more attributes."""
        action = str.__new__(cls, name)
        action._value_ = name
        action.subject = subject
        action.meaning = meaning
        return action

    API_KEY_CREATED = ("api-key-created", "name", "An administrator has created an API key")
    API_KEY_REVOKED = ("api-key-revoked", "name", "An administrator has revoked an API key")
    AUDIT_LOST = ("audit-lost", "", "Events are missing here: the log of the manager has them")
    CATALOG_EXPORTED = ("catalog-exported", "file", "The catalog was exported, by a command")
    CATALOG_IMPORTED = ("catalog-imported", "file", "This catalog was imported, by a command")
    CREDENTIALS_REFUSED = (
        "credentials-refused",
        "route",
        "A password, a code or the service password was wrong, or there were too many attempts",
    )
    LOGOUT = ("logout", "", "A user has ended the session, or revoked the app password, in use")
    SESSIONS_ENDED = (
        "sessions-ended",
        "user",
        "A user has ended own sessions from elsewhere, or an administrator those of a user",
    )
    RENEWAL_REFUSED = (
        "renewal-refused",
        "",
        "A session that has ended was to be renewed, or one with a secret used before, which ends it",
    )
    APP_PASSWORD_CREATED = ("app-password-created", "its name", "A user has made an app password")
    APP_PASSWORD_REVOKED = (
        "app-password-revoked",
        "its id",
        "A user has revoked an app password, or an administrator that of a user",
    )
    FILE_REMOVED = ("file-removed", "path", "A user has deleted a file")
    FOLDER_REMOVED = (
        "folder-removed",
        "path",
        "A user has deleted a folder with all that was in it",
    )
    TRASH_RESTORED = (
        "trash-restored",
        "path",
        "A user has restored a file or folder from the trash",
    )
    TRASH_EMPTIED = (
        "trash-emptied",
        "",
        "A user has emptied the trash, or deleted some of what is in it for good",
    )
    VERSION_RESTORED = (
        "version-restored",
        "path",
        "A user has given a file the content of an earlier version",
    )
    GARBAGE_COLLECTED = (
        "garbage-collected",
        "",
        "An administrator has had garbage collected at once",
    )
    LOGIN = ("login", "", "A user has logged in")
    MASTER_KEY_CHANGED = (
        "master-key-changed",
        "id of the key",
        "The manager has started with another master key than before, or with the first one",
    )
    INVITATION_MADE = (
        "invitation-made",
        "id of the invitation",
        "An administrator has made an invitation to register",
    )
    INVITATION_REVOKED = (
        "invitation-revoked",
        "id of the invitation",
        "An administrator has ended an invitation to register",
    )
    LINK_MADE = (
        "link-made",
        "id of the link",
        "A user has made a link to a file or folder, or was refused one",
    )
    LINK_CHANGED = (
        "link-changed",
        "id of the link",
        "A user has changed label, expiry or limits of a link",
    )
    LINK_REVOKED = ("link-revoked", "id of the link", "A user or an administrator has ended a link")
    LINK_USED = (
        "link-used",
        "id of the link",
        "A download by a link has begun, or (once an hour for an address) a folder was opened by one",
    )
    LINK_RECEIVED = ("link-received", "id of the link", "A file was added to a folder by a link")
    LINK_REFUSED = (
        "link-refused",
        "id of the link, if it is known",
        "A link has not opened its file or folder, or taken a file; `reason` says why",
    )
    OPENID_LOGIN_REFUSED = (
        "openid-login-refused",
        "",
        "A login at the OpenID provider gave no session here",
    )
    IDENTITY_LINKED = (
        "identity-linked",
        "user",
        "An administrator has linked a user to one of the OpenID provider",
    )
    IDENTITY_UNLINKED = (
        "identity-unlinked",
        "user",
        "An administrator has ended the link of a user to one of the OpenID provider",
    )
    PASSWORD_CHANGED = ("password-changed", "", "A user has changed the own password")
    PASSWORD_RESET = (
        "password-reset",
        "user",
        "An administrator has given a user a new password",
    )
    PROCESSING_QUEUED = ("processing-queued", "", "An administrator has had files processed again")
    FILE_PUBLIC = ("file-public", "path", "A user has made a file public, or private again")
    QUOTA_SET = ("quota-set", "user", "An administrator has given a user another quota")
    ROLE_CHANGED = (
        "role-changed",
        "user",
        "An administrator has made a user an administrator, or an administrator a user like others",
    )
    FILE_SHARED = (
        "file-shared",
        "path",
        "A user has shared a file with another, or changed what the other may do",
    )
    SECOND_FACTOR_ENROLLED = (
        "second-factor-enrolled",
        "id of the factor",
        "A user has enrolled an authenticator app or a passkey",
    )
    SECOND_FACTOR_REMOVED = (
        "second-factor-removed",
        "id of the factor",
        "A user has removed an own second factor",
    )
    RECOVERY_CODES_RENEWED = (
        "recovery-codes-renewed",
        "",
        "A user has got new recovery codes, and the earlier ones are worth nothing",
    )
    SECOND_FACTOR_DEMANDED = (
        "second-factor-demanded",
        "user",
        "An administrator demands a second factor of a user, or not any more",
    )
    SECOND_FACTORS_RESET = (
        "second-factors-reset",
        "user",
        "An administrator has removed all second factors of a user",
    )
    SERVICE_CREDENTIAL_CREATED = (
        "service-credential-created",
        "name",
        "The manager has found a new credential for services in the catalog",
    )
    SERVICE_CREDENTIAL_REVOKED = (
        "service-credential-revoked",
        "name",
        "A credential for services was revoked, by an administrator or a command; its connections end",
    )
    SIGNING_KEY_MADE = (
        "signing-key-made",
        "id of the key",
        "The manager has made a key that signs tokens, tickets and links: it had none that it could read",
    )
    SIGNING_KEY_ROTATED = (
        "signing-key-rotated",
        "id of the key",
        "The signing key was replaced, by a command; with `revoke` all others were deleted",
    )
    TICKET_ISSUED = ("ticket-issued", "", "A user or service has received a ticket for an upload")
    FOLDER_SHARED = (
        "folder-shared",
        "path",
        "A user has shared a folder, changed what others may do in it, or ended or left that",
    )
    SPACES_MADE = (
        "spaces-made",
        "",
        "An operator has given the folders of one tree to their owners, by a command",
    )
    FOLDER_GIVEN = ("folder-given", "path", "A user has given a folder to another")
    GROUP_CREATED = ("group-created", "group", "An administrator has made a group")
    GROUP_REMOVED = ("group-removed", "group", "An administrator has removed a group")
    GROUP_CHANGED = ("group-changed", "group", "A user has come into a group, or is in it no more")
    FILE_TRANSFERRED = ("file-transferred", "path", "A user has given a file to another")
    FILE_UNSHARED = ("file-unshared", "path", "A user has ended the share of a file")
    USER_CREATED = (
        "user-created",
        "user",
        "A user was created: by an administrator, an invitation, an OpenID login, or as the first one",
    )
    USER_LOCKED = (
        "user-locked",
        "user",
        "An administrator has begun, or gone on, to remove a user",
    )
    USER_REMOVED = ("user-removed", "user", "An administrator has removed a user")
    WEBHOOK_RETRIED = (
        "webhook-retried",
        "id",
        "An administrator has ended the quarantine of a webhook",
    )


def table() -> str:
    """All actions as a table of Markdown, by name."""
    rows = (
        f"| `{action.value}` | {action.subject or '–'} | {action.meaning} |"  # noqa: RUF001
        for action in sorted(AuditAction)
    )
    return "\n".join(["| action | subject | meaning |", "| --- | --- | --- |", *rows, ""])


def with_table(page: str) -> str:
    """The page with the table between its two marks. Raises `ValueError` without them."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError("the marks of the table are missing")
    return f"{before}{begin}\n{table()}\n{end}{after}"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_table(path.read_text(encoding="utf-8")), encoding="utf-8")
