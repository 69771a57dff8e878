"""Everything that can be configured about the manager. Validated before anything starts."""

import re
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from catalog.records import StorageQuota
from common.nats_address import parse_cluster_url
from common.settings import (
    Host,
    HttpBaseUrl,
    HttpBaseUrls,
    NoneWhenEmpty,
    OptionalHttpBaseUrl,
    Port,
    PositiveSeconds,
    Seconds,
    list_of,
    split_list,
)
from manager.space_views import SpacesMode
from protocol.values import LARGEST_CHUNK_SIZE, MAX_SAFE_INTEGER, NamePolicy
from reading.settings import DownloadSettings
from storage.discord.routes import WebhookCredentials
from storage.keys import KeyRing

NO_CODE = "none"
"""Instead of a setup code: none is needed."""
_MIB = 1024 * 1024
_SHORTEST_SETUP_CODE = 8
_OWN_PART = 5
_SNOWFLAKE = re.compile(r"\d{15,22}", re.ASCII)
_TYPE_PATTERN = re.compile(r"\*/\*|[a-z0-9.+-]+/(\*|[a-z0-9.+-]+)", re.ASCII)


class FactorDemand(StrEnum):
    """Of whom a second factor is demanded."""

    NONE = "none"
    """Of those alone of whom an administrator demands one."""
    ADMINISTRATORS = "administrators"
    """Of all administrators as well."""
    ALL = "all"
    """Of everybody."""


def _checked_keys(secret: SecretStr) -> SecretStr:
    # Its errors are ValueErrors that name the wrong key by its position.
    KeyRing.parse(secret.get_secret_value())
    return secret


def _checked_webhooks(secret: SecretStr) -> SecretStr:
    entries = split_list(secret.get_secret_value())
    if not entries:
        raise ValueError("at least one webhook URL is needed")
    if wrong := [str(number) for number, entry in enumerate(entries, 1) if not _is_webhook(entry)]:
        raise ValueError(
            f"entry {', '.join(wrong)} is not a webhook URL of the form "
            "https://discord.com/api/webhooks/<id>/<token>"
        )
    if len({WebhookCredentials.parse(entry).id for entry in entries}) < len(entries):
        raise ValueError("the same webhook is listed twice")
    return secret


def _is_webhook(entry: str) -> bool:
    try:
        WebhookCredentials.parse(entry)
    except ValueError:
        return False
    return True


def _channel(entry: str) -> int:
    if not _SNOWFLAKE.fullmatch(entry):
        raise ValueError
    return int(entry)


def _mime_type(entry: str) -> str:
    if not _TYPE_PATTERN.fullmatch(entry.lower()):
        raise ValueError
    return entry.lower()


_Channels = Annotated[
    tuple[int, ...],
    NoDecode,
    list_of(_channel, "expected ids of Discord channels (15 to 22 digits), separated by commas"),
]
_Types = Annotated[
    tuple[str, ...],
    NoDecode,
    list_of(_mime_type, "expected MIME types such as image/png or image/*, separated by commas"),
    Field(min_length=1),
]


def _checked_setup_code(secret: SecretStr | None) -> SecretStr | None:
    code = NO_CODE if secret is None else secret.get_secret_value()
    if code != NO_CODE and (len(code) < _SHORTEST_SETUP_CODE or code != code.strip()):
        raise ValueError(
            f"expected {_SHORTEST_SETUP_CODE} characters or more without blanks around them, or `none`"
        )
    return secret


