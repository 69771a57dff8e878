"""Looks early whether an upload would exceed its user's quota, so that nobody sends bytes in vain.

The commit decides, within its transaction. Before it, what counts is what the user stores and what is on its
way: kept uploads, tickets and temporary references, which the catalog knows, and the other uploads that run,
here and at other managers (`manager.uploads.shared_quotas`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from catalog.errors import CatalogUnavailable, FileMissing, QuotaExceeded
from catalog.port import Catalog, FolderPath
from catalog.records import NO_QUOTA, File, UserStorage
from manager.files.upload_requests import RequestedUpload

UNLIMITED_S: Final = 30.0
"""Seconds for which a user without a quota is not looked up again."""
_MOST_UNLIMITED: Final = 10_000


CountedUpload = tuple[int, str, int]
"""The user, the upload's id and its size in bytes."""
TellUploads = Callable[[Iterable[CountedUpload], Iterable[str]], None]
"""Tells other managers of uploads that count from now on, and of those that have ended. It must not block."""


class QuotaCheck:
    """Knows the uploads that run, and what the catalog says of their users.

    Args:
        catalog: Knows what users store.
        monotonic: Seconds that never jump.
    """

    def __init__(self, catalog: Catalog, monotonic: Callable[[], float]) -> None:
        self._catalog = catalog
        self._monotonic = monotonic
        self._running: dict[int, dict[str, int]] = {}
        self._unlimited: dict[int, float] = {}
        self._tell: TellUploads = _tell_nobody
        self._told: dict[str, CountedUpload] = {}
        self._elsewhere: dict[str, dict[str, int]] = {}

    def share(self, tell: TellUploads) -> None:
        """Other managers are told of the uploads of users with quotas from now on."""
        self._tell = tell

    @property
    def told(self) -> Iterable[CountedUpload]:
        """The running uploads of which other managers have to know."""
        return self._told.values()

    def began_elsewhere(self, manager: str, upload: CountedUpload) -> None:
        """An upload runs at another manager; it comes after those that are known."""
        user_id, upload_id, size = upload
        self._elsewhere.setdefault(manager, {})[upload_id] = user_id
        self._running.setdefault(user_id, {})[upload_id] = size

    def ended_elsewhere(self, manager: str, upload_id: str) -> None:
        """An upload of another manager is over; one that is not known is no error."""
        user_id = self._elsewhere.get(manager, {}).pop(upload_id, None)
        if user_id is not None:
            self._forget(user_id, upload_id)

    def forget(self, manager: str) -> None:
        """Another manager is gone, or says anew what it runs."""
        for upload_id, user_id in self._elsewhere.pop(manager, {}).items():
            self._forget(user_id, upload_id)

    def began(self, requested: RequestedUpload) -> None:
        """An upload runs that the catalog does not count."""
        if requested.user_id is not None:
            self._running.setdefault(requested.user_id, {})[requested.upload_id] = requested.size

    def ended(self, requested: RequestedUpload) -> None:
        """The upload is over, or the catalog counts it from now on."""
        if requested.user_id is not None:
            self._forget(requested.user_id, requested.upload_id)
        if self._told.pop(requested.upload_id, None) is not None:
            self._tell((), [requested.upload_id])

    def _forget(self, user_id: int, upload_id: str) -> None:
        running = self._running.get(user_id, {})
        running.pop(upload_id, None)
        if not running:
            self._running.pop(user_id, None)

    def _count_everywhere(self, *uploads: RequestedUpload) -> None:
        """Tells other managers of those that run here and that they do not know of."""
        new: list[CountedUpload] = []
        for each in uploads:
            user_id, upload_id = each.user_id, each.upload_id
            if user_id is None or upload_id not in self._running.get(user_id, {}):
                continue
            if upload_id not in self._told:
                self._told[upload_id] = user_id, upload_id, each.size
                new.append(self._told[upload_id])
        if new:
            self._tell(new, ())

    def quota_set(self, user_id: int) -> None:
        """The user has another quota."""
        self._unlimited.pop(user_id, None)

    def size_of_running(self, user_id: int) -> tuple[int, int]:
        """Bytes and number of a user's uploads that run and that the catalog does not count."""
        running = self._running.get(user_id, {})
        return sum(running.values()), len(running)

    async def require(self, requested: RequestedUpload, folder: FolderPath) -> None:
        """Returns if the upload fits, or if that cannot be known now. Raises `QuotaExceeded`."""
        user_id = requested.user_id
        if user_id is None:
            return
        try:
            storage = await self._limited(user_id)
            if storage is None:
                return
            self._count_everywhere(requested)
            present = await self._catalog.file_at(folder, requested.name)
        except (CatalogUnavailable, FileMissing):
            return
        before = self._begun_before(requested)
        await self._require_beside(storage, requested, present, sum(before), len(before))

    async def refused(
        self, bundle: Sequence[RequestedUpload], folder_of: Callable[[RequestedUpload], FolderPath]
    ) -> Mapping[str, QuotaExceeded]:
        """Those uploads of a bundle, by id, that do not fit; none when that cannot be known now.

        What is in their places is only looked up where that decides.
        """
        user_id = bundle[0].user_id
        if user_id is None:
            return {}
        refused: dict[str, QuotaExceeded] = {}
        try:
            storage = await self._limited(user_id)
            if storage is None:
                return {}
            self._count_everywhere(*bundle)
            before = self._begun_before(bundle[0])
            size, count = sum(before), len(before)
            for requested in bundle:
                try:
                    _require(storage, size + requested.size, count + 1)
                except QuotaExceeded:
                    present = await self._catalog.file_at(folder_of(requested), requested.name)
                    try:
                        await self._require_beside(storage, requested, present, size, count)
                    except QuotaExceeded as error:
                        refused[requested.upload_id] = error
                        continue
                size, count = size + requested.size, count + 1
        except (CatalogUnavailable, FileMissing):
            return {}
        return refused

    async def require_temporary(self, user_id: int, size: int) -> None:
        """Returns if a user may have so many bytes more for a while. Raises `QuotaExceeded`."""
        storage = await self._limited(user_id)
        if storage is not None:
            size_running, number = self.size_of_running(user_id)
            _require(storage, size + size_running, 1 + number)

    async def _require_beside(
        self,
        storage: UserStorage,
        requested: RequestedUpload,
        present: File | None,
        size: int,
        count: int,
    ) -> None:
        """Returns if an upload fits beside others of that size and number. Raises `QuotaExceeded`."""
        if present is None:
            _require(storage, requested.size + size, 1 + count)
            return
        if present.owner_id != requested.user_id:
            return
        more = requested.size - present.size + size
        try:
            _require(storage, more, count)
        except QuotaExceeded:
            # Its versions give way to the content.
            versions = await self._catalog.versions_of(present.id)
            _require(storage, more - sum(version.size for version in versions), count)

    def _begun_before(self, requested: RequestedUpload) -> list[int]:
        """Sizes of the user's uploads that began before: of two that begin at once one comes first."""
        sizes = []
        for upload_id, size in self._running.get(requested.user_id or 0, {}).items():
            if upload_id == requested.upload_id:
                break
            sizes.append(size)
        return sizes

    async def _limited(self, user_id: int) -> UserStorage | None:
        """What the user stores; None for a user without a quota."""
        now = self._monotonic()
        if self._unlimited.get(user_id, now) > now:
            return None
        storage = await self._catalog.user_storage(user_id)
        if storage is not None and storage.quota != NO_QUOTA:
            return storage
        if len(self._unlimited) >= _MOST_UNLIMITED:
            self._unlimited.clear()
        self._unlimited[user_id] = now + UNLIMITED_S
        return None


def _tell_nobody(begun: Iterable[CountedUpload], ended: Iterable[str]) -> None:
    """There is one manager."""


def _require(storage: UserStorage, more_bytes: int, more_files: int) -> None:
    needed_bytes = storage.used_bytes + storage.temporary_bytes + more_bytes
    needed_files = storage.used_files + storage.temporary_files + more_files
    for resource, limit, needed, more in (
        ("bytes", storage.quota.bytes, needed_bytes, more_bytes),
        ("files", storage.quota.files, needed_files, more_files),
    ):
        if more > 0 and limit is not None and needed > limit:
            raise QuotaExceeded(resource, limit=limit, needed=needed)
