"""Budgets of guesses that all managers share: each tells the others what its own guards admit.

While NATS is away each manager bounds by itself. Attempts that are refused are not told, so that who
floods one manager does not flood all.
"""

from collections.abc import Callable
from contextlib import suppress

from common.guesses import Attempt, GuessEvent, GuessLimiter
from common.tasks import BackgroundTasks
from manager.cluster.errors import ClusterError
from manager.cluster.in_process import InProcessCluster
from manager.cluster.messages import ClusterMessage
from manager.cluster.port import Cluster


class GuessMade(ClusterMessage, frozen=True, kw_only=True):
    """An attempt at a password, or its outcome.

    Attributes:
        by: Id of the manager.
        event: What became of it.
        address: Where it came from.
        account: Whose password it was; None: nobody's.
        is_known: Whether it spent from the budget of a known pair.
    """

    by: str
    event: GuessEvent
    address: str
    account: str | None
    is_known: bool


async def share_guesses(
    limiter: GuessLimiter,
    name: str,
    cluster: Cluster,
    tasks: BackgroundTasks,
    monotonic: Callable[[], float],
) -> GuessLimiter:
    """Shares a limiter's budgets with those of the same name of other managers, and returns it.

    Args:
        limiter: What is shared.
        name: Of letters and hyphens.
        cluster: The managers.
        tasks: Send messages.
        monotonic: The limiter's clock.
    """
    if isinstance(cluster, InProcessCluster):
        return limiter
    subject, own_id = f"guesses.{name}", cluster.own.id

    async def take(made: GuessMade) -> None:
        if made.by != own_id:
            attempt = Attempt(made.address, made.account, made.is_known)
            limiter.replay(monotonic(), made.event, attempt)

    async def send(made: GuessMade) -> None:
        with suppress(ClusterError):
            await cluster.publish(subject, made)

    def tell(event: GuessEvent, attempt: Attempt) -> None:
        made = GuessMade(
            by=own_id,
            event=event,
            address=attempt.address,
            account=attempt.account,
            is_known=attempt.is_known,
        )
        tasks.spawn(send(made), "tell managers of a guess")

    limiter.subscribe(tell)
    await cluster.subscribe(subject, GuessMade, take)
    return limiter