def _checked_cluster(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None:
        # Its errors are ValueErrors that do not repeat the address, which may hold a password.
        parse_cluster_url(secret.get_secret_value())
    return secret


class CatalogSettings(BaseSettings):
    """Where the catalog is; commands that work on the catalog alone read only this."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    database_path: Path = Field(
        default=Path("data/catalog.sqlite3"),
        description="File of the SQLite catalog; its folder is created if missing.",
    )
    supabase_url: OptionalHttpBaseUrl = Field(
        default=None,
        description=(
            "URL of the Supabase project that keeps the catalog, instead of the SQLite file."
        ),
    )
    supabase_key: Annotated[SecretStr | None, NoneWhenEmpty] = Field(
        default=None, description="Secret key (service role) of the Supabase project."
    )

    @model_validator(mode="after")
    def _supabase_needs_both(self) -> Self:
        if bool(self.supabase_url) != bool(self.supabase_key):
            raise ValueError("SUPABASE_URL and SUPABASE_KEY belong together: set both or none")
        return self


class KeyedCatalogSettings(CatalogSettings):
    """Where the catalog is, and the master keys that encrypt what is secret in it."""

    message_encryption_key: Annotated[SecretStr, AfterValidator(_checked_keys)] = Field(
        description=(
            "Master keys, base64 of 32 bytes each, separated by commas or blanks. The first "
            "encrypts, all decrypt: to rotate, put a new one in front and keep the others."
        )
    )

    @cached_property
    def keyring(self) -> KeyRing:
        """The master keys."""
        return KeyRing.parse(self.message_encryption_key.get_secret_value())


class ManagerSettings(DownloadSettings, KeyedCatalogSettings):
    """Settings of the manager, from the environment or `.env`."""

    manager_host: Host = Field(default="127.0.0.1", description="Address to listen on.")
    manager_port: Port = Field(
        default=4000,
        description="Port for HTTP and WebSockets; 0 takes a free one.",
    )
    manager_name: Annotated[str | None, Field(max_length=64), NoneWhenEmpty] = Field(
        default=None,
        description=(
            "What this manager is called in status, metrics and audit; unset: its host and process."
        ),
    )
    cluster_url: Annotated[SecretStr | None, AfterValidator(_checked_cluster), NoneWhenEmpty] = (
        Field(
            default=None,
            description=(
                "Where several managers of one Supabase catalog meet: NATS, such as "
                "nats://user:password@host:4222; further servers after commas. Unset: this manager is alone."
            ),
        )
    )
    service_password: Annotated[SecretStr | None, Field(min_length=8), NoneWhenEmpty] = Field(
        default=None,
        description=(
            "Password that lets services of every kind in, 8 characters or more; base-protocol "
            "services have no other way. If unset, services need credentials (`discord-cloud services`)."
        ),
    )
    discord_webhooks: Annotated[SecretStr, AfterValidator(_checked_webhooks)] = Field(
        description=(
            "Webhook URLs that chunks are posted to, separated by commas or white space; one per "
            "channel, since the webhooks of a channel share its rate limit."
        )
    )
    discord_api_url: HttpBaseUrl = Field(
        default="https://discord.com/api/v10", description="Base URL of Discord's HTTP API."
    )
    discord_bot_token: Annotated[SecretStr | None, NoneWhenEmpty] = Field(
        default=None,
        description=(
            "Token of a bot that reads and deletes messages of deleted webhooks, and finds unknown "
            "messages; with DISCORD_CHANNELS services of the base protocol receive it, too."
        ),
    )
    discord_channels: _Channels = Field(
        default=(),
        description=(
            "Ids of the channels that upload services of the base protocol post to as the bot, "
            "separated by commas; if there are none, such services are refused."
        ),
    )
    base_upload_services: bool = Field(
        default=False,
        description=(
            "Whether services may connect that need the master key: upload and thumbnail services of "
            "the base protocol, and upload services of release 0.2 and before. Each of them can then read "
            "everything; content that base-protocol services have stored is read only with this, too."
        ),
    )
    session_life_s: PositiveSeconds = Field(
        default=30 * 24 * 3600,
        description="Seconds from a login to the end of its session, unless it is ended before.",
    )
    booking_idle_s: PositiveSeconds = Field(
        default=30,
        description="Seconds that a booked service may idle while another client waits.",
    )
    chunk_size: Annotated[int, Field(ge=1, le=LARGEST_CHUNK_SIZE)] | Literal["auto"] = Field(
        default="auto",
        description=(
            "Bytes of a chunk of new uploads; `auto`: as much as an attachment takes in every channel, "
            "20 MiB at most. Old clients and upload services get 10 MiB at most."
        ),
    )
    size_probe_interval_s: Seconds = Field(
        default=28 * 24 * 3600,
        description=(
            "Seconds after which the manager has it tried again how large messages may be in a channel; "
            "0: never, so that only documented sizes are used."
        ),
    )
    spaces: Annotated[SpacesMode | None, NoneWhenEmpty] = Field(
        default=None,
        description=(
            "What users see: `common`, one tree for all, or `personal`, a home for each user, a common space "
            "and what others share; unset: as chosen with the first user, and `common` if nobody chose."
        ),
    )
    name_policy: NamePolicy = Field(
        default=NamePolicy.UNICODE,
        description="Characters that new names may have: `unicode`, or `base` for old frontends.",
    )
    setup_code: Annotated[SecretStr | None, AfterValidator(_checked_setup_code), NoneWhenEmpty] = (
        Field(
            default=None,
            description=(
                "Code that creating the first user requires, 8 characters or more; if unset, the manager "
                "generates one and logs it until there is a user. `none` requires no code, for networks "
                "in which no one else can connect to the manager."
            ),
        )
    )
    require_second_factor: FactorDemand = Field(
        default=FactorDemand.NONE,
        description=(
            "Who must have a second factor: `administrators`, `all`, or `none` but the users of whom an "
            "administrator demands it."
        ),
    )
    oidc_issuer: OptionalHttpBaseUrl = Field(
        default=None,
        description="URL of an OpenID provider, at which users may log in; unset: there is none.",
    )
    oidc_client_id: Annotated[str | None, NoneWhenEmpty] = Field(
        default=None, description="Id with which the manager is registered at the OpenID provider."
    )
    oidc_client_secret: Annotated[SecretStr | None, NoneWhenEmpty] = Field(
        default=None, description="Secret that belongs to it; unset for a public client."
    )
    oidc_name: str = Field(
        default="OpenID",
        min_length=1,
        max_length=40,
        description="What the web page calls the OpenID provider.",
    )
    oidc_scopes: str = Field(
        default="openid profile",
        description="Scopes that are asked of the OpenID provider, separated by blanks.",
    )
    oidc_create_users: bool = Field(
        default=False,
        description=(
            "Whether who logs in at the OpenID provider for the first time gets a new user; otherwise "
            "an administrator links users."
        ),
    )
    oidc_admin_claim: str = Field(
        default="groups",
        description="Claim of the OpenID provider that decides who is an administrator.",
    )
    oidc_admin_value: Annotated[str | None, NoneWhenEmpty] = Field(
        default=None,
        description=(
            "Value, or one of the values, that this claim has for administrators, and for nobody else; "
            "unset: the provider does not decide it."
        ),
    )
    legacy_get_login: bool = Field(
        default=False,
        description=(
            "Whether the manager also accepts passwords in the query of a GET, where logs and other "
            "pages may see them; frontends of the base protocol need it."
        ),
    )
    global_requests_per_s: int = Field(
        default=50,
        ge=2,
        description="Requests per second to Discord, of all processes together.",
    )
    reaper_interval_s: PositiveSeconds = Field(
        default=60,
        description="Seconds between two searches for content to delete on Discord.",
    )
    upload_hold_s: Seconds = Field(
        default=600,
        ge=3,
        description=(
            "Seconds after which content that a crashed manager was still uploading or sending "
            "counts as garbage. An upload whose bytes are all stored waits as long for a catalog "
            "that is away."
        ),
    )
    manager_public_url: OptionalHttpBaseUrl = Field(
        default=None,
        description=(
            "URL at which others reach the manager, for links to content; if unset, links use the "
            "address of the request."
        ),
    )
    gateway_urls: HttpBaseUrls = Field(
        default=(),
        description=(
            "URLs at which clients reach gateways, separated by commas, where no proxy leads downloads "
            "there: the manager redirects clients that follow to those that are ready, and sends by "
            "itself while there is none."
        ),
    )
    ticket_types: _Types = Field(
        default=("*/*",),
        description=(
            "MIME types that may be uploaded with tickets, separated by commas; `image/*` means all "
            "of a kind."
        ),
    )
    ticket_max_size: int = Field(
        default=10 * 2**30,
        ge=1,
        le=MAX_SAFE_INTEGER,
        description="Bytes of the largest file that may be uploaded with a ticket.",
    )
    ticket_life_s: PositiveSeconds = Field(
        default=900, description="Seconds within which an upload with a ticket must begin."
    )
    ticket_reference_ttl_s: PositiveSeconds = Field(
        default=24 * 3600,
        description=(
            "Seconds that an upload with a ticket is kept, from its completion on, unless a service "
            "refers to it."
        ),
    )
    link_life_s: PositiveSeconds = Field(
        default=30 * 24 * 3600,
        description="Seconds that a link to a file lasts about which its maker has said nothing else.",
    )
    user_links: int = Field(
        default=1000, ge=0, description="Links to files that one user may have."
    )
    legacy_signed_links: bool = Field(
        default=True,
        description=(
            "Whether links of releases up to 0.2 still work, which no user can list or revoke; they end "
            "SIGNED_LINK_GRACE_S after their key."
        ),
    )
    signed_link_grace_s: Seconds = Field(
        default=30 * 24 * 3600,
        ge=0,
        description=(
            "Seconds that links of releases up to 0.2 stay valid after another signing key has replaced "
            "theirs, or after the first start of a release with signing keys."
        ),
    )
    kept_upload_s: float = Field(
        default=86400.0,
        gt=0,
        description="Seconds that an unfinished upload is kept while its client does not go on with it.",
    )
    user_kept_uploads: int = Field(
        default=1000, ge=0, description="Unfinished uploads that one user may keep."
    )
    user_kept_bytes: int = Field(
        default=2**44,
        ge=0,
        description="Bytes that the files of one user's kept uploads may have together.",
    )
    user_quota_bytes: int = Field(
        default=0,
        ge=0,
        description="Bytes that the files of a new user may have together; 0 for any number.",
    )
    user_quota_files: int = Field(
        default=0, ge=0, description="Files that a new user may own; 0 for any number."
    )
    user_open_tickets: int = Field(
        default=20, ge=0, description="Open tickets that one user may have."
    )
    user_temporary_bytes: int = Field(
        default=20 * 2**30,
        ge=0,
        description="Bytes that one user's open tickets and temporary uploads may have together.",
    )
    service_open_tickets: int = Field(
        default=1000, ge=0, description="Open tickets that one other service may have."
    )
    service_temporary_bytes: int = Field(
        default=2**40,
        ge=0,
        description="Bytes that one service's open tickets and temporary uploads may have together.",
    )
    gc_grace_s: Seconds = Field(
        default=3600,
        description="Seconds that stored content stays after nothing refers to it any more.",
    )
    trash_days: int = Field(
        default=30,
        ge=0,
        le=36_500,
        description="Days for which deleted files and folders stay in the trash; 0 deletes them at once.",
    )
    versions: int = Field(
        default=10,
        ge=0,
        le=1000,
        description="Earlier contents that are kept of each file; 0 keeps none.",
    )
    audit_days: int = Field(
        default=365, ge=1, description="Days for which the catalog keeps events of the audit log."
    )
    processing_lease_s: int = Field(
        default=120,
        ge=1,
        description="Seconds after which a job is given to another processing service.",
    )
    processing_attempts: int = Field(
        default=3, ge=1, description="How often the processing of a file is tried."
    )

    @model_validator(mode="after")
    def _channels_need_a_bot(self) -> Self:
        if self.discord_channels and not self.discord_bot_token:
            raise ValueError("DISCORD_CHANNELS are those of a bot: set DISCORD_BOT_TOKEN as well")
        return self

    @model_validator(mode="after")
    def _cluster_needs_supabase(self) -> Self:
        if self.cluster_url and not self.supabase_url:
            raise ValueError(
                "CLUSTER_URL is for several managers, which cannot share an SQLite file: "
                "set SUPABASE_URL and SUPABASE_KEY as well"
            )
        return self

    @model_validator(mode="after")
    def _openid_needs_a_client(self) -> Self:
        if bool(self.oidc_issuer) != bool(self.oidc_client_id):
            raise ValueError("OIDC_ISSUER and OIDC_CLIENT_ID belong together: set both or none")
        if "openid" not in self.oidc_scopes.split():
            raise ValueError("OIDC_SCOPES must have `openid` among them")
        return self

    @property
    def chosen_chunk_size(self) -> int | None:
        """Bytes of a chunk as the operator has set them; None: as much as the channels take."""
        return None if self.chunk_size == "auto" else self.chunk_size

    @property
    def own_requests_per_s(self) -> int:
        """The manager's share of the requests to Discord, for reading and deleting."""
        return max(1, self.global_requests_per_s // _OWN_PART)

    def upload_requests_per_s(self, processes: int) -> int:
        """The share of each of so many upload processes, for posting."""
        return max(1, (self.global_requests_per_s - self.own_requests_per_s) // max(1, processes))

    @property
    def chosen_setup_code(self) -> str | None:
        """The code for the first user, or `NO_CODE`; None when a random one is to be made."""
        return self.setup_code.get_secret_value() if self.setup_code else None

    @property
    def password_of_services(self) -> str | None:
        """What lets services of every kind in; None when they need credentials."""
        return self.service_password.get_secret_value() if self.service_password else None

    @property
    def user_quota(self) -> StorageQuota:
        """How much a new user may store."""
        return StorageQuota(
            bytes=self.user_quota_bytes or None, files=self.user_quota_files or None
        )

    @property
    def bot_token(self) -> str | None:
        """The bot's token as Discord wants it; None when there is no bot."""
        return self.discord_bot_token.get_secret_value() if self.discord_bot_token else None

    @property
    def bot_token_for_services(self) -> str | None:
        """The bot's token, if it may be given to services of the base protocol."""
        return self.bot_token if self.discord_channels else None

    @cached_property
    def webhooks(self) -> tuple[WebhookCredentials, ...]:
        """The webhooks, in the order configured; their channels are not known yet."""
        entries = split_list(self.discord_webhooks.get_secret_value())
        return tuple(WebhookCredentials.parse(entry) for entry in entries)
