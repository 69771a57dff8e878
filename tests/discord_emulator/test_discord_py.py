"""discord.py, an independent and well-known client, works against the emulator."""

import io
import warnings
from unittest.mock import patch

import pytest

with warnings.catch_warnings():
    # discord.py imports modules that Python itself has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord
    from discord.http import Route


@pytest.fixture
def webhook(emulator, http):
    """discord.py's webhook, led to the emulator."""
    with patch.object(Route, "BASE", f"{emulator.base_url}/api/v10"):
        hook = emulator.webhooks[0]
        yield discord.Webhook.partial(hook.id, hook.token, session=http)


def files(*contents: bytes) -> list[discord.File]:
    """Wraps contents as discord.py wants them."""
    return [discord.File(io.BytesIO(c), f"{n}.bin") for n, c in enumerate(contents)]


async def test_it_posts_reads_and_deletes(webhook, emulator):
    """It posts text and files, reads the message and its files, and deletes it."""
    contents = [b"first", bytes(200_000)]
    sent = await webhook.send("hello", files=files(*contents), username="Tester", wait=True)
    fetched = await webhook.fetch_message(sent.id)
    assert (fetched.content, fetched.author.name) == ("hello", "Tester")
    assert fetched.webhook_id == webhook.id
    assert [a.size for a in fetched.attachments] == [5, 200_000]
    for attachment, content in zip(fetched.attachments, contents, strict=True):
        async with webhook.session.get(attachment.url) as response:
            assert await response.read() == content
    await webhook.delete_message(sent.id)
    with pytest.raises(discord.NotFound) as missing:
        await webhook.fetch_message(sent.id)
    assert missing.value.code == 10008
    assert emulator.messages() == []


async def test_it_posts_without_waiting(webhook, emulator):
    """It posts without waiting for the message."""
    assert await webhook.send("quiet", wait=False) is None
    assert [message.content for message in emulator.messages()] == ["quiet"]


async def test_it_edits(webhook):
    """It changes a message's text and drops its files."""
    sent = await webhook.send("old", files=files(b"x"), wait=True)
    edited = await sent.edit(content="new", attachments=[])
    assert (edited.content, edited.attachments) == ("new", [])


async def test_it_sees_the_webhook(webhook, emulator):
    """It reads the webhook's channel and guild."""
    fetched = await webhook.fetch()
    assert fetched.channel_id == emulator.webhooks[0].channel_id
    assert fetched.guild_id == emulator.registry.guild_id


async def test_it_understands_the_errors(webhook, emulator):
    """It recognises a deleted webhook, and a file that is too large."""
    with pytest.raises(discord.HTTPException) as too_large:
        await webhook.send(files=files(bytes(20 * 1024 * 1024 + 1)), wait=True)
    assert (too_large.value.status, too_large.value.code) == (413, 40005)
    emulator.delete_webhook(webhook.id)
    with pytest.raises(discord.NotFound) as gone:
        await webhook.send("x", wait=True)
    assert gone.value.code == 10015
