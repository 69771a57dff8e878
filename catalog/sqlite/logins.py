"""Logins and app passwords."""

import sqlite3
from collections.abc import Collection
from uuid import UUID

from catalog.account_port import NO_PASSWORD
from catalog.errors import AppPasswordNameTaken, TooManyAppPasswords
from catalog.login_port import AppPasswordLogin, SessionLogin
from catalog.records import AppPassword, LoginSession, User
from catalog.rows import app_password_of, session_of, user_of, uuid_of
from catalog.sqlite.accounts import require_user
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, read, snapshot, write
from catalog.sqlite.folders import find_path, require_folder
from catalog.sqlite.statements import sql
from common.wording import counted


class SqliteSessions(SqlitePart):
    """`SessionStore` on SQLite."""

    @write
    def add_session(self, writing: Session, session: LoginSession, *, limit: int) -> list[UUID]:
        """Adds a login, and answers which had to go for it. Raises `UserMissing`."""
        require_user(writing, session.user_id)
        if writing.row(sql.session_by_id, session_id=session.id.bytes):
            return []
        ended = writing.rows(
            sql.make_room_for_session,
            user_id=session.user_id,
            now=self._clock(),
            room=limit - 1,
        )
        writing.run(sql.insert_session, **_session_parameters(session))
        return [uuid_of(row["id"]) for row in ended]

    @read
    def session_login(self, session: Session, session_id: UUID) -> SessionLogin | None:
        """The session and its user, unless it has ended."""
        return self._login(session, session_id)

    def _login(self, session: Session, session_id: UUID) -> SessionLogin | None:
        row = session.row(sql.session_login, session_id=session_id.bytes, now=self._clock())
        return None if row is None else SessionLogin(user=_user_of(row), session=session_of(row))

    @read
    def sessions_of(self, session: Session, user_id: int) -> list[LoginSession]:
        """A user's sessions, those seen last first."""
        rows = session.rows(sql.sessions_of, user_id=user_id, now=self._clock())
        return [session_of(row) for row in rows]

    @write
    def renew_session(
        self, session: Session, session_id: UUID, *, generation: int, leeway_s: float
    ) -> SessionLogin | None:
        """Raises the generation; ends the session if this one was used before."""
        now = self._clock()
        login = self._login(session, session_id)
        if login is None:
            return None
        known = login.session
        if known.generation == generation:
            session.run(sql.raise_generation, session_id=session_id.bytes, now=now)
            return self._login(session, session_id)
        if known.generation == generation + 1 and now < known.renewed_at + leeway_s:
            return login
        session.run(sql.delete_session, session_id=session_id.bytes, user_id=None)
        return None

    @write
    def carry_session(
        self, session: Session, session_id: UUID, *, from_epoch: int, to_epoch: int
    ) -> None:
        """The session outlives a change of password."""
        session.run(
            sql.carry_session,
            session_id=session_id.bytes,
            from_epoch=from_epoch,
            to_epoch=to_epoch,
        )

    @write
    def touch_session(
        self, session: Session, session_id: UUID, *, address: str, seen_at: float
    ) -> None:
        """Notes a use of the session."""
        session.run(
            sql.touch_session, session_id=session_id.bytes, address=address, seen_at=seen_at
        )

    @write
    def end_session(self, session: Session, session_id: UUID, *, user_id: int) -> bool:
        """Deletes a session of that user. False when there was none."""
        row = session.row(sql.delete_session, session_id=session_id.bytes, user_id=user_id)
        return row is not None

    @write
    def end_sessions_of(self, session: Session, user_id: int, *, keep: UUID | None) -> list[UUID]:
        """Deletes all sessions of a user but one, and answers which."""
        rows = session.rows(
            sql.delete_sessions_of, user_id=user_id, keep=None if keep is None else keep.bytes
        )
        return [uuid_of(row["id"]) for row in rows]

    @read
    def live_sessions(self, session: Session, session_ids: Collection[UUID]) -> set[UUID]:
        """Those of these sessions that have not ended."""
        now = self._clock()
        return {
            session_id
            for session_id in session_ids
            if session.row(sql.is_live_session, session_id=session_id.bytes, now=now)
        }

    @write
    def drop_ended_sessions(self, session: Session, *, limit: int) -> int:
        """Deletes some expired sessions. Answers how many."""
        rows = session.rows(sql.delete_expired_sessions, now=self._clock(), limit=limit)
        return len(rows)


