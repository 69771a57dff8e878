"""The manager's end of uploads with tickets, with an upload service played by the test."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import aiohttp
import pytest

from catalog.records import JobState
from client_sdk import Client
from client_sdk.connection import Connection
from manager.app_keys import TICKET_UPLOADS
from manager.errors import NoUploadService
from manager.tickets.issuing import TicketRequest
from manager.tickets.uploads import TicketManager
from protocol import generic, s2c, s2u, u2s
from protocol.extensions import MODIFICATION_TIMES, OBJECT_KEYS, TICKET_HOLDERS, TICKETS, WEBHOOKS
from storage.envelope import sealed_size
from tests.manager.sockets.flaky import FlakyStage, running_flaky_stage
from tests.manager.sockets.stage import CHUNK_SIZE, SERVICE_PASSWORD, Stage

SNOWFLAKES = count(10**17)
TICKET_EXTENSIONS = frozenset({WEBHOOKS, OBJECT_KEYS, TICKETS})
GET_TICKET = """mutation ($size: ByteCount!) {
  getTicket(mimeType: "text/plain", size: $size) { url fileId fields { name value } } }"""


class TicketService:
    """A connection of an upload service that takes tickets."""

    def __init__(self, connection: Connection, webhook: s2u.WebhookLease) -> None:
        self.connection = connection
        self.webhook = webhook

    async def redeem(self, ticket: str, **fields: Any) -> s2u.TicketAccepted | generic.Boolean:
        """Hands a ticket in."""
        packet = u2s.TicketRedeem(ticket=ticket, **fields)
        return await self.connection.request(packet, s2u.TicketAccepted)

    async def accepted(self, ticket: str) -> s2u.TicketAccepted:
        """Hands a ticket in that has to be accepted."""
        answer = await self.redeem(ticket)
        assert isinstance(answer, s2u.TicketAccepted), answer
        return answer

    async def store(
        self, upload_id: str, index: int, size: int, *, stored_size: int | None = None
    ) -> bool:
        """Reports a chunk, of the right length in its envelope if not told; is it wanted?"""
        message_id = next(SNOWFLAKES)
        packet = u2s.ChunkStored(
            upload_id=upload_id,
            index=index,
            message_id=str(message_id),
            channel_id=self.webhook.channel_id,
            webhook_id=self.webhook.id,
            attachment_id=str(message_id + 1),
            offset=0,
            stored_size=sealed_size("v1", size) if stored_size is None else stored_size,
            size=size,
            digest="ab" * 32,
        )
        return (await self.connection.request(packet)).success

    async def finish(self, upload_id: str, *, success: bool = True) -> bool:
        """Reports the end; whether the manager has taken it down."""
        answer = await self.ask_finish(upload_id, success=success)
        assert isinstance(answer, generic.Boolean)
        return answer.success

    async def ask_finish(
        self, upload_id: str, *, success: bool = True
    ) -> generic.Boolean | s2u.ReportDeferred:
        """Reports the end; the manager's answer."""
        fields = {"hash": "cd" * 32, "type": "text/plain"} if success else {"reason": "cut"}
        packet = u2s.TicketFinish(upload_id=upload_id, success=success, **fields)
        return await self.connection.request(packet, s2u.ReportDeferred)


@asynccontextmanager
async def connected(
    stage: Stage | FlakyStage,
    process: str | None = None,
    *,
    key: str = SERVICE_PASSWORD,
    extensions: frozenset[str] | None = None,
) -> AsyncIterator[TicketService]:
    """An upload service, configured; it confirms every change of its lease."""
    socket_url = stage.url if isinstance(stage, FlakyStage) else stage.socket_url
    query = {
        "type": "upload",
        "key": key,
        "address": "http://tickets.test/base/",
        "process": process or str(uuid4()),
    }
    async with Connection.open(
        f"{socket_url}/?{urlencode(query)}",
        receives=frozenset({"s2u", "generic"}),
        extensions=extensions or TICKET_EXTENSIONS,
    ) as connection:
        webhook: asyncio.Future[s2u.WebhookLease] = asyncio.get_running_loop().create_future()
        confirming = asyncio.create_task(confirm_leases(connection, webhook))
        try:
            yield TicketService(connection, await webhook)
        finally:
            confirming.cancel()
            await asyncio.gather(confirming, return_exceptions=True)


