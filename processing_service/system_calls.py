"""The system calls that a worker may make: a seccomp filter.

The list holds what decoding, and programs such as FFmpeg that a view of one's own may run, need: memory,
files, threads, child processes, clocks. It has no sockets, and nothing that reaches into other processes,
changes namespaces, mounts, keys or the kernel. What is not listed fails with ENOSYS, for which libraries
have a way without it, or with EPERM where they would take ENOSYS for a defect.

Landlock governs which files are opened, created and removed, but not what changes the attributes of a
file, so that those calls are refused here.

Sources: seccomp(2), landlock(7), and the default profile of Docker, which explains most of the arguments.
"""

import errno
import os
from collections.abc import Callable
from functools import partial
from typing import Final

from seccompy import Action, ArgCmp, CmpOp, Filter

_MEMORY: Final = (
    "brk madvise memfd_create mincore mlock mlock2 mmap mprotect mremap msync munlock munmap "
    "pkey_alloc pkey_free pkey_mprotect get_mempolicy membarrier"
)
_FILES: Final = (
    "access chdir close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64 "
    "fallocate fchdir fcntl fdatasync fgetxattr flistxattr flock fstat fstatfs fsync ftruncate getcwd "
    "getdents getdents64 getxattr ioctl lgetxattr listxattr llistxattr lseek lstat mkdir "
    "mkdirat newfstatat open openat pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read "
    "readahead readlink readlinkat readv rename renameat renameat2 rmdir sendfile stat statfs "
    "statx sync_file_range umask unlink unlinkat write writev"
)
_WAITING: Final = (
    "epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 futex "
    "futex_requeue futex_wait futex_waitv futex_wake get_robust_list nanosleep pause poll ppoll pselect6 "
    "restart_syscall rseq sched_yield select set_robust_list"
)
_PROCESSES: Final = (
    "arch_prctl execve execveat exit exit_group fork getcpu getegid geteuid getgid getgroups getpgid "
    "getpgrp getpid getppid getpriority getresgid getresuid getrlimit getrusage getsid gettid getuid kill "
    "prctl sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam "
    "sched_getscheduler set_thread_area set_tid_address setrlimit sysinfo tgkill tkill uname vfork wait4 "
    "waitid"
)
_SIGNALS_AND_TIME: Final = (
    "alarm clock_getres clock_gettime clock_nanosleep getitimer getrandom gettimeofday rt_sigaction "
    "rt_sigpending rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigtimedwait setitimer sigaltstack signalfd "
    "signalfd4 time timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create "
    "timerfd_gettime timerfd_settime times"
)
_REFUSED: Final = (
    "accept accept4 bind chmod chown connect fchmod fchmodat fchmodat2 fchown fchownat fremovexattr "
    "fsetxattr futimesat lchown link linkat listen lremovexattr lsetxattr mknod mknodat mount "
    "pidfd_getfd pidfd_open pidfd_send_signal process_vm_readv process_vm_writev ptrace removexattr "
    "rt_sigqueueinfo rt_tgsigqueueinfo setns setpgid setsid setxattr socket socketpair symlink "
    "symlinkat truncate umount2 unshare utime utimensat utimes"
)
"""Fail with EPERM. Without `setsid` and `setpgid` no process leaves the group that is killed at the end."""
_NAMESPACE_FLAGS: Final = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET (sched.h)."""
_TRUNCATING: Final = os.O_TRUNC | os.O_ACCMODE
_OPEN_FLAGS: Final = {"open": 1, "openat": 2}
"""The index of the argument with the flags. `openat2` has them in memory, where no filter sees them."""
_OF_THIS_PROCESS: Final = {
    "prlimit64": {0: 0},
    "sched_setaffinity": {0: 0},
    "setpriority": {0: os.PRIO_PROCESS, 1: 0},
}
"""Calls that may only name the caller, as 0: others of the same user could be stopped with them."""


def system_call_filter() -> Filter:
    """Make the filter. It is for one load in each process that is forked from this one.

    Raises:
        UnsupportedError: this processor or system is not supported.
    """
    rules = Filter(default=int(Action.ERRNO) | errno.ENOSYS)
    for name, index in _OPEN_FLAGS.items():
        # Before its third version Landlock lets this empty a file that may only be read.
        truncating = ArgCmp(index, CmpOp.MASKED_EQ, os.O_TRUNC | os.O_RDONLY, _TRUNCATING)
        _add(partial(rules.errno, error=errno.EPERM, args=[truncating]), name)
    for names in (_MEMORY, _FILES, _WAITING, _PROCESSES, _SIGNALS_AND_TIME):
        for name in names.split():
            _add(rules.allow, name)
    for name, args in _OF_THIS_PROCESS.items():
        rules.allow(name, args=args)
    # `clone3` has its flags in memory; without it libraries use `clone`.
    rules.allow("clone", args=[ArgCmp(0, CmpOp.MASKED_EQ, 0, _NAMESPACE_FLAGS)])
    for name in (*_REFUSED.split(), *_OF_THIS_PROCESS, "clone"):
        _add(partial(rules.errno, error=errno.EPERM), name)
    return rules


def _add(rule: Callable[[str], None], name: str) -> None:
    try:
        rule(name)
    except ValueError:
        return  # this processor has no such call
