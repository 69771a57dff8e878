"""Everything that can be configured about an upload service. Validated before anything starts."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from common.http_server import IDLE_TIMEOUT_DESCRIPTION, IDLE_TIMEOUT_S
from common.settings import (
    SERVICE_SECRET_NAMES,
    TRUSTED_PROXIES_DESCRIPTION,
    Host,
    ManagerUrlList,
    Port,
    PositiveSeconds,
    Seconds,
    ServiceSecret,
    TrustedProxies,
    checked_url,
)


def _own_url(url: str) -> str:
    expected = "expected an http:// or https:// URL that clients can reach"
    return checked_url(url, expected, may_have_query=True)


class UploadServiceSettings(BaseSettings):
    """Settings of one upload service process."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    manager_address: ManagerUrlList = Field(
        description="URL of the manager, ws(s):// or http(s)://. Several managers of one cloud are "
        "separated by commas: all slots connect to one of them, and to the next when it is lost."
    )
    service_credential: ServiceSecret = Field(
        validation_alias=SERVICE_SECRET_NAMES,
        description="The credential for uploads that `discord-cloud services add` has printed, or the "
        "manager's SERVICE_PASSWORD; /metrics requires it, too.",
    )
    own_address: Annotated[str, AfterValidator(_own_url)] = Field(
        description="URL at which clients reach this service; they post chunks to exactly this URL."
    )
    host: Host = Field(default="127.0.0.1", description="Address to listen on.")
    port: Port = Field(default=4001, description="Port to listen on; 0 takes a free one.")
    slots: int = Field(default=4, ge=1, le=256, description="How many uploads may run at a time.")
    chunks_in_flight: int = Field(
        default=5,
        ge=1,
        le=64,
        description="How many chunks of one upload are received or forwarded at a time; "
        "further ones wait. Each takes 10 MiB of memory; a chunk of up to 20 MiB counts as two.",
    )
    ticket_uploads: int = Field(
        default=8,
        ge=1,
        le=256,
        description="How many files with tickets are received at a time; further ones wait. One user, "
        "and one address, gets at most half of these places. Each takes 20 MiB of memory.",
    )
    inactivity_timeout_s: PositiveSeconds = Field(
        default=180.0,
        description="Seconds without any chunk after which an upload is cancelled.",
    )
    stall_timeout_s: PositiveSeconds = Field(
        default=30.0,
        description="Seconds without a byte of the file, before, within or after it, after which the "
        "service ends the reception of a chunk, or of a form with a ticket.",
    )
    idle_connection_timeout_s: PositiveSeconds = Field(
        default=IDLE_TIMEOUT_S, description=IDLE_TIMEOUT_DESCRIPTION
    )
    trusted_proxies: TrustedProxies = Field(default=(), description=TRUSTED_PROXIES_DESCRIPTION)
    drain_grace_s: Seconds = Field(
        default=20.0,
        description="Seconds that the service takes at a stop to finish chunks in flight to Discord, "
        "and to report them.",
    )
    reports_folder: Path = Field(
        default=Path("data/reports"),
        description="Folder that keeps reports of stored chunks until the manager has answered them; "
        "created if missing. Services of one manager may share it: the next one that starts "
        "delivers what a stopped one has left there.",
    )
