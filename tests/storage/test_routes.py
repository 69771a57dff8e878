"""Webhook URLs and the routes that are made of them."""

import pytest

from storage.discord import routes
from storage.discord.routes import WebhookCredentials
from storage.errors import InvalidWebhookUrl

ID = 1_234_567_890_123_456_789
TOKEN = "aB3-_secret.token"


@pytest.mark.parametrize(
    "url",
    [
        f"https://discord.com/api/webhooks/{ID}/{TOKEN}",
        f"https://discord.com/api/v10/webhooks/{ID}/{TOKEN}/",
        f"https://canary.discord.com/api/webhooks/{ID}/{TOKEN}?wait=true",
        f"https://discordapp.com/api/webhooks/{ID}/{TOKEN}",
        f" http://127.0.0.1:4000/discord/api/webhooks/{ID}/{TOKEN}\n",
    ],
)
def test_a_webhook_url_is_read(url):
    """In every form in which Discord, or an emulator of it, gives it out."""
    assert WebhookCredentials.parse(url) == WebhookCredentials(ID, TOKEN)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://discord.com/channels/1/2",
        f"https://discord.com/api/webhooks/{ID}",
        f"https://discord.com/api/webhooks/{TOKEN}/{ID}/",
        f"ftp://discord.com/api/webhooks/{ID}/{TOKEN}",
        f"https://discord.com/api/webhooks/{ID}/{TOKEN}/slack",
        f"https://discord.com/api/webhooks/{ID}/{TOKEN}/../../x",
    ],
)
def test_anything_else_is_refused_without_repeating_it(url):
    """A URL that is wrong by a letter still holds a secret."""
    with pytest.raises(InvalidWebhookUrl) as caught:
        WebhookCredentials.parse(url)
    assert TOKEN not in str(caught.value)
    assert "https://discord.com/api/webhooks/<id>/<token>" in str(caught.value)


def test_no_repr_shows_a_token():
    """Credentials and routes can be logged without harm."""
    webhook = WebhookCredentials(ID, TOKEN, 5)
    shown = repr(webhook) + repr(routes.execute_webhook(webhook))
    shown += repr(routes.channel_message("bot-secret", 1, 2))
    assert TOKEN not in shown
    assert "bot-secret" not in shown


def test_deleting_old_messages_is_limited_apart():
    """Discord has a slower bucket for messages older than two weeks; the id tells the age."""
    webhook = WebhookCredentials(ID, TOKEN)
    posted_at = 1_700_000_000.0
    message_id = int((posted_at - routes.DISCORD_EPOCH_S) * 1000) << 22
    day_s = 86_400
    young = routes.delete_webhook_message(webhook, message_id, posted_at + 13 * day_s)
    old = routes.delete_webhook_message(webhook, message_id, posted_at + 15 * day_s)
    assert routes.snowflake_time(message_id) == posted_at
    assert young.key != old.key
    assert young.path == old.path


def test_webhooks_of_unknown_channels_have_a_budget_of_their_own():
    """One webhook cannot post more than its channel takes."""
    assert routes.execute_webhook(WebhookCredentials(ID, TOKEN)).key.posts_to == ID
    assert routes.execute_webhook(WebhookCredentials(ID, TOKEN, 5)).key.posts_to == 5


def test_what_a_webhook_is_asked_for():
    """Each kind of request is limited apart, and says what it is about."""
    webhook = WebhookCredentials(ID, TOKEN, 5)
    info, message = routes.webhook_info(webhook), routes.webhook_message(webhook, 7)
    assert (info.path, message.path) == (
        f"/webhooks/{ID}/{TOKEN}",
        f"/webhooks/{ID}/{TOKEN}/messages/7",
    )
    assert (info.webhook_id, message.webhook_id, message.message_id) == (ID, ID, 7)
    assert len({info.key, message.key, routes.execute_webhook(webhook).key}) == 3


def test_what_a_bot_is_asked_for():
    """It lists, reads and deletes with its own token; deleting what is old is limited apart."""
    posted_at = 1_700_000_000.0
    message_id = routes.snowflake_at(posted_at)
    listed = routes.channel_messages("secret", 5, 6, 100)
    assert listed.path == "/channels/5/messages?after=6&limit=100"
    young, old = (
        routes.delete_channel_message(
            "secret", 5, message_id, posted_at + days * 86_400, is_own=own
        )
        for days, own in ((13, True), (15, False))
    )
    read = routes.channel_message("secret", 5, message_id)
    assert young.path == old.path == read.path == f"/channels/5/messages/{message_id}"
    assert {each.authorization for each in (listed, young, old, read)} == {"Bot secret"}
    assert len({each.key for each in (listed, young, old, read)}) == 4
    assert (young.is_of_others, old.is_of_others) == (False, True)


def test_no_id_was_given_out_before_the_epoch_of_discord():
    """A time before it has the lowest id of all, and an id names the time at which it was given out."""
    assert routes.snowflake_at(routes.DISCORD_EPOCH_S - 1) == 0
    assert routes.snowflake_time(routes.snowflake_at(1_700_000_000.25)) == 1_700_000_000.25
