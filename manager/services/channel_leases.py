"""What the slots of a manager use of the leases of webhooks, and who decides these within one process."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from manager.services.leases import Configure, LeaseAllocator

SendConfigurations = Callable[[Iterable[Configure]], None]
"""Sends each configuration to its process. It must not block."""


class ChannelLeases(Protocol):
    """The leases of all webhooks, as far as this manager's upload processes are concerned.

    What changes is passed to the subscriber, in the order of the numbers. The parameters are those of
    `LeaseAllocator`.
    """

    @property
    def process_count(self) -> int:
        """How many processes share the limit of requests; the subscriber is called when it has changed."""

    def subscribe(self, configure: SendConfigurations) -> None:
        """Sets what sends configurations to processes."""

    def set_webhooks(self, channels: Mapping[int, int]) -> None:
        """Sets the webhooks that may be used from now on: webhook id to channel id."""

    def slot_joined(self, process: str, slot: str, *, tells_demand: bool = False) -> None:
        """A slot of a process connected. The process is configured, again if it was before."""

    def slot_left(self, process: str, slot: str) -> None:
        """A slot disconnected."""

    def demand_told(self, process: str, *, is_waiting: bool, uploads: Mapping[str, int]) -> None:
        """A process has said whether posts wait."""

    def confirmed(self, process: str, number: int) -> None:
        """The process runs no request on what this configuration, or an earlier one, took away."""

    def current(self, process: str) -> Configure:
        """The configuration of a process as it is now; its number confirms nothing."""

    def webhooks_of(self, process: str) -> tuple[int, ...]:
        """The webhooks that the process may use, in ascending order."""

    def is_held_by(self, process: str, webhook_id: int) -> bool:
        """Whether the webhook is leased to the process, or was and that is not confirmed as over."""


class LeaseManager:
    """Runs a lease allocator: passes on what it decides at once."""

    def __init__(self, allocator: LeaseAllocator) -> None:
        self._allocator = allocator
        self._configure: SendConfigurations = _send_nothing
        self.current = allocator.current
        self.webhooks_of = allocator.webhooks_of
        self.is_held_by = allocator.is_held_by

    @property
    def process_count(self) -> int:
        """See `ChannelLeases`."""
        return self._allocator.process_count

    def subscribe(self, configure: SendConfigurations) -> None:
        """See `ChannelLeases`."""
        self._configure = configure

    def set_webhooks(self, channels: Mapping[int, int]) -> None:
        """See `ChannelLeases`."""
        self._configure(self._allocator.set_webhooks(channels))

    def slot_joined(self, process: str, slot: str, *, tells_demand: bool = False) -> None:
        """See `ChannelLeases`."""
        self._configure(self._allocator.slot_joined(process, slot, tells_demand=tells_demand))

    def slot_left(self, process: str, slot: str) -> None:
        """See `ChannelLeases`."""
        self._configure(self._allocator.slot_left(process, slot))

    def demand_told(self, process: str, *, is_waiting: bool, uploads: Mapping[str, int]) -> None:
        """See `ChannelLeases`."""
        told = self._allocator.demand_told(process, is_waiting=is_waiting, uploads=uploads)
        self._configure(told)

    def confirmed(self, process: str, number: int) -> None:
        """See `ChannelLeases`."""
        self._configure(self._allocator.confirmed(process, number))


def _send_nothing(_: Iterable[Configure]) -> None:
    """Nothing is connected yet."""
