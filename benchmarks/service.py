"""A child process: this project's upload service, configured by its environment."""

import uvloop

from benchmarks.process import announce
from upload_service.app import serve
from upload_service.settings import UploadServiceSettings

if __name__ == "__main__":
    settings = UploadServiceSettings.model_validate({})
    uvloop.run(serve(settings, on_ready=lambda url: announce(url=url)))
