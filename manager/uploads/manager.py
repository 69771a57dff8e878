"""Starts and resumes uploads, and knows those of every client."""

from collections.abc import Callable, Sequence
from uuid import uuid4

from common.tasks import BackgroundTasks
from manager.connections.clients import ClientSession
from manager.files.changes import ChangeFeed
from manager.files.upload_requests import RequestedUpload
from manager.services.registry import UploadSlot, UploadSlotRegistry
from manager.uploads.bundle import RunningBundle
from manager.uploads.bundle_files import RequestedFile
from manager.uploads.committing import FileCommitter, ObjectWriter
from manager.uploads.kept import KeptUploadRegistry, Resumption
from manager.uploads.session import ClientUploads, RunningUpload
from protocol.packet import Packet


class UploadManager:
    """Starts uploads, and knows those of every client."""

    def __init__(
        self,
        objects: ObjectWriter,
        committer: FileCommitter,
        slots: UploadSlotRegistry,
        changes: ChangeFeed,
        kept: KeptUploadRegistry,
        tasks: BackgroundTasks,
        wake_reaper: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        """`clock`: seconds since the Unix epoch."""
        self._clock = clock
        self._objects = objects
        self._committer = committer
        self._kept = kept
        self._slots = slots
        self._changes = changes
        self._tasks = tasks
        self._wake_reaper = wake_reaper
        self._clients: dict[str, ClientUploads] = {}
        self._kept_running: dict[str, RunningUpload] = {}

    def client_joined(self, client: ClientSession) -> None:
        """A client has connected."""
        self._clients[client.id] = ClientUploads(client)

    def client_left(self, client: ClientSession) -> None:
        """A client has disconnected: its uploads end, as far as they still can."""
        for upload in tuple(self._clients.pop(client.id).running.values()):
            upload.client_left()

    def of(self, client: ClientSession) -> ClientUploads:
        """The uploads of a client; none of one that has disconnected while its packet was handled."""
        return self._clients.get(client.id, ClientUploads(client))

    def start(
        self,
        client: ClientSession,
        slot: UploadSlot,
        requested: RequestedUpload,
        *,
        reply: Callable[[Packet], None],
    ) -> None:
        """Starts an upload on a slot; `reply` answers the request once the service has accepted it."""
        self._start(client, slot, requested, None, reply)

    def start_bundle(
        self,
        client: ClientSession,
        slot: UploadSlot,
        files: Sequence[RequestedFile],
        *,
        reply: Callable[[Packet], None],
    ) -> None:
        """Starts a bundle on a slot; `reply` answers the request once the service has accepted it."""
        siblings = self._clients.get(client.id)
        if siblings is None:
            self._slots.upload_ended(slot)
            return
        bundle = RunningBundle(
            str(uuid4()),
            files,
            siblings,
            slot,
            reply=reply,
            objects=self._objects,
            committer=self._committer,
            slots=self._slots,
            changes=self._changes,
            tasks=self._tasks,
            wake_reaper=self._wake_reaper,
            began_at=self._clock(),
        )
        bundle.start()

    def resume(
        self,
        client: ClientSession,
        slot: UploadSlot | None,
        resumption: Resumption,
        *,
        reply: Callable[[Packet], None],
    ) -> None:
        """Goes on with a claimed upload on a slot, or without one when nothing is missing.

        `reply` answers the request once the service has accepted the upload.
        """
        kept = resumption.kept
        requested = RequestedUpload(
            upload_id=str(kept.object_id),
            client=client.id,
            user_id=kept.owner_id,
            folder=resumption.destination.whole_path,
            name=kept.name,
            size=kept.size,
            is_public=kept.is_public,
            do_overwrite=kept.do_overwrite,
            chunk_size=kept.chunk_size,
            chunk_count=kept.chunk_count,
        )
        self._start(client, slot, requested, resumption, reply)

    def _start(
        self,
        client: ClientSession,
        slot: UploadSlot | None,
        requested: RequestedUpload,
        resumption: Resumption | None,
        reply: Callable[[Packet], None],
    ) -> None:
        siblings = self._clients.get(client.id)
        if siblings is None:
            # It has disconnected while the slot was taken for it.
            if slot is not None:
                self._slots.upload_ended(slot)
            return
        upload = RunningUpload(
            requested,
            siblings,
            slot,
            resumption,
            reply=reply,
            objects=self._objects,
            committer=self._committer,
            kept_uploads=self._kept,
            running=self._kept_running,
            slots=self._slots,
            changes=self._changes,
            tasks=self._tasks,
            wake_reaper=self._wake_reaper,
        )
        upload.start()

    def kept_upload(self, upload_id: str) -> RunningUpload | None:
        """The kept upload of that id, if it runs here, for whatever client."""
        return self._kept_running.get(upload_id)
