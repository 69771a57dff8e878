"""Who holds a lease: decided for one candidate, without a clock or I/O.

The store keeps one record a lease, which lapses `ttl_s` after it was written, and writes it by
compare-and-set on its revision (0: there is none). Whoever writes it holds the lease; the holder writes it
again every `renew_every_s`. That two never hold it together stands on three rules:

* The holder counts its time from before it sent the write, and stops `margin_s` early: the store counts
  from when the write came in, which is later.
* NATS may come back without what it had acknowledged, or empty. So nobody claims a lease that
  has no record before it has been connected for `ttl_s`: a holder that nobody knows of has stopped by
  then, or has written its record again.
* An answer that is lost tells nothing. The candidate then looks; a record that bears its own name is its
  own, at the revision that it finds.

The epoch of a term is the fencing number: it stays through all renewals, and is higher than that of
every term before. Revisions cannot be that, since they begin again in a store that comes back empty; an epoch
is at least the time in milliseconds, and higher than each epoch that the candidate has seen. So the clocks
of the managers must agree as well as clocks that are set over the network do.
"""

from dataclasses import dataclass
from enum import Enum, auto

import msgspec


class LeaseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the store has of a lease that is held.

    Attributes:
        holder: Id of the manager.
        epoch: Of its term.
    """

    holder: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTiming:
    """Seconds.

    Attributes:
        ttl_s: After which the store forgets a record; a whole number.
        renew_every_s: Between two writes of the holder, and two looks of the others.
        margin_s: By which the holder stops before the record can lapse.
        retry_s: Until the next try after one that failed.
    """

    ttl_s: float = 4.0
    renew_every_s: float = 1.0
    margin_s: float = 0.5
    retry_s: float = 0.5


@dataclass(frozen=True, slots=True)
class Look:
    """Read the record, and report it by `Candidacy.seen`."""


@dataclass(frozen=True, slots=True)
class Write:
    """Write `record` if the store's revision is `expected`, and report what became of it."""

    record: LeaseRecord
    expected: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is to be done before that time."""

    until: float


Step = Look | Write | Wait


class Change(Enum):
    """What an event means for the candidate."""

    NONE = auto()
    ELECTED = auto()
    LOST = auto()


class Candidacy:
    """One manager's attempts to get and to keep one lease.

    The owner carries out `step`, one at a time, and reports the result.
    """

    def __init__(self, member_id: str, timing: LeaseTiming) -> None:
        self._id = member_id
        self._timing = timing
        self._highest_epoch = 0
        self._epoch: int | None = None
        self._valid_until = 0.0
        self._revision: int | None = None
        self._due_at = 0.0
        self._may_claim_at: float | None = None
        self._holder: str | None = None

    @property
    def holder(self) -> str | None:
        """The manager that holds the lease as far as this one has seen; None: nobody."""
        return self._holder

    def epoch(self, now: float) -> int | None:
        """The epoch of the term that goes on; None: the lease is not held now."""
        return self._epoch if now < self._valid_until else None

    def time_left(self, now: float) -> float | None:
        """Seconds until the term ends unless it is renewed; None: there is no term."""
        return None if self._epoch is None else max(0.0, self._valid_until - now)

    def connected(self, now: float) -> None:
        """The store can be asked from now on."""
        self._may_claim_at = now + self._timing.ttl_s
        self._look_at(now)

    def emptied(self, now: float) -> None:
        """The store was found without what it needs, so it may have lost a record."""
        self._may_claim_at = now + self._timing.ttl_s
        self._look_at(now + self._timing.retry_s)

    def disconnected(self) -> None:
        """The store cannot be asked; a term goes on until its time is over."""
        self._may_claim_at = None
        if self._epoch is None:
            self._holder = None

    def released(self, now: float) -> None:
        """The holder has said that it gives the lease back: look at once."""
        if self._epoch is None:
            self._look_at(now)

    def step(self, now: float, now_ms: int) -> Step:
        """What is to be done now. `now_ms`: milliseconds since the Unix epoch."""
        if self._may_claim_at is None:
            return Wait(self._valid_until if self._epoch is not None else float("inf"))
        if now < self._due_at:
            return Wait(self._due_at)
        if self._revision is None:
            return Look()
        if self._epoch is None:
            if self._revision == 0 and now < self._may_claim_at:
                # Looks on meanwhile: the holder may write its record again.
                self._look_at(min(self._may_claim_at, now + self._timing.renew_every_s))
                return Wait(self._due_at)
            self._highest_epoch = max(self._highest_epoch + 1, now_ms)
        return Write(LeaseRecord(holder=self._id, epoch=self._highest_epoch), self._revision)

    def seen(self, record: LeaseRecord | None, revision: int, now: float) -> Change:
        """The record, and its revision; None and 0: there is none."""
        if record is None:
            self._holder, self._revision = None, 0
            return Change.NONE
        self._holder = record.holder
        self._highest_epoch = max(self._highest_epoch, record.epoch)
        if record.holder == self._id:
            self._revision = revision
            return Change.NONE
        self._look_at(now + self._timing.renew_every_s)
        return self._end()

    def written(self, revision: int, sent_at: float, now: float) -> Change:
        """The store has taken the write that was sent at that time."""
        valid_until = sent_at + self._timing.ttl_s - self._timing.margin_s
        if now >= valid_until:
            self._look_at(now)
            return self.expire(now)
        self._revision = revision
        self._holder = self._id
        self._valid_until = valid_until
        self._due_at = sent_at + self._timing.renew_every_s
        if self._epoch is not None:
            return Change.NONE
        self._epoch = self._highest_epoch
        return Change.ELECTED

    def refused(self, now: float) -> None:
        """The store has another revision than was expected."""
        self._look_at(now)

    def failed(self, now: float) -> None:
        """No answer came: what was asked for may have happened."""
        self._look_at(now + self._timing.retry_s)

    def expire(self, now: float) -> Change:
        """Ends a term whose time is over."""
        if self._epoch is None or now < self._valid_until:
            return Change.NONE
        self._look_at(now)
        return self._end()

    def resign(self) -> int | None:
        """Ends the term; returns the revision to be deleted, None: there is none."""
        revision = self._revision if self._epoch is not None else None
        self._end()
        return revision

    def _end(self) -> Change:
        if self._epoch is None:
            return Change.NONE
        self._epoch = None
        self._valid_until = 0.0
        if self._holder == self._id:
            self._holder = None
        return Change.LOST

    def _look_at(self, at: float) -> None:
        self._revision = None
        self._due_at = at
