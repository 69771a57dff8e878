"""Which upload process may use which webhooks, and which channel a base-protocol service posts to.

Discord limits a webhook, and all webhooks of a channel together. Two processes that shared either
could not keep the limit, since neither counts the other's requests. So all webhooks of a channel are
leased together, to one process, whose slots share them.

* Shares are fair: in proportion to the slots, as far as whole channels allow, and no process is
  without a channel while another has two. A channel changes its holder only if its taker then has no
  more channels per slot than its giver, so shares that are fair already stay as they are.
* While a process says that its posts wait, shares follow the demand: processes whose posts wait share
  all channels in proportion to the uploads that run on them; one that has uploads but does not wait
  keeps one channel, and an idle one keeps none. It gets channels as soon as it says that its posts wait.
  A process that cannot tell (of release 0.2) counts as one that always waits, with all its slots.
* Once nobody waits nothing moves for the sake of fairness, except that whoever has no channel gets one. So
  an upload that has enough channels keeps them, and the next one finds a channel where it begins.
* A channel that is revoked is used by no process until its process has confirmed that no request
  runs on it any more, or has left. Its next holder is decided only then.
* A process without webhooks cannot take uploads, unless it tells its demand: then its posts wait for the
  channels that it gets.

Each call costs O(channels + (processes + moves) * log(processes)).

A base-protocol service is sent one channel, once: the one to which the fewest of them post.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from common.ranking import Ranking


@dataclass(frozen=True, slots=True)
class Configure:
    """Configures a process with these webhooks, and no others.

    Attributes:
        webhook_ids: in ascending order.
        gets_more: whether the process gets webhooks when it says that posts wait, so that it can take
            uploads even if it has none now.
        number: higher than that of any earlier configuration. When the process has answered that
            this one is in force, `confirmed` is to be called with it.
    """

    process: str
    webhook_ids: tuple[int, ...]
    number: int
    gets_more: bool = False


@dataclass(frozen=True, slots=True)
class EarlierLease:
    """What another allocator had leased to a process.

    Attributes:
        slots: Those that are connected now; a process without any keeps its leases until it has left.
        webhook_ids: With those whose loss it has not confirmed.
    """

    process: str
    slots: tuple[str, ...]
    tells_demand: bool
    webhook_ids: tuple[int, ...]


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
    tells_demand: bool = False
    is_waiting: bool = False
    """Whether it has said that posts wait."""
    uploads: int = 0
    """How many uploads run on its slots."""

    @property
    def demands(self) -> bool:
        """Whether it can use more channels, as far as that is known."""
        return self.is_waiting or not self.tells_demand

    @property
    def useful(self) -> list[_Channel]:
        return [channel for channel in self.leased if channel.webhooks]

    @property
    def webhook_ids(self) -> tuple[int, ...]:
        return tuple(sorted(webhook for channel in self.leased for webhook in channel.webhooks))


class _Shares:
    """Channels per process, as they would be after changes that are only thought of.

    Among equals the process counts that came first.
    """

    def __init__(self, processes: Mapping[str, _Process]) -> None:
        self._processes = processes
        self._counts = {process: len(process.useful) for process in processes.values()}
        self._anybody_waits = any(process.demands for process in processes.values())
        self._places = {process: place for place, process in enumerate(processes.values())}
        self._needs, self._riches = Ranking(), Ranking()
        for process in processes.values():
            self._rank(process)

    def neediest(self) -> _Process:
        return self._first(self._needs)

    def richest(self) -> _Process:
        return self._first(self._riches)

    def add(self, process: _Process, change: int) -> None:
        """To be called after the process's leases have changed, if they do."""
        self._counts[process] += change
        self._rank(process)

    def _first(self, ranking: Ranking) -> _Process:
        # All processes are ranked, and there is one at least.
        return self._processes[ranking.first() or ""]

    def _rank(self, process: _Process) -> None:
        place = self._places[process]
        need = (not self._is_left_out(process), self._with(process, 1), place)
        self._needs.put(process.id, need)
        gives = bool(process.useful) and not self._needs_its_last(process)
        wealth = (not gives, -self._with(process, -1), -self._counts[process], place)
        self._riches.put(process.id, wealth)

    def helps(self, giver: _Process, taker: _Process, *, is_rebalancing: bool) -> bool:
        """Whether a channel of the giver is better with the taker.

        `is_rebalancing`: whether channels move although nobody waits for them.
        """
        if not giver.useful or giver is taker or self._needs_its_last(giver):
            return False
        if self._is_left_out(taker):
            return True
        if not (self._anybody_waits or is_rebalancing):
            return False
        return self._with(giver, -1) >= self._with(taker, 1) < math.inf

    def _is_entitled(self, process: _Process) -> bool:
        """Whether the process must not be without a channel while another has two."""
        return not self._anybody_waits or process.demands or process.uploads > 0

    def _is_left_out(self, process: _Process) -> bool:
        return not self._counts[process] and self._is_entitled(process)

    def _needs_its_last(self, process: _Process) -> bool:
        return self._counts[process] <= 1 and self._is_entitled(process)

    def _weight(self, process: _Process) -> int:
        if not (self._anybody_waits and process.tells_demand):
            return len(process.slots)
        return max(1, process.uploads) if process.is_waiting else 0

    def _with(self, process: _Process, change: int) -> float:
        """Channels per weight after a change; infinite for a process that can use no more."""
        weight = self._weight(process)
        return (self._counts[process] + change) / weight if weight else math.inf


