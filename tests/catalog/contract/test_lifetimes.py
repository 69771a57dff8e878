"""Content lives exactly as long as something refers to it: a state machine against a model."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from catalog.errors import ObjectMissing
from catalog.port import RenameOnConflict
from tests.commits import commit_file
from tests.messages import enter_chunk
from tests.orphans import orphans_of

KEYS = st.sampled_from(["a", "b"])
SERVICES = st.sampled_from(["upload", "album"])
TTLS = st.sampled_from([None, 10.0, 100.0])


@dataclass
class Content:
    """What the model knows of an object."""

    messages: list[int]
    references: dict[tuple[str, str], float | None]
    files: set[int] = field(default_factory=set)
    committed: bool = False
    collected: bool = False


class Lifetimes(RuleBasedStateMachine):
    """Objects, references, files and collection, in any order."""

    objects = Bundle("objects")
    files = Bundle("files")

    def __init__(self, backend: Any, clock: Any, uploads_into: Any) -> None:
        super().__init__()
        self.clock = clock
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.catalog = self.run(self.stack.enter_async_context(backend.another().open()))
        self.uploads = uploads_into(self.catalog, clock)
        self.model: dict[UUID, Content] = {}
        self.forgotten: set[int] = set()

    def run(self, call: Coroutine[Any, Any, Any]) -> Any:
        """Runs a call of the catalog to its end."""
        return self.runner.run(call)

    def teardown(self) -> None:
        """Closes the catalog."""
        self.run(self.stack.aclose())
        self.runner.close()

    def lives(self, content: Content) -> bool:
        """Whether anything refers to the content now."""
        expiries = content.references.values()
        return bool(content.files) or any(
            expires_at is None or expires_at > self.clock() for expires_at in expiries
        )

    @rule(target=objects, ttl_s=TTLS, is_stored=st.booleans())
    def upload(self, ttl_s, is_stored):
        """An upload of one chunk, finished or not."""
        object_id = self.run(self.uploads.begin(ttl_s=ttl_s))
        location = self.uploads.location(object_id)
        assert self.run(enter_chunk(self.catalog, location))
        if is_stored:
            self.run(self.catalog.finish_object(object_id, mime_type="a/b", hash_hex="ab"))
        reference = self.uploads.reference(object_id, ttl_s=ttl_s)
        self.model[object_id] = Content(
            messages=[location.message.id],
            references={("upload", "k"): reference.expires_at},
            committed=not is_stored,
        )
        return object_id

    @rule(object_id=objects)
    def second_message(self, object_id):
        """A message for an index that is taken, or whose object is gone."""
        location = self.uploads.location(object_id)
        assert self.run(enter_chunk(self.catalog, location)) is False
        self.forgotten.add(location.message.id)
        self.run(self.catalog.forget_message(location.message.id))
        assert self.run(enter_chunk(self.catalog, location)) is False

    @rule(target=files, object_id=objects)
    def commit(self, object_id):
        """A file for content that is stored and has none yet."""
        content = self.model[object_id]
        if content.committed:
            return multiple()
        call = commit_file(
            self.catalog,
            object_id,
            ("f",),
            "n",
            owner_id=None,
            is_public=True,
            on_conflict=RenameOnConflict(),
        )
        if content.collected:
            self.expect_missing(call)
            return multiple()
        file_id = self.run(call).file.id
        content.files.add(file_id)
        content.committed = True
        return file_id, object_id

    @rule(file=consumes(files))
    def delete(self, file):
        """A file goes."""
        file_id, object_id = file
        self.run(self.catalog.delete_file(file_id))
        self.model[object_id].files.discard(file_id)

    @rule(object_id=objects, service=SERVICES, key=KEYS, ttl_s=TTLS)
    def hold(self, object_id, service, key, ttl_s):
        """A reference, new or moved."""
        reference = self.uploads.reference(object_id, service=service, key=key, ttl_s=ttl_s)
        if self.model[object_id].collected:
            self.expect_missing(self.catalog.hold(reference))
            return
        self.run(self.catalog.hold(reference))
        self.model[object_id].references[service, key] = reference.expires_at

    @rule(object_id=objects, service=SERVICES, key=st.sampled_from(["a", "b", "k"]))
    def release(self, object_id, service, key):
        """A reference goes."""
        self.run(self.catalog.release(object_id, service=service, key=key))
        self.model[object_id].references.pop((service, key), None)

    @rule(object_id=objects, service=SERVICES, key=st.sampled_from(["a", "b", "k"]))
    def renew(self, object_id, service, key):
        """A live temporary reference gets more time."""
        expires_at = self.clock() + 50.0
        self.run(self.catalog.renew(service, [(object_id, key)], expires_at=expires_at))
        references = self.model[object_id].references
        expiry = references.get((service, key))
        if expiry is not None and expiry > self.clock():
            references[service, key] = expires_at

    @rule(seconds=st.sampled_from([1.0, 10.0, 60.0]))
    def wait(self, seconds):
        """Time passes."""
        self.clock.advance(seconds)

    @rule(limit=st.integers(min_value=1, max_value=3))
    def collect(self, limit):
        """As much garbage goes as there is, up to the limit."""
        dead = [key for key, content in self.model.items() if self.is_garbage(content)]
        assert self.run(self.catalog.collect_objects(limit=limit)) == min(limit, len(dead))
        for object_id in dead:
            if self.run(self.catalog.object_by_id(object_id)) is None:
                self.model[object_id].collected = True

    @rule()
    def reap(self):
        """The oldest message without a chunk is deleted on Discord and forgotten."""
        for message in self.run(orphans_of(self.catalog))[:1]:
            assert message.id not in self.forgotten, "reported after it was forgotten"
            self.run(self.catalog.forget_message(message.id))
            self.forgotten.add(message.id)

    @invariant()
    def everything_is_where_it_belongs(self):
        """Content that was not collected is there, and messages without chunks are reported."""
        expected: set[int] = set()
        for object_id, content in self.model.items():
            found = self.run(self.catalog.object_by_id(object_id))
            assert (found is None) == content.collected
            if content.collected:
                expected.update(content.messages)
        reported = [message.id for message in self.run(orphans_of(self.catalog))]
        assert reported == sorted(expected - self.forgotten)

    def is_garbage(self, content: Content) -> bool:
        """Whether collection should take it."""
        return not content.collected and not self.lives(content)

    def expect_missing(self, call: Coroutine[Any, Any, Any]) -> None:
        """The call must say that the object is gone."""
        try:
            self.run(call)
        except ObjectMissing:
            return
        raise AssertionError("the object was collected")


def test_referenced_content_stays_and_the_rest_goes(backend, clock, uploads_into):
    """Whatever happens in whatever order, exactly the content without reference is collected."""

    class Run(Lifetimes):
        """The machine on this backend."""

        def __init__(self) -> None:
            super().__init__(backend, clock, uploads_into)

    run_state_machine_as_test(
        Run,
        settings=settings(
            max_examples=backend.examples(25),
            stateful_step_count=30,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
