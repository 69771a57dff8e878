"""What the manager counts about itself, in a registry of its own per application."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4"


class ManagerMetrics:
    """Counters and gauges in Prometheus' terms; one object per application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "discord_cloud_http_requests",
            "HTTP requests answered, by route and status.",
            ["route", "status"],
            registry=self._registry,
        )
        self.sent_bytes = Counter(
            "discord_cloud_download_bytes",
            "Bytes of file content sent to readers.",
            registry=self._registry,
        )
        self.cut_downloads = Counter(
            "discord_cloud_downloads_cut",
            "Downloads that were ended before their last byte, by the reason.",
            ["reason"],
            registry=self._registry,
        )
        self.reaped_objects = Counter(
            "discord_cloud_reaped_objects",
            "Objects that nothing referred to any more and that were deleted.",
            registry=self._registry,
        )
        self.reaped_messages = Counter(
            "discord_cloud_reaped_messages",
            "Messages deleted on Discord.",
            registry=self._registry,
        )
        self.compacted_bytes = Counter(
            "discord_cloud_compacted_bytes",
            "Bytes that were given back from messages with few chunks left.",
            registry=self._registry,
        )
        self.stuck_messages = Gauge(
            "discord_cloud_stuck_messages",
            "Messages that cannot be deleted, since their webhook is dead or not configured.",
            registry=self._registry,
        )
        self.unknown_messages = Counter(
            "discord_cloud_unknown_messages",
            "Messages of the webhooks that the catalog did not know, found by the bot, for the reaper.",
            registry=self._registry,
        )
        self.uncertain_posts = Counter(
            "discord_cloud_uncertain_posts",
            "Posts whose answer was lost, as upload services report: each may have left a message that "
            "no catalog knows.",
            registry=self._registry,
        )
        self.ignored_frames = Counter(
            "discord_cloud_ignored_frames",
            "Frames of peers that were not acted upon, by the reason.",
            ["reason"],
            registry=self._registry,
        )
        self.slow_peers_dropped = Counter(
            "discord_cloud_slow_peers_dropped",
            "Connections ended because the peer did not read what was sent to it.",
            registry=self._registry,
        )
        self.managers = Gauge(
            "discord_cloud_managers",
            "Managers of this catalog that are alive, as far as this one knows.",
            registry=self._registry,
        )
        self.nats_connected = Gauge(
            "discord_cloud_nats_connected",
            "Whether this manager can reach the others: 1 or 0; always 1 without others.",
            registry=self._registry,
        )
        self.lease_held = Gauge(
            "discord_cloud_lease_held",
            "Whether this manager does what one manager does for all: 1 or 0.",
            ["lease"],
            registry=self._registry,
        )

    def render(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)


MAX_PROCESSES = 1000
"""Upload processes whose totals are remembered; the total of the oldest is final then."""


class UncertainPostTotals:
    """Adds up the posts of upload processes whose answer was lost, as the processes count them.

    Each may have left a message on Discord that no catalog knows.

    Attributes:
        number: Their sum since the manager started.
    """

    def __init__(self, metrics: ManagerMetrics) -> None:
        self._metrics = metrics
        self._totals: dict[str, int] = {}
        self.number = 0

    def report(self, process: str, total: int) -> None:
        """A process has counted so many since its start; it reports that over each of its connections."""
        more = total - self._totals.get(process, 0)
        if more <= 0:
            return
        self._totals[process] = total
        self.number += more
        self._metrics.uncertain_posts.inc(more)
        if len(self._totals) > MAX_PROCESSES:
            self._totals.pop(next(iter(self._totals)))
