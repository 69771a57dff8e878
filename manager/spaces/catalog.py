"""The catalog where rights on folders count: what users read and write is held to them.

It stands in front of an adapter and offers the same port, so that whatever handles packets and requests
need not know of it. Queries that name a viewer answer with files that the viewer may read, and with the
viewer's right on their folders; others are not there. Writes with a permit ask for rights on folders as well,
which the database checks in the transaction that writes. Folders that a client names are looked at before
(`manager.spaces.packets`): queries about them name no viewer.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, TypeVar
from uuid import UUID

from catalog.copy_port import CopiedEntries
from catalog.errors import CatalogError, IsAFolder, NotAFolder, NotPermitted
from catalog.folder_rights import FolderRight
from catalog.joined import JoinedCatalog
from catalog.link_port import PlacedLink
from catalog.permits import Holder, Permit
from catalog.placed import PlacedFile, PlacedFolder
from catalog.port import (
    Catalog,
    ChangedFolder,
    CommittedFile,
    FolderPath,
    FoundFile,
    MadeFolders,
    MovedFile,
    OverwriteOnConflict,
    ReleasedFiles,
    Trashing,
    UploadCommit,
)
from catalog.records import File, FileOrder
from catalog.search_port import SearchHit, SearchPage, SearchPosition, SearchQuery
from catalog.space_port import Grantee
from catalog.star_port import StarPage, StarredEntry
from catalog.trash_port import FileVersion, RestoredItem, TrashKey
from manager.errors import AccessDenied
from manager.files.rights import is_visible

_Hit = TypeVar("_Hit", SearchHit, StarredEntry)

SEARCHED_PAGES: Final = 20
"""Pages of a search that are looked at, at most, until one is full of what the viewer may see."""


class PersonalCatalog(JoinedCatalog):
    """A catalog that is held to rights on folders, once they count (`enforce_rights`)."""

    def __init__(self, catalog: Catalog, rights_changed: Callable[[], None]) -> None:
        """`rights_changed`: called when a user may see something else."""
        self._behind = catalog
        self._rights_changed = rights_changed
        super().__init__(
            accounts=catalog,
            sessions=catalog,
            app_passwords=catalog,
            folders=catalog,
            positions=catalog,
            walks=catalog,
            overview=catalog,
            files=catalog,
            copies=catalog,
            objects=catalog,
            messages=catalog,
            webhooks=catalog,
            kept_uploads=catalog,
            links=catalog,
            folder_links=catalog,
            invitations=catalog,
            tickets=catalog,
            references=catalog,
            keys=catalog,
            master_keys=catalog,
            signing_keys=catalog,
            service_credentials=catalog,
            factors=catalog,
            identities=catalog,
            audit=catalog,
            quotas=catalog,
            search=catalog,
            trash=catalog,
            versions=catalog,
            groups=catalog,
            spaces=catalog,
            stars=catalog,
            views=catalog,
            jobs=catalog,
            transfer=catalog,
        )
        self.check_reads = catalog.check_reads
        self.check_writes = catalog.check_writes

    def enforce_rights(self) -> None:
        """Holds users to rights on folders from now on."""
        reads = _Reads(self._behind)
        files = _FileWrites(self._behind, self._rights_changed)
        folders = _FolderWrites(self._behind, self._rights_changed)
        self.file_at = reads.file_at
        self.file_by_id = reads.file_by_id
        self.files_in = reads.files_in
        self.list_files = reads.list_files
        self.files_after = reads.files_after
        self.recent_files = reads.recent_files
        self.search = reads.search
        self.starred = reads.starred
        self.links_of = reads.links_of
        self.commit_upload = files.commit_upload
        self.commit_uploads = files.commit_uploads
        self.check_place = files.check_place
        self.rename_file = files.rename_file
        self.move_files = files.move_files
        self.copy_files = files.copy_files
        self.copy_folder = folders.copy_folder
        self.delete_file = files.delete_file
        self.versions_of = files.versions_of
        self.restore_version = files.restore_version
        self.delete_version = files.delete_version
        self.set_owner = files.set_owner
        self.release_files = files.release_files
        self.set_public = files.set_public
        self.put_share = files.put_share
        self.remove_share = files.remove_share
        self.make_folders = folders.make_folders
        self.rename_folder = folders.rename_folder
        self.move_folder = folders.move_folder
        self.delete_folder = folders.delete_folder
        self.restore_trashed = folders.restore_trashed
        self.put_grant = folders.put_grant
        self.remove_grant = folders.remove_grant
        self.set_folder_owner = folders.set_folder_owner


class _Reads:
    """Files that a viewer may read, with the viewer's rights on their folders."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def file_at(
        self, folder: FolderPath, name: str, *, viewer_id: int | None = None
    ) -> File | None:
        file = await self._catalog.file_at(folder, name, viewer_id=viewer_id)
        return await self._one(file, viewer_id)

    async def file_by_id(self, file_id: int, *, viewer_id: int | None = None) -> File | None:
        file = await self._catalog.file_by_id(file_id, viewer_id=viewer_id)
        return await self._one(file, viewer_id)

    async def files_in(
        self, folder_id: int, names: Sequence[str], *, viewer_id: int | None = None
    ) -> list[File]:
        files = await self._catalog.files_in(folder_id, names, viewer_id=viewer_id)
        return await self._readable(files, viewer_id)

    async def list_files(
        self,
        folder_id: int,
        *,
        viewer_id: int | None,
        order: FileOrder,
        ascending: bool,
        offset: int,
        limit: int,
    ) -> list[File]:
        files = await self._catalog.list_files(
            folder_id,
            viewer_id=viewer_id,
            order=order,
            ascending=ascending,
            offset=offset,
            limit=limit,
        )
        return await self._readable(files, viewer_id)

    async def files_after(
        self, folder_id: int, *, viewer_id: int | None, after: str, limit: int
    ) -> list[File]:
        files = await self._catalog.files_after(
            folder_id, viewer_id=viewer_id, after=after, limit=limit
        )
        return await self._readable(files, viewer_id)

    async def recent_files(self, *, viewer_id: int, limit: int) -> list[FoundFile]:
        found = await self._catalog.recent_files(viewer_id=viewer_id, limit=limit)
        readable = await self._readable([each.file for each in found], viewer_id)
        by_id = {file.id: file for file in readable}
        return [replace(each, file=by_id[each.file.id]) for each in found if each.file.id in by_id]

    async def links_of(
        self, owner_id: int, *, file_id: int | None, after: UUID | None, limit: int
    ) -> list[PlacedLink]:
        """Links to files that their owner may not see any more lead to none."""
        found = await self._catalog.links_of(owner_id, file_id=file_id, after=after, limit=limit)
        names: dict[int, set[str]] = {}
        for each in found:
            if each.file is not None:
                names.setdefault(each.file.folder_id, set()).add(each.file.name)
        visible: dict[int, File] = {}
        for folder_id, wanted in names.items():
            files = await self.files_in(folder_id, sorted(wanted), viewer_id=owner_id)
            visible |= {file.id: file for file in files}
        return [_as_seen(each, visible) for each in found]

    async def search(
        self,
        query: SearchQuery,
        *,
        viewer_id: int,
        after: SearchPosition | None = None,
        limit: int,
        counts_folder_rights: bool = True,
    ) -> SearchPage:
        """A page may be shorter than the limit, or empty, and others follow all the same."""
        hits: list[SearchHit] = []
        for _ in range(SEARCHED_PAGES):
            page = await self._catalog.search(
                query,
                viewer_id=viewer_id,
                after=after,
                limit=limit - len(hits),
                counts_folder_rights=counts_folder_rights,
            )
            hits += await self._visible_hits(page.hits, viewer_id)
            after = page.next
            if after is None or len(hits) >= limit:
                break
        return SearchPage(hits=tuple(hits), next=after)

    async def starred(self, user_id: int, *, before: int | None, limit: int) -> StarPage:
        """A page may be shorter than the limit, or empty, and others follow all the same."""
        page = await self._catalog.starred(user_id, before=before, limit=limit)
        return replace(page, entries=tuple(await self._visible_hits(page.entries, user_id)))

    async def _visible_hits(self, hits: Sequence[_Hit], viewer_id: int) -> list[_Hit]:
        folders = {
            hit.entry.folder_id if isinstance(hit.entry, File) else hit.entry.id for hit in hits
        }
        rights = await self._catalog.rights_on(viewer_id, folders)
        visible: list[_Hit] = []
        for hit in hits:
            entry = hit.entry
            if isinstance(entry, File):
                entry = replace(entry, folder_right=rights.get(entry.folder_id))
                if is_visible(entry, viewer_id):
                    visible.append(replace(hit, entry=entry))
            elif entry.id in rights:
                visible.append(hit)
        return visible

    async def _one(self, file: File | None, viewer_id: int | None) -> File | None:
        if file is None:
            return None
        return next(iter(await self._readable([file], viewer_id)), None)

    async def _readable(self, files: list[File], viewer_id: int | None) -> list[File]:
        if viewer_id is None or not files:
            return files
        rights = await self._catalog.rights_on(viewer_id, {file.folder_id for file in files})
        with_rights = [replace(file, folder_right=rights.get(file.folder_id)) for file in files]
        return [file for file in with_rights if is_visible(file, viewer_id)]


