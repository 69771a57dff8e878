"""Identities at OpenID providers."""

from catalog.identity_port import Identity
from catalog.records import User
from catalog.rows import identity_of, user_of
from catalog.supabase.client import SupabasePart


class SupabaseIdentities(SupabasePart):
    """`IdentityStore` on Supabase."""

    async def user_by_identity(self, issuer: str, subject: str) -> User | None:
        """The user to whom the identity is linked."""
        row = await self._functions.read("user_by_identity", issuer=issuer, subject=subject)
        return None if row is None else user_of(row)

    async def link_identity(self, identity: Identity) -> None:
        """Links an identity. Raises `UserMissing`, `IdentityTaken`."""
        await self._functions.write(
            "link_identity",
            issuer=identity.issuer,
            subject=identity.subject,
            user_id=identity.user_id,
            created_at=identity.created_at,
        )

    async def identities_of(self, user_id: int) -> list[Identity]:
        """The identities of a user, by issuer, then by subject."""
        rows = await self._functions.read("identities_of", user_id=user_id)
        return [identity_of(row) for row in rows]

    async def unlink_identity(self, issuer: str, subject: str) -> bool:
        """Deletes the link. False when there was none."""
        is_unlinked: bool = await self._change("unlink_identity", issuer=issuer, subject=subject)
        return is_unlinked
