"""Addresses as this service reaches them, which need not be those that clients are given."""

from yarl import URL


def at_origin(origin: str, url: str) -> URL:
    """The path and query of a URL, at another origin (which may have a path of its own)."""
    return URL(origin.rstrip("/") + URL(url, encoded=True).raw_path_qs, encoded=True)
