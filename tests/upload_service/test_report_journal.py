"""Reports on disk: what outlives a process, whatever ends it."""

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from structlog.testing import capture_logs

from protocol.u2s import MessageStored, StoredChunk
from upload_service.report_journal import COMPACT_BYTES, ReportJournal


def report(number: int, chunks: int = 1) -> MessageStored:
    """A report of a message of its own, with that many chunks."""
    return MessageStored(
        message_id=str(10**17 + number),
        channel_id=str(10**17),
        webhook_id=str(10**16),
        chunks=tuple(
            StoredChunk(
                upload_id=str(uuid4()),
                index=number,
                attachment_id=str(10**17 + number),
                offset=133 * place,
                stored_size=133,
                size=100,
                digest="ab" * 32,
            )
            for place in range(chunks)
        ),
    )


REPORTS = [report(number, chunks=1 + number % 2) for number in range(4)]


def found(folder: Path) -> list[MessageStored]:
    """What the next process finds, which then ends without an answer."""
    journal = ReportJournal(folder)
    with journal.opened():
        return list(journal.reports.values())


def the_file(folder: Path) -> Path:
    """The only file of a folder."""
    (path,) = folder.iterdir()
    return path


def left_behind(folder: Path) -> Path:
    """The file of a process that ended with all reports unanswered."""
    journal = ReportJournal(folder)
    with journal.opened():
        for each in REPORTS:
            journal.add(each)
    return the_file(folder)


@contextmanager
def full_disk() -> Iterator[list[Any]]:
    """No file can grow, that of the log included; yields what is logged."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        with capture_logs() as logged:
            yield logged
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_is_not_answered_is_found_again(tmp_path: Path) -> None:
    """By each process that comes, until it is answered; then nothing is left."""
    folder = tmp_path / "made" / "when needed"
    journal = ReportJournal(folder)
    with journal.opened():
        for each in REPORTS:
            journal.add(each)
        journal.answered(REPORTS[1].message_id)
    unanswered = [REPORTS[0], *REPORTS[2:]]
    for _ in range(2):
        assert found(folder) == unanswered
    journal = ReportJournal(folder)
    with journal.opened():
        for each in unanswered:
            journal.answered(each.message_id)
        journal.answered("unknown")
    assert list(folder.iterdir()) == []


def test_a_write_that_a_crash_cut_off_costs_nothing_else(tmp_path: Path) -> None:
    """Wherever it was cut, all reports before it are found, and the file goes on to be used."""
    whole = left_behind(tmp_path).read_bytes()
    last = whole.rstrip(b"\n").rindex(b"\n") + 1
    for cut in (last, last + 1, len(whole) - 10, len(whole) - 2):
        the_file(tmp_path).write_bytes(whole[:cut])
        journal = ReportJournal(tmp_path)
        with journal.opened():
            assert list(journal.reports.values()) == REPORTS[:3]
            journal.add(REPORTS[3])
        assert found(tmp_path) == REPORTS


def test_damage_costs_no_more_than_what_is_damaged(tmp_path: Path) -> None:
    """What is no report of ours is skipped."""
    path = left_behind(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    odd = [b"\xff\x00\n", b"[]\n", b'{"stored": {"index": "x"}}\n', b'{"later": 1}\n', b"\n"]
    path.write_bytes(b"".join([lines[0], *odd, *lines[1:]]))
    assert found(tmp_path) == REPORTS


def test_processes_share_a_folder(tmp_path: Path) -> None:
    """What another one still has is its own; what it leaves is taken over, and only once."""
    first, second, third = (ReportJournal(tmp_path) for _ in range(3))
    with first.opened():
        first.add(REPORTS[0])
        with second.opened():
            assert list(second.reports) == []
            second.add(REPORTS[1])
    with third.opened():
        assert set(third.reports) == {each.message_id for each in REPORTS[:2]}
        assert found(tmp_path) == []


def test_the_file_stays_small(tmp_path: Path) -> None:
    """However many reports are answered while others are not."""
    journal = ReportJournal(tmp_path)
    with journal.opened():
        journal.add(REPORTS[0])
        for number in range(10, 6000):
            journal.add(report(number))
            journal.answered(report(number).message_id)
        assert the_file(tmp_path).stat().st_size < 2 * COMPACT_BYTES
    assert found(tmp_path) == REPORTS[:1]


def test_a_full_disk_is_survived(tmp_path: Path) -> None:
    """Memory keeps what the disk does not take, and the disk gets it when it has room."""
    journal = ReportJournal(tmp_path)
    with journal.opened():
        journal.add(REPORTS[0])
        with full_disk() as logged:
            journal.add(REPORTS[1])
            journal.answered(REPORTS[0].message_id)
            assert list(journal.reports.values()) == REPORTS[1:2]
        journal.add(REPORTS[2])
    assert [line["event"] for line in logged] == ["reports-not-on-disk"]
    assert found(tmp_path) == REPORTS[1:3]


def test_what_cannot_be_taken_over_on_a_full_disk_stays(tmp_path: Path) -> None:
    """It is delivered all the same, and not lost if that fails."""
    left_behind(tmp_path)
    with full_disk():
        assert found(tmp_path) == REPORTS
    assert found(tmp_path) == REPORTS


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    """And what is in it are the fields of the reports."""
    path = left_behind(tmp_path / "reports")
    assert (path.parent.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)
    lines = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    assert [line.get("message") for line in lines] == [
        json.loads(msgspec.json.encode(each)) if len(each.chunks) > 1 else None for each in REPORTS
    ]


@pytest.mark.parametrize("is_link", [False, True])
def test_foreign_files_are_left_alone(tmp_path: Path, is_link: bool) -> None:
    """What is not a file of ours is neither followed nor removed."""
    elsewhere = tmp_path / "elsewhere"
    left_behind(elsewhere)
    folder = tmp_path / "reports"
    folder.mkdir()
    other = folder / ("link.jsonl" if is_link else "notes.txt")
    if is_link:
        other.symlink_to(the_file(elsewhere))
    else:
        the_file(elsewhere).rename(other)
    assert found(folder) == []
    assert other.exists()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """The error says which it is."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(OSError, match="file/reports"),
        ReportJournal(tmp_path / "file" / "reports").opened(),
    ):
        pass