class _FileWrites:
    """Changes of files, which a right on their folder allows as well."""

    def __init__(self, catalog: Catalog, rights_changed: Callable[[], None]) -> None:
        self._catalog = catalog
        self._rights_changed = rights_changed

    async def commit_upload(self, upload: UploadCommit) -> CommittedFile:
        with _without_folders():
            return await self._catalog.commit_upload(_demanding_commit(upload))

    async def check_place(self, folder: FolderPath, name: str) -> None:
        with _without_folders():
            await self._catalog.check_place(folder, name)

    async def commit_uploads(
        self, uploads: Sequence[UploadCommit]
    ) -> list[CommittedFile | CatalogError]:
        demanding = [_demanding_commit(each) for each in uploads]
        outcomes = await self._catalog.commit_uploads(demanding)
        return [
            _without_folder(each) if isinstance(each, IsAFolder | NotAFolder) else each
            for each in outcomes
        ]

    async def rename_file(
        self, file_id: int, name: str, *, permit: Permit | None = None
    ) -> PlacedFile:
        return await self._catalog.rename_file(file_id, name, permit=_writing(permit))

    async def move_files(
        self, file_ids: Sequence[int], folder_id: int, *, permit: Permit | None = None
    ) -> list[MovedFile]:
        return await self._catalog.move_files(file_ids, folder_id, permit=_writing(permit))

    async def copy_files(
        self,
        file_ids: Sequence[int],
        folder_id: int,
        *,
        owner_id: int,
        name: str | None = None,
        permit: Permit | None = None,
        target_permit: Permit | None = None,
    ) -> CopiedEntries:
        return await self._catalog.copy_files(
            file_ids,
            folder_id,
            owner_id=owner_id,
            name=name,
            permit=_demanding(permit, FolderRight.READ),
            target_permit=_writing(target_permit),
        )

    async def delete_file(
        self,
        file_id: int,
        *,
        permit: Permit | None = None,
        trashing: Trashing | None = None,
    ) -> PlacedFile | None:
        return await self._catalog.delete_file(file_id, permit=_writing(permit), trashing=trashing)

    async def versions_of(self, file_id: int, *, permit: Permit | None = None) -> list[FileVersion]:
        return await self._catalog.versions_of(file_id, permit=_demanding(permit, FolderRight.READ))

    async def restore_version(
        self, file_id: int, version_id: int, *, keep: int, permit: Permit | None = None
    ) -> PlacedFile:
        return await self._catalog.restore_version(
            file_id, version_id, keep=keep, permit=_writing(permit)
        )

    async def delete_version(
        self, file_id: int, version_id: int, *, permit: Permit | None = None
    ) -> bool:
        return await self._catalog.delete_version(file_id, version_id, permit=_writing(permit))

    async def set_owner(
        self,
        file_id: int,
        owner_id: int | None,
        *,
        delete_shares: bool = False,
        share_with: int | None = None,
        permit: Permit | None = None,
    ) -> PlacedFile:
        changed = await self._catalog.set_owner(
            file_id,
            owner_id,
            delete_shares=delete_shares,
            share_with=share_with,
            permit=_demanding(permit, None),
        )
        self._rights_changed()
        return changed

    async def release_files(
        self, user_id: int, *, heir_id: int | None, limit: int
    ) -> ReleasedFiles:
        if heir_id is not None:
            for seen in await self._catalog.visible_folders(user_id):
                if seen.is_home:
                    # The files stay where they are, and who has them from now on sees them there.
                    await self._catalog.set_folder_owner(seen.folder.id, heir_id)
                    self._rights_changed()
        return await self._catalog.release_files(user_id, heir_id=heir_id, limit=limit)

    async def set_public(
        self, file_id: int, *, is_public: bool, permit: Permit | None = None
    ) -> PlacedFile:
        changed = await self._catalog.set_public(
            file_id, is_public=is_public, permit=_managing(permit)
        )
        self._rights_changed()
        return changed

    async def put_share(
        self, file_id: int, user_id: int, *, can_write: bool, permit: Permit | None = None
    ) -> PlacedFile:
        changed = await self._catalog.put_share(
            file_id, user_id, can_write=can_write, permit=_managing(permit)
        )
        self._rights_changed()
        return changed

    async def remove_share(
        self, file_id: int, user_id: int, *, permit: Permit | None = None
    ) -> PlacedFile | None:
        changed = await self._catalog.remove_share(file_id, user_id, permit=_managing(permit))
        self._rights_changed()
        return changed