class LeaseAllocator:
    """The leases of all webhooks to all upload processes.

    Every method returns the configurations that have to be sent. They are sent to one process in the
    order of their numbers, so through one of its slots; a slot that joins gets the newest as well.
    """

    def __init__(self, first_number: int = 0, *, settles_later: bool = False) -> None:
        """Begins without processes.

        Args:
            first_number: Lower than that of every configuration.
            settles_later: Whether nothing is decided before `settle`.
        """
        self._settles_later = settles_later
        self._is_rebalancing = False
        self.is_unsettled = False
        self._channels: dict[int, _Channel] = {}
        self._channel_of: dict[int, _Channel] = {}
        self._processes: dict[str, _Process] = {}
        self._number = first_number
        self._has_channels = False

    def set_webhooks(self, channels: Mapping[int, int]) -> list[Configure]:
        """Sets the webhooks that may be used from now on: webhook id to channel id.

        A webhook stays with the channel with which it was named first.
        """
        self._name_webhooks(channels)
        return self._settle(is_rebalancing=True)

    def _name_webhooks(self, channels: Mapping[int, int]) -> None:
        for webhook_id in self._channel_of.keys() - channels.keys():
            self._drop(webhook_id)
        for webhook_id, channel_id in channels.items():
            channel = self._channels.setdefault(channel_id, _Channel())
            channel = self._channel_of.setdefault(webhook_id, channel)
            if webhook_id not in channel.webhooks:
                channel.webhooks.add(webhook_id)
                self._touch(channel)

    def restore(
        self, channels: Mapping[int, int], earlier: Iterable[EarlierLease]
    ) -> list[Configure]:
        """Takes over what another allocator had decided; `channels`: as of `set_webhooks`.

        Channels that have a holder by now stay with that one.
        """
        self._name_webhooks(channels)
        for each in earlier:
            holder = self._processes.setdefault(
                each.process, _Process(each.process, tells_demand=each.tells_demand)
            )
            holder.slots.update(each.slots)
            holder.is_touched = True
            for webhook_id in each.webhook_ids:
                channel = self._channel_of.get(webhook_id)
                if channel is not None and channel.holder is None:
                    channel.holder = holder
                    holder.leased.append(channel)
        return self._settle()

    def quarantine(self, webhook_id: int) -> list[Configure]:
        """Takes a dead webhook out of use; one that is not in use is no change."""
        self._drop(webhook_id)
        return self._settle(is_rebalancing=True)

    def slot_joined(
        self, process: str, slot: str, *, tells_demand: bool = False
    ) -> list[Configure]:
        """A slot of a process connected. The process is configured, again if it was before.

        `tells_demand`: whether `demand_told` will be called when posts of the process wait.
        """
        joined = self._processes.setdefault(process, _Process(process))
        joined.tells_demand = tells_demand
        joined.slots.add(slot)
        joined.is_touched = True
        return self._settle(is_rebalancing=True)

    def demand_told(
        self, process: str, *, is_waiting: bool, uploads: Mapping[str, int]
    ) -> list[Configure]:
        """A process has said whether posts wait for the limits of its channels, or for a channel.

        Args:
            process: Which one; one that has left, or that is not expected to tell, is no change.
            is_waiting: What it has said.
            uploads: How many uploads run now, by the process; those that are missing run none.
        """
        return self.demands_told({process: is_waiting}, uploads)

    def demands_told(
        self, is_waiting: Mapping[str, bool], uploads: Mapping[str, int]
    ) -> list[Configure]:
        """As `demand_told`, of several processes together."""
        told = [
            process
            for each in is_waiting
            if (process := self._processes.get(each)) is not None and process.tells_demand
        ]
        if not told:
            return []
        for process in told:
            process.is_waiting = is_waiting[process.id]
        for process in self._processes.values():
            process.uploads = uploads.get(process.id, 0)
        return self._settle()

    def slot_lost(self, process: str, slot: str) -> None:
        """A slot cannot be reached any more; its process may use what it has until its last `slot_left`."""
        lost = self._processes.get(process)
        if lost is not None:
            lost.slots.discard(slot)

    def slot_left(self, process: str, slot: str) -> list[Configure]:
        """A slot disconnected; with its last slot a process has left, and uses nothing any more."""
        left = self._processes.get(process)
        if left is None:
            return []
        left.slots.discard(slot)
        if not left.slots:
            del self._processes[process]
            self._set_free(channel for channel in self._channels.values() if channel.holder is left)
        return self._settle(is_rebalancing=True)

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

    @property
    def number(self) -> int:
        """The highest number of a configuration so far."""
        return self._number

    def renumber(self) -> list[Configure]:
        """Configures all processes that have slots again, as they are, with a new number."""
        for process in self._processes.values():
            process.is_touched |= bool(process.slots)
        return self._settle()

    @property
    def process_count(self) -> int:
        """How many processes there are."""
        return len(self._processes)

    def current(self, process: str) -> Configure:
        """The configuration of a process as it is now; its number confirms nothing."""
        found = self._processes.get(process)
        gets_more = found is not None and self._gets_more(found)
        return Configure(process, self.webhooks_of(process), number=0, gets_more=gets_more)

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

    def _settle(self, *, is_rebalancing: bool = False) -> list[Configure]:
        """Settles now, or later; `is_rebalancing`: also if nobody waits, as those who share have changed."""
        self.is_unsettled = True
        self._is_rebalancing |= is_rebalancing
        return [] if self._settles_later else self.settle()

    def settle(self) -> list[Configure]:
        """Moves channels, for all that has changed since this was called last."""
        is_rebalancing, self._is_rebalancing = self._is_rebalancing, False
        self.is_unsettled = False
        self._number += 1
        if self._processes:
            shares = _Shares(self._processes)
            self._give_free_channels(shares)
            self._revoke_unfair_leases(shares, is_rebalancing=is_rebalancing)
        self._touch_all_who_wait_for_the_first()
        touched = [process for process in self._processes.values() if process.is_touched]
        for process in touched:
            process.is_touched = False
        return [
            Configure(
                each.id,
                each.webhook_ids,
                self._number,
                gets_more=self._gets_more(each),
            )
            for each in touched
        ]

    def _gets_more(self, process: _Process) -> bool:
        return process.tells_demand and self._has_channels

    def _touch_all_who_wait_for_the_first(self) -> None:
        """Whoever has nothing must know whether there is anything at all to wait for."""
        has_channels = any(channel.webhooks for channel in self._channels.values())
        if has_channels != self._has_channels:
            self._has_channels = has_channels
            for process in self._processes.values():
                process.is_touched |= process.tells_demand

    def _give_free_channels(self, shares: _Shares) -> None:
        for channel in self._channels.values():
            if channel.is_free:
                taker = shares.neediest()
                channel.holder, taker.is_touched = taker, True
                taker.leased.append(channel)
                shares.add(taker, 1)

    def _revoke_unfair_leases(self, shares: _Shares, *, is_rebalancing: bool) -> None:
        """Takes channels back until it would be fair once those under way have been given on."""
        for channel in self._channels.values():
            if channel.is_pending:
                shares.add(shares.neediest(), 1)
        while shares.helps(
            giver := shares.richest(), taker := shares.neediest(), is_rebalancing=is_rebalancing
        ):
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
