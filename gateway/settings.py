"""Everything that can be configured about a gateway. Validated before anything starts."""

from pydantic import Field

from common.manager_urls import split_urls
from common.settings import (
    SERVICE_SECRET_NAMES,
    Host,
    ManagerUrlList,
    Port,
    Seconds,
    ServiceSecret,
)
from reading.settings import DownloadSettings


class GatewaySettings(DownloadSettings):
    """Settings of one gateway."""

    manager_address: ManagerUrlList = Field(
        description="URL of the manager, http(s):// or ws(s)://, within your network; of several managers, "
        "separated by commas. When one is lost, the gateway goes on at the next."
    )
    service_credential: ServiceSecret = Field(
        validation_alias=SERVICE_SECRET_NAMES,
        description="The credential for gateways that `discord-cloud services add` has printed, or the "
        "manager's SERVICE_PASSWORD; /metrics requires it, too.",
    )
    host: Host = Field(default="127.0.0.1", description="Address to listen on.")
    port: Port = Field(default=4003, description="Port to listen on; 0 takes a free one.")
    drain_grace_s: Seconds = Field(
        default=20.0,
        description="Seconds that the gateway takes at a stop to finish downloads. Those that still run "
        "then are cut off, and clients resume them.",
    )

    @property
    def manager_urls(self) -> list[str]:
        """URLs of the managers' HTTP routes, without slashes at their ends."""
        return [
            "http" + url.removeprefix("http").removeprefix("ws")
            for url in split_urls(self.manager_address)
        ]
