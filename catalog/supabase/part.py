"""What every part of the adapter stands on."""

from collections.abc import Callable
from uuid import uuid4

from catalog.permits import Permit, Standing
from catalog.supabase.functions import Answer, Functions


class SupabasePart:
    """Base of the parts: the functions of the database, and the clock (seconds since the epoch)."""

    def __init__(self, functions: Functions, clock: Callable[[], float]) -> None:
        self._functions = functions
        self._clock = clock

    async def _change(self, function: str, **arguments: object) -> Answer:
        """Calls a function that tells what it changed, which a second attempt could not see.

        The database keeps the answer under the call's own id, and gives it again.
        """
        return await self._functions.write(
            function, request_id=str(uuid4()), now=self._clock(), **arguments
        )


def permit_to_json(permit: Permit | None) -> dict[str, object] | None:
    """A permit as the database's functions take it."""
    if permit is None:
        return None
    standings = [_standing_to_text(standing) for standing in permit.standings]
    return {"user_id": permit.user_id, "standings": standings}


def _standing_to_text(standing: Standing) -> str:
    can_write = "none" if standing.can_write is None else str(standing.can_write).lower()
    return f"{standing.holder.value}/{str(standing.is_public).lower()}/{can_write}"
