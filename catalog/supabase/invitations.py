"""Invitations to register."""

from uuid import UUID

from catalog.invitation_port import MAX_INVITATIONS, Invitation
from catalog.records import User
from catalog.rows import invitation_of, user_of
from catalog.supabase.client import SupabasePart
from catalog.supabase.rows import Row, text_of


class SupabaseInvitations(SupabasePart):
    """`InvitationStore` on Supabase."""

    async def create_invitation(self, invitation: Invitation) -> None:
        """Adds an invitation. Raises `UserMissing`, `GroupMissing`, `TooManyInvitations`."""
        await self._functions.write(
            "create_invitation",
            invitation=_row_of(invitation),
            most=MAX_INVITATIONS,
            now=self._clock(),
        )

    async def list_invitations(self) -> list[Invitation]:
        """All invitations, the newest first."""
        return [invitation_of(row) for row in await self._functions.read("list_invitations")]

    async def revoke_invitation(self, invitation_id: UUID, *, at: float) -> Invitation | None:
        """Ends an invitation; None for a missing one."""
        row = await self._functions.write("revoke_invitation", id=str(invitation_id), at=at)
        return None if row is None else invitation_of(row)

    async def invitation_by_hash(self, token_hash: bytes) -> Invitation | None:
        """The invitation whose token has that hash, if it is in force."""
        row = await self._functions.read(
            "invitation_by_hash", token_hash=text_of(token_hash), now=self._clock()
        )
        return None if row is None else invitation_of(row)

    async def create_invited_user(self, token_hash: bytes, name: str, password_hash: str) -> User:
        """Makes a user as the invitation says. Raises `InvitationMissing`, `UserExists`."""
        row = await self._functions.write(
            "create_invited_user",
            token_hash=text_of(token_hash),
            name=name,
            password_hash=password_hash,
            now=self._clock(),
        )
        return user_of(row)


def _row_of(invitation: Invitation) -> Row:
    return {
        "id": str(invitation.id),
        "token_hash": text_of(invitation.token_hash),
        "created_by": invitation.created_by,
        "label": invitation.label,
        "quota_bytes": invitation.quota.bytes,
        "quota_files": invitation.quota.files,
        "group_ids": list(invitation.group_ids),
        "max_uses": invitation.max_uses,
        "uses": invitation.uses,
        "created_at": invitation.created_at,
        "expires_at": invitation.expires_at,
        "revoked_at": invitation.revoked_at,
    }
