"""The routes of the trash, and of earlier contents of files."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from catalog.errors import (
    NotAFolder,
    NotPermitted,
    TooDeep,
    TrashMissing,
    VersionMissing,
)
from catalog.port import Catalog, FolderPath
from catalog.trash_port import FileVersion, RestoredItem, TrashedItem, TrashKey
from common.addresses import ClientAddresses
from common.http_answers import success
from manager.accounts.accounts import Accounts
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.errors import AccessDenied, NoSuchVersion, NotInTrash, NotRestored
from manager.files.changes import ChangeFeed
from manager.files.conversion import timestamp
from manager.files.lookup import file_by_id, translated_file_errors
from manager.files.rights import FileOperation, permit_for
from manager.files.trash import TrashPolicy
from manager.http.parameters import converted, json_object, optional_id
from manager.scopes import Login
from protocol.values import MAX_PATH_NAMES, MAX_SAFE_INTEGER, format_path

PAGE_SIZE: Final = 100
MOST_ITEMS: Final = 1000
"""Items that one request restores or deletes."""
BATCH: Final = 1000
"""Files that one transaction deletes for good."""
BATCHES_AT_ONCE: Final = 5
"""Transactions within the request that empties the trash; the reaper does the rest."""

_FILE: Final = r"/versions/{file_id:\d{1,15}}"
_VERSION: Final = _FILE + r"/{version_id:\d{1,15}}"
_Id = Annotated[int, Meta(ge=1, le=MAX_SAFE_INTEGER)]


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something in the trash, by the id that it had before."""

    kind: Literal["file", "folder"]
    id: _Id

    @property
    def key(self) -> TrashKey:
        """As the catalog names it."""
        return TrashKey(file_id=self.id) if self.kind == "file" else TrashKey(folder_id=self.id)


