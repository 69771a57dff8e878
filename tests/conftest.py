"""What the tests of several rooms share."""

import os
from collections.abc import Iterator

import pytest

from local_supabase.programs import ProgramMissing
from local_supabase.stack import LocalSupabase, running_supabase


@pytest.fixture(scope="session")
def supabase() -> Iterator[LocalSupabase]:
    """A local Supabase for all tests of this process."""
    try:
        with running_supabase() as supabase:
            yield supabase
    except ProgramMissing as error:
        if os.environ.get("REQUIRE_SUPABASE"):
            raise
        pytest.skip(f"THE SUPABASE CATALOG IS NOT TESTED: {error}")
