"""How a manager and its services are, as it tells at `/status`."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from client_sdk.errors import UnexpectedAnswer


@dataclass(frozen=True, kw_only=True)
class UploadSlot:
    """One upload at a time: a connection of an upload service.

    Attributes:
        id: Its uuid, for as long as it is connected.
        address: Where clients send chunks to.
        state: `free`; `idle` or `running` when a client has booked it; `draining` while it ends
            the work for a client that has left.
        user: Name of the user whose client has booked it; None when none has.
    """

    id: str
    address: str
    state: str
    user: str | None = None


@dataclass(frozen=True, kw_only=True)
class Booking:
    """What a client has booked.

    Attributes:
        user: Name of the client's user; None when the client has just left.
        desired: Upload slots that it wants.
        amount: Upload slots that it holds.
    """

    user: str | None = None
    desired: int
    amount: int


@dataclass(frozen=True, kw_only=True)
class QuarantinedWebhook:
    """A webhook that is not used any more.

    Attributes:
        id: Its number at Discord.
        reason: Why it is not used.
        is_gone: Whether it was deleted, so that nothing can be read or deleted with it either.
    """

    id: str
    reason: str
    is_gone: bool = False


@dataclass(frozen=True, kw_only=True)
class WebhookStatus:
    """The manager's webhooks.

    Attributes:
        usable: How many can be used.
        unknown: How many have not been looked at yet.
        quarantined: Those that are not used any more.
    """

    usable: int = 0
    unknown: int = 0
    quarantined: tuple[QuarantinedWebhook, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MessageStatus:
    """What lies on Discord in vain.

    Attributes:
        stuck: Messages that nobody can delete, as their webhook is gone or not configured.
        uncertain_posts: Posts whose answer was lost since the upload services started; each may
            have left a message that nobody knows.
        has_bot: Whether the manager has a bot, which looks for such messages.
        unknown_found: How many it has found since the manager started; they are deleted.
        swept_at: When it has looked last; None before the first time.
    """

    stuck: int = 0
    uncertain_posts: int = 0
    has_bot: bool = False
    unknown_found: int = 0
    swept_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class FailedProcessing:
    """A file whose processing was given up.

    Attributes:
        id: The uuid of its content.
        attempts: How often it was tried.
        error: What went wrong at last; None when that is not known.
    """

    id: str
    attempts: int
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class ProcessingStatus:
    """How thumbnails and metadata are coming along, in files.

    Attributes:
        services: Processing services that are connected.
        queued: Files that wait.
        running: Files that are being processed.
        done: Files that are processed.
        failed: Files that were given up.
        failed_files: Some of these, for administrators; empty for others.
    """

    services: int = 0
    queued: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0
    failed_files: tuple[FailedProcessing, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CurrentUser:
    """The user whose token the client has.

    Attributes:
        id: The user's number.
        name: The user's name.
        is_admin: Whether the user is an administrator.
    """

    id: int
    name: str
    is_admin: bool


@dataclass(frozen=True, kw_only=True)
class ManagerStatus:
    """How a manager is.

    Attributes:
        clients: Clients that are connected.
        services: All upload slots.
        bookings: What clients have booked.
        webhooks: The manager's webhooks.
        messages: What lies on Discord in vain.
        processing: How thumbnails and metadata are coming along.
        you: The user whose token the client has; None when the manager does not tell.
    """

    clients: int = 0
    services: tuple[UploadSlot, ...] = ()
    bookings: tuple[Booking, ...] = ()
    webhooks: WebhookStatus = field(default_factory=WebhookStatus)
    messages: MessageStatus = field(default_factory=MessageStatus)
    processing: ProcessingStatus = field(default_factory=ProcessingStatus)
    you: CurrentUser | None = None


def manager_status(answer: dict[str, Any]) -> ManagerStatus:
    """What the manager answered; what the SDK does not know of it is left out.

    Raises:
        UnexpectedAnswer: It does not tell how the manager is.
    """
    try:
        return msgspec.convert(answer, ManagerStatus)
    except msgspec.ValidationError as error:
        raise UnexpectedAnswer(f"the manager's status cannot be read: {error}") from error
