"""Invitations: made, listed and revoked by administrators.

`/register` takes what the address of one holds.
"""

from collections.abc import Callable
from typing import Annotated, Any, Protocol
from uuid import UUID, uuid4

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from catalog.errors import GroupMissing, TooManyInvitations
from catalog.invitation_port import MAX_INVITATIONS, Invitation, InvitationStore
from catalog.records import StorageQuota, User
from catalog.space_port import Group, GroupStore
from common.addresses import ClientAddresses
from common.http_answers import success
from common.secret_texts import hash_of_secret, new_secret_text
from manager.accounts.accounts import Accounts
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.errors import InvalidRequest, NoSuchGroup, NoSuchInvitation, TooManyOpenInvitations
from manager.files.conversion import optional_timestamp, timestamp
from manager.http.parameters import base_url_of, converted, json_object
from protocol.values import MAX_SAFE_INTEGER, is_uuid

LIFE_S = 7 * 24 * 3600.0
"""Seconds that an invitation lasts about which nothing else is said."""
LONGEST_LIFE_S = 366 * 24 * 3600.0
MOST_USES = 1000
MOST_GROUPS = 100
LONGEST_LABEL = 100

_Amount = Annotated[int, Meta(ge=1, le=MAX_SAFE_INTEGER)]


class AskedQuota(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user may store; None for any number."""

    bytes: _Amount | None = None
    files: _Amount | None = None


class NewInvitation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body that makes an invitation."""

    label: Annotated[str, Meta(max_length=LONGEST_LABEL)] = ""
    max_uses: Annotated[int, Meta(ge=1, le=MOST_USES)] = 1
    expires_in_s: Annotated[float, Meta(gt=0, le=LONGEST_LIFE_S)] = LIFE_S
    quota: AskedQuota | UnsetType | None = UNSET
    groups: Annotated[list[str], Meta(max_length=MOST_GROUPS)] = []


class InvitingStore(InvitationStore, GroupStore, Protocol):
    """Invitations, and the groups that they name."""


class InvitationRoutes:
    """`/admin/invitations`."""

    def __init__(
        self,
        accounts: Accounts,
        catalog: InvitingStore,
        addresses: ClientAddresses,
        audit: AuditLog,
        public_url: str | None,
        *,
        quota: StorageQuota,
        clock: Callable[[], float],
    ) -> None:
        """Takes what it uses.

        Args:
            accounts: Identifies administrators.
            catalog: Keeps invitations.
            addresses: Tells where a request comes from.
            audit: Records what is done.
            public_url: URL of the manager for clients; None: that of the request.
            quota: How much users may store of whom an invitation says nothing.
            clock: Seconds since the epoch.
        """
        self._accounts = accounts
        self._catalog = catalog
        self._addresses = addresses
        self._audit = audit
        self._public_url = public_url
        self._quota = quota
        self._clock = clock

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.get("/admin/invitations", self.list_all, allow_head=False),
            web.post("/admin/invitations", self.create),
            web.delete("/admin/invitations/{invitation_id}", self.revoke),
        ]

    async def list_all(self, request: web.Request) -> web.Response:
        """All invitations, the newest first; without what opens them, which nobody knows any more."""
        await self._accounts.administrator_of(request)
        names = {group.id: group.name for group in await self._catalog.list_groups()}
        found = await self._catalog.list_invitations()
        return success(invitations=[self._described(each, names) for each in found])

    async def create(self, request: web.Request) -> web.Response:
        """Makes an invitation. Its address is answered here, and never again."""
        administrator = await self._accounts.administrator_of(request)
        asked = converted(await json_object(request), NewInvitation)
        if not asked.label.isprintable():
            raise InvalidRequest("label: must have no control characters")
        groups = await self._groups(asked.groups)
        token, now = new_secret_text(), self._clock()
        invitation = Invitation(
            id=uuid4(),
            token_hash=hash_of_secret(token),
            created_by=administrator.id,
            label=asked.label,
            quota=self._quota_of(asked),
            group_ids=tuple(group.id for group in groups),
            max_uses=asked.max_uses,
            created_at=now,
            expires_at=now + asked.expires_in_s,
        )
        try:
            await self._catalog.create_invitation(invitation)
        except GroupMissing as error:
            raise NoSuchGroup from error
        except TooManyInvitations as error:
            raise TooManyOpenInvitations(MAX_INVITATIONS) from error
        self._record(AuditAction.INVITATION_MADE, request, administrator, invitation)
        described = self._described(invitation, {group.id: group.name for group in groups})
        url = f"{base_url_of(request, self._public_url)}/?invitation={token}"
        return success(invitation=described | {"url": url})

    async def revoke(self, request: web.Request) -> web.Response:
        """Ends an invitation. Who has registered by it stays."""
        administrator = await self._accounts.administrator_of(request)
        text = request.match_info["invitation_id"]
        revoked = None
        if is_uuid(text):
            revoked = await self._catalog.revoke_invitation(UUID(text), at=self._clock())
        if revoked is None:
            raise NoSuchInvitation
        self._record(AuditAction.INVITATION_REVOKED, request, administrator, revoked)
        return success()

    def _quota_of(self, asked: NewInvitation) -> StorageQuota:
        if asked.quota is UNSET:
            return self._quota
        if asked.quota is None:
            return StorageQuota()
        return StorageQuota(bytes=asked.quota.bytes, files=asked.quota.files)

    async def _groups(self, names: list[str]) -> list[Group]:
        """The groups of these names, each once. Raises `NoSuchGroup`."""
        by_name = {group.name.lower(): group for group in await self._catalog.list_groups()}
        wanted = dict.fromkeys(name.lower() for name in names)
        if not wanted.keys() <= by_name.keys():
            raise NoSuchGroup
        return [by_name[name] for name in wanted]

    def _described(self, invitation: Invitation, names: dict[int, str]) -> dict[str, Any]:
        return {
            "id": str(invitation.id),
            "label": invitation.label,
            "state": _state_of(invitation, self._clock()),
            "quota": {"bytes": invitation.quota.bytes, "files": invitation.quota.files},
            "groups": [names[each] for each in invitation.group_ids if each in names],
            "max_uses": invitation.max_uses,
            "uses": invitation.uses,
            "created_at": timestamp(invitation.created_at),
            "expires_at": optional_timestamp(invitation.expires_at),
            "revoked_at": optional_timestamp(invitation.revoked_at),
        }

    def _record(
        self, action: AuditAction, request: web.Request, actor: User, invitation: Invitation
    ) -> None:
        self._audit.record(
            action,
            actor=actor,
            address=self._addresses.of_request(request),
            subject=str(invitation.id),
            max_uses=invitation.max_uses,
            uses=invitation.uses,
        )


def _state_of(invitation: Invitation, now: float) -> str:
    if invitation.revoked_at is not None:
        return "revoked"
    if invitation.uses >= invitation.max_uses:
        return "used-up"
    is_over = invitation.expires_at is not None and invitation.expires_at <= now
    return "expired" if is_over else "active"