class SqliteAppPasswords(SqlitePart):
    """`AppPasswordStore` on SQLite."""

    @write
    def add_app_password(self, session: Session, app_password: AppPassword, *, limit: int) -> None:
        """Adds an app password.

        Raises `UserMissing`, `FolderMissing`, `AppPasswordNameTaken`, `TooManyAppPasswords`.
        """
        require_user(session, app_password.user_id)
        if app_password.folder_id is not None:
            require_folder(session, app_password.folder_id)
        if session.row(sql.app_password_by_id, app_password_id=app_password.id.bytes):
            return
        rows = session.rows(sql.app_password_names, user_id=app_password.user_id)
        if app_password.name in {row["name"] for row in rows}:
            raise AppPasswordNameTaken("there is an app password of this name")
        if len(rows) >= limit:
            raise TooManyAppPasswords(f"a user has {counted(limit, 'app password')} at most")
        session.run(sql.insert_app_password, **_app_password_parameters(app_password))

    @snapshot
    def app_password_login(self, session: Session, secret_hash: bytes) -> AppPasswordLogin | None:
        """The app password with that hash and its user, unless it has ended."""
        row = session.row(
            sql.app_password_login,
            secret_hash=secret_hash,
            now=self._clock(),
            no_password=NO_PASSWORD,
        )
        if row is None:
            return None
        return AppPasswordLogin(user=_user_of(row), app_password=_placed_app_password(session, row))

    @snapshot
    def app_passwords_of(self, session: Session, user_id: int) -> list[AppPassword]:
        """A user's app passwords by name."""
        rows = session.rows(sql.app_passwords_of, user_id=user_id)
        return [_placed_app_password(session, row) for row in rows]

    @write
    def touch_app_password(
        self, session: Session, app_password_id: UUID, *, used_at: float
    ) -> None:
        """Notes a use."""
        session.run(sql.touch_app_password, app_password_id=app_password_id.bytes, used_at=used_at)

    @write
    def remove_app_password(self, session: Session, app_password_id: UUID, *, user_id: int) -> bool:
        """Deletes an app password of that user. False when there was none."""
        row = session.row(
            sql.delete_app_password, app_password_id=app_password_id.bytes, user_id=user_id
        )
        return row is not None

    @snapshot
    def live_app_passwords(
        self, session: Session, app_password_ids: Collection[UUID]
    ) -> list[AppPassword]:
        """Those of these app passwords that have not ended."""
        now, live = self._clock(), []
        for each in app_password_ids:
            row = session.row(
                sql.live_app_password,
                app_password_id=each.bytes,
                now=now,
                no_password=NO_PASSWORD,
            )
            if row is not None:
                live.append(_placed_app_password(session, row))
        return live


def _placed_app_password(session: Session, row: sqlite3.Row) -> AppPassword:
    folder_id = row["folder_id"]
    return app_password_of(row, None if folder_id is None else find_path(session, folder_id))


def _user_of(row: sqlite3.Row) -> User:
    prefix = "user_"
    user = {name.removeprefix(prefix): row[name] for name in row.keys() if name.startswith(prefix)}  # noqa: SIM118 - a row iterates over its values
    return user_of({**user, "id": row["user_id"]})


def _session_parameters(session: LoginSession) -> dict[str, object]:
    return {
        "id": session.id.bytes,
        "user_id": session.user_id,
        "epoch": session.epoch,
        "device": session.device,
        "address": session.address,
        "created_at": session.created_at,
        "last_seen_at": session.last_seen_at,
        "expires_at": session.expires_at,
        "generation": session.generation,
        "renewed_at": session.renewed_at,
    }


def _app_password_parameters(app_password: AppPassword) -> dict[str, object]:
    return {
        "id": app_password.id.bytes,
        "user_id": app_password.user_id,
        "name": app_password.name,
        "secret_hash": app_password.secret_hash,
        "is_read_only": app_password.is_read_only,
        "folder_id": app_password.folder_id,
        "created_at": app_password.created_at,
        "last_used_at": app_password.last_used_at,
        "expires_at": app_password.expires_at,
    }
