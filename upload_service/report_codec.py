"""The lines of a report journal, to bytes and back. No I/O.

A journal is only appended to, a line of JSON at a time: `{"stored": …}` holds a report,
`{"answered": …}` the id of a message whose report the manager has answered for good. A line that a
crash has cut off is skipped. The MIME type of a first chunk stands beside its report, as `"type"`:
versions of the service that do not know it would skip a line with an unknown key inside the report.
Nothing in it is secret: there are ids and digests, but no token and no key.
"""

import msgspec
from msgspec.structs import replace

from protocol.u2s import ChunkStored


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    stored: ChunkStored | None = None
    answered: str | None = None
    type: str | None = None


def encode_report(report: ChunkStored) -> bytes:
    """The line that keeps a report."""
    line = _Line(stored=replace(report, type=None), type=report.type)
    return msgspec.json.encode(line) + b"\n"


def encode_answered(message_id: str) -> bytes:
    """The line after which the report of that message is not kept any more."""
    return msgspec.json.encode(_Line(answered=message_id)) + b"\n"


def decode_journal(content: bytes) -> tuple[list[ChunkStored], int]:
    """Read a whole journal.

    Returns:
        The reports that are not answered, oldest first, and how many lines could not be understood.
    """
    reports: dict[str, ChunkStored] = {}
    skipped = 0
    for text in content.splitlines():
        try:
            line = msgspec.json.decode(text, type=_Line)
        except (ValueError, RecursionError):
            skipped += 1
            continue
        if line.stored is not None:
            reports[line.stored.message_id] = replace(line.stored, type=line.type)
        if line.answered is not None:
            reports.pop(line.answered, None)
    return list(reports.values()), skipped
