"""What can be chosen for `discord-cloud up`; imports nothing, since `--help` needs it too."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class UpOptions:
    """What can be chosen. `public_url` is where others reach this; None: only this machine does."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 4000
    slots: int = 4
    public_url: str | None = None
