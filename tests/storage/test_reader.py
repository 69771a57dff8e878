"""Reading chunks back."""

import asyncio
import hashlib
import os
import uuid
from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from storage.discord.answers import TransientFault
from storage.discord.cdn import download
from storage.discord.messages import ChunkAddress, WebhookClient
from storage.errors import (
    ChunkCorrupt,
    DiscordRefused,
    DiscordUnavailable,
    MessageGone,
    UnauthenticatedContent,
    WebhookForbidden,
    WebhookGone,
    WebhookNotConfigured,
)
from storage.keys import KeyRing, MasterKey
from storage.pool import WebhookPool
from storage.reader import AttachmentFinder, ChunkReader, ExpectedChunk

DAY_S = 86_400.0


@pytest.fixture
def credentials(webhooks):
    """All webhooks by id."""
    return {webhook.id: webhook for webhook in webhooks}


@pytest.fixture
def reader(http, credentials, keyring):
    """A reader without a bot, which reads content of the base protocol as well."""
    return ChunkReader(http, AttachmentFinder(http, credentials), keyring, reads_base_content=True)


@pytest.fixture
def bot_reader(http, keyring):
    """A reader with a bot's token alone."""
    return ChunkReader(
        http, AttachmentFinder(http, {}, bot_token="bot-token"), keyring, reads_base_content=True
    )


@pytest.fixture
def store(http, webhooks):
    """Posts bytes and answers their address."""
    pool = WebhookPool(http, lambda *_: None)
    pool.set_webhooks(webhooks)
    return pool.post


@pytest.fixture
def chunk(seal):
    """A chunk large enough that it does not arrive in one piece."""
    return seal(os.urandom(300_000), index=1, count=3)


def order(emulator, kind, route=Operation.CDN, **details) -> Fault:
    """Orders a fault."""
    fault = Fault(kind=kind, route=route, **details)
    emulator.faults.add(fault)
    return fault


async def read(reader, address, chunk, **changed) -> bytes:
    """Reads a chunk as it was sealed, but for what is changed."""
    asked = {
        "envelope": "v1",
        "object_id": chunk.object_id,
        "index": chunk.index,
        "count": chunk.count,
        "size": len(chunk.plain),
        "digest": hashlib.sha256(chunk.plain).digest(),
        **changed,
    }
    return bytes(await reader.read(ExpectedChunk(address=address, **asked)))


async def test_a_chunk_comes_back(reader, store, chunk):
    """Byte for byte, and as it lies on Discord when asked for that."""
    address = await store(chunk.content)
    assert await read(reader, address, chunk) == chunk.plain
    assert await read(reader, address, chunk, digest=None) == chunk.plain
    assert await reader.fetch(address) == chunk.content


@pytest.mark.parametrize(
    "changed",
    [
        {"index": 0},
        {"count": 2},
        {"object_id": uuid.UUID(int=0)},
        {"digest": bytes(32)},
        {"size": 300_001, "envelope": "base"},
        {"size": 300_033, "envelope": "plain"},
    ],
)
async def test_no_wrong_byte_is_ever_answered(emulator, reader, store, chunk, changed):
    """What is not the chunk that was asked for is an error, after a second look."""
    address = await store(chunk.content)
    with pytest.raises(ChunkCorrupt):
        await read(reader, address, chunk, **changed)
    assert emulator.requests.count(Operation.CDN, 200) == 2


@pytest.mark.parametrize(
    ("changed", "stored_size"),
    [
        ({"size": 299_999}, 300_033),
        ({"envelope": "base"}, 300_033),
        ({"envelope": "plain"}, 300_033),
        ({}, 300_034),
        ({"size": 3}, 300 * 2**20),
    ],
)
async def test_what_cannot_be_the_chunk_is_not_fetched(
    emulator, reader, store, chunk, changed, stored_size
):
    """Memory is taken for a chunk of the size that is asked for, in its envelope, and for no more."""
    address = replace(await store(chunk.content), stored_size=stored_size)
    with pytest.raises(ChunkCorrupt, match=f"{stored_size} bytes are no chunk"):
        await read(reader, address, chunk, **changed)
    assert emulator.requests.count(Operation.MESSAGE) == 0


