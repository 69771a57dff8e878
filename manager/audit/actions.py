"""What the audit log records: every action with its name, its subject and its meaning.

`docs/audit.md` has the same table; a test compares the two.
"""

from enum import StrEnum
from typing import Self


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

    CREDENTIALS_REFUSED = (
        "credentials-refused",
        "path of the route",
        "A password, a setup code or the service password was wrong, or too many were",
    )
    LOGOUT = ("logout", "", "A user has ended the session, or revoked the app password, in use")
    SESSIONS_ENDED = (
        "sessions-ended",
        "id of the user",
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
    MASTER_KEY = (
        "master-key",
        "id of the key",
        "The manager has started with another master key than before, or with the first one",
    )
    AUDIT_LOST = ("audit-lost", "", "Events are missing here: see the log of the manager")
