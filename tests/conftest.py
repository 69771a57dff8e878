"""What the tests of several rooms share."""

from collections.abc import Iterator, Mapping

import pytest

from local_supabase.stack import LocalSupabase, running_supabase
from tests.local_programs import needed_for
from tests.loops import LoopFactory, loops_for
from tests.scripted_answers import ScriptedAnswers


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, LoopFactory]:
    """The event loops of a test."""
    return loops_for(item.path)


@pytest.fixture
def answers() -> Iterator[ScriptedAnswers]:
    """Answers in place of all HTTP clients, but for what goes to this machine."""
    scripted = ScriptedAnswers()
    with scripted:
        yield scripted


@pytest.fixture(scope="session")
def supabase() -> Iterator[LocalSupabase]:
    """A local Supabase for all tests of this process."""
    with needed_for("the catalog on Supabase"), running_supabase() as supabase:
        yield supabase
