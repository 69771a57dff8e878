"""What Discord has refused its bots for good: it is not asked for again while the process lives.

Refusals count towards the ban that would stop everything else as well (`limits.py`). Reading and
deleting go the same way to Discord, so what one of them learns holds for the other.
"""

import structlog

from storage.discord.routes import Route
from storage.errors import BotUnusable

log = structlog.get_logger(__name__)


class BotRefusals:
    """Tokens that are wrong, and what a bot may not do in a channel."""

    def __init__(self) -> None:
        self._tokens: dict[str, BotUnusable] = {}
        self._tasks: dict[tuple[str, str, int, bool], BotUnusable] = {}

    def check(self, route: Route) -> None:
        """Refuses what Discord would refuse again.

        Raises:
            BotUnusable: The bot of this route, or this task of it, was refused before.
        """
        if route.authorization is None:
            return
        known = self._tokens.get(route.authorization)
        known = known or self._tasks.get(_task(route, route.authorization))
        if known is not None:
            raise BotUnusable(known.status, known.discord_code, known.channel_id)

    def remember(self, route: Route, error: BotUnusable) -> bool:
        """A request was refused, by Discord or by `check`. The operator is told once of each.

        Returns:
            Whether this is the first that is heard of it.
        """
        if route.authorization is None:
            return False
        if error.channel_id is None:
            known = self._tokens.setdefault(route.authorization, error)
        else:
            known = self._tasks.setdefault(_task(route, route.authorization), error)
        if known is error:
            log.error("bot-refused", method=route.key.method, reason=str(error))
        return known is error


def _task(route: Route, authorization: str) -> tuple[str, str, int, bool]:
    """What a permission is needed for: the method, the channel, and whose message it is about."""
    return authorization, route.key.method, route.key.owner_id, route.is_of_others
