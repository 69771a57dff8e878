"""The lines of a report journal, to bytes and back. No I/O.

A journal is only appended to, a line of JSON at a time. `{"message": …}` holds the report of a message,
`{"answered": …}` the id of one whose report the manager has answered for good. A message with one
chunk is written as `{"stored": …}`, as release 0.2 wrote and reads it: so either release takes over
what the other has left. The MIME type stands beside it, as `"type"`: there are versions that would skip
a line with an unknown key inside the report. A line that a crash has cut off is skipped.
Nothing in a journal is secret: there are ids and digests, but no token and no key.
"""

import msgspec
from msgspec.structs import asdict, replace

from protocol.u2s import ChunkStored, MessageStored, StoredChunk


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    message: MessageStored | None = None
    stored: ChunkStored | None = None
    answered: str | None = None
    type: str | None = None


def single_reports(report: MessageStored) -> list[ChunkStored]:
    """The report as one of each chunk, for peers that know no reports of messages.

    A chunk that lies in several attachments is left out: they could not say so.
    """
    return [
        ChunkStored(
            message_id=report.message_id,
            channel_id=report.channel_id,
            webhook_id=report.webhook_id,
            **asdict(chunk),
        )
        for chunk in report.chunks
        if chunk.attachment_id is not None
    ]


def encode_report(report: MessageStored) -> bytes:
    """The line that keeps a report."""
    singles = single_reports(report)
    if len(report.chunks) == len(singles) == 1:
        single = singles[0]
        line = _Line(stored=replace(single, type=None), type=single.type)
    else:
        line = _Line(message=report)
    return msgspec.json.encode(line) + b"\n"


def encode_answered(message_id: str) -> bytes:
    """The line after which the report of that message is not kept any more."""
    return msgspec.json.encode(_Line(answered=message_id)) + b"\n"


def decode_journal(content: bytes) -> tuple[list[MessageStored], int]:
    """Read a whole journal.

    Returns:
        The reports that are not answered, oldest first, and how many lines could not be understood.
    """
    reports: dict[str, MessageStored] = {}
    skipped = 0
    for text in content.splitlines():
        try:
            line = msgspec.json.decode(text, type=_Line)
        except (ValueError, RecursionError):
            skipped += 1
            continue
        if report := _report_in(line):
            reports[report.message_id] = report
        if line.answered is not None:
            reports.pop(line.answered, None)
    return list(reports.values()), skipped


def _report_in(line: _Line) -> MessageStored | None:
    if line.stored is None:
        return line.message
    fields = asdict(replace(line.stored, type=line.type))
    of_message = {name: fields.pop(name) for name in ("message_id", "channel_id", "webhook_id")}
    return MessageStored(chunks=(StoredChunk(**fields),), **of_message)
