"""What can go wrong with a job. Each error has a stable `code`; the text is shown to operators."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar


class ProcessingError(Exception):
    """Base of all errors of this package.

    Attributes:
        retry: whether another attempt at the same file may succeed.
    """

    code: ClassVar[str] = "processing_error"
    retry: ClassVar[bool] = False


class Unreadable(ProcessingError):
    """The file is broken, cut off, locked, or not what its type says."""

    code = "unreadable"


class TooManyPixels(ProcessingError):
    """The picture has more pixels than the service decodes."""

    code = "too_many_pixels"


class TooLarge(ProcessingError):
    """The file is larger than the service downloads."""

    code = "too_large"


class ContentDownloadFailed(ProcessingError):
    """The file could not be read from the manager."""

    code = "download_failed"
    retry = True


class ViewNotStored(ProcessingError):
    """A view was made and could not be stored."""

    code = "view_not_stored"
    retry = True


class OutputInvalid(ProcessingError):
    """A worker has left something else than the files that it announced."""

    code = "output_invalid"


class SandboxMissing(ProcessingError):
    """Workers cannot be kept from files, network and other processes, and the settings demand it."""

    code = "sandbox_missing"
    retry = True


class ViewsInvalid(ProcessingError):
    """The file that describes the views cannot be used."""

    code = "views_invalid"


@contextmanager
def unreadable_on_error(what: str) -> Iterator[None]:
    """Translate what a library raises over a hostile or broken file.

    Args:
        what: what is being read, with its article, for the message (`the image`).

    Raises:
        Unreadable: a library raised anything but `MemoryError`.
    """
    try:
        yield
    except (ProcessingError, MemoryError):
        raise
    except Exception as error:  # libraries raise anything over hostile bytes
        raise Unreadable(f"{what} is broken or cut off ({type(error).__name__})") from error
