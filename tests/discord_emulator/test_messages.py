"""Getting, editing and deleting messages, and the webhook itself."""

from discord_emulator.testing import running_emulator


async def test_a_message_is_found_again(caller):
    """Getting a message answers what posting it answered."""
    _, posted = await caller.post(b"abc", b"de")
    assert await caller.call("GET", f"/messages/{posted['id']}") == (200, posted)


async def test_unknown_message(caller):
    """A message that never was is 404 with 10008, for get, edit and delete."""
    for method in ("GET", "PATCH", "DELETE"):
        status, error = await caller.call(method, "/messages/1", json={})
        assert (status, error) == (404, {"message": "Unknown Message", "code": 10008})


async def test_a_deleted_message_is_gone(caller, emulator):
    """After a delete, message and files are gone: from the API, the CDN and the disk."""
    _, posted = await caller.post(b"secret")
    path = f"/messages/{posted['id']}"
    assert await caller.call("DELETE", path) == (204, None)
    assert (await caller.call("GET", path))[0] == 404
    assert (await caller.call("DELETE", path))[1]["code"] == 10008
    assert (await caller.get(posted["attachments"][0]["url"]))[0] == 404
    assert emulator.messages() == []
    assert not [file for file in emulator.settings.data.rglob("*") if file.name == "0"]


async def test_other_webhooks_messages_are_unknown(caller, calling, emulator):
    """A webhook reaches its own messages only, even in the same channel."""
    _, posted = await caller.post(b"mine")
    emulator.add_webhook(emulator.webhooks[0].channel_id)
    other = calling(emulator, 1)
    for method in ("GET", "DELETE"):
        status, error = await other.call(method, f"/messages/{posted['id']}")
        assert (status, error["code"]) == (404, 10008)
    assert len(emulator.messages()) == 1


async def test_editing_changes_the_text(caller, clock):
    """A PATCH with `content` changes it, keeps the files and sets the time of the edit."""
    _, posted = await caller.post(b"file")
    clock.advance(60)
    path = f"/messages/{posted['id']}"
    status, edited = await caller.call("PATCH", path, json={"content": "new"})
    assert (status, edited["content"]) == (200, "new")
    assert edited["attachments"] == posted["attachments"]
    assert edited["edited_timestamp"] == "2027-01-15T08:01:00.000000+00:00"
    assert await caller.call("GET", path) == (200, edited)


async def test_editing_drops_attachments(caller):
    """A PATCH keeps the attachments that it lists; the others leave the CDN."""
    _, posted = await caller.post(b"keep", b"drop")
    keep, drop = posted["attachments"]
    payload = {"attachments": [{"id": keep["id"]}]}
    _, edited = await caller.call("PATCH", f"/messages/{posted['id']}", json=payload)
    assert edited["attachments"] == [keep]
    assert await caller.get(keep["url"]) == (200, b"keep")
    assert (await caller.get(drop["url"]))[0] == 404


async def test_webhook_info(caller, emulator):
    """A webhook shows its channel and guild."""
    webhook = emulator.webhooks[0]
    status, info = await caller.call("GET", "")
    assert status == 200
    assert (info["id"], info["channel_id"]) == (str(webhook.id), str(webhook.channel_id))
    assert (info["type"], info["token"]) == (1, webhook.token)
    assert info["guild_id"].isdigit()


async def test_a_deleted_webhook_cuts_off_its_messages(caller, emulator):
    """Without its webhook a message cannot be reached, though it is still there."""
    _, posted = await caller.post(b"orphan")
    emulator.delete_webhook(emulator.webhooks[0].id)
    for method, path in (("GET", ""), ("POST", ""), ("GET", f"/messages/{posted['id']}")):
        status, error = await caller.call(method, path)
        assert (status, error["code"]) == (404, 10015)
    assert len(emulator.messages()) == 1
    assert await caller.get(posted["attachments"][0]["url"]) == (200, b"orphan")


async def test_a_webhook_deletes_itself(caller, emulator):
    """The token is enough to delete the webhook."""
    assert await caller.call("DELETE", "") == (204, None)
    assert emulator.webhooks == []
    assert (await caller.call("GET", ""))[1]["code"] == 10015


async def test_tokens_stay_out_of_reprs(emulator):
    """A webhook's repr, as it would end in a log, does not show the token."""
    assert emulator.webhooks[0].token not in repr(emulator.webhooks)


async def test_the_bot_reaches_every_message(caller, emulator):
    """A bot gets and deletes messages of any webhook of the channel, a deleted one's too."""
    _, posted = await caller.post(b"x")
    emulator.delete_webhook(emulator.webhooks[0].id)
    caller.url = f"{emulator.base_url}/api/v10/channels/{posted['channel_id']}"
    auth = {"Authorization": "Bot bot"}
    path = f"/messages/{posted['id']}"
    assert await caller.call("GET", path, headers=auth) == (200, posted)
    assert await caller.call("DELETE", path, headers=auth) == (204, None)
    assert (await caller.call("GET", path, headers=auth))[1]["code"] == 10008
    assert (await caller.call("DELETE", path, headers=auth))[1]["code"] == 10008


async def test_the_bot_posts(caller, emulator):
    """A bot's message carries files and no webhook."""
    channel = emulator.webhooks[0].channel_id
    caller.url = f"{emulator.base_url}/api/v10/channels/{channel}/messages"
    status, posted = await caller.post(b"by the bot", headers={"Authorization": "Bot bot"})
    assert status == 200
    assert "webhook_id" not in posted
    assert await caller.get(posted["attachments"][0]["url"]) == (200, b"by the bot")


async def test_the_bot_needs_its_token(caller, emulator):
    """Without the right bot token every bot route is 401."""
    channel = emulator.webhooks[0].channel_id
    caller.url = f"{emulator.base_url}/api/v10"
    for headers in ({}, {"Authorization": "Bot wrong"}, {"Authorization": "bot"}):
        for method, path in (
            ("POST", f"/channels/{channel}/messages"),
            ("GET", f"/channels/{channel}/messages/1"),
            ("DELETE", f"/channels/{channel}/messages/1"),
            ("POST", "/attachments/refresh-urls"),
        ):
            status, error = await caller.call(method, path, headers=headers)
            assert (status, error["message"]) == (401, "401: Unauthorized")


async def test_no_token_is_right_when_none_is_set(tmp_path, calling):
    """An emulator without a bot token lets no bot in."""
    async with running_emulator(tmp_path, limits="off") as emulator:
        caller = calling(emulator)
        caller.url = f"{emulator.base_url}/api/v10/channels/{emulator.webhooks[0].channel_id}"
        headers = {"Authorization": "Bot "}
        assert (await caller.call("GET", "/messages/1", headers=headers))[0] == 401


async def test_unknown_channels(caller, emulator):
    """A channel that is not there is 404 with 10003."""
    caller.url = f"{emulator.base_url}/api/v10/channels/5/messages"
    status, error = await caller.post(b"x", headers={"Authorization": "Bot bot"})
    assert (status, error["code"]) == (404, 10003)
