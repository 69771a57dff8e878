"""What a caller can ask for. Faults, limits and counters are kept per operation."""

from enum import StrEnum


class Operation(StrEnum):
    """One kind of request."""

    EXECUTE = "execute"
    WEBHOOK = "webhook"
    REMOVE_WEBHOOK = "remove_webhook"
    MESSAGE = "message"
    EDIT = "edit"
    DELETE = "delete"
    BOT_POST = "bot_post"
    BOT_LIST = "bot_list"
    BOT_MESSAGE = "bot_message"
    BOT_DELETE = "bot_delete"
    REFRESH_URLS = "refresh_urls"
    CDN = "cdn"