async def test_a_damaged_chunk_is_an_error(emulator, reader, store, chunk):
    """One bit is enough."""
    sealed = bytearray(chunk.content)
    sealed[200_000] ^= 4
    with pytest.raises(ChunkCorrupt, match="tag"):
        await read(reader, await store(memoryview(sealed)), chunk)


@pytest.mark.parametrize("position", [0, 1, 4, 5, 1000, -1])
async def test_damage_on_the_way_is_repaired_by_a_second_fetch(
    reader, store, chunk, monkeypatch, position
):
    """What lies on Discord is whole, so the caller notices nothing."""
    address = await store(chunk.content)
    copies: list[memoryview] = []

    async def damaged_once(*args, **kwargs):
        await download(*args, **kwargs)
        into = args[2]
        if not copies:
            into[position] ^= 1
        copies.append(into)

    monkeypatch.setattr("storage.reader.download", damaged_once)
    assert await read(reader, address, chunk) == chunk.plain
    assert len(copies) == 2


async def test_an_attachment_shorter_than_the_chunk_is_damage(reader, store, chunk):
    """It cannot be the one that was stored."""
    address = await store(chunk.content[:-1])
    grown = ChunkAddress(
        message_id=address.message_id,
        channel_id=address.channel_id,
        webhook_id=address.webhook_id,
        attachment_id=address.attachment_id,
        offset=0,
        stored_size=len(chunk.content),
    )
    with pytest.raises(ChunkCorrupt, match="has only"):
        await read(reader, grown, chunk)


@pytest.mark.parametrize("position", [0, 2])
async def test_a_chunk_may_be_a_part_of_an_attachment(reader, store, seal, position):
    """It is found by its offset; the message has no other attachment."""
    chunks = [seal(os.urandom(1000)) for _ in range(3)]
    whole = b"".join(chunk.content for chunk in chunks)
    stored = await store(memoryview(whole))
    size = len(chunks[0].content)
    part = ChunkAddress(
        message_id=stored.message_id,
        channel_id=stored.channel_id,
        webhook_id=stored.webhook_id,
        attachment_id=None,
        offset=position * size,
        stored_size=size,
    )
    assert await read(reader, part, chunks[position]) == chunks[position].plain


@pytest.mark.parametrize("start", [0, 90_000, 100_000, 250_000])
async def test_a_chunk_may_lie_in_several_attachments(
    emulator, reader, http, webhooks, seal, start
):
    """Without an attachment the address means all of the message, one after the other."""
    chunk = seal(os.urandom(150_000))
    content = os.urandom(start) + bytes(chunk.content) + b"behind"
    files = [memoryview(content[at : at + 100_000]) for at in range(0, len(content), 100_000)]
    posted = await WebhookClient(http, webhooks[0]).execute(*files)
    address = ChunkAddress(
        message_id=posted.id,
        channel_id=posted.channel_id,
        webhook_id=webhooks[0].id,
        attachment_id=None,
        offset=start,
        stored_size=len(chunk.content),
    )
    assert await read(reader, address, chunk) == chunk.plain
    with pytest.raises(ChunkCorrupt, match="have only"):
        await reader.fetch(replace(address, offset=len(content)))


async def test_a_refused_url_of_one_of_several_attachments_is_replaced(
    emulator, reader, http, webhooks, seal
):
    """All URLs of the message are asked for anew, once."""
    chunk = seal(os.urandom(150_000))
    files = [chunk.content[:100_000], chunk.content[100_000:]]
    posted = await WebhookClient(http, webhooks[0]).execute(*files)
    address = ChunkAddress(
        message_id=posted.id,
        channel_id=posted.channel_id,
        webhook_id=webhooks[0].id,
        attachment_id=None,
        offset=0,
        stored_size=len(chunk.content),
    )
    order(emulator, FaultKind.ERROR, status=403, attachment_id=posted.attachments[1].id)
    assert await read(reader, address, chunk) == chunk.plain
    assert emulator.requests.count(Operation.MESSAGE) == 2


async def test_plain_chunks_are_read(reader, store, chunk):
    """A base-protocol service may have stored without encryption."""
    address = await store(memoryview(chunk.plain))
    assert await read(reader, address, chunk, envelope="plain") == chunk.plain


