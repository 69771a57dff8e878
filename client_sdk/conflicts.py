"""What happens when the name of an upload is taken.

The policy of an upload is fixed, or a callback that is asked at the end of the upload, as the
manager asks. Prompts are put one at a time. An answer with `use_on_all` settles every later prompt
of the same callback. This is kept here rather than left to the manager, whose `use_on_all_uploads`
would also change uploads with another policy.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from inspect import isawaitable, iscoroutinefunction
from typing import Literal

from client_sdk.errors import InvalidInput
from client_sdk.paths import Located


class OnConflict(StrEnum):
    """What to do with an upload whose name is taken."""

    OVERWRITE = "overwrite"
    """Replace the old file. A folder is never replaced: then the upload fails."""
    RENAME = "rename"
    """Keep both: the new one becomes `name (1).ext`."""
    SKIP = "skip"
    """Keep the old file, drop the new one."""


@dataclass(frozen=True, kw_only=True)
class Conflict(Located):
    """The name of a finished upload is taken.

    Attributes:
        path: The full path that is taken.
        is_folder: Whether a folder has it, so that the upload can only be renamed or skipped.
    """

    is_folder: bool = False


@dataclass(frozen=True)
class ConflictAnswer:
    """The answer to a conflict.

    Attributes:
        action: What to do.
        use_on_all: Answer all further conflicts of this callback the same way; to overwrite them
            is no answer about folders, of which it is asked again.
    """

    action: OnConflict
    use_on_all: bool = False


ConflictCallback = Callable[[Conflict], ConflictAnswer | Awaitable[ConflictAnswer]]
ConflictPolicy = OnConflict | ConflictCallback
ConflictAction = OnConflict | Literal["overwrite", "rename", "skip"]
"""What callers may hand in where nobody is asked."""
ConflictChoice = ConflictAction | ConflictCallback
"""What callers may hand in for a policy."""


def as_policy(choice: ConflictChoice) -> ConflictPolicy:
    """The policy that a caller chose. Raises `InvalidInput`."""
    return choice if callable(choice) else as_action(choice)


class ConflictDesk:
    """Answers conflicts by policy."""

    def __init__(self) -> None:
        self._asking = asyncio.Lock()
        self._settled: dict[ConflictCallback, OnConflict] = {}

    async def decide(self, conflict: Conflict, policy: ConflictPolicy) -> OnConflict:
        """What to do about a conflict; whatever the callback raises is passed on."""
        if isinstance(policy, OnConflict):
            return policy
        async with self._asking:
            settled = self._settled.get(policy)
            if settled and not (settled is OnConflict.OVERWRITE and conflict.is_folder):
                return settled
            answer = await _ask(policy, conflict)
            action = as_action(answer.action)
            if answer.use_on_all:
                self._settled[policy] = action
            return action


async def _ask(callback: ConflictCallback, conflict: Conflict) -> ConflictAnswer:
    answer: ConflictAnswer | Awaitable[ConflictAnswer]
    if iscoroutinefunction(callback):
        answer = callback(conflict)
    else:
        # It may wait for a person, and must not hold up what else runs in the loop.
        answer = await asyncio.to_thread(_ask_in_thread, callback, conflict)
    return await answer if isawaitable(answer) else answer


def _ask_in_thread(
    callback: ConflictCallback, conflict: Conflict
) -> ConflictAnswer | Awaitable[ConflictAnswer]:
    try:
        return callback(conflict)
    except StopIteration as error:  # which would never come out of the thread
        raise RuntimeError("the callback that answers conflicts raised StopIteration") from error


def as_action(value: str) -> OnConflict:
    """The action that a caller chose. Raises `InvalidInput`."""
    try:
        return OnConflict(value)
    except ValueError:
        known = ", ".join(OnConflict)
        raise InvalidInput(f"on a conflict one of {known} is done, not {value!r}") from None
