"""`upload-service`: an upload service alone."""

from cli.server_errors import start_error
from cli.servers.running import load, reported, run, say_ready
from upload_service.app import serve
from upload_service.settings import UploadServiceSettings


def run_upload_service() -> None:
    """Run it until it is stopped."""
    with reported():
        settings = load(UploadServiceSettings)
    run(lambda: _upload_service(settings), drain_s=settings.drain_grace_s)


async def _upload_service(settings: UploadServiceSettings) -> None:
    try:
        await serve(settings, on_ready=say_ready)
    except OSError as error:
        raise start_error(error, settings.host, settings.port) from error
