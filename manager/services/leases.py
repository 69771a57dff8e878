"""Which upload process may use which webhooks, and which channel a base-protocol service posts to.

Discord limits a webhook, and all webhooks of a channel together. Two processes that shared either
could not keep the limit, since neither counts the other's requests. So all webhooks of a channel are
leased together, to one process, whose slots share them.

* Shares are fair: in proportion to the slots, as far as whole channels allow, and no process is
  without a channel while another has two. A channel changes its holder only if its taker then has no
  more channels per slot than its giver, so shares that are fair already stay as they are.
* A channel that is revoked is used by no process until its process has confirmed that no request
  runs on it any more, or has left. Its next holder is decided only then.
* A process without webhooks cannot take uploads; it is configured with none until there are some.

Each call costs O(channels + moves * processes), and there are hundreds of either at most.

A base-protocol service is sent one channel, once: the one to which the fewest of them post.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Configure:
    """Configures a process with these webhooks, and no others.

    Attributes:
        webhook_ids: in ascending order; none at all means that the process cannot take uploads.
        number: higher than that of any earlier configuration. When the process has answered that
            this one is in force, `confirmed` is to be called with it.
    """

    process: str
    webhook_ids: tuple[int, ...]
    number: int


@dataclass(slots=True, eq=False)
class _Channel:
    webhooks: set[int] = field(default_factory=set)
    holder: "_Process | None" = None
    revoked_by: int | None = None
    """Number of the configuration that took it from its holder, who has not confirmed yet."""

    @property
    def is_free(self) -> bool:
        return bool(self.webhooks) and self.holder is None

    @property
    def is_pending(self) -> bool:
        return bool(self.webhooks) and self.revoked_by is not None


@dataclass(slots=True, eq=False)
class _Process:
    id: str
    slots: set[str] = field(default_factory=set)
    leased: list[_Channel] = field(default_factory=list)
    is_touched: bool = True

    @property
    def useful(self) -> list[_Channel]:
        return [channel for channel in self.leased if channel.webhooks]

    @property
    def webhook_ids(self) -> tuple[int, ...]:
        return tuple(sorted(webhook for channel in self.leased for webhook in channel.webhooks))


class _Shares:
    """Channels per process, as they would be after changes that are only thought of."""

    def __init__(self, processes: Mapping[str, _Process]) -> None:
        self._counts = {process: len(process.useful) for process in processes.values()}

    def neediest(self) -> _Process:
        return min(self._counts, key=lambda each: (self._counts[each] > 0, self._with(each, 1)))

    def richest(self) -> _Process:
        return max(self._counts, key=lambda each: (bool(each.useful), self._with(each, -1)))

    def add(self, process: _Process, change: int) -> None:
        self._counts[process] += change

    def helps(self, giver: _Process, taker: _Process) -> bool:
        """Whether a channel of the giver is better with the taker."""
        if not giver.useful or giver is taker:
            return False
        if not self._counts[taker]:
            return self._counts[giver] > 1
        return self._with(giver, -1) >= self._with(taker, 1)

    def _with(self, process: _Process, change: int) -> float:
        return (self._counts[process] + change) / len(process.slots)


class LeaseAllocator:
    """The leases of all webhooks to all upload processes.

    Every method returns the configurations that have to be sent. They are sent to one process in the
    order of their numbers, so through one of its slots; a slot that joins gets the newest as well.
    """

    def __init__(self) -> None:
        self._channels: dict[int, _Channel] = {}
        self._channel_of: dict[int, _Channel] = {}
        self._processes: dict[str, _Process] = {}
        self._number = 0

    def set_webhooks(self, channels: Mapping[int, int]) -> list[Configure]:
        """Sets the webhooks that may be used from now on: webhook id to channel id.

        A webhook stays with the channel with which it was named first.
        """
        for webhook_id in self._channel_of.keys() - channels.keys():
            self._drop(webhook_id)
        for webhook_id, channel_id in channels.items():
            channel = self._channels.setdefault(channel_id, _Channel())
            channel = self._channel_of.setdefault(webhook_id, channel)
            if webhook_id not in channel.webhooks:
                channel.webhooks.add(webhook_id)
                self._touch(channel)
        return self._settle()

    def quarantine(self, webhook_id: int) -> list[Configure]:
        """Takes a dead webhook out of use; one that is not in use is no change."""
        self._drop(webhook_id)
        return self._settle()

    def slot_joined(self, process: str, slot: str) -> list[Configure]:
        """A slot of a process connected. The process is configured, again if it was before."""
        joined = self._processes.setdefault(process, _Process(process))
        joined.slots.add(slot)
        joined.is_touched = True
        return self._settle()

    def slot_left(self, process: str, slot: str) -> list[Configure]:
        """A slot disconnected; with its last slot a process has left, and uses nothing any more."""
        left = self._processes.get(process)
        if left is None:
            return []
        left.slots.discard(slot)
        if not left.slots:
            del self._processes[process]
            self._set_free(channel for channel in self._channels.values() if channel.holder is left)
        return self._settle()

    def confirmed(self, process: str, number: int) -> list[Configure]:
        """The process runs no request on what this configuration, or an earlier one, took away.

        A process that has left, and a number that was confirmed before, are no errors.
        """
        confirming = self._processes.get(process)
        self._set_free(
            channel
            for channel in self._channels.values()
            if channel.holder is confirming
            and channel.revoked_by is not None
            and channel.revoked_by <= number
        )
        return self._settle()

    def webhooks_of(self, process: str) -> tuple[int, ...]:
        """The webhooks that the process may use, in ascending order."""
        found = self._processes.get(process)
        return () if found is None else found.webhook_ids

    def is_held_by(self, process: str, webhook_id: int) -> bool:
        """Whether the webhook is leased to the process, or was and that is not confirmed as over."""
        channel = self._channel_of.get(webhook_id)
        return channel is not None and channel.holder is not None and channel.holder.id == process

    def _drop(self, webhook_id: int) -> None:
        """Its channel, even if empty, stays with its holder, who may have a request running."""
        channel = self._channel_of.get(webhook_id)
        if channel is not None and webhook_id in channel.webhooks:
            channel.webhooks.remove(webhook_id)
            self._touch(channel)

    @staticmethod
    def _touch(channel: _Channel) -> None:
        if channel.holder is not None and channel.revoked_by is None:
            channel.holder.is_touched = True

    @staticmethod
    def _set_free(channels: Iterable[_Channel]) -> None:
        for channel in channels:
            channel.holder, channel.revoked_by = None, None

    def _settle(self) -> list[Configure]:
        self._number += 1
        if self._processes:
            self._give_free_channels()
            self._revoke_unfair_leases()
        touched = [process for process in self._processes.values() if process.is_touched]
        for process in touched:
            process.is_touched = False
        return [Configure(each.id, each.webhook_ids, self._number) for each in touched]

    def _give_free_channels(self) -> None:
        shares = _Shares(self._processes)
        for channel in self._channels.values():
            if channel.is_free:
                taker = shares.neediest()
                shares.add(taker, 1)
                channel.holder, taker.is_touched = taker, True
                taker.leased.append(channel)

    def _revoke_unfair_leases(self) -> None:
        """Takes channels back until it would be fair once those under way have been given on."""
        shares = _Shares(self._processes)
        for channel in self._channels.values():
            if channel.is_pending:
                shares.add(shares.neediest(), 1)
        while shares.helps(giver := shares.richest(), taker := shares.neediest()):
            channel = giver.useful[-1]
            giver.leased.remove(channel)
            channel.revoked_by, giver.is_touched = self._number, True
            shares.add(giver, -1)
            shares.add(taker, 1)


class ChannelAssignment:
    """The channels of a bot, and who posts to them."""

    def __init__(self, channels: Iterable[int]) -> None:
        """`channels`: ids in the order in which they are given out; at least one."""
        self._users: dict[int, set[str]] = {channel: set() for channel in channels}

    def take(self, slot: str) -> int:
        """The channel of a slot that connects; among equals the one configured first."""
        channel = min(self._users, key=lambda each: len(self._users[each]))
        self._users[channel].add(slot)
        return channel

    def give_back(self, slot: str) -> None:
        """A slot disconnected; one without a channel is no error."""
        for users in self._users.values():
            users.discard(slot)
