"""The addresses of the managers of one cloud, any of which will do: which one is used now."""

from collections.abc import Callable, Sequence


def split_urls(text: str) -> list[str]:
    """The URLs of a list that is separated by commas."""
    return [url.strip() for url in text.split(",")]


class ManagerUrls:
    """Goes on to the next manager when the present one cannot be reached.

    Args:
        urls: At least one.
        is_in_use: Whether the present one is reached otherwise; then there is no going on.
    """

    def __init__(
        self, urls: Sequence[str], *, is_in_use: Callable[[], bool] = lambda: False
    ) -> None:
        self._urls = tuple(urls)
        self._is_in_use = is_in_use
        self._place = 0
        self._failures = 0

    @property
    def current(self) -> str:
        """The URL to try now."""
        return self._urls[self._place]

    def reached(self) -> None:
        """The present one answers."""
        self._failures = 0

    def failed(self, url: str) -> bool:
        """That one does not answer. True: another one is worth a try at once.

        After all have failed in a row it is time to wait.
        """
        if url == self.current and not self._is_in_use():
            self._place = (self._place + 1) % len(self._urls)
            self._failures += 1
        return url != self.current and self._failures % len(self._urls) != 0
