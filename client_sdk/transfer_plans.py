"""Which files of a folder go where, on the disk and at the manager.

What cannot be transferred is found out beforehand where that is possible, and kept with its reason.
Walking the disk follows links, but never in circles.
"""

import dataclasses
import itertools
import os
import stat
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from client_sdk.batches import FailedTransfer, PlannedTransfer, TransferredFile
from client_sdk.conflicts import OnConflict
from client_sdk.errors import CloudError, InvalidInput, SourceUnreadable, TargetUnwritable
from client_sdk.jobs import Outcome
from client_sdk.paths import clean_folder, join_remote, split_remote

_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{device}{number}" for device in ("com", "lpt") for number in "0123456789¹²³"
}
"""Names that Windows has for devices, with whatever ending."""
_NOT_ON_WINDOWS = frozenset('<>:"|?*')

Identity = tuple[int, int]


@dataclass
class UploadPlan:
    """What is to be uploaded.

    Attributes:
        files: The files.
        empty_folders: Local and remote paths of folders that hold no file.
        failures: What cannot be uploaded.
    """

    files: list[PlannedTransfer] = field(default_factory=list)
    empty_folders: list[tuple[Path, str]] = field(default_factory=list)
    failures: list[FailedTransfer] = field(default_factory=list)

    def add(self, local: Path, remote: str) -> None:
        """Add a file, or a folder with everything in it. Blocks on the disk."""
        self._add(local, remote, frozenset())

    def fail(self, local: Path, remote: str, error: CloudError) -> None:
        """Something cannot be uploaded."""
        self.failures.append(FailedTransfer(local=local, remote=remote, error=error))

    def _add(self, local: Path, remote: str, above: frozenset[Identity]) -> None:
        try:
            facts = local.stat()
            if stat.S_ISDIR(facts.st_mode):
                self._add_folder(local, remote, above, (facts.st_dev, facts.st_ino))
            elif stat.S_ISREG(facts.st_mode):
                split_remote(remote)
                planned = PlannedTransfer(local=local, remote=remote, size=facts.st_size)
                self.files.append(planned)
            else:
                raise SourceUnreadable("this is neither a file nor a folder")
        except OSError as error:
            self.fail(local, remote, SourceUnreadable(f"this cannot be read: {error.strerror}"))
        except CloudError as error:
            self.fail(local, remote, error)

    def _add_folder(
        self, local: Path, remote: str, above: frozenset[Identity], identity: Identity
    ) -> None:
        if identity in above:
            raise SourceUnreadable("this link leads back to a folder above it")
        clean_folder(remote)
        names = sorted(inside.name for inside in local.iterdir())
        if not names:
            self.empty_folders.append((local, remote))
        for name in names:
            self._add(local / name, join_remote(remote, name), above | {identity})


@dataclass
class DownloadPlan:
    """What is to be downloaded.

    Attributes:
        files: The files.
        folders: Local folders that are to be there, outer ones first.
        skipped: Files that are left alone, as something of their name is there.
        failures: What cannot be downloaded.
    """

    files: list[PlannedTransfer] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    skipped: list[TransferredFile] = field(default_factory=list)
    failures: list[FailedTransfer] = field(default_factory=list)

    def fail(self, local: Path, remote: str, error: CloudError) -> None:
        """Something cannot be downloaded."""
        self.failures.append(FailedTransfer(local=local, remote=remote, error=error))

    def settle(self, on_conflict: OnConflict, *, folds_case: bool) -> None:
        """Decide what each file is called on the disk, so that none takes the place of another.

        Args:
            on_conflict: What to do where something of its name is there. Blocks on the disk.
            folds_case: Whether the disk takes names for equal that differ in their case alone.
        """
        key = _folded if folds_case else str
        planned, self.files = self.files, []
        taken = {key(above) for file in planned for above in file.local.parents}
        taken |= {key(folder) for folder in self.folders}
        reserved = taken | {key(file.local) for file in planned}
        for file in planned:
            if key(file.local) in taken:
                error = f"{file.local} is the place of another file or folder, too"
                self.fail(file.local, file.remote, InvalidInput(error))
                continue
            taken.add(key(file.local))
            if not os.path.lexists(file.local):
                self.files.append(file)
            elif on_conflict is OnConflict.SKIP:
                self._skip(file)
            elif on_conflict is OnConflict.OVERWRITE:
                self._overwrite(file)
            else:
                local = _free_path(file.local, lambda path: key(path) in reserved)
                reserved.add(key(local))
                self.files.append(dataclasses.replace(file, local=local, is_renamed=True))

    def _skip(self, file: PlannedTransfer) -> None:
        skipped = TransferredFile(
            local=file.local, remote=file.remote, size=0, outcome=Outcome.SKIPPED
        )
        self.skipped.append(skipped)

    def _overwrite(self, file: PlannedTransfer) -> None:
        if file.local.is_dir():
            error = f"{file.local} is a folder; move it, or choose another target"
            self.fail(file.local, file.remote, TargetUnwritable(error))
        else:
            self.files.append(file)


def local_child(folder: Path, name: str) -> Path:
    """The path of a remote name in a local folder.

    Raises:
        InvalidInput: On this system the name would lead elsewhere, or mean something else.
    """
    path = folder / name
    is_usable = name != ".." and (os.name != "nt" or is_usable_on_windows(name))
    if path.parent != folder or path.name != name or not is_usable:
        raise InvalidInput(f"{name}: this name cannot be used on this system")
    return path


def is_usable_on_windows(name: str) -> bool:
    """Whether a remote name means a file of that name on Windows, rather than a device or a stream."""
    device = name.partition(".")[0].rstrip().lower()
    return device not in _DEVICES and not _NOT_ON_WINDOWS.intersection(name)


def folds_case(folder: Path) -> bool:
    """Whether the disk of a folder takes names for equal that differ in their case alone.

    It is assumed not to where the name of the folder does not tell. Blocks on the disk.
    """
    # The name of `.` is that of the folder it stands for; the root of a disk has none.
    parent, name = os.path.split(os.path.abspath(folder))  # noqa: PTH100 - no link is to be followed
    try:
        return name != name.swapcase() and Path(parent, name.swapcase()).samefile(folder)
    except OSError:
        return False


def _folded(path: PurePath) -> str:
    return unicodedata.normalize("NFC", str(path)).casefold()


def _free_path(path: Path, is_reserved: Callable[[Path], bool]) -> Path:
    numbered = (path.with_name(f"{path.stem} ({n}){path.suffix}") for n in itertools.count(1))
    return next(each for each in numbered if not is_reserved(each) and not os.path.lexists(each))
