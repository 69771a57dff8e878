"""Identities at OpenID providers."""

from catalog.errors import IdentityTaken
from catalog.identity_port import Identity
from catalog.records import User
from catalog.rows import identity_of, user_of
from catalog.sqlite.accounts import require_user
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, read, write
from catalog.sqlite.statements import sql


class SqliteIdentities(SqlitePart):
    """`IdentityStore` on SQLite."""

    @read
    def user_by_identity(self, session: Session, issuer: str, subject: str) -> User | None:
        """The user to whom the identity is linked."""
        row = session.row(sql.user_by_identity, issuer=issuer, subject=subject)
        return user_of(row) if row else None

    @write
    def link_identity(self, session: Session, identity: Identity) -> None:
        """Links an identity. Raises `UserMissing`, `IdentityTaken`."""
        require_user(session, identity.user_id)
        session.run(
            sql.insert_identity,
            issuer=identity.issuer,
            subject=identity.subject,
            user_id=identity.user_id,
            created_at=identity.created_at,
        )
        row = session.row(sql.user_by_identity, issuer=identity.issuer, subject=identity.subject)
        if row is None or row["id"] != identity.user_id:
            raise IdentityTaken("this identity is linked to another user")

    @read
    def identities_of(self, session: Session, user_id: int) -> list[Identity]:
        """The identities of a user, by issuer, then by subject."""
        rows = session.rows(sql.identities_of, user_id=user_id)
        return [identity_of(row) for row in rows]

    @write
    def unlink_identity(self, session: Session, issuer: str, subject: str) -> bool:
        """Deletes the link. False when there was none."""
        row = session.row(sql.delete_identity, issuer=issuer, subject=subject)
        return row is not None
