"""Tickets, uploads, references, expiry and collection in any order, against a model."""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, invariant, rule

from catalog.errors import (
    CatalogError,
    ObjectMissing,
    ReferenceElsewhere,
    TicketExpired,
    TicketMissing,
    TicketUsed,
    TooManyTemporaryBytes,
    TooManyTickets,
)
from catalog.records import ObjectState, Ticket, TicketLimits, ViewTarget
from tests.catalog.contract.machines import CatalogMachine, run_machine
from tests.messages import enter_chunk

SIZE = 5
GRACE_S = 100.0
REFERENCE_TTL_S = 300.0
LIMITS = TicketLimits(open_tickets=4, temporary_bytes=6 * SIZE)
HOLD = ("upload", "k")
HOLDERS = st.sampled_from(["user:1", "service:blog"])
SERVICES = st.sampled_from(["service:blog", "service:shop"])
KEYS = st.sampled_from(["a", "b"])


@dataclass
class Content:
    """What the model knows of a ticket and of what came of it."""

    ticket: Ticket
    begun: bool = False
    completed: bool = False
    collected: bool = False
    references: dict[tuple[str, str], float | None] = field(default_factory=dict)
    is_view: bool = False
    """Whether it is the present view of its target."""
    was_view: bool = False
    last_needed: float = 0.0