async def test_chunks_of_the_base_protocol_are_read_with_any_key(http, credentials, store, chunk):
    """Its envelope does not name the key, so each configured one is tried."""
    old, new = MasterKey(os.urandom(32)), MasterKey(os.urandom(32))
    for writer in (old, new):
        iv = os.urandom(16)
        encrypted = AESGCM(writer.secret).encrypt(iv, chunk.plain, None)
        address = await store(memoryview(iv + encrypted[-16:] + encrypted[:-16]))
        reader = ChunkReader(
            http, AttachmentFinder(http, credentials), KeyRing(new, old), reads_base_content=True
        )
        assert await read(reader, address, chunk, envelope="base") == chunk.plain
    strange_ring = KeyRing(MasterKey(os.urandom(32)))
    stranger = ChunkReader(
        http, AttachmentFinder(http, credentials), strange_ring, reads_base_content=True
    )
    with pytest.raises(ChunkCorrupt):
        await read(stranger, address, chunk, envelope="base")


@pytest.mark.parametrize(
    "changed", [{"envelope": "plain"}, {"envelope": "base"}, {"digest": None}], ids=str
)
async def test_what_proves_nothing_is_not_even_fetched(
    emulator, http, credentials, keyring, store, chunk, changed
):
    """Unless it was asked to, a reader answers only bytes that prove which chunk they are."""
    address = await store(chunk.content)
    reader = ChunkReader(http, AttachmentFinder(http, credentials), keyring)
    with pytest.raises(UnauthenticatedContent, match="BASE_UPLOAD_SERVICES"):
        await read(reader, address, chunk, **changed)
    assert emulator.requests.count(Operation.MESSAGE) == 0
    assert await read(reader, address, chunk) == chunk.plain


async def test_urls_are_asked_for_once(emulator, reader, store, chunk):
    """Everybody who wants the same message at the same time waits for one answer."""
    address = await store(chunk.content)
    async with asyncio.TaskGroup() as group:
        for _ in range(10):
            group.create_task(read(reader, address, chunk))
    await read(reader, address, chunk)
    assert emulator.requests.count(Operation.MESSAGE) == 1


async def test_whoever_gives_up_waiting_harms_nobody(emulator, reader, store, chunk):
    """If the first to ask is cancelled, the next one asks."""
    address = await store(chunk.content)
    fault = order(emulator, FaultKind.SLOW, Operation.MESSAGE)
    first = asyncio.create_task(read(reader, address, chunk))
    await fault.reached.wait()
    second = asyncio.create_task(read(reader, address, chunk))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == chunk.plain


async def test_urls_are_asked_for_again_before_they_expire(emulator, reader, store, chunk, time):
    """A download does not begin with a URL that may die during it."""
    address = await store(chunk.content)
    await read(reader, address, chunk)
    time.clock.advance(DAY_S + 1)
    assert await read(reader, address, chunk) == chunk.plain
    assert emulator.requests.count(Operation.MESSAGE) == 2
    assert emulator.requests.count(Operation.CDN, 200) == 2


async def test_only_so_many_messages_are_remembered(emulator, http, credentials, keyring, store):
    """The longest unused is forgotten first."""
    reader = ChunkReader(http, AttachmentFinder(http, credentials, cached_messages=2), keyring)
    one, two, three = [await store(memoryview(b"%d" % number)) for number in range(3)]
    for address in (one, two, one, three, one):
        await reader.fetch(address)
    assert emulator.requests.count(Operation.MESSAGE) == 3
    await reader.fetch(two)
    assert emulator.requests.count(Operation.MESSAGE) == 4


@pytest.mark.parametrize("status", [403, 404])
async def test_a_refused_url_is_replaced_once(emulator, reader, store, chunk, status):
    """A signature may die early; a fresh one tells whether that was it."""
    address = await store(chunk.content)
    order(emulator, FaultKind.ERROR, status=status)
    assert await read(reader, address, chunk) == chunk.plain
    assert emulator.requests.count(Operation.MESSAGE) == 2


