"""Small files that have come whole, on the disk."""

from pathlib import Path

import pytest

from client_sdk.sinks import DraftFile, draft_path
from client_sdk.small_files import write_files
from tests.client_sdk.test_folders import tree_of


@pytest.fixture(autouse=True, params=["nameless", "drafts"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """Files are made without a name, or as drafts where the system has no such files."""
    if request.param == "drafts":
        monkeypatch.setattr("client_sdk.small_files._OPEN_FILES", "/nowhere")


def test_new_files_of_several_folders(tmp_path: Path):
    """They are there, with the permissions of new files, and nothing else is."""
    (tmp_path / "in").mkdir()
    files = {tmp_path / "a": b"a" * 3000, tmp_path / "in" / "b": b"", tmp_path / "in" / "c": b"c"}
    assert write_files([(path, content, None) for path, content in files.items()]) == set(files)
    assert tree_of(tmp_path) == {"a": b"a" * 3000, "in/b": b"", "in/c": b"c"}
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("is_there", [False, True])
def test_a_file_gets_its_modification_time(tmp_path: Path, is_there):
    """To the millisecond, also before 1970, and also when it takes the place of another one."""
    target, ancient = tmp_path / "a", tmp_path / "b"
    if is_there:
        target.write_bytes(b"old")
    assert write_files([(target, b"x", 1234567890.125), (ancient, b"", -0.5)]) == {target, ancient}
    assert target.stat().st_mtime_ns == 1_234_567_890_125_000_000
    assert ancient.stat().st_mtime_ns == -500_000_000


def test_a_file_that_is_there_is_replaced(tmp_path: Path):
    """In one step, and it keeps its permissions."""
    target = tmp_path / "a"
    target.write_bytes(b"old")
    target.chmod(0o600)
    assert write_files([(target, b"new", None)]) == {target}
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_link_is_written_through(tmp_path: Path):
    """As by any download: what it leads to is replaced."""
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    assert write_files([(tmp_path / "link", b"new", None)]) == {tmp_path / "link"}
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_what_an_earlier_download_has_left_is_used_up(tmp_path: Path):
    """Its draft is no obstacle, and is gone afterwards."""
    target = tmp_path / "a"
    draft = DraftFile(target, resume=False)
    draft.open()
    draft.restart('"one"')
    draft.write(0, b"something longer")
    draft.close(is_kept=True)
    assert write_files([(target, b"new", None)]) == {target}
    assert tree_of(tmp_path) == {"a": b"new"}


def test_another_download_of_the_target_goes_first(tmp_path: Path):
    """The file is not written, and neither is the other download disturbed."""
    target = tmp_path / "a"
    draft = DraftFile(target, resume=False)
    draft.open()
    assert write_files([(target, b"new", None), (tmp_path / "b", b"b", None)]) == {tmp_path / "b"}
    draft.write(0, b"first")
    draft.finish(5)
    draft.close(is_kept=False)
    assert target.read_bytes() == b"first"


@pytest.mark.parametrize("obstacle", ["missing", "file", "folder"])
def test_what_cannot_be_written_is_left_out(tmp_path: Path, obstacle: str):
    """A folder that is none, or a folder in the file's place; the other files are there."""
    target = tmp_path / "in" / "a"
    if obstacle == "file":
        (tmp_path / "in").write_bytes(b"")
    elif obstacle == "folder":
        target.mkdir(parents=True)
    assert write_files([(target, b"x", None), (tmp_path / "b", b"b", None)]) == {tmp_path / "b"}
    assert (tmp_path / "b").read_bytes() == b"b"


def test_a_link_in_place_of_the_draft_is_not_followed(tmp_path: Path):
    """Somebody else who may write to the folder cannot make another file of the user's be overwritten."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    draft_path(tmp_path / "a").symlink_to(victim)
    assert write_files([(tmp_path / "a", b"new", None)]) == set()
    assert victim.read_bytes() == b"mine"
