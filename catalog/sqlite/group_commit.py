"""Write transactions that share a commit.

Making a commit durable takes a write to the disk, however small it is, and nearly all of the time that a
small transaction takes. So the operations that come while a commit runs are put into the next transaction
together. Each has a savepoint of its own: one that fails is rolled back alone, and the others do not notice.
None of them is answered before the commit that they share is durable.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

from catalog.errors import CatalogUnavailable
from catalog.sqlite.connections import Connections, Session, long_cache
from common.tasks import settled

LARGEST_GROUP: Final = 128
"""Operations in one transaction, at most: as long as it runs, none of them is answered."""

_T = TypeVar("_T")
_Outcome: TypeAlias = tuple[Any, Exception | None]
"""What an operation has returned, or raised."""


@dataclass(slots=True, eq=False)
class _Operation:
    """A write that waits for its transaction, or is in it.

    Attributes:
        work: what it does.
        is_long: whether it may take so long that no other one is to wait for its commit.
        outcome: set once the transaction is over.
    """

    work: Callable[[Session], Any]
    is_long: bool
    outcome: asyncio.Future[Any]


class GroupCommit:
    """Runs write operations on one connection, in the order in which they come."""

    def __init__(self, writer: Connections) -> None:
        """`writer`: one connection, which nothing else uses."""
        self._writer = writer
        self._waiting: deque[_Operation] = deque()
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    async def run(self, work: Callable[[Session], _T], *, is_long: bool = False) -> _T:
        """What the operation returns, once it is durable; nothing of it is left if it raises.

        A caller that is cancelled before the transaction has begun changes nothing; later it is
        cancelled when the transaction is over.

        Raises:
            CatalogUnavailable: The operation may or may not have happened.
        """
        loop = asyncio.get_running_loop()
        operation = _Operation(work, is_long, loop.create_future())
        self._waiting.append(operation)
        if self._is_idle.is_set():
            self._is_idle.clear()
            # Not at once, so that operations that come in the same round of the loop are not split.
            loop.call_soon(self._begin)
        try:
            result: _T = await asyncio.shield(operation.outcome)
        except asyncio.CancelledError:
            if operation in self._waiting:
                self._waiting.remove(operation)
            else:
                await settled(_over(operation.outcome))
            raise
        return result

    async def idle(self) -> None:
        """Returns once no operation runs or waits."""
        await self._is_idle.wait()

    def _begin(self) -> None:
        """Begins the next transaction, if there is something for it."""
        group = self._next_group()
        if not group:
            self._is_idle.set()
            return
        run = _commit_long if group[0].is_long else _commit
        commit = partial(run, [operation.work for operation in group])
        try:
            self._writer.submit(commit).add_done_callback(partial(self._end, group))
        except CatalogUnavailable as error:
            _raise_in(group, error)
            self._begin()

    def _next_group(self) -> list[_Operation]:
        group: list[_Operation] = []
        while self._waiting and len(group) < LARGEST_GROUP:
            if group and (self._waiting[0].is_long or group[0].is_long):
                break
            group.append(self._waiting.popleft())
        return group

    def _end(self, group: Sequence[_Operation], commit: asyncio.Future[list[_Outcome]]) -> None:
        error = commit.exception()
        if error is not None:
            _raise_in(group, error)
        else:
            for operation, (result, failure) in zip(group, commit.result(), strict=True):
                if failure is None:
                    operation.outcome.set_result(result)
                else:
                    operation.outcome.set_exception(failure)
        # After those who were answered now have had their turn: what they write next goes along.
        asyncio.get_running_loop().call_soon(self._begin)


def _raise_in(group: Sequence[_Operation], error: BaseException) -> None:
    for operation in group:
        operation.outcome.set_exception(error)


async def _over(outcome: asyncio.Future[Any]) -> None:
    await asyncio.wait({outcome})


def _commit(works: Sequence[Callable[[Session], Any]], session: Session) -> list[_Outcome]:
    """Runs operations in one transaction. Raises what ends the transaction for all of them."""
    session.run("BEGIN IMMEDIATE")
    try:
        if len(works) == 1:
            outcomes: list[_Outcome] = [(works[0](session), None)]
        else:
            outcomes = [_outcome(work, session) for work in works]
        session.run("COMMIT")
    except BaseException:
        session.roll_back()
        raise
    return outcomes


def _commit_long(works: Sequence[Callable[[Session], Any]], session: Session) -> list[_Outcome]:
    """Runs operations as `_commit` does, with memory for many pages."""
    with long_cache(session):
        return _commit(works, session)


def in_savepoint(work: Callable[[Session], _T], session: Session) -> _T:
    """Runs a part of a transaction. If it raises, nothing of it is left, and the transaction goes on.

    But for failures with which SQLite itself ends the transaction, such as that of a full disk.
    """
    session.run("SAVEPOINT part")
    try:
        result = work(session)
    except BaseException:
        if session.is_in_transaction:
            session.run("ROLLBACK TO part")
            session.run("RELEASE part")
        raise
    session.run("RELEASE part")
    return result


def _outcome(work: Callable[[Session], Any], session: Session) -> _Outcome:
    try:
        return in_savepoint(work, session), None
    except Exception as error:
        if not session.is_in_transaction:
            raise
        return None, error