@pytest.mark.parametrize(("status", "expected"), [(404, MessageGone), (403, DiscordUnavailable)])
async def test_an_attachment_that_stays_refused_is_an_error(
    emulator, reader, store, chunk, status, expected
):
    """After one fresh URL."""
    address = await store(chunk.content)
    order(emulator, FaultKind.ERROR, status=status, times=None)
    with pytest.raises(expected):
        await read(reader, address, chunk)
    assert emulator.requests.count(Operation.CDN) == 2


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": FaultKind.TRUNCATED},
        {"kind": FaultKind.TRUNCATED, "after_bytes": 0},
        {"kind": FaultKind.RESET},
        {"kind": FaultKind.ERROR, "status": 502},
        {"kind": FaultKind.RATE_LIMIT},
    ],
)
async def test_bad_downloads_are_tried_again(emulator, reader, store, chunk, fault):
    """A body that breaks off, a connection that breaks, a CDN that is busy."""
    address = await store(chunk.content)
    ordered = order(emulator, times=2, **fault)
    assert await read(reader, address, chunk) == chunk.plain
    assert ordered.hits == 2


async def test_a_download_that_stalls_is_tried_again(
    emulator, connect, credentials, keyring, store, chunk
):
    """It may take as long as it likes, if only something arrives."""
    address = await store(chunk.content)
    http = await connect(emulator.base_url, stall_timeout_s=0.05)
    order(emulator, FaultKind.STALLED)
    assert (
        await read(ChunkReader(http, AttachmentFinder(http, credentials), keyring), address, chunk)
        == chunk.plain
    )


async def test_a_cdn_that_stays_down_is_given_up(emulator, reader, store, chunk):
    """In the end there is an answer, if only an error."""
    address = await store(chunk.content)
    order(emulator, FaultKind.ERROR, status=503, times=None)
    with pytest.raises(DiscordUnavailable, match="503"):
        await read(reader, address, chunk)


@pytest.mark.parametrize(
    ("offset", "size", "asked"), [(0, 10, None), (0, 4, "bytes=0-3"), (3, 7, "bytes=3-9")]
)
async def test_only_the_chunks_part_is_asked_for(http, serve, offset, size, asked):
    """A whole attachment without a range; and where the CDN ignores ranges, the rest is skipped."""
    ranges = []

    async def ignore_ranges(request):
        ranges.append(request.headers.get("Range"))
        return web.Response(body=b"0123456789")

    url = f"{await serve(ignore_ranges)}/attachments/1/2/a.bin"
    into = memoryview(bytearray(size))
    await download(http.session, url, into, offset=offset, attachment_size=10)
    assert bytes(into) == b"0123456789"[offset : offset + size]
    assert ranges == [asked]


async def test_a_body_shorter_than_asked_for_is_no_answer(http, serve):
    """Even if the CDN takes it for whole."""

    async def say_little(_request):
        return web.Response(status=206, body=b"01")

    url = await serve(say_little)
    into = memoryview(bytearray(4))
    with pytest.raises(TransientFault, match="2 of 4 bytes"):
        await download(http.session, url, into, offset=0, attachment_size=10)


async def test_urls_without_a_signature_are_remembered_for_a_while(
    connect, serve, credentials, keyring, time
):
    """A store that signs nothing does not tell when its URLs die."""
    asked = []

    async def answer(request):
        if request.path == "/file":
            return web.Response(body=b"0123456789")
        asked.append(request.path)
        attachment = {"id": "7", "size": 10, "url": f"{request.url.origin()}/file"}
        return web.json_response({"id": "5", "channel_id": "6", "attachments": [attachment]})

    http = await connect(await serve(answer))
    reader = ChunkReader(http, AttachmentFinder(http, credentials), keyring)
    address = ChunkAddress(
        message_id=5,
        channel_id=6,
        webhook_id=next(iter(credentials)),
        attachment_id=7,
        offset=0,
        stored_size=10,
    )
    for _ in range(3):
        assert bytes(await reader.fetch(address)) == b"0123456789"
    assert len(asked) == 1
    time.clock.advance(DAY_S)
    await reader.fetch(address)
    assert len(asked) == 2


async def test_an_answer_that_no_waiting_mends_is_an_error(http, serve):
    """A redirect, say, is nothing that a CDN of Discord answers."""

    async def redirect(_request):
        raise web.HTTPFound("http://elsewhere/")

    url = await serve(redirect)
    with pytest.raises(DiscordRefused) as caught:
        await download(http.session, url, memoryview(bytearray(1)), offset=0, attachment_size=1)
    assert caught.value.status == 302


