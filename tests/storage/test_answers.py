"""What answers of Discord mean, line by line of the table in docs/storage.md."""

from typing import Any

import msgspec
import pytest

from storage.discord.answers import Answer, TransientFault, gave_up, raise_for
from storage.discord.routes import (
    Route,
    WebhookCredentials,
    channel_message,
    execute_webhook,
    webhook_message,
)
from storage.errors import (
    BotUnusable,
    DiscordFull,
    DiscordRefused,
    MessageGone,
    RequestTooLarge,
    WebhookForbidden,
    WebhookGone,
)

WEBHOOK_ID, CHANNEL_ID, MESSAGE_ID = 1, 2, 3
WEBHOOK = WebhookCredentials(WEBHOOK_ID, "token", CHANNEL_ID)
POST = execute_webhook(WEBHOOK)
READ = webhook_message(WEBHOOK, MESSAGE_ID)
BOT = channel_message("secret", CHANNEL_ID, MESSAGE_ID)


def answer(status: int, code: int | None = None, **headers: str) -> Answer:
    """An answer of the API; with no code one of something that stands before it."""
    body = b"<html>" if code is None else msgspec.json.encode({"code": code, "message": "no"})
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize("status", [200, 204])
def test_a_success_raises_nothing(status: int) -> None:
    """Whatever it holds."""
    raise_for(answer(status), POST)


@pytest.mark.parametrize(
    ("status", "code", "route", "error"),
    [
        (404, 0, POST, WebhookGone),
        (404, 10015, POST, WebhookGone),
        (404, 10003, POST, WebhookGone),
        (401, 0, POST, WebhookGone),
        (400, 50027, POST, WebhookGone),
        (403, 40004, POST, WebhookForbidden),
        (403, 40006, POST, WebhookForbidden),
        (403, 50013, POST, WebhookForbidden),
        (403, 400001, POST, WebhookForbidden),
        (401, 0, BOT, BotUnusable),
        (403, 50001, BOT, BotUnusable),
        (403, 50013, BOT, BotUnusable),
        (404, 10008, READ, MessageGone),
        (404, 10008, BOT, MessageGone),
        (404, 10008, POST, WebhookGone),
        (413, None, POST, RequestTooLarge),
        (400, 40005, POST, RequestTooLarge),
        (400, 50045, POST, RequestTooLarge),
        (507, 0, POST, DiscordFull),
        (400, 50035, POST, DiscordRefused),
        (400, 50035, BOT, DiscordRefused),
        (400, None, POST, DiscordRefused),
    ],
)
def test_what_lasts_is_not_asked_again(
    status: int, code: int | None, route: Route, error: type[Exception]
) -> None:
    """The error says what is lost: the webhook, the bot, the message, or this request alone."""
    with pytest.raises(error) as caught:
        raise_for(answer(status, code), route)
    assert type(caught.value) is error


@pytest.mark.parametrize(("status", "channel_id"), [(401, None), (403, CHANNEL_ID)])
def test_a_bot_is_refused_everywhere_or_in_one_channel(status: int, channel_id: int | None) -> None:
    """A token that is wrong counts everywhere, a missing permission in its channel."""
    with pytest.raises(BotUnusable) as caught:
        raise_for(answer(status, 50001), BOT)
    assert caught.value.channel_id == channel_id


@pytest.mark.parametrize(
    ("given", "reason", "retry_after_s"),
    [
        (answer(429, 0, Retry_After="9"), "Discord's rate limits", 0.0),
        (answer(500, 0), "HTTP 500, code 0", 0.0),
        (answer(502, Retry_After="7"), "HTTP 502", 7.0),
        *[(answer(400, code), f"HTTP 400, code {code}", 0.0) for code in (20028, 20029, 40062)],
        (answer(403, 130000), "HTTP 403, code 130000", 0.0),
        *[(answer(each), f"HTTP {each}, which is not Discord's", 0.0) for each in (401, 403, 404)],
    ],
)
def test_what_passes_is_asked_again(given: Any, reason: str, retry_after_s: float) -> None:
    """After what the answer says; the waits of a 429 are the rate limiter's."""
    with pytest.raises(TransientFault) as caught:
        raise_for(given, POST)
    assert (caught.value.reason, caught.value.retry_after_s) == (reason, retry_after_s)


def test_the_last_fault_is_the_reason_for_giving_up() -> None:
    """Whoever gets the error sees how often it was tried, and what happened last."""
    assert str(gave_up(3, TransientFault("HTTP 502"))) == "gave up after 3 attempts: HTTP 502"
