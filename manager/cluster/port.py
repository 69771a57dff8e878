"""The port between managers: messages, requests, who is alive, and leases that one manager holds at a time.

Nothing durable goes through it. A message may be lost, when NATS is away or a manager reads too slowly, and
what must not be lost stands in the catalog, where whoever missed a message finds it.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from manager.cluster.membership import Member
from manager.cluster.messages import ClusterMessage

M = TypeVar("M", bound=ClusterMessage)
R = TypeVar("R", bound=ClusterMessage)

REQUEST_TIMEOUT_S = 5.0


class Subscription(Protocol):
    """What goes on until it is closed."""

    async def close(self) -> None:
        """Ends it. May be repeated."""


class Campaign(Protocol):
    """This manager's attempts to hold one lease."""

    @property
    def epoch(self) -> int | None:
        """The fencing number of the term that goes on; None: this manager does not hold the lease now.

        It becomes None by the clock before another manager can be elected, even if the event loop
        was too busy to call `lost`.
        """

    @property
    def holder(self) -> str | None:
        """Id of the manager that holds the lease, as far as this one knows; None: nobody."""

    async def close(self) -> None:
        """Gives the lease back, so that another manager gets it at once. Calls `lost` if it was held."""


class Cluster(Protocol):
    """What one manager has of all of them."""

    @property
    def own(self) -> Member:
        """This manager."""

    @property
    def members(self) -> Mapping[str, Member]:
        """The managers that are alive, by their ids, this one among them.

        While NATS is away they stay as they were.
        """

    @property
    def is_connected(self) -> bool:
        """Whether the others can be reached now."""

    async def publish(self, subject: str, message: ClusterMessage) -> None:
        """Sends to all subscribers of the subject, this manager's among them.

        Raises:
            ClusterUnavailable: NATS is away. It is not sent later.
            ClusterMessageTooLarge: It has more than `MAX_MESSAGE_BYTES`.
        """

    async def subscribe(
        self, subject: str, kind: type[M], handler: Callable[[M], Awaitable[None]]
    ) -> Subscription:
        """Passes every message of the subject to the handler, one after the other, in each sender's order.

        It outlives the connection to NATS; what is published while that is away does not arrive. What
        cannot be read, and what the handler raises, is logged.
        """

    async def request(
        self,
        subject: str,
        message: ClusterMessage,
        reply: type[R],
        *,
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> R:
        """Asks the manager that responds to the subject, which may be this one.

        Raises:
            NoResponders: None does, as while the one that did is being replaced. At once.
            ClusterTimeout: It did not answer in time.
            RequestRefused: It has refused.
            ClusterUnavailable: NATS is away.
            ClusterMessageTooLarge: The request, or its answer, has more than `MAX_MESSAGE_BYTES`.
        """

    async def respond(
        self, subject: str, kind: type[M], handler: Callable[[M], Awaitable[ClusterMessage]]
    ) -> Subscription:
        """Answers the requests of the subject. Requests are handled at the same time.

        The handler refuses by raising `RequestRefused`; anything else that it raises is logged, and
        refuses as `internal`.
        """

    def watch_members(
        self, joined: Callable[[Member], None], left: Callable[[Member], None]
    ) -> None:
        """Calls back when another manager comes, and when one goes or was silent for too long."""

    def watch_connection(
        self, connected: Callable[[], None], disconnected: Callable[[], None]
    ) -> None:
        """Calls back when NATS can be reached, also the first time, and when it cannot any more."""

    def campaign(
        self, lease: str, elected: Callable[[int], None], lost: Callable[[], None]
    ) -> Campaign:
        """Tries to hold a lease, again and again, until that is closed.

        Args:
            lease: Its name, of letters, digits and hyphens.
            elected: Called with the epoch, which is higher than that of each holder before.
            lost: Called when the term has ended, before another manager is elected unless the event
                loop is too busy.
        """
