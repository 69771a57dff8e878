"""App passwords: passwords of programs, which may do less than their users, and are revoked one by one."""

from collections.abc import Callable, Iterable
from uuid import UUID, uuid4

from catalog.errors import (
    AppPasswordNameTaken,
    FolderMissing,
    TooManyAppPasswords,
    UserMissing,
)
from catalog.login_port import AppPasswordStore
from catalog.port import FolderPath, FolderStore
from catalog.records import ROOT_FOLDER_ID, AppPassword
from common.secret_texts import hash_of_secret, new_secret_text
from manager.accounts.sessions import TOUCH_INTERVAL_S, UseNotes
from manager.errors import AppPasswordRefused, InvalidToken, NoSuchAppPassword, NoSuchFolder
from manager.scopes import Login

PREFIX = "dca_"
"""What the text of an app password begins with."""
APP_PASSWORDS_PER_USER = 100
MAX_NAME_LENGTH = 64


class AppPasswords:
    """The app passwords of all users."""

    def __init__(
        self,
        catalog: AppPasswordStore,
        folders: FolderStore,
        notes: UseNotes,
        clock: Callable[[], float],
        *,
        on_end: Callable[[Iterable[UUID]], None],
    ) -> None:
        """Takes what it uses.

        Args:
            catalog: Stores them.
            folders: Finds the folders that they are confined to.
            notes: Notes when one was used last.
            clock: Seconds since the epoch.
            on_end: Called with the id of one that was revoked here, before the caller goes on.
        """
        self._catalog = catalog
        self._folders = folders
        self._notes = notes
        self._clock = clock
        self._on_end = on_end

    async def create(
        self,
        user_id: int,
        name: str,
        *,
        is_read_only: bool,
        folder: FolderPath | None,
        expires_at: float | None,
    ) -> tuple[AppPassword, str]:
        """A new app password and its text, of which only a hash is stored.

        Args:
            user_id: Whose it is.
            name: The user's name for it.
            is_read_only: Whether it changes nothing.
            folder: The folder that it is confined to; None, or the root: none.
            expires_at: In seconds since the epoch; None: never.

        Raises `AppPasswordRefused`, `NoSuchFolder`, `InvalidToken` if the user is gone.
        """
        if not 1 <= len(name) <= MAX_NAME_LENGTH or not name.isprintable() or name != name.strip():
            raise AppPasswordRefused(
                f"name: must be 1 to {MAX_NAME_LENGTH} printable characters, no blanks around them"
            )
        now = self._clock()
        if expires_at is not None and expires_at <= now:
            raise AppPasswordRefused("expires_at: must be in the future")
        text = new_secret_text(PREFIX)
        folder_id = await self._folder_id(folder)
        app_password = AppPassword(
            id=uuid4(),
            user_id=user_id,
            name=name,
            secret_hash=hash_of_secret(text),
            is_read_only=is_read_only,
            folder_id=folder_id,
            folder=None if folder_id is None else folder,
            created_at=now,
            expires_at=expires_at,
        )
        try:
            await self._catalog.add_app_password(app_password, limit=APP_PASSWORDS_PER_USER)
        except AppPasswordNameTaken as error:
            raise AppPasswordRefused(
                "name: you have an app password of this name: choose another, or revoke that one"
            ) from error
        except TooManyAppPasswords as error:
            raise AppPasswordRefused(f"{error}: revoke one that is not used") from error
        except FolderMissing as error:
            raise NoSuchFolder from error
        except UserMissing as error:
            raise InvalidToken from error
        return app_password, text

    async def _folder_id(self, path: FolderPath | None) -> int | None:
        folder = None if path is None else await self._folders.folder_at(path)
        if folder is None:
            if path is not None:
                raise NoSuchFolder
            return None
        return None if folder.id == ROOT_FOLDER_ID else folder.id

    async def authenticate(self, text: str) -> Login:
        """The user of an app password that has not ended. Raises `InvalidToken`."""
        found = await self._catalog.app_password_login(hash_of_secret(text))
        if found is None:
            raise InvalidToken("this app password is not valid (any more): make another one")
        app_password, now = found.app_password, self._clock()
        if app_password.last_used_at is None or now - app_password.last_used_at >= TOUCH_INTERVAL_S:
            self._notes.note(
                app_password.id,
                lambda: self._catalog.touch_app_password(app_password.id, used_at=now),
            )
        return Login.by_app_password(found.user, app_password)

    async def of(self, user_id: int) -> list[AppPassword]:
        """A user's app passwords by name."""
        return await self._catalog.app_passwords_of(user_id)

    async def revoke(self, app_password_id: UUID, *, user_id: int) -> None:
        """Revokes one of that user. Raises `NoSuchAppPassword`."""
        if not await self._catalog.remove_app_password(app_password_id, user_id=user_id):
            raise NoSuchAppPassword
        self._on_end([app_password_id])

    async def revoke_all_of(self, user_id: int) -> None:
        """Revokes all of a user, of whom nothing needs to be known."""
        for each in await self._catalog.app_passwords_of(user_id):
            await self._catalog.remove_app_password(each.id, user_id=user_id)
            self._on_end([each.id])


def is_app_password(text: str) -> bool:
    """Whether a text looks like an app password."""
    return text.startswith(PREFIX)
