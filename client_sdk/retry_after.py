"""What a manager says about when to ask again (RFC 9110, section 10.2.3)."""

from collections.abc import Mapping
from typing import Final

UNAVAILABLE: Final = 503
LASTING_HEADER: Final = "Discord-Cloud-Lasting"
"""With it an answer says that asking again does not help."""


def retry_after_s(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds after which a manager that cannot serve now wants to be asked again.

    None when it does not say so. Dates, which depend on clocks that agree, are not understood.
    """
    told = headers.get("Retry-After", "").strip()
    if status != UNAVAILABLE or not (told.isascii() and told.isdigit()):
        return None
    return float(told)
