"""Waits for calls of the catalog's functions in Supabase."""

import asyncio

from local_supabase.stack import LocalSupabase

PATIENCE_S = 30.0


async def called(supabase: LocalSupabase, function: str) -> None:
    """Returns when the database is asked for a function the next time."""
    event = supabase.gateway.called(function)
    assert await asyncio.to_thread(event.wait, PATIENCE_S), f"{function} was not called"
