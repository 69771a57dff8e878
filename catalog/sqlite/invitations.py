"""Invitations to register."""

import json
from uuid import UUID

from catalog.errors import GroupMissing, InvitationMissing, TooManyInvitations, UserExists
from catalog.invitation_port import MAX_INVITATIONS, Invitation
from catalog.records import User
from catalog.rows import invitation_of, user_of
from catalog.sqlite.accounts import insert_user, made_before, require_user
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, read, write
from catalog.sqlite.statements import sql
from common.wording import counted


class SqliteInvitations(SqlitePart):
    """`InvitationStore` on SQLite."""

    @write
    def create_invitation(self, session: Session, invitation: Invitation) -> None:
        """Adds an invitation. Raises `UserMissing`, `GroupMissing`, `TooManyInvitations`."""
        if session.row(sql.invitation_by_id, id=invitation.id.bytes) is not None:
            return
        require_user(session, invitation.created_by)
        group_ids = json.dumps(invitation.group_ids)
        there = session.row(sql.groups_there, group_ids=group_ids)
        if there is None or there["total"] < len(set(invitation.group_ids)):
            raise GroupMissing("one of the groups is not there")
        self._require_room(session)
        session.run(
            sql.insert_invitation,
            id=invitation.id.bytes,
            token_hash=invitation.token_hash,
            created_by=invitation.created_by,
            label=invitation.label,
            quota_bytes=invitation.quota.bytes,
            quota_files=invitation.quota.files,
            group_ids=group_ids,
            max_uses=invitation.max_uses,
            uses=invitation.uses,
            created_at=invitation.created_at,
            expires_at=invitation.expires_at,
            revoked_at=invitation.revoked_at,
        )

    def _require_room(self, session: Session) -> None:
        if _number(session) < MAX_INVITATIONS:
            return
        session.run(sql.delete_ended_invitations, now=self._clock())
        if _number(session) >= MAX_INVITATIONS:
            raise TooManyInvitations(
                f"there are {counted(MAX_INVITATIONS, 'invitation')}, and no more may be: revoke some"
            )

    @read
    def list_invitations(self, session: Session) -> list[Invitation]:
        """All invitations, the newest first."""
        return [invitation_of(row) for row in session.rows(sql.list_invitations)]

    @write
    def revoke_invitation(
        self, session: Session, invitation_id: UUID, *, at: float
    ) -> Invitation | None:
        """Ends an invitation; None for a missing one."""
        row = session.row(sql.revoke_invitation, id=invitation_id.bytes, at=at)
        return invitation_of(row) if row else None

    @read
    def invitation_by_hash(self, session: Session, token_hash: bytes) -> Invitation | None:
        """The invitation whose token has that hash, if it is in force."""
        row = session.row(sql.invitation_in_force, token_hash=token_hash, now=self._clock())
        return invitation_of(row) if row else None

    @write
    def create_invited_user(
        self, session: Session, token_hash: bytes, name: str, password_hash: str
    ) -> User:
        """Makes a user as the invitation says. Raises `InvitationMissing`, `UserExists`."""
        before = made_before(session, name, password_hash, is_admin=False)
        if before is not None:
            return user_of(before)
        now = self._clock()
        row = session.row(sql.invitation_in_force, token_hash=token_hash, now=now)
        if row is None:
            raise InvitationMissing("nobody can register by this invitation")
        invitation = invitation_of(row)
        user = insert_user(
            session, name, password_hash, is_admin=False, quota=invitation.quota, now=now
        )
        if user is None:
            raise UserExists(f"the user name {name!r} is taken")
        session.run(sql.use_invitation, id=invitation.id.bytes)
        session.run(sql.join_groups, user_id=user.id, group_ids=json.dumps(invitation.group_ids))
        return user


def _number(session: Session) -> int:
    row = session.row(sql.count_invitations)
    return row["total"] if row else 0
