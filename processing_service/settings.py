"""Everything that can be configured about a processing service. Validated before anything starts."""

from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from common.settings import (
    SERVICE_SECRET_NAMES,
    ManagerUrlList,
    PositiveSeconds,
    ServiceSecret,
    checked_url,
)
from processing_service.errors import ViewsInvalid
from processing_service.views import load_views
from processing_service.work_order import WorkerLimits

MIB: Final = 1024 * 1024


def _origin(url: str | None) -> str | None:
    if not url:
        return None
    return checked_url(url, "expected an origin such as http://gateway:8080").rstrip("/")


def _usable_views(path: Path | None) -> Path | None:
    try:
        load_views(path)
    except ViewsInvalid as error:
        raise ValueError(f"expected a file of views: {error}") from error
    return path


class ProcessingServiceSettings(BaseSettings):
    """Settings of one processing service."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    manager_address: ManagerUrlList = Field(
        description="URL of the manager, ws(s):// or http(s)://. Several managers of one cloud are "
        "separated by commas: the service connects to one of them, and to the next when it is lost."
    )
    service_credential: ServiceSecret = Field(
        validation_alias=SERVICE_SECRET_NAMES,
        description="The credential for processing that `discord-cloud services add` has printed, or the "
        "manager's SERVICE_PASSWORD.",
    )
    workers: int = Field(
        default=2, ge=1, le=256, description="How many files are processed at a time."
    )
    job_timeout_s: PositiveSeconds = Field(
        default=120.0,
        description="Seconds after which the processing of one file is given up, "
        "not counting its download.",
    )
    worker_memory_mib: int = Field(
        default=2048, ge=256, description="MiB of memory (address space) for processing one file."
    )
    max_pixels: int = Field(
        default=100_000_000,
        ge=1,
        description="Pixels of the largest picture, or frame of a video, that is decoded.",
    )
    max_input_mib: int = Field(
        default=4096,
        ge=1,
        description="MiB of the largest file that is processed. "
        "Temporary files take as much disk for each worker.",
    )
    keep_gps: bool = Field(
        default=False,
        description="Whether metadata include the place where a photo or film was made.",
    )
    views_file: Annotated[Path | None, AfterValidator(_usable_views)] = Field(
        default=None,
        description="TOML file with the views to make (docs/processing.md); unset: the default ones.",
    )
    upload_origin: Annotated[str | None, AfterValidator(_origin)] = Field(
        default=None,
        description="Where this service reaches the upload services, `http(s)://host:port`, if not at "
        "the addresses that clients use; unset: at those.",
    )
    require_sandbox: bool = Field(
        default=False,
        description="Whether the service refuses to run where the kernel cannot keep workers from files, "
        "network and other processes (docs/processing.md).",
    )
    temp_folder: Path | None = Field(
        default=None, description="Folder for temporary files; unset: the system's."
    )

    @property
    def limits(self) -> WorkerLimits:
        """What a worker is held to."""
        return WorkerLimits(
            timeout_s=self.job_timeout_s,
            memory_bytes=self.worker_memory_mib * MIB,
            max_pixels=self.max_pixels,
        )
