"""Looks early whether users may put files where uploads want them, so that nobody sends bytes in vain.

The commit decides, within its transaction, since rights may change before it. Where there is one tree for all
nothing is looked at, and where the view of a user says that the user may write, the catalog is not asked.
"""

from collections.abc import Mapping, Sequence

from catalog.folder_rights import FolderRight
from catalog.port import Catalog
from catalog.records import Folder
from manager.connections.clients import ClientSession
from manager.files.rights import FileOperation, access_to
from manager.files.upload_requests import FolderPath
from manager.uploads.effects import Rejection, Retry
from manager.uploads.state_machine import Upload
from manager.uploads.transitions import MAY_NOT_ADD, MAY_NOT_OVERWRITE

CODE = "not-permitted"
_NOT_ADDED = Rejection(CODE, MAY_NOT_ADD, Retry.NEVER)
_NOT_OVERWRITTEN = Rejection(CODE, MAY_NOT_OVERWRITE, Retry.NEVER)


class PermissionCheck:
    """Asks what users may do with the folders of uploads."""

    def __init__(self, catalog: Catalog) -> None:
        """`catalog`: as users see it."""
        self._catalog = catalog

    async def refusal(self, client: ClientSession, upload: Upload) -> Rejection | None:
        """Why the commit of an upload would be refused now; None: it would not. Raises `CatalogError`."""
        return (await self.refused(client, [upload])).get(upload.requested.upload_id)

    async def refused(
        self, client: ClientSession, uploads: Sequence[Upload]
    ) -> Mapping[str, Rejection]:
        """Those uploads, by id, whose commit would be refused now, and why. Raises `CatalogError`."""
        by_folder: dict[FolderPath, list[Upload]] = {}
        view = client.login.view
        if view.is_personal:
            for upload in uploads:
                path = upload.destination.path
                if (view.right_on(path) or 0) < FolderRight.WRITE:
                    by_folder.setdefault(path, []).append(upload)
        return await self._refused_in(client.user.id, by_folder) if by_folder else {}

    async def _refused_in(
        self, user_id: int, by_folder: Mapping[FolderPath, Sequence[Upload]]
    ) -> dict[str, Rejection]:
        """The view says less than the catalog where a grant further down adds to the right."""
        found: dict[FolderPath, Folder | None] = {}
        nearest = {path: await self._nearest(path, found) for path in by_folder}
        ids = {folder.id for folder in nearest.values() if folder is not None}
        rights = await self._catalog.rights_on(user_id, ids)
        refused: dict[str, Rejection] = {}
        for path, uploads in by_folder.items():
            folder = nearest[path]
            if folder is None or rights.get(folder.id, 0) < FolderRight.WRITE:
                refused |= await self._refused_of(user_id, found[path], uploads)
        return refused

    async def _nearest(
        self, path: FolderPath, found: dict[FolderPath, Folder | None]
    ) -> Folder | None:
        """The folder at the path, or the nearest one above, whose rights it would have."""
        for length in range(len(path), 0, -1):
            above = path[:length]
            if above not in found:
                found[above] = await self._catalog.folder_at(above)
            if found[above] is not None:
                return found[above]
        return None

    async def _refused_of(
        self, user_id: int, folder: Folder | None, uploads: Sequence[Upload]
    ) -> dict[str, Rejection]:
        """Uploads into a folder in which the user may not write, but for those that may replace a file."""
        may_overwrite: dict[str, bool] = {}
        if folder is not None:
            names = [upload.requested.name for upload in uploads]
            for file in await self._catalog.files_in(folder.id, names, viewer_id=user_id):
                access = access_to(file, user_id)
                may_overwrite[file.name] = access.allows(FileOperation.OVERWRITE)
        refused: dict[str, Rejection] = {}
        for upload in uploads:
            requested = upload.requested
            if not may_overwrite.get(requested.name, False):
                replaces = requested.do_overwrite and requested.name in may_overwrite
                refused[requested.upload_id] = _NOT_OVERWRITTEN if replaces else _NOT_ADDED
        return refused
