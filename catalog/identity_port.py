"""The part of the port for identities at OpenID providers, with the promises of `catalog.port`."""

from dataclasses import dataclass
from typing import Protocol

from catalog.records import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a user is at an OpenID provider.

    Attributes:
        issuer: URL of the provider.
        subject: what the provider calls the user by, for ever.
        user_id: whose it is here.
        created_at: when it was linked.
    """

    issuer: str
    subject: str
    user_id: int
    created_at: float


class IdentityStore(Protocol):
    """Identities at OpenID providers, which go with their user."""

    async def user_by_identity(self, issuer: str, subject: str) -> User | None:
        """The user to whom the identity is linked."""

    async def link_identity(self, identity: Identity) -> None:
        """Links an identity. No change if it is linked to the same user.

        Raises `UserMissing`, `IdentityTaken` when it is linked to another user.
        """

    async def identities_of(self, user_id: int) -> list[Identity]:
        """The identities of a user, by issuer, then by subject."""

    async def unlink_identity(self, issuer: str, subject: str) -> bool:
        """Deletes the link. False when there was none."""
