"""Whose files are, with whom they are shared, and which are public."""

import json
from dataclasses import replace

from catalog.account_port import NO_PASSWORD
from catalog.errors import FileMissing, UserMissing
from catalog.permits import Permit
from catalog.port import PlacedFile, ReleasedFiles
from catalog.records import File, Share
from catalog.sqlite.accounts import require_user
from catalog.sqlite.changes import next_change
from catalog.sqlite.database import Session
from catalog.sqlite.files import (
    changed_file,
    delete_files,
    places_of,
    require_file,
    require_files,
    shares_of,
)
from catalog.sqlite.part import SqlitePart
from catalog.sqlite.statements import sql


class SqliteOwnership(SqlitePart):
    """The part of `FileStore` on SQLite that says who may use a file."""

    async def set_owner(
        self,
        file_id: int,
        owner_id: int | None,
        *,
        delete_shares: bool = False,
        share_with: int | None = None,
        permit: Permit | None = None,
    ) -> PlacedFile:
        """Gives the file away. Raises `FileMissing`, `UserMissing`, `NotPermitted`."""
        async with self._database.writing() as session:
            await require_file(session, file_id, permit=permit)
            if owner_id is not None:
                await require_user(session, owner_id)
                await session.run(sql.remove_share, file_id=file_id, user_id=owner_id)
            if delete_shares:
                await session.run(sql.remove_shares, file_id=file_id)
            if share_with is not None and share_with != owner_id:
                await self._share(session, file_id, share_with, can_write=True)
            await session.run(sql.set_owner, file_id=file_id, owner_id=owner_id)
            return await changed_file(session, await require_file(session, file_id))

    async def release_files(
        self, user_id: int, *, heir_id: int | None, limit: int
    ) -> ReleasedFiles:
        """Gives files to the heir, or deletes them. Raises `UserMissing`."""
        async with self._database.writing() as session:
            if heir_id is not None:
                await _require_heir(session, heir_id)
            rows = await session.rows(sql.files_of_owner, owner_id=user_id, limit=limit)
            files = await require_files(session, [row["id"] for row in rows])
            if heir_id is None:
                released = await delete_files(session, files)
            else:
                released = await _given(session, files, heir_id)
            sequence = await next_change(session) if released else None
            count = await session.row(sql.count_of_owner, owner_id=user_id)
        return ReleasedFiles(
            files=tuple(released), remaining=count["total"] if count else 0, sequence=sequence
        )

    async def set_public(
        self, file_id: int, *, is_public: bool, permit: Permit | None = None
    ) -> PlacedFile:
        """Makes a file public, or not any more. Raises `FileMissing`, `NotPermitted`."""
        async with self._database.writing() as session:
            await require_file(session, file_id, permit=permit)
            await session.run(sql.set_public, file_id=file_id, is_public=is_public)
            return await changed_file(session, await require_file(session, file_id))

    async def shares_of(self, file_id: int) -> list[Share]:
        """The shares of a file by user id; none for a file that does not exist."""
        async with self._database.reading() as session:
            return list(await shares_of(session, file_id))

    async def put_share(
        self, file_id: int, user_id: int, *, can_write: bool, permit: Permit | None = None
    ) -> PlacedFile:
        """Adds or changes a share. Raises `FileMissing`, `UserMissing`, `NotPermitted`."""
        async with self._database.writing() as session:
            file = await require_file(session, file_id, permit=permit)
            await self._share(session, file_id, user_id, can_write=can_write)
            return await changed_file(session, file)

    async def remove_share(
        self, file_id: int, user_id: int, *, permit: Permit | None = None
    ) -> PlacedFile | None:
        """None when there was none. Raises `NotPermitted`."""
        async with self._database.writing() as session:
            try:
                file = await require_file(session, file_id, permit=permit)
            except FileMissing:
                return None
            if await session.row(sql.remove_share, file_id=file_id, user_id=user_id) is None:
                return None
            return await changed_file(session, file)

    async def _share(
        self, session: Session, file_id: int, user_id: int, *, can_write: bool
    ) -> None:
        await require_user(session, user_id)
        await session.run(
            sql.put_share,
            file_id=file_id,
            user_id=user_id,
            can_write=can_write,
            now=self._clock(),
        )


async def _require_heir(session: Session, user_id: int) -> None:
    heir = await require_user(session, user_id)
    if heir.password_hash == NO_PASSWORD:
        raise UserMissing(f"nobody can log in as the user {user_id}")


async def _given(session: Session, files: list[File], heir_id: int) -> list[PlacedFile]:
    ids = json.dumps([file.id for file in files])
    await session.run(sql.remove_shares_of_user, user_id=heir_id, ids=ids)
    await session.run(sql.set_owner_of_files, owner_id=heir_id, ids=ids)
    return await places_of(session, [replace(file, owner_id=heir_id) for file in files])
