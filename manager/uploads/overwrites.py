"""What a client has been asked about taken names, and what it has decided once and for all."""

from dataclasses import dataclass
from enum import StrEnum

from manager.errors import UnknownPrompt


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

    Attributes:
        decisions: uploads and what happens to them, the answered one first, then in the order asked.
        cancel: whether the client is notified that its queue of questions is resolved.
        ask_again: uploads whose question is still open and has to be asked again after that, in the
            order asked, because the client takes it for resolved.
    """

    decisions: list[tuple[str, Action]]
    cancel: bool
    ask_again: tuple[str, ...] = ()


class OverwriteQueue:
    """The open questions of one client, in the order in which they were asked.

    An answer for all uploads is one for all of the booking under which the answered upload began: for
    those that wait, and for those that meet their taken name later, be it after the booking was cleared.
    The client cannot know of the files of another booking, so it never decides about them. Questions
    that are open when the booking is cleared stay open. An answer that crosses the one for all, on its way
    before the client could know that its question is settled, changes nothing and is no mistake.
    """

    def __init__(self) -> None:
        self._booking = 0
        self._booking_of: dict[str, int] = {}
        self._standing: dict[int, Action] = {}
        self._open: dict[str, None] = {}
        self._settled_for_all: set[str] = set()

    @property
    def open_prompts(self) -> tuple[str, ...]:
        """Uploads that wait for an answer."""
        return tuple(self._open)

    def began(self, upload_id: str) -> None:
        """An upload has begun, under the present booking."""
        self._booking_of[upload_id] = self._booking

    def ask(self, upload_id: str) -> Action | None:
        """The standing answer; None when the question is open now and the client is to be asked."""
        standing = self._standing.get(self._booking_of[upload_id])
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
        if not use_on_all:
            return Settled([(upload_id, action)], cancel=False)
        others = self._settle_booking(self._booking_of[upload_id], action)
        return Settled(
            [(each, action) for each in (upload_id, *others)],
            cancel=True,
            ask_again=self.open_prompts,
        )

    def booking_cleared(self) -> None:
        """Uploads that begin from now on are of another booking."""
        self._booking += 1
        self._settled_for_all.clear()
        self._forget_past_answers()

    def drop(self, upload_id: str) -> None:
        """Closes the question of an upload that ended otherwise; none being open is no error."""
        self._open.pop(upload_id, None)

    def ended(self, upload_id: str) -> None:
        """The upload is over, and nothing of it will be asked any more."""
        self.drop(upload_id)
        self._booking_of.pop(upload_id, None)
        self._forget_past_answers()

    def _settle_booking(self, booking: int, action: Action) -> list[str]:
        self._standing[booking] = action
        others = [each for each in self._open if self._booking_of[each] == booking]
        for each in others:
            del self._open[each]
        self._settled_for_all.update(others)
        return others

    def _forget_past_answers(self) -> None:
        in_use = {self._booking, *self._booking_of.values()}
        for booking in self._standing.keys() - in_use:
            del self._standing[booking]
