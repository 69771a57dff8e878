"""What a client has been asked about taken names, and what it has decided once and for all."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from manager.domain.errors import UnknownPrompt


class Action(StrEnum):
    """What to do with an upload whose name is taken."""

    OVERWRITE = "overwrite"
    """The file there gets the new content."""
    RENAME = "rename"
    """The upload gets the next free name: `name (1).ext`."""
    SKIP = "skip"
    """The upload is dropped."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What an answer decided.

    Attributes: decisions: uploads and what happens to them, the answered one first, then in the
    order asked. cancel: whether the client is told that its queue of questions is resolved.
    """

    decisions: list[tuple[str, Action]]
    cancel: bool


class OverwriteQueue:
    """The open questions of one client, in the order in which they were asked.

    An answer for all uploads holds until the booking is cleared, and for every upload of that booking:
    one that has left its service may meet its taken name only afterwards. Questions that are open when
    the booking is cleared stay open. An answer that crosses the one for all, on its way before the client
    could know that its question is settled, changes nothing and is no mistake.
    """

    def __init__(self) -> None:
        self._open: dict[str, None] = {}
        self._default: Action | None = None
        self._still_settled: dict[str, Action] = {}
        self._settled_for_all: set[str] = set()

    @property
    def open_prompts(self) -> tuple[str, ...]:
        """Uploads that wait for an answer."""
        return tuple(self._open)

    def ask(self, upload_id: str) -> Action | None:
        """The standing answer; None when the question is open now and the client is to be asked."""
        standing = self._still_settled.get(upload_id, self._default)
        if standing is None:
            self._open[upload_id] = None
        return standing

    def answer(self, upload_id: str, action: Action, *, use_on_all: bool) -> Settled:
        """Takes the client's answer to one question, or to all of them. Raises `UnknownPrompt`."""
        if upload_id in self._settled_for_all:
            self._settled_for_all.remove(upload_id)
            return Settled([], cancel=False)
        if upload_id not in self._open:
            raise UnknownPrompt("unknown-prompt", "this upload is not waiting for an answer")
        del self._open[upload_id]
        settled = [upload_id]
        if use_on_all:
            self._default = action
            settled += self._open
            self._settled_for_all.update(self._open)
            self._open.clear()
        return Settled([(each, action) for each in settled], cancel=use_on_all)

    def booking_cleared(self, unfinished: Iterable[str] = ()) -> None:
        """Forgets the standing answer, and what it has settled.

        Args:
            unfinished: uploads of this booking that have not ended; for them the answer still holds.
        """
        standing = {each: self._still_settled.get(each, self._default) for each in unfinished}
        self._still_settled = {
            each: action for each, action in standing.items() if action is not None
        }
        self._default = None
        self._settled_for_all.clear()

    def drop(self, upload_id: str) -> None:
        """Closes the question of an upload that ended otherwise; none being open is no error."""
        self._open.pop(upload_id, None)
