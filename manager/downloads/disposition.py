"""`Content-Disposition` for any file name (RFC 6266, RFC 8187). No I/O."""

from urllib.parse import quote

_ATTR_CHARS = "!#$&+-.^_`|~"


def attachment(name: str) -> str:
    """The header's value: the exact name in UTF-8, and an ASCII one for older clients."""
    # A few browsers decode percent escapes in the plain form, hence `%` is not left in it.
    fallback = "".join(char if " " <= char <= "~" and char not in '"\\%' else "_" for char in name)
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe=_ATTR_CHARS)}"
