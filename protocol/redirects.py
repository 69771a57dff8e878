"""How a manager leads a client to a gateway, at another origin, which sends content in its place. No I/O.

A client that follows such redirects says so in the header `REDIRECT_HEADER` of its request; the answer that
leads to a gateway has the header as well, so that it is told from any other redirect. The address holds a
token for that one answer: the client sends neither its own token nor a cookie to the other origin.
"""

from typing import Final

REDIRECT_HEADER: Final = "Discord-Cloud-Redirect"
REDIRECT_TAKEN: Final = "1"
"""The header's value, in both directions."""
