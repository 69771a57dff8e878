"""Files in folders that others may write to, such as /tmp.

A user who may write to a folder can put a link, or a file of their own, where a file is about to be
written: the bytes would go into another file, or into one that others read and change. So a new
file is made exclusively, and a file that is there is used only if it is the user's own, has no
second name, and was not reached by a link. Links on the way to a target are followed, but none
that another user has put into a folder like /tmp, as Linux does it (`fs.protected_symlinks` in
proc_sys_fs(5)). In such a folder the sticky bit keeps others from exchanging what was checked.
"""

import errno
import os
import stat
from collections import deque
from pathlib import Path

from client_sdk.errors import TargetUnwritable

_NOT_THROUGH_LINKS = os.O_CLOEXEC | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0)
_LED_THROUGH_LINKS = {errno.ELOOP, errno.EMLINK}
"""What O_NOFOLLOW says of a link, on Linux and on BSD."""
_MAX_LINKS = 40


def opened(path: Path, mode: int) -> int:
    """A descriptor of the user's own file, to read and write; it is made when it is missing.

    Args:
        path: Where the file is.
        mode: Permissions of a new file, before the umask; one that is there keeps no more than these.

    Raises:
        TargetUnwritable: What is there is not the user's own file.
        OSError: It cannot be opened.
    """
    while True:
        try:
            return _created(path, mode)
        except FileExistsError:
            pass
        try:
            descriptor = _existing(path, os.O_RDWR)
        except FileNotFoundError:
            continue
        _restrict(descriptor, mode)
        return descriptor


def read(path: Path) -> bytes:
    """The content of the user's own file. Raises as `opened`, and `FileNotFoundError`."""
    with os.fdopen(_existing(path, os.O_RDONLY), "rb") as file:
        return file.read()


def write(path: Path, content: bytes) -> None:
    """Replaces whatever is there by a file that only the user may read. Raises `OSError`."""
    path.unlink(missing_ok=True)
    with os.fdopen(_created(path, 0o600), "wb") as file:
        file.write(content)


def is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is the one at the path, and not one that a link there leads to."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def is_own(facts: os.stat_result) -> bool:
    """Whether it belongs to the user."""
    return facts.st_uid == os.geteuid()


def followed(path: Path) -> Path:
    """The path without links. What is missing on it stays as it is.

    Raises:
        TargetUnwritable: It leads through a link of another user in a folder like /tmp.
        OSError: It leads through too many links, or one of its folders cannot be entered.
    """
    absolute = Path.cwd() / path
    reached = Path(absolute.anchor)
    ahead = deque(absolute.parts[1:])
    links = 0
    while ahead:
        step = ahead.popleft()
        reached = reached.parent if step == ".." else reached / step
        if not reached.is_symlink():
            continue
        links += 1
        if links > _MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        _require_trusted(reached)
        aim = reached.parent / reached.readlink()
        reached = Path(aim.anchor)
        ahead.extendleft(reversed(aim.parts[1:]))
    return reached


def _created(path: Path, mode: int) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NOT_THROUGH_LINKS, mode)


def _existing(path: Path, access: int) -> int:
    # Before and after: not every system can be told to open no link.
    if path.is_symlink():
        raise _foreign(path)
    try:
        descriptor = os.open(path, access | _NOT_THROUGH_LINKS)
    except OSError as error:
        if error.errno in _LED_THROUGH_LINKS:
            raise _foreign(path) from error
        raise
    try:
        _require_own(descriptor, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _restrict(descriptor: int, mode: int) -> None:
    present = stat.S_IMODE(os.fstat(descriptor).st_mode)
    # Some file systems refuse every change, so one that changes nothing is not asked for.
    if present & ~mode:
        os.fchmod(descriptor, present & mode)


def _require_own(descriptor: int, path: Path) -> None:
    facts = os.fstat(descriptor)
    is_plain = stat.S_ISREG(facts.st_mode) and facts.st_nlink <= 1
    # Where nobody else may write it does not matter, and some file systems know no owners.
    is_safe = is_own(facts) or not _is_shared(path.parent)
    if not (is_plain and is_safe) or path.is_symlink():
        raise _foreign(path)


def _is_shared(folder: Path) -> bool:
    return bool(folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def is_planted(link: os.stat_result, folder: os.stat_result) -> bool:
    """Whether another user has put a link into a folder like /tmp."""
    is_like_tmp = bool(folder.st_mode & stat.S_ISVTX and folder.st_mode & stat.S_IWOTH)
    return is_like_tmp and not is_own(link) and link.st_uid != folder.st_uid


def _require_trusted(link: Path) -> None:
    if is_planted(link.lstat(), link.parent.stat()):
        raise TargetUnwritable(
            f"{link} is a link that another user has put there; choose another target"
        )


def _foreign(path: Path) -> TargetUnwritable:
    return TargetUnwritable(
        f"{path} is not a file of yours: somebody may have put it there. Remove it, or choose "
        "another target"
    )
