"""What the tests do where PostgreSQL or PostgREST cannot be had."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from local_supabase.programs import ProgramMissing


@contextmanager
def needed_for(what: str) -> Iterator[None]:
    """Skips, and says loudly what is not tested, when a program is missing; in CI that is a failure."""
    try:
        yield
    except ProgramMissing as error:
        if os.environ.get("REQUIRE_SUPABASE"):
            raise
        pytest.skip(f"NOT TESTED: {what}: {error}")
