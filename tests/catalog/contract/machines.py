"""What state machines over the catalog share."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from catalog.errors import CatalogError


class CatalogMachine(RuleBasedStateMachine):
    """Calls an empty catalog of its own, one call after the other."""

    def __init__(self, backend: Any, clock: Any, uploads_into: Any) -> None:
        super().__init__()
        self.clock = clock
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.catalog = self.run(self.stack.enter_async_context(backend.another().open()))
        self.uploads = uploads_into(self.catalog, clock)

    def run(self, call: Coroutine[Any, Any, Any]) -> Any:
        """Runs a call of the catalog to its end."""
        return self.runner.run(call)

    def outcome(self, call: Coroutine[Any, Any, Any]) -> Any:
        """The answer of a call, or the class of its error."""
        try:
            return self.run(call)
        except CatalogError as error:
            return type(error)

    def teardown(self) -> None:
        """Closes the catalog."""
        self.run(self.stack.aclose())
        self.runner.close()


def run_machine(
    machine: type[CatalogMachine], backend: Any, clock: Any, uploads_into: Any, *, examples: int
) -> None:
    """Runs a machine on a backend, always through the same steps."""

    class Run(machine):  # type: ignore[misc, valid-type]
        """The machine on this backend."""

        def __init__(self) -> None:
            super().__init__(backend, clock, uploads_into)

    run_state_machine_as_test(
        Run,
        settings=settings(
            max_examples=backend.examples(examples),
            stateful_step_count=30,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
