"""The homes of users, the common space, and what each user sees."""

from collections.abc import Callable, Sequence
from typing import Final

import structlog

from catalog.errors import CatalogError, FolderMissing
from catalog.port import Catalog, FolderPath
from catalog.records import ROOT_FOLDER_ID, User
from catalog.space_port import EVERYBODY, VisibleFolder
from manager.files.rights import is_visible
from manager.space_views import (
    COMMON_NAME,
    SHARED_NAME,
    WHOLE_TREE,
    PersonalView,
    SpacesMode,
    SpaceView,
)

log = structlog.get_logger(__name__)

COMMON_FOLDER: Final = "Common space"
"""The common space in the catalog. No home is called so."""
MOST_OUTLYING_FILES: Final = 1000
"""Single files that a user is shown in `Shared`: those whose content changed last."""


class CatalogHasNoSpaces(CatalogError):
    """The catalog was used as one tree for all: its folders would belong to nobody."""

    code = "catalog-has-no-spaces"

    def __init__(self) -> None:
        super().__init__(
            "this catalog is one tree for all users, and SPACES is personal: run "
            "`discord-cloud spaces personal` once, which gives its folders to who owns what is in them"
        )


def home_folder(user: User) -> str:
    """The name of a user's home in the catalog: ids are never given to another user."""
    return f"{user.name} {user.id}"


class Spaces:
    """What each user sees of a catalog.

    Without a setting the catalog decides: it is personal if it has a common space. A catalog that nobody has
    used yet is undecided until the first user is made.
    """

    def __init__(self, catalog: Catalog, setting: SpacesMode | None) -> None:
        """`setting`: what the operator has chosen; None: what the catalog was set up for."""
        self._catalog = catalog
        self._mode = setting
        self._when_personal: list[Callable[[], None]] = []

    @property
    def mode(self) -> SpacesMode:
        """What users see; as long as nothing is decided, there is none who sees anything."""
        return self._mode or SpacesMode.COMMON

    @property
    def is_undecided(self) -> bool:
        """Whether that is chosen together with the first user."""
        return self._mode is None

    @property
    def is_personal(self) -> bool:
        """Whether users have homes, and rights on folders count."""
        return self._mode is SpacesMode.PERSONAL

    async def start(self) -> None:
        """Makes the common space where users have homes. Raises `CatalogHasNoSpaces`."""
        if self.is_undecided:
            await self._read_decision()
        if not self.is_personal:
            return
        if await self._catalog.folder_at((COMMON_FOLDER,)) is None and await self._is_used():
            raise CatalogHasNoSpaces
        await make_common_space(self._catalog)

    async def choose(self, mode: SpacesMode) -> None:
        """Decides for a catalog that nobody has used. What is decided already stays."""
        if self.is_undecided:
            await self._read_decision()
        if not self.is_undecided:
            return
        if mode is SpacesMode.PERSONAL:
            await make_common_space(self._catalog)
        self._decide(mode)

    def when_personal(self, call: Callable[[], None]) -> None:
        """Calls once users have homes: at once, or when that is decided."""
        if self.is_personal:
            call()
        else:
            self._when_personal.append(call)

    async def _read_decision(self) -> None:
        if await self._has_common_space():
            self._decide(SpacesMode.PERSONAL)
        elif await self._is_used() or await self._catalog.search_users("", limit=1):
            self._decide(SpacesMode.COMMON)

    async def _has_common_space(self) -> bool:
        folder = await self._catalog.folder_at((COMMON_FOLDER,))
        if folder is None:
            return False
        # In one tree for all anybody may make a folder of that name, and nobody can share it.
        sharing = await self._catalog.folder_sharing(folder.id)
        return any(grant.grantee == EVERYBODY for grant in sharing.grants)

    async def _is_used(self) -> bool:
        counts = await self._catalog.counts(ROOT_FOLDER_ID)
        return bool(counts.files or counts.subfolders)

    def _decide(self, mode: SpacesMode) -> None:
        self._mode = mode
        if mode is SpacesMode.PERSONAL:
            for call in self._when_personal:
                call()

    async def view_of(self, user: User) -> SpaceView:
        """What the user sees; a user without a home gets one."""
        if self.is_undecided:
            # Another manager of this catalog has made the first user.
            await self._read_decision()
        if not self.is_personal:
            return WHOLE_TREE
        visible = await self._catalog.visible_folders(user.id)
        home = _home_in(visible)
        if home is None:
            await make_home(self._catalog, user)
            visible = await self._catalog.visible_folders(user.id)
            home = _home_in(visible)
            if home is None:
                raise FolderMissing(f"the user {user.id} has no home")
        entries = await self._catalog.subfolders_in(home.folder.id, (COMMON_NAME, SHARED_NAME))
        ids = {entry.name: entry.id for entry in entries}
        outlying = await self._catalog.outlying_files(user.id, limit=MOST_OUTLYING_FILES)
        return PersonalView.of(
            visible,
            [each for each in outlying if is_visible(each.file, user.id)],
            home=home,
            common_entry_id=ids.get(COMMON_NAME, -1),
            shared_entry_id=ids.get(SHARED_NAME, -1),
        )


async def make_home(catalog: Catalog, user: User) -> None:
    """Makes the home of a user; one that is there is no error."""
    home: FolderPath = (home_folder(user),)
    made = await catalog.make_folders(home)
    for name in (COMMON_NAME, SHARED_NAME):
        await catalog.make_folders((*home, name))
    await catalog.set_space(made.folder.id, user.id)


async def make_common_space(catalog: Catalog) -> None:
    """Makes the common space; one that is there is no error."""
    made = await catalog.make_folders((COMMON_FOLDER,))
    await catalog.set_space(made.folder.id, None)


def _home_in(visible: Sequence[VisibleFolder]) -> VisibleFolder | None:
    return next((seen for seen in visible if seen.is_home), None)
