"""Files that have to wait share messages: nothing is lost, nothing is doubled, nobody waits longer."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discord_emulator.emulator import Emulator
from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from discord_emulator.settings import SizeLimits
from storage.discord.messages import ChunkAddress
from storage.discord.sizes import MessageLimits
from storage.errors import DiscordRefused, PostWithdrawn, RequestTooLarge, StorageError
from storage.outgoing import FileSender
from storage.pool import WebhookPool

MIB = 1024 * 1024
LARGE = MessageLimits(attachment_bytes=10 * MIB, request_bytes=200 * MIB, attachments=10)


@dataclass
class Office:
    """Posts files and keeps what it is told about them."""

    emulator: Emulator
    pool: WebhookPool
    saved: list[tuple[object, ChunkAddress]] = field(default_factory=list)
    messages: int = 0

    def on_saved(self, files: Sequence[tuple[object, ChunkAddress]]) -> None:
        """Notes the files of one message."""
        self.messages += 1
        self.saved += files

    def post(self, content: bytes, owner: object = None, **options) -> asyncio.Task[ChunkAddress]:
        """Begins to post a file."""
        may_share = options.pop("may_share", True)
        sender = FileSender(owner=owner, on_saved=self.on_saved, may_share=may_share)
        return asyncio.create_task(self.pool.post(memoryview(content), sender=sender, **options))

    def read(self, address: ChunkAddress) -> bytes:
        """What lies at an address."""
        message = next(one for one in self.emulator.messages() if one.id == address.message_id)
        ids = [attachment.id for attachment in message.attachments]
        assert address.attachment_id is not None
        content = self.emulator.content(message, ids.index(address.attachment_id))
        return content[address.offset : address.offset + address.stored_size]

    def check(self, contents: dict[object, bytes]) -> None:
        """Every file was saved, was told once, and lies where that says."""
        assert sorted(owner for owner, _ in self.saved) == sorted(contents)  # type: ignore[type-var] # all alike
        for owner, address in self.saved:
            assert self.read(address) == contents[owner]


@pytest.fixture
def office(emulator, http, webhooks):
    """Posts by both webhooks, within large limits."""
    pool = WebhookPool(http, lambda *_: None)
    pool.set_webhooks(webhooks, {webhook.id: LARGE for webhook in webhooks})
    return Office(emulator, pool)


def contents_of(count: int, size: int = 1000) -> dict[object, bytes]:
    """Different files, by number."""
    return {number: os.urandom(size + number) for number in range(count)}


def fault(emulator, kind, **details) -> Fault:
    """Orders a fault for posts."""
    order = Fault(kind=kind, route=Operation.EXECUTE, **details)
    emulator.faults.add(order)
    return order


async def test_files_that_wait_share_messages(office):
    """A hundred files need a few messages; each lies where its sender was told."""
    contents = contents_of(100)
    addresses = await asyncio.gather(*(office.post(each, key) for key, each in contents.items()))
    office.check(contents)
    assert dict(office.saved) == dict(enumerate(addresses))
    assert office.messages == len(office.emulator.messages()) <= 4
    assert office.emulator.requests.rate_limited.total() == 0


async def test_large_files_have_an_attachment_each(office, webhooks):
    """Up to the ten of a message, once the limits make them wait."""
    tight = MessageLimits(attachment_bytes=250_000, request_bytes=200 * MIB, attachments=10)
    office.pool.set_webhooks(webhooks, {webhook.id: tight for webhook in webhooks})
    contents = contents_of(60, size=200_000)
    await asyncio.gather(*(office.post(each, key) for key, each in contents.items()))
    office.check(contents)
    counts = [len(message.attachments) for message in office.emulator.messages()]
    assert max(counts) == 10
    # Although the budgets are fresh: only what there is room for goes alone.
    assert len(counts) <= 11
    assert office.emulator.requests.rate_limited.total() == 0


async def test_files_that_are_under_way_are_no_company_for_others(office):
    """Messages stay full when most senders' files are under way, so that the budgets last."""

    async def send(sender: int) -> None:
        for number in range(5):
            await office.post(bytes(10_000), (sender, number))

    await asyncio.gather(*(send(sender) for sender in range(300)))
    assert office.messages < 40


async def test_a_file_that_need_not_wait_goes_at_once(office, time):
    """By itself, although others come at the same time: two webhooks have room for two."""
    began = time.clock()
    first, second = office.post(b"first", 1), office.post(bytes(MIB), 2)
    await asyncio.gather(first, second)
    assert (office.messages, time.clock()) == (2, began)


