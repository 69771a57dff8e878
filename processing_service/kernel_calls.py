"""Calls of the Linux kernel that neither Python 3.11 nor a library of ours offers.

On other systems there is no sandbox; those without a result do nothing there.
"""

import ctypes
import errno
import os
import sys
from typing import Final

_CLONE_NEWIPC: Final = 0x08000000
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_PR_SET_DUMPABLE: Final = 4
_PR_SET_CHILD_SUBREAPER: Final = 36
_CAPABILITY_VERSION: Final = 0x20080522
"""Of `capset`: two sets of 32 capabilities each."""

_CHANGE_USERS: Final = 1 << 0 | 1 << 6 | 1 << 7
"""CAP_CHOWN, CAP_SETGID and CAP_SETUID."""

_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def unshare_network(*, with_user: bool) -> None:
    """Enter a namespace that has no network, and one for System V's communication between processes.

    Args:
        with_user: whether a user namespace is entered as well, without which only root may do this.

    Raises:
        OSError: the kernel, or who runs it, does not allow that.
    """
    flags = _CLONE_NEWNET | _CLONE_NEWIPC
    _call("unshare", flags | _CLONE_NEWUSER if with_user else flags)


def hide_memory() -> None:
    """Keep other processes of the same user from this one's memory and environment (`PR_SET_DUMPABLE`)."""
    _call_on_linux("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of what a child leaves behind when it ends (`PR_SET_CHILD_SUBREAPER`)."""
    _call_on_linux("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def drop_capabilities() -> None:
    """Give up all capabilities."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    none = (ctypes.c_uint32 * 6)()
    _call_on_linux("capset", header, none)


def may_change_users() -> bool:
    """Whether this process may give files to another user and become that user."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()
    _call_on_linux("capget", header, sets)
    return sets[0] & _CHANGE_USERS == _CHANGE_USERS


def _call_on_linux(name: str, *arguments: object) -> None:
    if sys.platform == "linux":
        _call(name, *arguments)


def _call(name: str, *arguments: object) -> None:
    function = getattr(_LIBC, name, None)
    if function is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
