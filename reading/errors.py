"""What can go wrong when content is sent. Each error has a stable `code`."""

from common.wording import counted


class ReadingError(Exception):
    """Base of every error that this package raises on purpose."""

    code = "reading"


class TooManyDownloads(ReadingError):
    """Too many downloads run; it may be tried again in `retry_after_s` seconds."""

    code = "overloaded"

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__("too many downloads at the moment: try again shortly")
        self.retry_after_s = retry_after_s


class RangeNotSatisfiable(ReadingError):
    """None of the ranges asked for lies in the file of `size` bytes."""

    code = "range-not-satisfiable"

    def __init__(self, size: int) -> None:
        super().__init__(
            f"the file has {counted(size, 'byte')}, none of which is in the range asked for"
        )
        self.size = size
