"""Which files of the disk go where."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from client_sdk import Client
from client_sdk.batches import UploadPlan
from client_sdk.errors import InvalidInput, NotFound
from client_sdk.paths import clean_folder, join_remote, split_remote


@dataclass(frozen=True)
class Destination:
    """Where uploads go.

    Attributes:
        path: Full path of the folder that they go into, or of the file that the only one becomes.
        is_folder: Which of the two it is.
    """

    path: str
    is_folder: bool = True

    def path_of(self, name: str) -> str:
        """The full path of a source of that name."""
        return join_remote(self.path, name) if self.is_folder else self.path


def check_destination(path: str) -> None:
    """Raises `InvalidInput` for what can be neither the path of a folder nor that of a file."""
    if path.endswith("/"):
        clean_folder(path)
    else:
        split_remote(path)


async def find_destination(cloud: Client, sources: Sequence[Path], path: str) -> Destination:
    """What a path means for these sources.

    A folder that exists, or a slash at the end, means into the folder. A single file may take the place of
    a file, or be a new one in a folder that exists. Other folders are made.

    Raises:
        InvalidInput: It is no path, or that of a file where only a folder will do.
        NotFound: The folder of the new file does not exist.
    """
    is_lone_file = len(sources) == 1 and await asyncio.to_thread(sources[0].is_file)
    if is_lone_file and not path.endswith("/"):
        return await _named_or_into(cloud, path)
    folder = clean_folder(path)
    if folder != "/" and await cloud.is_file(folder):
        what = "several sources need" if len(sources) > 1 else "this needs"
        raise InvalidInput(f"{folder} is a file: {what} a folder")
    return Destination(folder)


async def _named_or_into(cloud: Client, path: str) -> Destination:
    parent, _ = split_remote(path)
    if await cloud.is_file(path):
        return Destination(path, is_folder=False)
    if await cloud.exists(path):
        return Destination(path)
    if not await cloud.is_folder(parent):
        raise NotFound(
            f"{path}: there is no folder {parent}; make it with `discord-cloud mkdir`, or write "
            f"{path}/ for a new folder"
        )
    return Destination(path, is_folder=False)


def plan_uploads(sources: Iterable[Path], destination: Destination) -> UploadPlan:
    """Plan the upload of files and folders.

    `holiday` becomes `destination/holiday/…`, with or without a slash at its end.
    """
    plan = UploadPlan()
    for source in sources:
        name = source.name if source.name not in {"", ".."} else source.resolve().name
        if name:
            plan.add(source, destination.path_of(name))
        else:
            error = InvalidInput("this folder has no name: name the folders inside it")
            plan.fail(source, destination.path, error)
    return plan
