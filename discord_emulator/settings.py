"""Settings of the emulator, and the permissions of its bot."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from common.http_server import IDLE_TIMEOUT_DESCRIPTION, IDLE_TIMEOUT_S
from common.settings import Host, OptionalHttpBaseUrl, Port, PositiveSeconds, list_of


class Permission(StrEnum):
    """What an administrator of a guild allows a bot."""

    VIEW_CHANNEL = "view_channel"
    """See the channel at all."""
    READ_MESSAGE_HISTORY = "read_message_history"
    """Get messages of others. Without it a list of messages is empty, which is no error."""
    MANAGE_MESSAGES = "manage_messages"
    """Delete messages of others."""
    MESSAGE_CONTENT = "message_content"
    """See text and attachments of others' messages: strictly an intent of the application."""


MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """How large a message may be.

    Attributes:
        attachment_bytes: the largest attachment.
        request_bytes: the largest body of a post.
        attachments: the most attachments of a message.
    """

    attachment_bytes: int
    request_bytes: int
    attachments: int


MAX_ATTACHMENTS = 10
_SUM_MARGIN = 64 * 1024
"""Where the limit held for the sum of all attachments, a request was allowed its heads besides."""
SIZES_OF_YEAR = {
    "2022": SizeLimits(8 * MIB, 8 * MIB + _SUM_MARGIN, MAX_ATTACHMENTS),
    "2023": SizeLimits(25 * MIB, 25 * MIB + _SUM_MARGIN, MAX_ATTACHMENTS),
    "2025": SizeLimits(10 * MIB, 25 * MIB, MAX_ATTACHMENTS),
    "2026": SizeLimits(20 * MIB, 200 * MIB, MAX_ATTACHMENTS),
}
"""What Discord has allowed since that year in guilds that nobody boosts."""
BOOSTED_BYTES = {2: 50 * MIB, 3: 100 * MIB}
"""The largest attachment in guilds that are boosted to that tier."""


class EmulatorSettings(BaseSettings):
    """Settings of the Discord emulator, read from `EMULATOR_*` variables or `.env`."""

    model_config = SettingsConfigDict(
        env_prefix="EMULATOR_", env_file=".env", extra="ignore", frozen=True
    )

    host: Host = Field(default="127.0.0.1", description="Address to listen on.")
    port: Port = Field(default=4100, description="TCP port to listen on; 0 takes any free one.")
    data: Path = Field(
        default=Path("data/discord"),
        description="Folder that keeps webhooks, messages and attachments.",
    )
    public_url: OptionalHttpBaseUrl = Field(
        default=None,
        description="Base of all webhook and attachment URLs, without a slash at its end; "
        "unset: the address listened on.",
    )
    channels: int = Field(
        default=4,
        ge=0,
        le=500,
        description="Channels, each with one webhook, that exist at least; missing ones are created.",
    )
    limits: Literal["real", "off"] = Field(
        default="real", description="`real`: Discord's rate limits and bans; `off`: none."
    )
    sink: bool = Field(
        default=False,
        description="Discard what is posted and remember only its size (for benchmarks).",
    )
    idle_connection_timeout_s: PositiveSeconds = Field(
        default=IDLE_TIMEOUT_S, description=IDLE_TIMEOUT_DESCRIPTION
    )
    sizes: Literal["2022", "2023", "2025", "2026"] = Field(
        default="2026",
        description="The limits to sizes that Discord has had since that year: attachments of 8, 25, "
        "10 or 20 MiB.",
    )
    boost_tier: int = Field(
        default=0,
        ge=0,
        le=3,
        description="Tier of the guild's boosts: 2 allows attachments of 50 MiB, 3 of 100 MiB.",
    )
    attachment_limit_bytes: int | None = Field(
        default=None,
        ge=1,
        description="Largest attachment in bytes; unset: as `EMULATOR_SIZES` says.",
    )
    request_limit_bytes: int | None = Field(
        default=None,
        ge=1,
        description="Largest request body in bytes; unset: as `EMULATOR_SIZES` says.",
    )
    attachments_limit: int = Field(
        default=MAX_ATTACHMENTS,
        ge=1,
        le=MAX_ATTACHMENTS,
        description="Most attachments of a message.",
    )
    url_lifetime_s: int = Field(
        default=24 * 3600, ge=2, description="Seconds that a new attachment's URL stays valid."
    )
    bot_token: SecretStr | None = Field(
        default=None, description="Token that the bot routes accept; unset: they answer 401."
    )
    bot_permissions: Annotated[
        tuple[Permission, ...],
        NoDecode,
        list_of(Permission, f"expected some of {', '.join(Permission)}, separated by commas"),
    ] = Field(
        default=tuple(Permission),
        description="What the bot may do in every channel, separated by commas: `view_channel`, "
        "`read_message_history`, `manage_messages`, `message_content` (the privileged intent).",
    )
    strict_user_agent: bool = Field(
        default=False,
        description="Require the documented form `DiscordBot (url, version)`, instead of refusing "
        "only requests without a User-Agent and those of browsers.",
    )
    fault_control: bool = Field(
        default=False,
        description="Offer `/emulator/faults`, to loopback addresses only, to order faults.",
    )

    @property
    def size_limits(self) -> SizeLimits:
        """How large messages may be in channels that have no limits of their own."""
        usual = SIZES_OF_YEAR[self.sizes]
        boosted = BOOSTED_BYTES.get(self.boost_tier, 0)
        attachment_bytes = self.attachment_limit_bytes or max(usual.attachment_bytes, boosted)
        return SizeLimits(
            attachment_bytes=attachment_bytes,
            request_bytes=self.request_limit_bytes
            or max(usual.request_bytes, boosted + _SUM_MARGIN),
            attachments=self.attachments_limit,
        )
