"""The lines of a report journal: their form on disk is a promise to the next version of the service."""

import json

import pytest
from msgspec.structs import replace

from tests.upload_service.test_report_journal import report
from upload_service.report_codec import (
    decode_journal,
    encode_answered,
    encode_report,
    single_reports,
)


def test_a_message_with_one_chunk_is_written_as_release_0_2_wrote_it() -> None:
    """A service that is updated takes over what the old one has left, and the other way round."""
    kept = report(1)
    (chunk,) = kept.chunks
    old = {
        "upload_id": chunk.upload_id,
        "index": 1,
        "message_id": "100000000000000001",
        "channel_id": "100000000000000000",
        "webhook_id": "10000000000000000",
        "attachment_id": "100000000000000001",
        "offset": 0,
        "stored_size": 133,
        "size": 100,
        "digest": "ab" * 32,
    }
    assert json.loads(encode_report(kept)) == {"stored": old}
    assert decode_journal(json.dumps({"stored": old}).encode()) == ([kept], 0)
    assert encode_answered("123") == b'{"answered":"123"}\n'


def test_a_type_is_kept_where_older_versions_do_not_stumble_over_it() -> None:
    """They refuse an unknown key of a report, and would lose the message; a new one reads it back."""
    plain = report(1)
    typed = replace(plain, chunks=(replace(plain.chunks[0], type="image/png"),))
    line = json.loads(encode_report(typed))
    assert line == {**json.loads(encode_report(plain)), "type": "image/png"}
    assert decode_journal(encode_report(typed)) == ([typed], 0)


def test_a_message_is_kept_with_all_its_chunks() -> None:
    """However many it holds, and with their types."""
    several = report(1, chunks=3)
    typed = replace(several, chunks=(replace(several.chunks[0], type="a/b"), *several.chunks[1:]))
    assert decode_journal(encode_report(typed)) == ([typed], 0)
    assert json.loads(encode_report(typed)).keys() == {"message"}


def test_a_chunk_in_several_attachments_is_kept() -> None:
    """Older peers could not say where it lies, so it is no report of theirs."""
    alone = report(1)
    spread = replace(alone, chunks=(replace(alone.chunks[0], attachment_id=None),))
    assert single_reports(spread) == []
    assert decode_journal(encode_report(spread)) == ([spread], 0)


def test_what_is_answered_is_not_kept() -> None:
    """The rest comes back in the order in which it was added."""
    first, second, third = report(1), report(2), report(3)
    lines = [encode_report(one) for one in (first, second, third)]
    content = b"".join([*lines, encode_answered(second.message_id)])
    assert decode_journal(content) == ([first, third], 0)


def test_a_line_that_is_cut_off_is_counted_and_skipped() -> None:
    """What stands before it and behind it is read."""
    first, second = report(1), report(2)
    content = encode_report(first) + encode_report(second)[:20] + b"\n" + encode_report(second)
    assert decode_journal(content) == ([first, second], 1)


@pytest.mark.parametrize(
    "damage", [b"\x80", b'{"stored":{"\xff":1}}', b'{"x":' + b"[" * 5000, b"null", b'{"stored":7}']
)
def test_a_damaged_line_is_counted_and_skipped(damage: bytes) -> None:
    """Whatever a disk has made of it: the service starts, and delivers the other reports."""
    first, second = report(1), report(2)
    content = encode_report(first) + damage + b"\n" + encode_report(second)
    assert decode_journal(content) == ([first, second], 1)