async def test_a_sender_may_want_a_message_of_its_own(office):
    """And takes none along either; a plain post is such a one."""
    posts = [
        office.post(bytes([number]), number, may_share=number % 2 == 0) for number in range(20)
    ]
    plain = [office.pool.post(memoryview(b"plain")) for _ in range(4)]
    await asyncio.gather(*posts, *plain)
    own = [address for owner, address in office.saved if owner % 2]
    counts = {
        message.id: sum(address.message_id == message.id for _, address in office.saved)
        for message in office.emulator.messages()
    }
    assert {counts[address.message_id] for address in own} == {1}
    assert list(counts.values()).count(0) == 4


async def test_files_share_only_by_a_webhook_that_all_of_them_may_use(office, webhooks):
    """Each goes by one that was named for it."""
    posts = {
        number: office.post(b"x", number, webhooks=lambda one=webhook.id: frozenset({one}))
        for webhook in webhooks
        for number in range(webhook.id, webhook.id + 12)
    }
    await asyncio.gather(*posts.values())
    for number, address in office.saved:
        assert 0 <= number - address.webhook_id < 12
    assert office.messages < 12


async def test_a_withdrawn_file_leaves_the_others_alone(office):
    """It is not posted, and they are."""
    withdrawn = asyncio.get_running_loop().create_future()
    gone = [office.post(b"gone", "gone", withdrawn=withdrawn) for _ in range(20)]
    kept = [office.post(b"kept", "kept") for _ in range(20)]
    await asyncio.sleep(0)
    withdrawn.set_result(None)
    outcomes = await asyncio.gather(*gone, *kept, return_exceptions=True)
    refused = [one for one in outcomes[:20] if isinstance(one, PostWithdrawn)]
    assert len(refused) >= 18
    assert [owner for owner, _ in office.saved].count("kept") == 20
    assert len(office.saved) == 40 - len(refused)


async def test_a_dying_webhook_costs_no_file(office):
    """All files of the message wait for turns again, and go by the other one."""
    order = fault(office.emulator, FaultKind.WEBHOOK_GONE, skip=2)
    contents = contents_of(40)
    await asyncio.gather(*(office.post(each, key) for key, each in contents.items()))
    office.check(contents)
    assert order.hits == 1


@pytest.mark.parametrize("after_commit", [False, True])
async def test_a_lost_answer_doubles_no_file(office, after_commit):
    """Discord may have the message; what counts is the second one, for each file once."""
    fault(office.emulator, FaultKind.RESET, after_commit=after_commit, skip=2)
    contents = contents_of(40)
    await asyncio.gather(*(office.post(each, key) for key, each in contents.items()))
    office.check(contents)
    assert len(office.emulator.messages()) == office.messages + after_commit


async def test_a_refused_message_falls_back_to_each_file_alone(office):
    """One that Discord will not have fails alone, and the others are saved."""
    fault(office.emulator, FaultKind.ERROR, status=400, code=50035, skip=2, times=2)
    contents = contents_of(30)
    posts = [office.post(each, key) for key, each in contents.items()]
    outcomes = await asyncio.gather(*posts, return_exceptions=True)
    (failed,) = (key for key, one in enumerate(outcomes) if isinstance(one, DiscordRefused))
    del contents[failed]
    office.check(contents)


async def test_a_message_that_is_too_large_is_composed_of_fewer(office, webhooks):
    """What the channel turns out to take is learned, and no file fails."""
    for webhook in webhooks:
        office.emulator.size_limits[webhook.channel_id] = SizeLimits(10 * MIB, 50 * MIB, 10)
    contents = contents_of(18, size=9 * MIB)
    await asyncio.gather(*(office.post(each, key) for key, each in contents.items()))
    office.check(contents)
    assert 1 <= office.emulator.requests.count(Operation.EXECUTE, 413) <= 2


async def test_a_file_that_is_refused_at_any_size_fails_alone(office):
    """Nothing is to be learned from the refusal of a small message."""
    fault(office.emulator, FaultKind.ERROR, status=413, code=40005, skip=2, times=2)
    contents = contents_of(30)
    posts = [office.post(each, key) for key, each in contents.items()]
    outcomes = await asyncio.gather(*posts, return_exceptions=True)
    (failed,) = (key for key, one in enumerate(outcomes) if isinstance(one, RequestTooLarge))
    del contents[failed]
    office.check(contents)


async def test_a_cancelled_file_keeps_its_bytes_until_the_message_is_over(office, http):
    """Another task is sending them; its own files are not affected."""
    slow = fault(office.emulator, FaultKind.SLOW, skip=2)
    posts = [office.post(bytes([number]), number) for number in range(30)]
    await slow.reached.wait()
    for post in posts[5:25]:
        post.cancel()
    await asyncio.sleep(0)
    under_way = [post for post in posts[5:25] if not post.done()]
    assert len(under_way) >= 18
    slow.release()
    await asyncio.gather(*posts, return_exceptions=True)
    assert {owner for owner, _ in office.saved} >= {0, 1, 2, 3, 4, 25, 26, 27, 28, 29}