class TicketLifetimes(CatalogMachine):
    """What a ticket can go through, and everything around it."""

    tickets = Bundle("tickets")

    def __init__(self, backend: Any, clock: Any, uploads_into: Any) -> None:
        super().__init__(backend, clock, uploads_into)
        self.model: dict[UUID, Content] = {}

    def live_references(self, content: Content) -> list[tuple[str, str]]:
        """The references that are not over."""
        now = self.clock()
        return [
            name
            for name, expires_at in content.references.items()
            if expires_at is None or expires_at > now
        ]

    def is_needed(self, content: Content) -> bool:
        """Whether a reference, or a living original, needs the content."""
        return bool(self.live_references(content)) or content.is_view

    def note_need(self) -> None:
        """Remembers when each content was last needed."""
        now = self.clock()
        for content in self.model.values():
            if self.is_needed(content):
                content.last_needed = now

    @rule(target=tickets, holder=HOLDERS)
    def open(self, holder):
        """Somebody asks for a ticket."""
        return self.open_ticket(holder, None)

    @rule(target=tickets, original=tickets)
    def open_for_view(self, original):
        """A processing service asks for one, for a view of something."""
        return self.open_ticket("processing", ViewTarget(object_id=original, name="thumbnail"))

    def open_ticket(self, holder: str, view: ViewTarget | None) -> UUID:
        """Opens a ticket as far as the limits allow; answers an id in any case."""
        ticket = Ticket(
            id=uuid4(),
            holder=holder,
            mime_type="text/plain",
            size=SIZE,
            created_at=self.clock(),
            expires_at=self.clock() + 60.0,
            reference_ttl_s=REFERENCE_TTL_S,
            view=view,
        )
        limits = LIMITS if view is None else None
        expected = self.refusal(holder) if limits else None
        assert self.outcome(self.catalog.open_ticket(ticket, limits=limits)) is expected
        if expected is None:
            self.model[ticket.id] = Content(ticket)
        return ticket.id

    def refusal(self, holder: str) -> type[CatalogError] | None:
        """Why the holder may not have another ticket."""
        under_way = kept = 0
        for content in self.model.values():
            if content.ticket.holder != holder or content.collected:
                continue
            if not content.begun:
                under_way += content.ticket.expires_at > self.clock()
            elif not content.completed:
                # A hold that is over counts until it is collected: who uploads renews it.
                under_way += HOLD in content.references
            kept += ("ticket", holder) in self.live_references(content)
        if under_way >= LIMITS.open_tickets:
            return TooManyTickets
        if (under_way + kept + 1) * SIZE > LIMITS.temporary_bytes:
            return TooManyTemporaryBytes
        return None

    @rule(ticket_id=tickets)
    def redeem(self, ticket_id):
        """A form comes in, and all its bytes are stored."""
        content = self.model.get(ticket_id)
        hold = self.uploads.reference(ticket_id, key="k", ttl_s=200.0)
        draft = replace(self.uploads.draft(size=SIZE), id=ticket_id)
        answer = self.outcome(self.catalog.redeem_ticket(draft, hold))
        if content is None or content.collected:
            assert answer is TicketMissing
        elif content.begun:
            is_repetition = HOLD in content.references and not content.completed
            assert (answer is not TicketUsed) == is_repetition
        elif content.ticket.expires_at <= self.clock():
            # One that was dropped is not known any more.
            assert answer in {TicketExpired, TicketMissing}
        else:
            assert answer.used_at == self.clock()
            content.begun = True
            content.references[HOLD] = hold.expires_at
            assert self.run(enter_chunk(self.catalog, self.uploads.location(ticket_id, size=SIZE)))

    @rule(ticket_id=tickets)
    def complete(self, ticket_id):
        """All chunks were reported."""
        call = self.catalog.complete_ticket(ticket_id, mime_type="text/plain", hash_hex="ab")
        answer, content = self.outcome(call), self.model.get(ticket_id)
        if content is None or not content.begun or content.collected:
            assert answer is ObjectMissing
            return
        view = content.ticket.view
        if not content.completed and view is not None and not self.is_stored(view.object_id):
            assert answer is ObjectMissing
            return
        assert answer.state is ObjectState.STORED
        if content.completed:
            return
        content.completed = True
        if view is None:
            expires_at = self.clock() + REFERENCE_TTL_S
            content.references["ticket", content.ticket.holder] = expires_at
        else:
            self.become_view(content, view)

    def is_stored(self, object_id: UUID) -> bool:
        """Whether an object can have views."""
        content = self.model.get(object_id)
        return content is not None and content.completed and not content.collected

    def become_view(self, content: Content, target: ViewTarget) -> None:
        """The content takes the place of the view that there was."""
        self.note_need()
        for other in self.model.values():
            if other.ticket.view == target and other.is_view:
                other.is_view = False
        content.is_view = content.was_view = True

    @rule(ticket_id=tickets)
    def let_upload_go(self, ticket_id):
        """The upload is over, one way or the other."""
        self.note_need()
        self.run(self.catalog.release(ticket_id, service="upload", key="k"))
        if content := self.model.get(ticket_id):
            content.references.pop(HOLD, None)

    @rule(ticket_id=tickets, holder=HOLDERS)
    def revoke(self, ticket_id, holder):
        """A client does not need its upload any more."""
        self.note_need()
        self.run(self.catalog.release(ticket_id, service="ticket", key=holder))
        if content := self.model.get(ticket_id):
            content.references.pop(("ticket", holder), None)

    @rule(ticket_id=tickets, service=SERVICES, key=KEYS)
    def refer(self, ticket_id, service, key):
        """A service uses the content."""
        reference = self.uploads.reference(ticket_id, service=service, key=key, ttl_s=None)
        answer = self.outcome(self.catalog.create_reference(reference))
        elsewhere = any(
            (service, key) in content.references
            for object_id, content in self.model.items()
            if object_id != ticket_id
        )
        if not self.is_stored(ticket_id):
            assert answer is ObjectMissing
        elif elsewhere:
            assert answer is ReferenceElsewhere
        else:
            assert answer is None
            self.model[ticket_id].references[service, key] = None

    @rule(service=SERVICES, key=KEYS)
    def release(self, service, key):
        """A service does not use it any more."""
        self.note_need()
        held = [c for c in self.model.values() if (service, key) in c.references]
        assert self.run(self.catalog.release_reference(service, key)) == bool(held)
        for content in held:
            del content.references[service, key]

    @rule(seconds=st.sampled_from([1.0, 30.0, 100.0, 300.0]))
    def wait(self, seconds):
        """Time passes."""
        self.note_need()
        self.clock.advance(seconds)
        for content in self.model.values():
            for expires_at in content.references.values():
                if expires_at is not None and expires_at <= self.clock():
                    content.last_needed = max(content.last_needed, expires_at)

    @rule(limit=st.integers(min_value=1, max_value=3))
    def collect(self, limit):
        """The collector takes a batch, and never what is needed or was so recently."""
        self.run(self.catalog.drop_expired_tickets(limit=limit))
        assert self.run(self.catalog.collect_objects(limit=limit, grace_s=GRACE_S)) <= limit
        self.see_what_went()

    @rule()
    def collect_everything(self):
        """Once the grace is over for all of it, all garbage goes and nothing else."""
        while self.run(self.catalog.collect_objects(limit=3, grace_s=GRACE_S)) == 3:
            pass
        self.see_what_went()
        self.wait(GRACE_S)
        while self.run(self.catalog.collect_objects(limit=3, grace_s=GRACE_S)) == 3:
            pass
        expired_now = {
            object_id
            for object_id, content in self.model.items()
            if self.clock() - content.last_needed < GRACE_S
        }
        self.see_what_went()
        for object_id, content in self.model.items():
            if content.begun and not content.collected and object_id not in expired_now:
                assert self.is_needed(content)

    def see_what_went(self) -> None:
        """Compares what was collected with what might be, originals before their views."""
        now = self.clock()
        gone = [
            content
            for object_id, content in self.model.items()
            if content.begun
            and not content.collected
            and self.run(self.catalog.object_by_id(object_id)) is None
        ]
        for content in gone:
            content.collected = True
        for content in self.model.values():
            view = content.ticket.view
            if content.is_view and view and self.model[view.object_id].collected:
                content.is_view = False
        for content in gone:
            assert not self.is_needed(content), "needed content was collected"
            is_spared = content.completed and not content.was_view
            assert not is_spared or now - content.last_needed >= GRACE_S, "no grace was given"

    @invariant()
    def everything_is_where_it_belongs(self):
        """Content that was begun and not collected is there, and all live references with it."""
        for object_id, content in self.model.items():
            found = self.run(self.catalog.object_by_id(object_id))
            assert (found is not None) == (content.begun and not content.collected)
            if found is not None:
                listed = self.run(self.catalog.references_on(object_id))
                expected = sorted(self.live_references(content))
                assert [(each.service, each.key) for each in listed] == expected


def test_tickets_and_references_decide_what_lives(backend, clock, uploads_into):
    """Whatever happens in whatever order, referenced content is never deleted, the rest soon is."""
    run_machine(TicketLifetimes, backend, clock, uploads_into, examples=25)
