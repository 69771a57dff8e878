"""What can be configured of every program that sends content."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from common.addresses import ClientAddresses
from common.http_server import IDLE_TIMEOUT_DESCRIPTION, IDLE_TIMEOUT_S
from common.settings import (
    TRUSTED_PROXIES_DESCRIPTION,
    NoneWhenEmpty,
    PositiveSeconds,
    Seconds,
    TrustedProxies,
)
from reading.admission import DownloadAdmission, DownloadLimits
from reading.delivery import Delivery, DeliveryMetrics, PaceDemands
from reading.read_ahead import ReadAheadMemory

_MIB = 1024 * 1024


class DownloadSettings(BaseSettings):
    """How many downloads run, how much memory they take, and how slow a reader may be."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    download_stall_s: PositiveSeconds = Field(
        default=120,
        description="Seconds after which the program ends a download whose reader takes nothing.",
    )
    download_lowest_bytes_per_s: float = Field(
        default=16 * 1024,
        ge=0,
        allow_inf_nan=False,
        description=(
            "Lowest average pace of a reader, in bytes per second: a slower one uses up "
            "DOWNLOAD_STALL_S, and then the program ends the download. 0 allows any pace."
        ),
    )
    idle_connection_timeout_s: PositiveSeconds = Field(
        default=IDLE_TIMEOUT_S, description=IDLE_TIMEOUT_DESCRIPTION
    )
    trusted_proxies: TrustedProxies = Field(default=(), description=TRUSTED_PROXIES_DESCRIPTION)
    max_downloads: int = Field(
        default=64,
        ge=1,
        description=(
            "Downloads at a time; each needs memory for up to two chunks, and what READ_AHEAD_BYTES "
            "allows."
        ),
    )
    read_ahead_bytes: int = Field(
        default=256 * _MIB,
        ge=0,
        description=(
            "Bytes of memory in which all downloads together read ahead of readers that take chunks "
            "faster than Discord gives one after the other; 0 reads one chunk ahead."
        ),
    )
    read_ahead_bytes_per_download: int = Field(
        default=64 * _MIB,
        ge=0,
        description="The share of READ_AHEAD_BYTES that one download may take.",
    )
    range_cache_bytes: int = Field(
        default=64 * _MIB,
        ge=0,
        description=(
            "Bytes of memory that keep the chunks last read for parts of files, since players ask for "
            "many parts of one chunk; 0 keeps none."
        ),
    )
    downloads_per_address: int = Field(
        default=16,
        ge=1,
        description="Downloads at a time from one address; further ones wait for a place.",
    )
    downloads_per_user: int = Field(
        default=32,
        ge=1,
        description="Downloads at a time of one user, or by one link; further ones wait, too.",
    )
    download_wait_s: Seconds = Field(
        default=10,
        description="Seconds that a download waits for a place before it is refused with 503.",
    )
    temp_folder: Annotated[Path | None, NoneWhenEmpty] = Field(
        default=None,
        description=(
            "Folder for temporary files: the directories of large archives, until they are sent; "
            "unset: the system's."
        ),
    )

    def read_ahead_memory(self) -> ReadAheadMemory:
        """The memory in which all downloads read ahead."""
        return ReadAheadMemory(
            total_bytes=self.read_ahead_bytes,
            per_download_bytes=self.read_ahead_bytes_per_download,
        )

    def delivery(
        self,
        metrics: DeliveryMetrics,
        addresses: ClientAddresses,
        monotonic: Callable[[], float],
        *failures: type[Exception],
    ) -> Delivery:
        """How downloads go out; for the arguments see `Delivery`."""
        limits = DownloadLimits(
            total=self.max_downloads,
            per_address=self.downloads_per_address,
            per_reader=self.downloads_per_user,
            wait_s=self.download_wait_s,
        )
        demands = PaceDemands(
            max_wait_s=self.download_stall_s,
            lowest_bytes_per_s=self.download_lowest_bytes_per_s,
        )
        return Delivery(metrics, addresses, DownloadAdmission(limits), demands, monotonic, failures)
