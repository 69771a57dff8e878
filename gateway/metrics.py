"""What an operator can see of a gateway, in the format of Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4"


class GatewayMetrics:
    """The figures of one process, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.sent_bytes = Counter(
            "gateway_download_bytes",
            "Bytes of file content sent to readers.",
            registry=self._registry,
        )
        self.cut_downloads = Counter(
            "gateway_downloads_cut",
            "Downloads that were ended before their last byte, by the reason.",
            ["reason"],
            registry=self._registry,
        )
        self.requests = Counter(
            "gateway_http_requests",
            "HTTP requests answered, by route and status.",
            ["route", "status"],
            registry=self._registry,
        )
        self.manifests = Counter(
            "gateway_manifests",
            "Requests that the manager has answered with a manifest.",
            registry=self._registry,
        )
        self.manager_failures = Counter(
            "gateway_manager_failures",
            "Requests that the manager has not answered.",
            registry=self._registry,
        )
        self.running = Gauge(
            "gateway_downloads_running", "Downloads that run.", registry=self._registry
        )

    def render(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)
