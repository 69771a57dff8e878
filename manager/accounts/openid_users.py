"""Who a user of the OpenID provider is here.

A link of issuer and subject says so, never a name or an e-mail address: those change hands. The first login
of somebody without a link may create a user, whose name is made from that at the provider.
"""

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from catalog.account_port import NO_PASSWORD, AccountStore
from catalog.errors import CatalogError, LastAdministrator, UserExists
from catalog.identity_port import Identity, IdentityStore
from catalog.records import NO_QUOTA, AuditOutcome, StorageQuota, User
from manager.accounts.credentials import Passwords
from manager.accounts.openid_provider import OpenIdUser
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.errors import OpenIdNameTaken, OpenIdUnknownUser
from manager.settings import ManagerSettings

_OTHERS = re.compile(r"[^A-Za-z0-9]")
_LONGEST_NAME = 16

log = structlog.get_logger(__name__)


class OpenIdCatalog(IdentityStore, AccountStore, Protocol):
    """What is asked here of the catalog."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIdPolicy:
    """What a login at the provider is worth here.

    Attributes:
        creates_users: whether who has no link gets a new user.
        admin_claim: name of the claim that decides who is an administrator.
        admin_value: value that it is or has for administrators; None: the provider does not decide that.
        quota: how much a new user may store.
    """

    creates_users: bool
    admin_claim: str
    admin_value: str | None
    quota: StorageQuota = NO_QUOTA

    @classmethod
    def of(cls, settings: ManagerSettings) -> "OpenIdPolicy":
        """As the settings have it."""
        return cls(
            creates_users=settings.oidc_create_users,
            admin_claim=settings.oidc_admin_claim,
            admin_value=settings.oidc_admin_value,
            quota=settings.user_quota,
        )

    def is_admin(self, claims: Mapping[str, Any]) -> bool | None:
        """Whether the provider says so; None if it has no say."""
        if self.admin_value is None:
            return None
        found = claims.get(self.admin_claim)
        return self.admin_value in (found if isinstance(found, list) else [found])


class OpenIdUsers:
    """Finds or creates the users of those who have logged in at the provider."""

    def __init__(
        self,
        catalog: OpenIdCatalog,
        passwords: Passwords,
        policy: OpenIdPolicy,
        audit: AuditLog,
        clock: Callable[[], float],
    ) -> None:
        """Takes what it uses.

        Args:
            catalog: Has users and links.
            passwords: Hashes the password of a new user, which nobody knows.
            policy: What a login at the provider is worth.
            audit: Records new users, and other roles.
            clock: Seconds since the epoch.
        """
        self._catalog = catalog
        self._passwords = passwords
        self._policy = policy
        self._audit = audit
        self._clock = clock

    async def user_of(self, found: OpenIdUser, *, address: str) -> User:
        """The user here, who logs in from an address.

        Raises `OpenIdUnknownUser`, `OpenIdNameTaken`, `Overloaded`.
        """
        user = await self._catalog.user_by_identity(found.issuer, found.subject)
        if user is None:
            user = await self._created(found)
            self._record(AuditAction.USER_CREATED, user, address)
        if user.password_hash == NO_PASSWORD:
            raise OpenIdUnknownUser
        changed = await self._with_role(user, self._policy.is_admin(found.claims))
        if changed.is_admin != user.is_admin:
            self._record(AuditAction.ROLE_CHANGED, user, address, is_admin=changed.is_admin)
        return changed

    def _record(self, action: AuditAction, user: User, address: str, **details: object) -> None:
        self._audit.record(
            action,
            actor=user,
            address=address,
            subject=user.name,
            outcome=AuditOutcome.SUCCESS,
            by="OpenID provider",
            **details,
        )

    async def _created(self, found: OpenIdUser) -> User:
        # The first user is whoever has the setup code, not whoever comes first.
        if not self._policy.creates_users or not await self._catalog.search_users("", limit=1):
            raise OpenIdUnknownUser
        password_hash = await self._passwords.hash(secrets.token_urlsafe(32))
        try:
            user = await self._catalog.create_user(
                user_name_for(found), password_hash, quota=self._policy.quota
            )
        except UserExists as error:
            raise OpenIdNameTaken from error
        identity = Identity(
            issuer=found.issuer, subject=found.subject, user_id=user.id, created_at=self._clock()
        )
        try:
            await self._catalog.link_identity(identity)
        except CatalogError:
            # Else the name would be taken for ever, by a user whom nobody can be.
            await self._catalog.remove_user(user.id)
            raise
        return user

    async def _with_role(self, user: User, is_admin: bool | None) -> User:
        if is_admin is None or is_admin == user.is_admin:
            return user
        try:
            return await self._catalog.set_role(user.id, is_admin=is_admin)
        except LastAdministrator:
            log.warning("only-administrator-kept", user=user.name)
            return user


def user_name_for(found: OpenIdUser) -> str:
    """The name of a new user: at most 16 of A-Z, a-z and 0-9, the same at every attempt."""
    for claim in ("preferred_username", "nickname", "email", "name"):
        text = found.claims.get(claim)
        if isinstance(text, str):
            local_part = text.partition("@")[0]
            plain = unicodedata.normalize("NFKD", local_part)
            if name := _OTHERS.sub("", plain)[:_LONGEST_NAME]:
                return name
    digest = hashlib.sha256(f"{found.issuer}\0{found.subject}".encode()).hexdigest()
    return f"user{digest[:12]}"