class _FolderWrites:
    """Changes of folders, and of the rights on them."""

    def __init__(self, catalog: Catalog, rights_changed: Callable[[], None]) -> None:
        self._catalog = catalog
        self._rights_changed = rights_changed

    async def make_folders(self, path: FolderPath, *, permit: Permit | None = None) -> MadeFolders:
        with _without_folders():
            return await self._catalog.make_folders(path, permit=_writing(permit))

    async def rename_folder(
        self, folder_id: int, name: str, *, permit: Permit | None = None
    ) -> ChangedFolder:
        changed = await self._catalog.rename_folder(folder_id, name, permit=_writing(permit))
        self._rights_changed()
        return changed

    async def move_folder(
        self,
        folder_id: int,
        parent_id: int,
        *,
        max_depth: int | None = None,
        permit: Permit | None = None,
    ) -> ChangedFolder:
        changed = await self._catalog.move_folder(
            folder_id, parent_id, max_depth=max_depth, permit=_writing(permit)
        )
        self._rights_changed()
        return changed

    async def copy_folder(
        self,
        folder_id: int,
        parent_id: int,
        *,
        owner_id: int,
        max_entries: int,
        name: str | None = None,
        max_depth: int | None = None,
        permit: Permit | None = None,
        target_permit: Permit | None = None,
    ) -> CopiedEntries:
        copied = await self._catalog.copy_folder(
            folder_id,
            parent_id,
            owner_id=owner_id,
            max_entries=max_entries,
            name=name,
            max_depth=max_depth,
            permit=_demanding(permit, FolderRight.READ),
            target_permit=_writing(target_permit),
        )
        self._rights_changed()
        return copied

    async def delete_folder(
        self,
        folder_id: int,
        *,
        permit: Permit | None = None,
        trashing: Trashing | None = None,
    ) -> PlacedFolder | None:
        try:
            deleted = await self._catalog.delete_folder(
                folder_id, permit=_writing(permit), trashing=trashing
            )
        except NotPermitted as error:
            raise AccessDenied("delete this folder") from error
        self._rights_changed()
        return deleted

    async def restore_trashed(
        self,
        user_id: int,
        key: TrashKey,
        *,
        max_depth: int | None = None,
        permit: Permit | None = None,
    ) -> RestoredItem:
        needed = permit or Permit(user_id)
        with _without_folders():
            return await self._catalog.restore_trashed(
                user_id, key, max_depth=max_depth, permit=_writing(needed)
            )

    async def put_grant(
        self,
        folder_id: int,
        grantee: Grantee,
        right: FolderRight,
        *,
        permit: Permit | None = None,
    ) -> None:
        await self._catalog.put_grant(folder_id, grantee, right, permit=_managing(permit))
        self._rights_changed()

    async def remove_grant(
        self, folder_id: int, grantee: Grantee, *, permit: Permit | None = None
    ) -> bool:
        had = await self._catalog.remove_grant(folder_id, grantee, permit=_managing(permit))
        self._rights_changed()
        return had

    async def set_folder_owner(
        self, folder_id: int, owner_id: int | None, *, permit: Permit | None = None
    ) -> None:
        await self._catalog.set_folder_owner(folder_id, owner_id, permit=_managing(permit))
        self._rights_changed()


