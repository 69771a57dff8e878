"""Archives made from left to right, as other programs read them."""

import io
import struct
import subprocess
import tempfile
import tracemalloc
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reading.zip_stream import ZipStream

NOON = datetime(2026, 3, 29, 12, 0, 1, tzinfo=UTC).timestamp()


def _archive(*members: tuple[tuple[str, ...], bytes | None], modified_at: float = NOON) -> bytes:
    with ZipStream(io.BytesIO()) as archive:
        for path, content in members:
            if content is None:
                archive.add_folder(path, modified_at=modified_at)
                continue
            archive.begin_file(path, size=len(content), modified_at=modified_at)
            for start in range(0, len(content), 1000):
                archive.write(memoryview(content)[start : start + 1000])
            archive.end_file()
        return b"".join([*archive.take(), *archive.finish()])


def test_what_goes_in_comes_out(content):
    """Every member comes back with its path, its bytes and its kind, stored as it was."""
    made = _archive(
        (("a",), None),
        (("a", "Ünïcödé 日本 \U0001f600.txt"), content),
        (("a", "empty"), b""),
        (("b",), None),
    )
    read = zipfile.ZipFile(io.BytesIO(made))
    assert read.namelist() == ["a/", "a/Ünïcödé 日本 \U0001f600.txt", "a/empty", "b/"]
    assert read.testzip() is None
    assert read.read("a/Ünïcödé 日本 \U0001f600.txt") == content
    assert read.read("a/empty") == b""
    assert {each.compress_type for each in read.infolist()} == {zipfile.ZIP_STORED}


def test_nothing_at_all():
    """An archive without members is one."""
    assert zipfile.ZipFile(io.BytesIO(_archive())).namelist() == []


def test_unzip_restores_files_and_times(tmp_path: Path, content):
    """A program of somebody else's restores content, folders, and times to the second."""
    path = tmp_path / "made.zip"
    path.write_bytes(_archive((("a",), None), (("a", "f.bin"), content), (("e",), None)))
    subprocess.run(["unzip", "-q", str(path), "-d", str(tmp_path)], check=True)  # noqa: S603, S607
    assert (tmp_path / "a" / "f.bin").read_bytes() == content
    assert (tmp_path / "a" / "f.bin").stat().st_mtime == NOON
    assert (tmp_path / "e").is_dir()
    assert (tmp_path / "a" / "f.bin").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("modified_at", "year", "unix"),
    [(0.5, 1980, 0), (-1e10, 1980, -(2**31)), (4e9, 2096, 2**31 - 1), (1e12, 2107, 2**31 - 1)],
)
def test_times_that_no_archive_knows(modified_at, year, unix):
    """Each of the two forms has the nearest time that it can tell."""
    read = zipfile.ZipFile(io.BytesIO(_archive((("f",), b"x"), modified_at=modified_at)))
    assert read.testzip() is None
    assert read.infolist()[0].date_time[0] == year
    assert struct.unpack("<i", read.infolist()[0].extra[-4:]) == (unix,)


def test_many_members():
    """More members than the old directory can count."""
    members = [((f"{number}",), None) for number in range(66_000)]
    assert len(zipfile.ZipFile(io.BytesIO(_archive(*members))).namelist()) == 66_000


@pytest.mark.huge
def test_an_archive_that_is_longer_than_old_fields_can_tell(tmp_path: Path):
    """Behind four gigabytes the directory still says where everything is."""
    mebibyte = memoryview(bytes(2**20))
    path = tmp_path / "made.zip"
    with path.open("wb") as file, ZipStream(io.BytesIO()) as archive:
        archive.begin_file(("large",), size=5 * 2**30, modified_at=NOON)
        for _ in range(5 * 2**10):
            archive.write(mebibyte)
            for piece in archive.take():
                if piece is mebibyte:
                    file.seek(len(piece), io.SEEK_CUR)
                else:
                    file.write(piece)
        archive.end_file()
        archive.begin_file(("behind",), size=5, modified_at=NOON)
        archive.write(b"hello")
        archive.end_file()
        file.writelines([*archive.take(), *archive.finish()])
    with zipfile.ZipFile(path) as read:
        assert [each.file_size for each in read.infolist()] == [5 * 2**30, 5]
        assert read.read("behind") == b"hello"


def test_memory_does_not_grow_with_the_archive():
    """What is kept of a member goes to the file of the directory, soon after it was added."""
    with tempfile.TemporaryFile() as directory, ZipStream(directory) as archive:

        def add(members: int) -> int:
            for number in range(members):
                archive.begin_file(("folder", f"{number} of many"), size=0, modified_at=NOON)
                archive.end_file()
                archive.take()
            return tracemalloc.get_traced_memory()[0]

        tracemalloc.start()
        try:
            before = add(1000)
            grown = add(5000) - before
        finally:
            tracemalloc.stop()
        assert grown < 100_000


def test_large_file_gets_large_fields():
    """A file beyond the old limits is announced with zip64 fields, a small one is not."""
    with ZipStream(io.BytesIO()) as archive:
        archive.begin_file(("small",), size=1, modified_at=NOON)
        small = b"".join(archive.take())
        archive.end_file()
        archive.begin_file(("large",), size=5 * 2**30, modified_at=NOON)
        large = b"".join(archive.take())
    assert b"\x01\x00\x10\x00" in large
    assert b"\x01\x00\x10\x00" not in small


def test_giving_up_in_the_middle_of_a_file():
    """Leaving at any moment is quiet, and leaves nothing to be sent."""
    with ZipStream(io.BytesIO()) as archive:
        archive.begin_file(("f",), size=10, modified_at=NOON)
        archive.write(b"half")
    assert archive.take() == []


def test_bytes_without_a_file():
    """Content belongs to a file that has begun."""
    with ZipStream(io.BytesIO()) as archive, pytest.raises(ValueError, match="begun"):
        archive.write(b"x")
