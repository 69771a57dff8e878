"""JSON objects from an untrusted peer.

The standard library's reader is used because it shows every key that it meets: a repeated one
would otherwise silently win, and two readers of the same frame could see different packets.
"""

import json
import re
from typing import Any

from protocol.errors import MalformedFrame
from protocol.values import MAX_FRAME_BYTES

_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


class _Flaws:
    """Remembers what is wrong with JSON that can still be read, so that it can be answered."""

    def __init__(self) -> None:
        self.first: str | None = None

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) != len(pairs):
            self.first = "an object repeats a key"
        return content

    def constant(self, _name: str) -> None:
        self.first = "NaN and Infinity are no numbers in JSON"


def read_object(frame: str | bytes) -> tuple[dict[str, Any], str | None]:
    """Reads one JSON object.

    Returns:
        The object, and what is wrong with it if it could be read although it is not valid, else
        None.

    Raises:
        MalformedFrame: it is too long, not UTF-8, not JSON, nested too deeply or not an object.
    """
    text = _text_of(frame)
    flaws = _Flaws()
    try:
        content = json.loads(text, object_pairs_hook=flaws.object, parse_constant=flaws.constant)
        if _SURROGATE_ESCAPE.search(text):
            json.dumps(content, ensure_ascii=False).encode()
    except RecursionError:
        raise MalformedFrame("the frame is nested too deeply") from None
    except UnicodeEncodeError:
        raise MalformedFrame("the frame holds half a character") from None
    except ValueError:
        raise MalformedFrame("the frame is not JSON") from None
    if not isinstance(content, dict):
        raise MalformedFrame("the frame is not an object")
    return content, flaws.first


def _text_of(frame: str | bytes) -> str:
    """Returns the frame as text that is valid Unicode and not too long."""
    if len(frame) > MAX_FRAME_BYTES:
        raise MalformedFrame(f"the frame is longer than {MAX_FRAME_BYTES} bytes")
    try:
        encoded = frame.encode() if isinstance(frame, str) else frame
        text = frame if isinstance(frame, str) else frame.decode()
    except UnicodeError:
        raise MalformedFrame("the frame is not UTF-8") from None
    if len(encoded) > MAX_FRAME_BYTES:
        raise MalformedFrame(f"the frame is longer than {MAX_FRAME_BYTES} bytes")
    return text