@contextmanager
def _without_folders() -> Iterator[None]:
    """Raises errors about paths without the folders, which the user may not see."""
    try:
        yield
    except (IsAFolder, NotAFolder) as error:
        raise _without_folder(error) from error


def _without_folder(error: IsAFolder | NotAFolder) -> IsAFolder | NotAFolder:
    return type(error)(error.path[-1:])


def _writing(permit: Permit | None) -> Permit | None:
    return _demanding(permit, FolderRight.WRITE)


def _managing(permit: Permit | None) -> Permit | None:
    return _demanding(permit, FolderRight.MANAGE)


def _demanding(permit: Permit | None, right: FolderRight | None) -> Permit | None:
    """The permit with a right on folders; a file without an owner is nobody's to change for that alone."""
    if permit is None:
        return None
    owned = frozenset(each for each in permit.standings if each.holder is not Holder.NOBODY)
    return Permit(permit.user_id, owned, right)


def _demanding_commit(upload: UploadCommit) -> UploadCommit:
    """The commit of a user's upload, for which the user needs to write in the folder."""
    conflict = upload.on_conflict
    if isinstance(conflict, OverwriteOnConflict):
        conflict = replace(conflict, permit=_writing(conflict.permit))
    if upload.owner_id is None:
        return replace(upload, on_conflict=conflict)
    permit = Permit(upload.owner_id, folder_right=FolderRight.WRITE)
    return replace(upload, on_conflict=conflict, permit=permit)


def _as_seen(placed: PlacedLink, visible: Mapping[int, File]) -> PlacedLink:
    """A link whose owner sees these files."""
    file = None if placed.file is None else visible.get(placed.file.id)
    return replace(placed, file=file, folder=None if file is None else placed.folder)
