"""What a login may do: all that its user may, or with an app password less. No I/O."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from catalog.port import FolderPath
from catalog.records import AppPassword, LoginSession, User
from manager.errors import LoginNeeded, OutsideScope, ReadOnlyScope
from manager.space_views import WHOLE_TREE, SpaceView


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderScope:
    """A folder, and where it was when this was looked at."""

    id: int
    path: FolderPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a login is confined to.

    Attributes:
        is_read_only: whether it changes nothing.
        folder: the folder outside of which it sees and does nothing; None: there is none.
    """

    is_read_only: bool = False
    folder: FolderScope | None = None

    def covers(self, path: FolderPath) -> bool:
        """Whether a folder is inside: the folder of the scope itself, or any below."""
        return self.folder is None or path[: len(self.folder.path)] == self.folder.path

    def covers_entry(self, path: FolderPath) -> bool:
        """Whether a folder lies in one that is inside, so that it may be renamed, moved or deleted."""
        return self.folder is None or (len(path) > len(self.folder.path) and self.covers(path))

    def require_change(self) -> None:
        """Returns unless it is read-only. Raises `ReadOnlyScope`."""
        if self.is_read_only:
            raise ReadOnlyScope

    def require_inside(self, path: FolderPath) -> None:
        """Returns if the folder is inside. Raises `OutsideScope`."""
        if not self.covers(path):
            raise OutsideScope

    def require_entry(self, path: FolderPath) -> None:
        """Returns if the folder lies in one that is inside. Raises `OutsideScope`."""
        if not self.covers_entry(path):
            raise OutsideScope

    def moved(self, before: FolderPath, after: FolderPath) -> "Scope":
        """The scope after a folder was moved; another one if that is its folder, or one above."""
        folder = self.folder
        if folder is None or folder.path[: len(before)] != before:
            return self
        path = after + folder.path[len(before) :]
        return replace(self, folder=FolderScope(id=folder.id, path=path))


FULL_SCOPE = Scope()
"""Confined to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A user, and by what the user is known.

    Attributes:
        user: as in the catalog when this was looked at.
        session_id: the login session; None for an app password, and for a token of an earlier release.
        app_password_id: the app password; None for a token.
        scope: what it is confined to.
        view: what the user sees of the catalog, and where.
    """

    user: User
    session_id: UUID | None = None
    app_password_id: UUID | None = None
    scope: Scope = field(default=FULL_SCOPE)
    view: SpaceView = field(default=WHOLE_TREE)

    @classmethod
    def by_session(cls, user: User, session: LoginSession) -> "Login":
        """With the token of a session."""
        return cls(user=user, session_id=session.id)

    @classmethod
    def by_app_password(cls, user: User, app_password: AppPassword) -> "Login":
        """With an app password."""
        return cls(user=user, app_password_id=app_password.id, scope=scope_of(app_password))

    def placed(self, path: FolderPath) -> FolderPath:
        """Where in the catalog a folder is that the user names. Raises `OutsideScope`."""
        place = self.view.placed(path)
        self.scope.require_inside(place)
        return place

    def placed_file(self, path: FolderPath, name: str) -> tuple[FolderPath, str]:
        """Folder and name in the catalog of a file that the user names. Raises `OutsideScope`."""
        place, file_name = self.view.placed_file(path, name)
        self.scope.require_inside(place)
        return place, file_name

    def shown(self, place: FolderPath) -> FolderPath | None:
        """The path at which the user sees a folder; None when it is hidden, or outside of the scope."""
        return self.view.shown(place) if self.scope.covers(place) else None

    def shown_entry(self, place: FolderPath) -> FolderPath | None:
        """The path of a folder that lies in one that the user sees; None for others."""
        if not self.scope.covers_entry(place) or self.view.shown(place[:-1]) is None:
            return None
        return self.view.shown(place)

    def require_account(self) -> User:
        """The user, whose account may be managed. Raises `LoginNeeded` for an app password."""
        if self.app_password_id is not None:
            raise LoginNeeded
        return self.user


def scope_of(app_password: AppPassword) -> Scope:
    """What an app password is confined to."""
    folder = None
    if app_password.folder_id is not None:
        # It is missing only for a folder that was deleted just now: then nothing is inside.
        folder = FolderScope(id=app_password.folder_id, path=app_password.folder or ("",))
    return Scope(is_read_only=app_password.is_read_only, folder=folder)