async def confirm_leases(connection: Connection, webhook: asyncio.Future[s2u.WebhookLease]) -> None:
    """Answers the manager, and tells the first webhook that is leased."""
    async for frame in connection:
        packet = frame.packet
        if isinstance(packet, s2u.WebhookConfiguration):
            await connection.send(generic.Boolean(success=True), reply_uuid=frame.uuid)
            if packet.webhooks and not webhook.done():
                webhook.set_result(packet.webhooks[0])


async def ticket_of(holder: str, tickets: TicketManager) -> tuple[str, str]:
    """A ticket for five bytes and its file id, once a service takes tickets."""
    request = TicketRequest(mime_type="text/plain", size=5)
    while True:
        try:
            form = await tickets.open(holder, request, is_service=holder.startswith("service:"))
        except NoUploadService:
            await asyncio.sleep(0)
        else:
            return dict(form.fields)["ticket"], str(form.file_id)


async def ask(stage: Stage, query: str, **variables: Any) -> dict[str, Any]:
    """A GraphQL answer for alice."""
    headers = {"Authorization": f"Bearer {await stage.token('alice')}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        body = {"query": query, "variables": variables}
        async with http.post(f"{stage.url}/graphql", json=body) as response:
            answer: dict[str, Any] = await response.json()
    return answer


async def open_ticket(stage: Stage, size: int) -> tuple[str, str]:
    """A ticket and its file id, once a service takes tickets."""
    while "errors" in (answer := await ask(stage, GET_TICKET, size=size)):
        assert answer["errors"][0]["extensions"]["code"] == "no-upload-service"
    opened = answer["data"]["getTicket"]
    assert opened["url"] == "http://tickets.test/base/ticket"
    return {each["name"]: each["value"] for each in opened["fields"]}["ticket"], opened["fileId"]


@pytest.fixture
async def service(stage: Stage) -> AsyncIterator[TicketService]:
    """A service that takes tickets."""
    async with connected(stage) as ready:
        yield ready


@pytest.fixture
async def administrator(stage: Stage) -> AsyncIterator[Client]:
    """The client of an administrator."""
    token = await stage.token("root")
    user = await stage.catalog.user_by_name("root")
    assert user is not None
    await stage.catalog.set_role(user.id, is_admin=True)
    async with Client(stage.url, token) as client:
        yield client


async def test_a_whole_upload(stage, service):
    """Redeemed, stored chunk by chunk, finished: then the file is there and queued."""
    ticket, file_id = await open_ticket(stage, CHUNK_SIZE + 5)
    accepted = await service.accepted(ticket)
    assert (accepted.upload_id, accepted.size) == (file_id, CHUNK_SIZE + 5)
    assert (accepted.type, accepted.chunk_size) == ("text/plain", CHUNK_SIZE)
    assert await service.store(file_id, 1, 5)
    assert not await service.store(file_id, 0, 5)
    assert not await service.store(file_id, 2, 5)
    assert not await service.store(file_id, 0, CHUNK_SIZE, stored_size=300 * 2**20)
    assert await service.store(file_id, 0, CHUNK_SIZE)
    for _ in range(2):
        assert await service.finish(file_id), "the same again, as after a lost answer"
    stored = await stage.catalog.object_by_id(UUID(file_id))
    assert (stored.hash, stored.mime_type) == ("cd" * 32, "text/plain")
    (job,) = await stage.catalog.jobs(JobState.QUEUED, limit=9)
    assert str(job.object_id) == file_id
    assert not await service.store(file_id, 0, CHUNK_SIZE)


async def test_an_upload_whose_webhook_has_died_is_not_stored(stage, service):
    """The sender is told to send the file again, and nothing of it is kept."""
    ticket, file_id = await open_ticket(stage, 5)
    await service.accepted(ticket)
    assert await service.store(file_id, 0, 5)
    lost = u2s.WebhookLost(webhook_id=service.webhook.id, reason="HTTP 404, code 10015")
    await service.connection.send(lost)
    finish = u2s.TicketFinish(upload_id=file_id, success=True, hash="cd" * 32, type="text/plain")
    answer = await service.connection.request(finish)
    assert not answer.success
    assert "send the file again" in answer.message
    assert (await stage.catalog.ticket(UUID(file_id))).completed_at is None
    assert not await service.finish(file_id), "it has ended"


async def test_an_incomplete_upload_is_not_finished(stage, service):
    """A service that says it is done, and is not, ends the upload without a file."""
    ticket, file_id = await open_ticket(stage, CHUNK_SIZE + 5)
    await service.accepted(ticket)
    await service.store(file_id, 0, CHUNK_SIZE)
    assert not await service.finish(file_id)
    await gone(stage, file_id)
    assert not await service.finish(file_id)


async def gone(stage: Stage, file_id: str) -> None:
    """Returns once nothing is left of an upload."""
    while await stage.catalog.object_by_id(UUID(file_id)) is not None:
        pass


async def test_a_form_says_when_its_file_was_modified(stage):
    """The content keeps the time; what is no time that files may have is refused, and uses nothing up."""
    extensions = TICKET_EXTENSIONS | {MODIFICATION_TIMES}
    async with connected(stage, extensions=extensions) as service:
        ticket, file_id = await open_ticket(stage, 5)
        refused = await service.redeem(ticket, modified_at="1500-01-01T00:00:00.000Z")
        assert isinstance(refused, generic.Boolean)
        accepted = await service.redeem(ticket, modified_at="1970-01-01T00:00:01.500Z")
        assert isinstance(accepted, s2u.TicketAccepted)
        content = await stage.catalog.object_by_id(UUID(file_id))
        assert content.modified_at == 1.5


async def test_a_failed_upload_leaves_nothing(stage, service):
    """What was reported of it is garbage, and so is what comes later."""
    ticket, file_id = await open_ticket(stage, CHUNK_SIZE + 5)
    await service.accepted(ticket)
    assert await service.store(file_id, 0, CHUNK_SIZE)
    assert await service.finish(file_id, success=False)
    assert not await service.store(file_id, 1, 5)
    await gone(stage, file_id)
    assert (await service.redeem(ticket)) != s2u.TicketAccepted


@pytest.mark.parametrize(("holder", "told"), [("user:7", "user:7"), ("service:blog", None)])
async def test_whose_ticket_it_is(stage, holder, told):
    """A service that asked for the extension hears of the user, and nothing of other services."""
    tickets = stage.app[TICKET_UPLOADS]
    for extra, heard in ((frozenset(), None), (frozenset({TICKET_HOLDERS}), told)):
        async with connected(stage, extensions=TICKET_EXTENSIONS | extra) as service:
            ticket, _ = await ticket_of(holder, tickets)
            assert (await service.accepted(ticket)).holder == heard


async def test_an_upload_belongs_to_its_process(stage):
    """Any connection of the process may report, no other process, and the last one takes it along."""
    process = str(uuid4())
    async with connected(stage) as stranger:
        async with connected(stage, process) as first:
            ticket, file_id = await open_ticket(stage, 5)
            await first.accepted(ticket)
            async with connected(stage, process) as second:
                assert not await stranger.finish(file_id)
                assert await second.store(file_id, 0, 5)
            assert await stage.catalog.object_by_id(UUID(file_id)) is not None
        await gone(stage, file_id)
        assert not await stranger.finish(file_id)


async def test_an_answer_that_may_be_lost_leaves_nothing(stage):
    """Until something was reported, an upload ends with the connection that it was begun over."""
    process = str(uuid4())
    async with connected(stage, process) as staying:
        async with connected(stage, process) as leaving:
            ticket, file_id = await open_ticket(stage, 5)
            await leaving.accepted(ticket)
        await gone(stage, file_id)
        assert not await staying.store(file_id, 0, 5)


async def test_a_connection_that_is_lost_while_a_ticket_is_redeemed(tmp_path):
    """No service learns of the upload, so nothing is left of it."""
    async with running_flaky_stage(tmp_path) as stage:
        observer = await stage.client("observer")
        answer = stage.catalog.held["redeem_ticket"] = asyncio.Event()
        async with connected(stage) as service:
            ticket, file_id = await flaky_ticket(stage)
            await service.connection.send(u2s.TicketRedeem(ticket=ticket))
            await stage.catalog.is_holding("redeem_ticket")
            assert await stage.is_kept(file_id)
        await observer.next(s2c.ServiceRegistry, action="removed")
        answer.set()
        while await stage.is_kept(file_id):
            pass


async def test_a_clock_that_is_set_ends_no_upload_that_begins(tmp_path):
    """How long the catalog took is not a matter of what time it is."""
    now = time.time()
    async with (
        running_flaky_stage(tmp_path, clock=lambda: now) as stage,
        connected(stage) as service,
    ):
        answer = stage.catalog.held["redeem_ticket"] = asyncio.Event()
        ticket, _ = await flaky_ticket(stage)
        asking = asyncio.create_task(service.redeem(ticket))
        await stage.catalog.is_holding("redeem_ticket")
        now += 11
        answer.set()
        assert isinstance(await asking, s2u.TicketAccepted)


async def test_an_answer_that_comes_too_late_begins_no_upload(tmp_path):
    """The service waits 10 s for the reply; the upload that it has given up is released."""
    now = time.monotonic()
    async with (
        running_flaky_stage(tmp_path, monotonic=lambda: now) as stage,
        connected(stage) as service,
    ):
        answer = stage.catalog.held["redeem_ticket"] = asyncio.Event()
        ticket, file_id = await flaky_ticket(stage)
        asking = asyncio.create_task(service.redeem(ticket))
        await stage.catalog.is_holding("redeem_ticket")
        now += 11
        answer.set()
        assert isinstance(await asking, generic.Boolean)
        while await stage.is_kept(file_id):
            pass


@pytest.mark.parametrize(
    "fields",
    [
        {"key": "0f8fad5b-d9cb-469f-a165-70867728950e"},
        {"type": "text/html"},
        {"max_size": 4},
        {"max_size": 5 + 64 * 1024 + 1},
    ],
)
async def test_what_does_not_fit_is_refused_before_the_ticket_is_used(stage, service, fields):
    """A form of another key, type or size does not cost the ticket."""
    ticket, file_id = await open_ticket(stage, 5)
    refused = await service.redeem(ticket, **fields)
    assert isinstance(refused, generic.Boolean)
    assert refused.message
    fitting = {"key": file_id, "type": "Text/Plain", "max_size": 7}
    assert isinstance(await service.redeem(ticket, **fitting), s2u.TicketAccepted)
    again = await service.redeem(ticket, **fitting)
    assert isinstance(again, generic.Boolean)
    assert "used" in (again.message or "")


async def test_services_without_the_extension_get_no_forms(stage):
    """An upload service that knows only webhooks gets no forms with tickets."""
    only = frozenset({WEBHOOKS, OBJECT_KEYS})
    async with connected(stage, extensions=only) as service:
        assert service.connection.granted == only
        answer = await ask(stage, GET_TICKET, size=5)
        assert answer["errors"][0]["extensions"]["code"] == "no-upload-service"


async def flaky_ticket(stage: FlakyStage) -> tuple[str, str]:
    """A ticket for five bytes and its file id, once a service takes tickets."""
    return await ticket_of("user:1", stage.app[TICKET_UPLOADS])


async def test_a_catalog_that_is_away_costs_no_ticket(tmp_path):
    """A form that comes then is refused with a reason, and the ticket stays valid."""
    async with running_flaky_stage(tmp_path) as stage, connected(stage) as service:
        ticket, _ = await flaky_ticket(stage)
        stage.catalog.before["redeem_ticket"] = 10**6
        refused = await service.redeem(ticket)
        assert isinstance(refused, generic.Boolean)
        assert refused.message == "the catalog is not available: try again shortly"
        stage.catalog.before["redeem_ticket"] = 0
        await service.accepted(ticket)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_short_absences_are_not_noticed(tmp_path, when):
    """Each step is repeated, also one whose answer was lost after it was carried out."""
    async with running_flaky_stage(tmp_path) as stage, connected(stage) as service:
        for step in ("open_ticket", "redeem_ticket", "add_message", "complete_ticket"):
            getattr(stage.catalog, when)[step] = 2
        ticket, file_id = await flaky_ticket(stage)
        await service.accepted(ticket)
        assert await service.store(file_id, 0, 5)
        assert await service.finish(file_id)
        assert await stage.is_kept(file_id)
        (reference,) = await stage.real_catalog.references_on(UUID(file_id))
        assert (reference.service, reference.key) == ("ticket", "user:1")


@pytest.mark.parametrize("when", ["before", "after"])
async def test_what_cannot_be_completed_leaves_nothing(tmp_path, when):
    """When the catalog stays away at the end, the service is told, and gives the upload up.

    Also when it was completed, and only the answer was lost: its sender hears that it is not stored.
    """
    async with running_flaky_stage(tmp_path) as stage, connected(stage) as service:
        ticket, file_id = await flaky_ticket(stage)
        await service.accepted(ticket)
        await service.store(file_id, 0, 5)
        getattr(stage.catalog, when)["complete_ticket"] = 10**6
        assert await service.ask_finish(file_id) == s2u.ReportDeferred()
        assert await service.finish(file_id, success=False)
        while await stage.is_kept(file_id):
            pass


@pytest.mark.parametrize("when", ["before", "after"])
async def test_what_could_not_be_completed_is_completed_later(tmp_path, when):
    """A service that reports the end again, when the catalog is back, has stored the file."""
    async with running_flaky_stage(tmp_path) as stage, connected(stage) as service:
        ticket, file_id = await flaky_ticket(stage)
        await service.accepted(ticket)
        await service.store(file_id, 0, 5)
        failing = getattr(stage.catalog, when)
        failing["complete_ticket"] = 10**6
        assert await service.ask_finish(file_id) == s2u.ReportDeferred()
        failing["complete_ticket"] = 0
        assert await service.finish(file_id)
        assert await stage.is_kept(file_id)
        (reference,) = await stage.real_catalog.references_on(UUID(file_id))
        assert (reference.service, reference.key) == ("ticket", "user:1")


async def test_the_upload_of_a_removed_user_is_not_stored(stage, service, administrator):
    """The service is told so, and nothing is left of it."""
    ticket, file_id = await open_ticket(stage, 5)
    await service.accepted(ticket)
    await administrator.remove_user("alice", delete_files=True)
    await service.store(file_id, 0, 5)
    assert not await service.finish(file_id)
    await gone(stage, file_id)
    await stage.no_messages_left()


async def test_the_unused_ticket_of_a_removed_user_is_worth_nothing(stage, service, administrator):
    """The service is told so; the connection lives on."""
    ticket, file_id = await open_ticket(stage, 5)
    await administrator.remove_user("alice", delete_files=True)
    assert isinstance(await service.redeem(ticket), generic.Boolean)
    assert await stage.catalog.object_by_id(UUID(file_id)) is None


async def test_what_a_removed_user_has_uploaded_stays(stage, service, administrator):
    """For as long as something refers to it, as services do."""
    ticket, file_id = await open_ticket(stage, 5)
    await service.accepted(ticket)
    await service.store(file_id, 0, 5)
    assert await service.finish(file_id)
    await administrator.remove_user("alice", delete_files=True)
    assert await stage.catalog.object_by_id(UUID(file_id)) is not None
