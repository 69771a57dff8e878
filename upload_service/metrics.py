"""What an operator can see of this service, in the format of Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest


class Metrics:
    """The figures of one process, in a registry of their own."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._bytes = Counter(
            "upload_stored_bytes", "Plain bytes of stored chunks", registry=self._registry
        )
        self._chunks = Counter("upload_stored_chunks", "Stored chunks", registry=self._registry)
        self._messages = Counter(
            "upload_messages", "Messages that Discord has saved", registry=self._registry
        )
        self._failures = Counter(
            "upload_failures",
            "Requests that stored nothing, by error code",
            ["code"],
            registry=self._registry,
        )
        self.receiving = Gauge(
            "upload_receiving", "Requests whose body is being received", registry=self._registry
        )
        self.forwarding = Gauge(
            "upload_forwarding", "Chunks on their way to Discord", registry=self._registry
        )
        self.buffers = Gauge(
            "upload_buffers",
            "Memory for chunks that was allocated, in buffers of 10 MiB",
            registry=self._registry,
        )
        self.links = Gauge(
            "upload_links", "Slots with a link to the manager", registry=self._registry
        )
        self.waiting_forms = Gauge(
            "upload_waiting_forms",
            "Files with accepted tickets that wait for a place",
            registry=self._registry,
        )
        self.reports = Gauge(
            "upload_reports",
            "Reports of stored chunks that the manager has not answered for good",
            registry=self._registry,
        )
        self.running = Gauge("upload_running", "Uploads that run here", registry=self._registry)

    def chunk_stored(self, size: int) -> None:
        """Count a stored chunk of `size` plain bytes."""
        self._chunks.inc()
        self._bytes.inc(size)

    def message_posted(self) -> None:
        """Count a message, however many chunks are in it."""
        self._messages.inc()

    def failed(self, code: str) -> None:
        """Count a request that stored nothing."""
        self._failures.labels(code).inc()

    def exposition(self) -> bytes:
        """All figures as text."""
        return generate_latest(self._registry)