class Items(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body that names some of them."""

    items: Annotated[tuple[Item, ...], Meta(min_length=1, max_length=MOST_ITEMS)]


@contextmanager
def translated_version_errors() -> Iterator[None]:
    """Translates the catalog's errors about earlier contents. Raises `NoSuchVersion`, and those of files."""
    try:
        with translated_file_errors(FileOperation.OVERWRITE):
            yield
    except VersionMissing as error:
        raise NoSuchVersion from error


class TrashRoutes:
    """`/account/trash` and `/versions`."""

    def __init__(
        self,
        accounts: Accounts,
        catalog: Catalog,
        changes: ChangeFeed,
        audit: AuditLog,
        addresses: ClientAddresses,
        wake_reaper: Callable[[], None],
        policy: TrashPolicy,
    ) -> None:
        """Takes what it uses.

        Args:
            accounts: Identifies users.
            catalog: Has the trash.
            changes: Broadcasts what comes out of it.
            audit: Records that.
            addresses: Tells where a request comes from.
            wake_reaper: Has garbage collected now.
            policy: How many versions are kept.
        """
        self._accounts = accounts
        self._catalog = catalog
        self._changes = changes
        self._audit = audit
        self._addresses = addresses
        self._wake_reaper = wake_reaper
        self._policy = policy

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.get("/account/trash", self.show, allow_head=False),
            web.post("/account/trash/restore", self.restore),
            web.post("/account/trash/delete", self.delete),
            web.post("/account/trash/empty", self.empty),
            web.get(_FILE, self.versions, allow_head=False),
            web.post(rf"{_VERSION}/restore", self.restore_version),
            web.delete(_VERSION, self.delete_version),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """A page of what the user sees in the trash, and how much of it counts as the user's."""
        login = await self._login(request, changes=False)
        user_id = login.user.id
        before = optional_id(request, "before")
        items = await self._catalog.trash_of(user_id, before=before, limit=PAGE_SIZE)
        totals = await self._catalog.trash_totals(user_id)
        return success(
            items=[_described(item, login) for item in items],
            next=items[-1].id if len(items) == PAGE_SIZE else None,
            bytes=totals.bytes,
            files=totals.files,
            kept_s=self._policy.keep_s,
        )

    async def restore(self, request: web.Request) -> web.Response:
        """Puts items back where they were, each for itself."""
        login = await self._login(request)
        asked = converted(await json_object(request), Items)
        restored, refused = [], []
        for item in asked.items:
            try:
                placed = await self._restore(login, item)
            except (NotInTrash, NotRestored) as error:
                refused.append(
                    {"kind": item.kind, "id": item.id, "code": error.code, "message": str(error)}
                )
                continue
            folder, name = _place_of(placed)
            shown = format_path(login.shown(folder) or ())
            restored.append({"kind": item.kind, "id": item.id, "path": shown, "name": name})
            self._record(request, login, AuditAction.TRASH_RESTORED, format_path((*folder, name)))
        return success(restored=restored, refused=refused)

    async def _restore(self, login: Login, item: Item) -> RestoredItem:
        try:
            with self._changes.expecting():
                restored = await self._catalog.restore_trashed(
                    login.user.id, item.key, max_depth=MAX_PATH_NAMES
                )
                self._changes.restored(restored)
        except TrashMissing as error:
            raise NotInTrash from error
        except (NotPermitted, AccessDenied) as error:
            raise NotRestored("you may not change the folder that it was in") from error
        except NotAFolder as error:
            raise NotRestored(f"{error}: rename that file first") from error
        except TooDeep as error:
            raise NotRestored(
                f"its folder lies too deep by now: a path has {MAX_PATH_NAMES} names at most"
            ) from error
        return restored

    async def delete(self, request: web.Request) -> web.Response:
        """Deletes items for good; of what holds files of others too, the user's own."""
        login = await self._login(request)
        asked = converted(await json_object(request), Items)
        await self._discard(login, [item.key for item in asked.items])
        self._record(request, login, AuditAction.TRASH_EMPTIED, None)
        return success()

    async def empty(self, request: web.Request) -> web.Response:
        """Deletes all that the user sees in the trash for good."""
        login = await self._login(request)
        await self._discard(login, None)
        self._record(request, login, AuditAction.TRASH_EMPTIED, None)
        return success()

    async def _discard(self, login: Login, keys: list[TrashKey] | None) -> None:
        try:
            while await self._catalog.discard_trashed(login.user.id, keys, limit=BATCH):
                pass
            for _ in range(BATCHES_AT_ONCE):
                if not await self._catalog.collect_trash(limit=BATCH):
                    break
        finally:
            self._wake_reaper()

    async def versions(self, request: web.Request) -> web.Response:
        """The earlier contents of a file that the user may change."""
        login, file_id = await self._file_of(request)
        with translated_version_errors():
            versions = await self._catalog.versions_of(
                file_id, permit=permit_for(login.user, FileOperation.OVERWRITE)
            )
        return success(versions=[_version(each) for each in versions])

    async def restore_version(self, request: web.Request) -> web.Response:
        """Makes an earlier content of a file its content again."""
        login, file_id = await self._file_of(request)
        login.scope.require_change()
        with translated_version_errors(), self._changes.expecting():
            placed = await self._catalog.restore_version(
                file_id,
                int(request.match_info["version_id"]),
                keep=self._policy.versions,
                permit=permit_for(login.user, FileOperation.OVERWRITE),
            )
            self._changes.file_changed("modify", placed)
        subject = format_path((*placed.folder, placed.file.name))
        self._record(request, login, AuditAction.VERSION_RESTORED, subject)
        self._wake_reaper()
        return success()

    async def delete_version(self, request: web.Request) -> web.Response:
        """Deletes an earlier content of a file."""
        login, file_id = await self._file_of(request)
        login.scope.require_change()
        with translated_version_errors():
            was_there = await self._catalog.delete_version(
                file_id,
                int(request.match_info["version_id"]),
                permit=permit_for(login.user, FileOperation.OVERWRITE),
            )
        if not was_there:
            raise NoSuchVersion
        self._wake_reaper()
        return success()

    async def _login(self, request: web.Request, *, changes: bool = True) -> Login:
        """A login that is confined to no folder: the trash is in none."""
        login = await self._accounts.login_of(request)
        if changes:
            login.scope.require_change()
        login.scope.require_inside(())
        return login

    async def _file_of(self, request: web.Request) -> tuple[Login, int]:
        """The login, and the id of the file, which the user may change."""
        login = await self._accounts.login_of(request)
        file = await file_by_id(
            self._catalog,
            login.user,
            int(request.match_info["file_id"]),
            FileOperation.OVERWRITE,
        )
        with translated_file_errors(FileOperation.OVERWRITE):
            login.scope.require_inside(await self._catalog.folder_path(file.folder_id))
        return login, file.id

    def _record(
        self,
        request: web.Request,
        login: Login,
        action: AuditAction,
        subject: str | None,
    ) -> None:
        self._audit.record(
            action,
            actor=login.user,
            address=self._addresses.of_request(request),
            subject=subject,
        )


def _place_of(restored: RestoredItem) -> tuple[FolderPath, str]:
    """The folder in which something stands that was restored, and its name."""
    if restored.file is not None:
        return restored.file.folder, restored.file.file.name
    if restored.placed_folder is not None:
        return restored.placed_folder.path[:-1], restored.placed_folder.folder.name
    raise AssertionError("something was restored")


def _described(item: TrashedItem, login: Login) -> dict[str, Any]:
    is_file = item.key.folder_id is None
    return {
        "kind": "file" if is_file else "folder",
        "id": item.key.file_id if is_file else item.key.folder_id,
        "name": item.name,
        "path": format_path(login.shown(item.folder) or ()),
        "size": item.size,
        "files": item.files,
        "type": item.mime_type,
        "deleted_by": item.deleted_by,
        "deleted_at": timestamp(item.deleted_at),
        "expires_at": timestamp(item.expires_at),
    }


def _version(version: FileVersion) -> dict[str, Any]:
    return {
        "id": version.id,
        "size": version.size,
        "type": version.mime_type,
        "stored_at": timestamp(version.stored_at),
        "replaced_at": timestamp(version.replaced_at),
    }
