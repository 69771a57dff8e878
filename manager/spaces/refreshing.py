"""Keeps what connected clients see up to date when rights change, and sends them what came and what went."""

from collections.abc import Iterator
from dataclasses import replace

import structlog

from catalog.errors import CatalogError
from catalog.records import Folder
from catalog.space_port import OutlyingFile
from common.tasks import BackgroundTasks
from manager.broadcast.hub import Hub
from manager.connections.clients import ClientSession
from manager.error_texts import log_level
from manager.files.conversion import file_handle, folder_handle, ownership
from manager.space_views import SHARED_NAME, PersonalView, SpaceView
from manager.spaces.spaces import Spaces
from protocol import s2c
from protocol.packet import Packet
from protocol.values import format_path

log = structlog.get_logger(__name__)


class ViewRefresher:
    """Reads again what clients see. Requests that come while it does are answered by one more time."""

    def __init__(self, spaces: Spaces, hub: Hub, tasks: BackgroundTasks) -> None:
        self._spaces = spaces
        self._hub = hub
        self._tasks = tasks
        self._is_running = False
        self._is_due = False

    def rights_changed(self) -> None:
        """Somebody may see something else from now on."""
        self._is_due = True
        if not self._is_running:
            self._is_running = True
            self._tasks.spawn(self._refresh(), "refresh what clients see")

    async def _refresh(self) -> None:
        try:
            while self._is_due:
                self._is_due = False
                await self._refresh_all()
        except CatalogError as error:
            # Every packet of a client reads it again.
            log.log(log_level(error), "views-not-refreshed", code=error.code)
        finally:
            self._is_running = False

    async def _refresh_all(self) -> None:
        by_user: dict[int, list[ClientSession]] = {}
        for client in self._hub:
            by_user.setdefault(client.user.id, []).append(client)
        for clients in by_user.values():
            view = await self._spaces.view_of(clients[0].user)
            if self._is_due:
                # It may be older than what clients see, who have followed a folder that has moved meanwhile.
                return
            for client in clients:
                show(client, view)


def show(client: ClientSession, view: SpaceView) -> None:
    """Gives a client another view, and sends it what has come to `Shared` and what has gone from there."""
    before = client.login.view
    client.login = replace(client.login, view=view)
    if not isinstance(before, PersonalView) or not isinstance(view, PersonalView):
        return
    if client.login.scope.folder is not None:
        return
    with_times = client.receives_times
    for packet in _differences(before, view, client.user.id, with_times=with_times):
        client.connection.send(packet)


def _differences(
    before: PersonalView, after: PersonalView, user_id: int, *, with_times: bool
) -> Iterator[Packet]:
    gone, arrived = _without(before, after), _without(after, before)
    for name, seen in gone.folders.items():
        yield _folder_packet("delete", name, seen.folder, before.shared_entry_id)
    for name, outlying in gone.files.items():
        yield _file_packet("delete", name, outlying, user_id, with_times=with_times)
    for name, seen in arrived.folders.items():
        yield _folder_packet("add", name, seen.folder, after.shared_entry_id)
    for name, outlying in arrived.files.items():
        yield _file_packet("add", name, outlying, user_id, with_times=with_times)


def _without(view: PersonalView, other: PersonalView) -> PersonalView:
    """The view with what another one does not show under the same name."""
    folders = {(name, seen.folder.id) for name, seen in other.folders.items()}
    files = {(name, seen.file.id) for name, seen in other.files.items()}
    return replace(
        view,
        folders={
            name: seen
            for name, seen in view.folders.items()
            if (name, seen.folder.id) not in folders
        },
        files={
            name: seen for name, seen in view.files.items() if (name, seen.file.id) not in files
        },
    )


def _folder_packet(
    action: s2c.FolderAction, name: str, folder: Folder, shared_entry_id: int
) -> Packet:
    shown = replace(folder, name=name, parent_id=shared_entry_id)
    return s2c.FolderModify(
        path=format_path((SHARED_NAME, name)), handle=folder_handle(shown), action=action
    )


def _file_packet(
    action: s2c.FileAction, name: str, outlying: OutlyingFile, user_id: int, *, with_times: bool
) -> Packet:
    file = replace(outlying.file, name=name)
    handle = file_handle(file, ownership(file, user_id, file.share), with_times=with_times)
    return s2c.FileModify(path=format_path((SHARED_NAME,)), action=action, handle=handle)