async def test_a_lost_message_is_told(emulator, reader, http, store, credentials, chunk):
    """The chunk is gone, and waiting does not bring it back."""
    address = await store(chunk.content)
    await WebhookClient(http, credentials[address.webhook_id]).delete(address.message_id)
    with pytest.raises(MessageGone):
        await read(reader, address, chunk)


async def test_a_message_without_the_attachment_is_as_good_as_lost(reader, store, chunk):
    """Whoever edited it has removed the chunk."""
    address = await store(chunk.content)
    other = ChunkAddress(
        message_id=address.message_id,
        channel_id=address.channel_id,
        webhook_id=address.webhook_id,
        attachment_id=1,
        offset=0,
        stored_size=address.stored_size,
    )
    with pytest.raises(MessageGone):
        await read(reader, other, chunk)


async def test_a_dead_webhook_is_asked_once(emulator, reader, store, chunk):
    """Its messages are out of reach for good, and asking again only counts as abuse."""
    address = await store(chunk.content)
    emulator.delete_webhook(address.webhook_id)
    for _ in range(3):
        with pytest.raises(WebhookGone):
            await read(reader, address, chunk)
    assert emulator.requests.count(Operation.MESSAGE) == 1


async def test_a_webhook_that_may_not_read_is_asked_once(emulator, reader, store, chunk):
    """Every further refusal would count towards a ban."""
    address = await store(chunk.content)
    emulator.faults.add(
        Fault(kind=FaultKind.ERROR, route=Operation.MESSAGE, status=403, code=50013)
    )
    for _ in range(3):
        with pytest.raises(WebhookForbidden):
            await read(reader, address, chunk)
    assert emulator.requests.count(Operation.MESSAGE) == 1


async def test_a_bot_reads_what_a_webhook_may_not_read(
    emulator, http, credentials, keyring, store, chunk
):
    """The bot's permissions are its own."""
    reader = ChunkReader(http, AttachmentFinder(http, credentials, bot_token="bot-token"), keyring)
    address = await store(chunk.content)
    emulator.faults.add(
        Fault(kind=FaultKind.ERROR, route=Operation.MESSAGE, status=403, code=50013)
    )
    assert await read(reader, address, chunk) == chunk.plain


async def test_a_bot_reads_what_a_dead_webhook_has_left(
    emulator, http, credentials, keyring, store, chunk
):
    """With the channel's history its messages can still be read."""
    reader = ChunkReader(http, AttachmentFinder(http, credentials, bot_token="bot-token"), keyring)
    address = await store(chunk.content)
    emulator.delete_webhook(address.webhook_id)
    assert await read(reader, address, chunk) == chunk.plain


async def test_a_message_of_an_unknown_webhook_cannot_be_read(http, keyring, store, chunk):
    """The error names the webhook that is missing in the configuration."""
    address = await store(chunk.content)
    with pytest.raises(WebhookNotConfigured, match=f"webhook {address.webhook_id}"):
        await read(ChunkReader(http, AttachmentFinder(http, {}), keyring), address, chunk)


async def test_messages_of_a_bot_are_read_with_its_token(
    emulator, http, reader, bot_reader, webhooks, chunk
):
    """A base-protocol service posts as a bot; without the token nobody can read that."""
    url = f"{emulator.base_url}/api/v10/channels/{webhooks[0].channel_id}/messages"
    form = aiohttp.FormData()
    form.add_field("files[0]", bytes(chunk.plain), filename="a")
    headers = {"Authorization": "Bot bot-token"}
    async with http.session.post(url, data=form, headers=headers) as response:
        message = await response.json()
    address = ChunkAddress(
        message_id=int(message["id"]),
        channel_id=webhooks[0].channel_id,
        webhook_id=None,
        attachment_id=None,
        offset=0,
        stored_size=len(chunk.plain),
    )
    assert await read(bot_reader, address, chunk, envelope="plain") == chunk.plain
    with pytest.raises(WebhookNotConfigured, match="a bot"):
        await read(reader, address, chunk, envelope="plain")


