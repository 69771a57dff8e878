"""How quickly managers notice one another."""

from dataclasses import dataclass, field
from typing import Final

from manager.cluster.election import LeaseTiming

PRESENCE_TTL_S: Final = 6.0
HEARTBEAT_S: Final = 1.5
PRESENCE_ANSWER_S: Final = 0.05
"""How long a manager waits for more newcomers before it announces itself to all of them at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterTiming:
    """Seconds.

    Attributes:
        lease: Of the elections.
        presence_ttl_s: After which a manager that was not heard of counts as gone.
        heartbeat_s: Between two heartbeats.
    """

    lease: LeaseTiming = field(default_factory=LeaseTiming)
    presence_ttl_s: float = PRESENCE_TTL_S
    heartbeat_s: float = HEARTBEAT_S
