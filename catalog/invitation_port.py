"""The part of the port for invitations. The promises of `catalog.port` hold here as well.

An invitation lets so many people register who have nothing but its address. It is good as long as who made
it is an administrator.
"""

from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

from catalog.records import NO_QUOTA, StorageQuota, User

MAX_INVITATIONS: Final = 1000
"""Invitations that are kept at most; those that have ended make room for others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation to register.

    Attributes:
        id: names it; no secret.
        token_hash: SHA-256 of what its address holds.
        created_by: the administrator who made it; a deleted one takes it along.
        label: a note; may be empty.
        quota: of each user who registers by it.
        group_ids: the groups of which each becomes a member; those that are gone by then do not count.
        max_uses: how many may register by it.
        uses: how many have.
        expires_at: None for never.
        revoked_at: None unless it was.
    """

    id: UUID
    token_hash: bytes = field(repr=False)
    created_by: int
    label: str = ""
    quota: StorageQuota = NO_QUOTA
    group_ids: tuple[int, ...] = ()
    max_uses: int = 1
    uses: int = 0
    created_at: float
    expires_at: float | None
    revoked_at: float | None = None


class InvitationStore(Protocol):
    """Invitations to register."""

    async def create_invitation(self, invitation: Invitation) -> None:
        """Adds an invitation, unless there is one with its id.

        Raises `UserMissing`, `GroupMissing`, `TooManyInvitations`.
        """

    async def list_invitations(self) -> list[Invitation]:
        """All invitations, the newest first, those that have ended included."""

    async def revoke_invitation(self, invitation_id: UUID, *, at: float) -> Invitation | None:
        """Ends an invitation, which stays revoked since the first time; None for a missing one."""

    async def invitation_by_hash(self, token_hash: bytes) -> Invitation | None:
        """The invitation whose token has that hash, if it is in force at the clock's time."""

    async def create_invited_user(self, token_hash: bytes, name: str, password_hash: str) -> User:
        """Makes a user as the invitation says, and counts it: all of it or nothing.

        The same call again answers as before: hashes are salted, so that only the first caller can
        repeat it. However many come at once, `uses` never exceeds `max_uses`.
        Raises `InvitationMissing` (also for one that is not in force), `UserExists`.
        """
