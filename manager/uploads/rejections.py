"""Why there is no upload, and whether it helps to ask again."""

from dataclasses import dataclass
from enum import StrEnum


class Retry(StrEnum):
    """When the same request may succeed."""

    SOON = "soon"
    """Nothing is out of order: as soon as a booked service is free."""
    LATER = "later"
    """Something is out of order that may be mended."""
    NEVER = "never"
    """The request itself has to be another one, or the operator has to act."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """The answer to a request for an upload that will not be.

    Attributes:
        code: stable identifier of the reason.
        reason: the reason in words that a person understands.
    """

    code: str
    reason: str
    retry: Retry


SERVICE_LOST = Rejection("service-lost", "the upload service went away", Retry.LATER)
CATALOG_AWAY = Rejection(
    "catalog-unavailable", "the catalog is not available: try again later", Retry.LATER
)
FAILED_HERE = Rejection(
    "internal-error",
    "the manager failed at this upload: try again, or ask its operator",
    Retry.LATER,
)


def refused_by_service(reason: str) -> Rejection:
    """The service does not take the upload, in its own words."""
    return Rejection("service-refused", reason, Retry.LATER)
