"""Which channel each base-protocol upload service posts to.

Discord limits all that is posted to a channel together, and such a service is told of one channel,
once. So each gets the channel that the fewest of them post to.
"""

from collections.abc import Iterable


class ChannelShares:
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
