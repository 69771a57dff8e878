"""What an answer of Discord means that is not a success. One table, see docs/storage.md."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from common.wording import counted
from storage.discord.budgets import TOO_MANY_REQUESTS, LimitHeaders
from storage.discord.routes import Route
from storage.errors import (
    BotUnusable,
    DiscordFull,
    DiscordRefused,
    DiscordUnavailable,
    MessageGone,
    RequestTooLarge,
    StorageError,
    WebhookForbidden,
    WebhookGone,
)

INSUFFICIENT_STORAGE = 507
"""An emulator's answer when its disk is full; Discord itself never gives it."""
UNKNOWN_CHANNEL = 10003
WEBHOOK_GONE = frozenset({UNKNOWN_CHANNEL, 10015, 50027})
WEBHOOK_FORBIDDEN = frozenset({40004, 40006, 50013, 400001})
BOT_FORBIDDEN = frozenset({50001, 50013})
MESSAGE_GONE = 10008
TOO_LARGE = frozenset({40005, 50045})
BUSY = frozenset({20028, 20029, 40062, 130000})
_VERDICTS = frozenset({401, 403, 404})
"""A webhook, bot or message with one of these statuses is treated as permanently failed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the request was done."""
        return self.status // 100 == 2


class TransientFault(Exception):
    """It did not work now and may work later. Never leaves this package.

    Args:
        reason: What happened, for the log and the error after the last try.
        retry_after_s: Seconds that the next try has to wait at least.
    """

    def __init__(self, reason: str, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


def gave_up(failures: int, fault: TransientFault) -> DiscordUnavailable:
    """The error after so many failed tries, the last of which ended in that fault."""
    tried = counted(failures, "attempt")
    return DiscordUnavailable(f"gave up after {tried}: {fault.reason}")


class _ErrorBody(msgspec.Struct):
    code: int = 0
    message: str = ""


def raise_for(answer: Answer, route: Route) -> None:
    """Raises what the answer means, nothing for a success.

    Raises:
        TransientFault: Asking again may help.
        StorageError: It will not; see the classes in `storage.errors`.
    """
    if answer.is_success:
        return
    if answer.status == TOO_MANY_REQUESTS:
        # The limiter has seen the answer and delays the next try as long as necessary.
        raise TransientFault("Discord's rate limits")
    error = _error_body(answer.body)
    if answer.status == INSUFFICIENT_STORAGE:
        raise DiscordFull(answer.status, 0)
    if answer.status >= 500 or (error is not None and error.code in BUSY):
        retry_after_s = LimitHeaders.parse(answer.headers).retry_after_s or 0.0
        raise TransientFault(_reason_of(answer, error), retry_after_s)
    if error is None and answer.status in _VERDICTS:
        # Only the API says that something is gone or forbidden, and it says so in JSON. A proxy on the
        # way must not disable a webhook.
        raise TransientFault(f"{_reason_of(answer, error)}, which is not Discord's")
    raise _lasting_error(answer, error or _ErrorBody(), route)


def _lasting_error(answer: Answer, error: _ErrorBody, route: Route) -> StorageError:
    if answer.status == 413 or error.code in TOO_LARGE:
        reason = f"Discord takes less in one message (code {error.code})"
        return RequestTooLarge(reason, route.webhook_id)
    if error.code == MESSAGE_GONE and route.message_id is not None:
        return MessageGone(route.message_id)
    refused = _refused_webhook(answer, error, route) or _refused_bot(answer, error, route)
    return refused or DiscordRefused(answer.status, error.code)


def _refused_webhook(answer: Answer, error: _ErrorBody, route: Route) -> StorageError | None:
    if route.webhook_id is None:
        return None
    reason = f"HTTP {answer.status}, code {error.code}"
    # A 401 can only mean the token, which is all that a webhook is asked for.
    if error.code in WEBHOOK_GONE or answer.status in {401, 404}:
        return WebhookGone(route.webhook_id, reason)
    if error.code in WEBHOOK_FORBIDDEN:
        return WebhookForbidden(route.webhook_id, reason)
    return None


def _refused_bot(answer: Answer, error: _ErrorBody, route: Route) -> StorageError | None:
    if route.authorization is None:
        return None
    if answer.status == 401:
        return BotUnusable(answer.status, error.code, None)
    if error.code in BOT_FORBIDDEN:
        return BotUnusable(answer.status, error.code, route.key.owner_id)
    return None


def _error_body(body: bytes) -> _ErrorBody | None:
    """The error that Discord reports; None when the answer is not Discord's."""
    try:
        return msgspec.json.decode(body, type=_ErrorBody)
    except (ValueError, RecursionError):
        # A proxy before the API answers in HTML or not at all.
        return None


def _reason_of(answer: Answer, error: _ErrorBody | None) -> str:
    return f"HTTP {answer.status}, code {error.code}" if error else f"HTTP {answer.status}"
