"""The client's methods for invitations, by which people register themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from client_sdk.links import UNSET, Unset
from client_sdk.models import StorageQuota, read_answer
from client_sdk.session import ClientCore

InvitationState: TypeAlias = Literal["active", "expired", "revoked", "used-up"]


@dataclass(frozen=True, kw_only=True)
class InvitationInfo:
    """An invitation to register.

    Attributes:
        id: Names it; no secret.
        label: A note.
        state: Whether people can register by it now.
        quota: What each user who registers by it may store.
        groups: The groups of which each becomes a member.
        max_uses: How many may register by it.
        uses: How many have.
        created_at: When it was made.
        expires_at: When it ends; None for never.
        revoked_at: When it was revoked; None unless it was.
        url: The address, for who has made it just now: nobody gets it again.
    """

    id: str
    label: str
    state: InvitationState
    quota: StorageQuota
    groups: list[str]
    max_uses: int
    uses: int
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    url: str | None = None


class Inviting(ClientCore):
    """Makes invitations, lists and revokes them. `Client` has the documentation."""

    async def create_invitation(
        self,
        *,
        label: str = "",
        max_uses: int = 1,
        life_s: float | None = None,
        quota: StorageQuota | Unset | None = UNSET,
        groups: Sequence[str] = (),
    ) -> InvitationInfo:
        """Make an invitation, by whose address people register themselves; for administrators.

        Args:
            label: A note.
            max_uses: How many may register by it.
            life_s: Seconds until it expires; None for a week.
            quota: What each may store; None for any number, `UNSET` for what the manager is configured for.
            groups: Names of the groups of which each becomes a member.

        Raises:
            NotFound: There is no such group.
            Forbidden: The user is no administrator.
            Refused: An option cannot be used.
        """
        body: dict[str, Any] = {"label": label, "max_uses": max_uses, "groups": list(groups)}
        if life_s is not None:
            body["expires_in_s"] = life_s
        if quota is None:
            body["quota"] = None
        elif isinstance(quota, StorageQuota):
            body["quota"] = {"bytes": quota.bytes, "files": quota.files}
        answer = await self._api.ask("POST", "/admin/invitations", body=body)
        return read_answer(answer.get("invitation"), InvitationInfo)

    async def invitations(self) -> list[InvitationInfo]:
        """All invitations, the newest first; for administrators. Raises `Forbidden`."""
        answer = await self._api.ask("GET", "/admin/invitations")
        return read_answer(answer.get("invitations"), list[InvitationInfo])

    async def revoke_invitation(self, invitation_id: str) -> None:
        """End an invitation; who has registered by it stays. For administrators.

        Raises:
            NotFound: There is no such invitation.
            Forbidden: The user is no administrator.
        """
        await self._api.ask("DELETE", f"/admin/invitations/{invitation_id}")