async def test_errors_of_the_cdn_do_not_show_signatures(reader, store, chunk):
    """A signed URL is a secret as long as it lives."""
    url = "http://127.0.0.1:9/attachments/1/2/a.bin?ex=1&is=1&hm=signature"
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TransientFault) as caught:
            await download(session, url, memoryview(bytearray(1)), offset=0, attachment_size=1)
    assert "signature" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_file_of_another_name_is_read_as_well(reader, http, webhooks, chunk):
    """Names play no part in finding a chunk."""
    posted = await WebhookClient(http, webhooks[0]).execute(chunk.content)
    address = ChunkAddress(
        message_id=posted.id,
        channel_id=posted.channel_id,
        webhook_id=webhooks[0].id,
        attachment_id=posted.attachments[0].id,
        offset=0,
        stored_size=len(chunk.content),
    )
    assert await read(reader, address, chunk) == chunk.plain


@pytest.fixture
def packed(seal, store):
    """Stores five chunks in one attachment; answers what they must be, and their content."""

    async def pack() -> list[tuple[ExpectedChunk, bytes]]:
        chunks = [seal(b"%d" % index * 1000) for index in range(5)]
        address = await store(memoryview(b"".join(chunk.content for chunk in chunks)))
        found, offset = [], 0
        for chunk in chunks:
            place = replace(address, offset=offset, stored_size=len(chunk.content))
            offset += len(chunk.content)
            expected = ExpectedChunk(
                address=place,
                envelope="v1",
                object_id=chunk.object_id,
                index=chunk.index,
                count=chunk.count,
                size=len(chunk.plain),
                digest=hashlib.sha256(chunk.plain).digest(),
            )
            found.append((expected, chunk.plain))
        return found

    return pack


async def test_chunks_of_one_attachment_are_read_together(emulator, reader, packed):
    """By one request for all of them, in any order, and one of them twice."""
    found = await packed()
    asked = [found[index] for index in (3, 1, 4, 1)]
    read = await reader.read_together([chunk for chunk, _ in asked])
    assert read == [plain for _, plain in asked]
    assert emulator.requests.count(Operation.CDN) == 1


async def test_a_damaged_chunk_spoils_no_other(emulator, reader, packed):
    """It is fetched once more alone, in case it was damaged on the way, and then is an error in its place."""
    found = await packed()
    (message,) = emulator.messages()
    path = emulator.store.attachment(message.channel_id, message.id, 0)
    content = bytearray(path.read_bytes())
    content[found[2][0].address.offset + 100] ^= 1
    path.write_bytes(content)
    read = await reader.read_together([chunk for chunk, _ in found])
    assert isinstance(read[2], ChunkCorrupt)
    assert [*read[:2], *read[3:]] == [plain for _, plain in (*found[:2], *found[3:])]


async def test_a_wrong_place_spoils_no_other(reader, packed):
    """One that the catalog says to lie behind the end of the attachment, or to be of another length."""
    found = await packed()
    chunks = [chunk for chunk, _ in found]
    place = chunks[1].address
    chunks[1] = replace(chunks[1], address=replace(place, offset=place.offset + 60_000))
    chunks[3] = replace(chunks[3], size=5)
    read = await reader.read_together(chunks)
    assert [index for index, plain in enumerate(read) if isinstance(plain, ChunkCorrupt)] == [1, 3]
    assert read[4] == found[4][1]


async def test_a_lost_message_is_asked_for_once(emulator, reader, packed):
    """What concerns the whole attachment is not tried chunk by chunk."""
    found = await packed()
    (message,) = emulator.messages()
    await emulator.delete(message)
    read = await reader.read_together([chunk for chunk, _ in found])
    assert {type(plain) for plain in read} == {MessageGone}
    assert emulator.requests.count(Operation.MESSAGE) == 1


async def test_unauthenticated_chunks_are_not_read_together(http, credentials, keyring, packed):
    """A reader that takes no base content refuses one without a digest, and reads the others."""
    strict = ChunkReader(http, AttachmentFinder(http, credentials), keyring)
    found = await packed()
    chunks = [chunk for chunk, _ in found]
    chunks[0] = replace(chunks[0], digest=None)
    read = await strict.read_together(chunks)
    assert isinstance(read[0], UnauthenticatedContent)
    assert read[1:] == [plain for _, plain in found[1:]]