async def test_a_cancelled_leader_leaves_its_companions_to_others(office):
    """They wait for turns of their own again."""
    slow = fault(office.emulator, FaultKind.SLOW, skip=2)
    posts = [office.post(bytes([number]), number) for number in range(20)]
    await slow.reached.wait()
    # The first that waited behind the two that went at once.
    posts[2].cancel()
    outcomes = await asyncio.gather(*posts, return_exceptions=True)
    assert isinstance(outcomes[2], asyncio.CancelledError)
    assert sorted(owner for owner, _ in office.saved) == [0, 1, *range(3, 20)]


async def test_attachments_are_told_apart_by_their_names(connect, serve, webhooks):
    """Whatever order Discord lists them in."""
    posted = []

    async def shuffled(request: web.Request) -> web.Response:
        form = await request.post()
        files = [value for value in form.values() if isinstance(value, web.FileField)]
        posted.append(len(files))
        attachments = [
            {"id": str(10**17 + number), "size": len(file.file.read()), "url": "x"}
            | {"filename": file.filename}
            for number, file in enumerate(files)
        ]
        answer = {
            "id": str(10**18 + len(posted)),
            "channel_id": "7",
            "attachments": attachments[::-1],
        }
        return web.Response(body=msgspec.json.encode(answer), content_type="application/json")

    http = await connect(await serve(shuffled))
    pool = WebhookPool(http, lambda *_: None)
    tight = MessageLimits(attachment_bytes=110_000, request_bytes=MIB, attachments=10)
    pool.set_webhooks(webhooks[:1], {webhooks[0].id: tight})
    saved: list[tuple[object, ChunkAddress]] = []
    sizes = [100_000 + number for number in range(11)]
    await asyncio.gather(
        *(
            pool.post(memoryview(bytes(size)), sender=FileSender(owner=size, on_saved=saved.extend))
            for size in sizes
        )
    )
    assert max(posted) > 1
    for size, address in saved:
        assert address.stored_size == size
    numbers = [address.attachment_id or 0 for _, address in saved[1:11]]
    assert numbers == sorted(set(numbers))


_FAULTS = st.lists(
    st.tuples(
        st.sampled_from(["500", "reset", "reset after", "429", "413", "400", "gone"]),
        st.integers(0, 6),
    ),
    max_size=6,
)
_KINDS: dict[str, tuple[FaultKind, dict[str, Any]]] = {
    "500": (FaultKind.ERROR, {"status": 500}),
    "reset": (FaultKind.RESET, {}),
    "reset after": (FaultKind.RESET, {"after_commit": True}),
    "429": (FaultKind.RATE_LIMIT, {"retry_after_s": 3.0}),
    "413": (FaultKind.ERROR, {"status": 413, "code": 40005}),
    "400": (FaultKind.ERROR, {"status": 400, "code": 50035}),
    "gone": (FaultKind.WEBHOOK_GONE, {}),
}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    faults=_FAULTS,
    sizes=st.lists(st.sampled_from([10, 1000, 300_000]), min_size=1, max_size=40),
    withdrawn=st.sets(st.integers(0, 39)),
    cancelled=st.sets(st.integers(0, 39)),
)
async def test_whatever_fails_every_file_is_saved_once_or_not(
    office, webhooks, faults, sizes, withdrawn, cancelled
):
    """Each post ends in the address that was told of it or in an error, and its bytes lie there."""
    office.saved.clear()
    office.emulator.faults.clear()
    office.pool.set_webhooks([])
    office.pool.set_webhooks(webhooks, {webhook.id: LARGE for webhook in webhooks})
    for kind, skip in faults:
        fault(office.emulator, _KINDS[kind][0], skip=skip, **_KINDS[kind][1])
    contents = {number: os.urandom(size) for number, size in enumerate(sizes)}
    loop = asyncio.get_running_loop()
    ends = {number: loop.create_future() for number in contents}
    posts = {key: office.post(each, key, withdrawn=ends[key]) for key, each in contents.items()}
    await asyncio.sleep(0)
    for number in withdrawn & contents.keys():
        ends[number].set_result(None)
    for number in cancelled & contents.keys():
        posts[number].cancel()
    outcomes = await asyncio.gather(*posts.values(), return_exceptions=True)
    told = dict(office.saved)
    assert len(told) == len(office.saved)
    for key, outcome in zip(contents, outcomes, strict=True):
        if isinstance(outcome, ChunkAddress):
            assert told[key] == outcome
        else:
            assert isinstance(outcome, StorageError | asyncio.CancelledError), outcome
            assert key not in told or isinstance(outcome, asyncio.CancelledError)
    for key, address in told.items():
        assert office.read(address) == contents[key]
