"""`processing-service`: a processing service alone."""

from cli.servers.running import load, run, say_ready
from processing_service.app import serve
from processing_service.settings import ProcessingServiceSettings


def run_processing_service() -> None:
    """Run it until it is stopped."""
    run(lambda: serve(load(ProcessingServiceSettings), on_ready=say_ready))
