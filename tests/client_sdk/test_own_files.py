"""Downloads into folders in which others may have put something."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from client_sdk import own_files
from client_sdk.byte_ranges import ByteRanges
from client_sdk.errors import TargetUnwritable
from client_sdk.sinks import DraftFile, draft_path, sink_at

SOMEBODY, SOMEBODY_ELSE = 1001, 1002
STICKY = 0o1777


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that everybody may write to."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(STICKY)
    return folder


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file of the user's that no download is meant for."""
    file = tmp_path / "precious"
    file.write_bytes(b"precious")
    return file


@pytest.fixture(params=["with O_NOFOLLOW", "without"])
def _flags(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Systems that can be told to follow no link, and systems that cannot."""
    if request.param == "without":
        flags = own_files._NOT_THROUGH_LINKS & ~os.O_NOFOLLOW  # noqa: SLF001 - another system
        monkeypatch.setattr(own_files, "_NOT_THROUGH_LINKS", flags)


def tag_path(target: Path) -> Path:
    """Where the tag of a draft stands."""
    draft = draft_path(target)
    return draft.with_name(f"{draft.name}tag.")


def download(target: Path, content: bytes = b"content", *, resume: bool = True) -> None:
    """A download that comes through, whatever an earlier one has left."""
    draft = DraftFile(target, resume=resume)
    try:
        draft.open()
        draft.restart('"tag"')
        draft.write(0, content)
        draft.finish(len(content))
    finally:
        draft.close(is_kept=False)


def put_link(planted: Path, victim: Path) -> None:
    """A symbolic link."""
    planted.symlink_to(victim)


def put_dangling_link(planted: Path, victim: Path) -> None:
    """A symbolic link to where there is no file yet."""
    planted.symlink_to(victim.with_name("new"))


def put_hard_link(planted: Path, victim: Path) -> None:
    """A second name."""
    planted.hardlink_to(victim)


def put_pipe(planted: Path, _: Path) -> None:
    """Something that is no file."""
    os.mkfifo(planted)


@pytest.mark.usefixtures("_flags")
@pytest.mark.parametrize("plant", [put_link, put_dangling_link, put_hard_link, put_pipe])
def test_what_was_put_in_the_place_of_a_draft_is_not_written_to(
    folder: Path, victim: Path, plant: Callable[[Path, Path], None]
) -> None:
    """The download is refused, with what to do; nothing else is touched or made."""
    target = folder / "target"
    plant(draft_path(target), victim)
    with pytest.raises(TargetUnwritable, match=r"not a file of yours.*choose another target"):
        download(target)
    assert victim.read_bytes() == b"precious"
    assert sorted(path.name for path in victim.parent.iterdir()) == ["precious", "shared"]
    assert [path.name for path in folder.iterdir()] == [draft_path(target).name]


@pytest.mark.usefixtures("_flags")
@pytest.mark.parametrize("plant", [put_link, put_dangling_link, put_hard_link, put_pipe])
def test_what_was_put_in_the_place_of_a_tag_is_neither_read_nor_written_to(
    folder: Path, victim: Path, plant: Callable[[Path, Path], None]
) -> None:
    """A tag that somebody else wrote would make bytes count that are not of the file."""
    target = folder / "target"
    victim.write_bytes(b'"tag"')
    draft_path(target).write_bytes(b"bytes")
    plant(tag_path(target), victim)
    draft = DraftFile(target, resume=True)
    assert draft.open() == (ByteRanges(), None)
    draft.close(is_kept=True)
    download(target)
    assert (target.read_bytes(), victim.read_bytes()) == (b"content", b'"tag"')
    assert [path.name for path in folder.iterdir()] == ["target"]


@pytest.mark.parametrize(("mode", "is_taken"), [(STICKY, False), (0o770, False), (0o755, True)])
def test_a_draft_of_somebody_else_is_not_used_where_others_may_write(
    folder: Path, monkeypatch: pytest.MonkeyPatch, mode: int, is_taken: bool
) -> None:
    """Its owner could read and change what comes. Where nobody else may write owners may be odd."""
    target = folder / "target"
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)
    draft_path(target).write_bytes(b"")
    folder.chmod(mode)
    if is_taken:
        download(target)
        assert target.read_bytes() == b"content"
    else:
        with pytest.raises(TargetUnwritable, match="not a file of yours"):
            download(target)


def test_users_do_not_share_a_draft(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one has left keeps nobody else from downloading to the same place."""
    own = draft_path(folder / "target")
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)
    assert draft_path(folder / "target") != own


def test_a_draft_is_as_private_as_its_target(folder: Path) -> None:
    """Nobody may read what comes who may not read the file that it replaces."""
    target = folder / "target"
    target.write_bytes(b"secret")
    target.chmod(0o600)
    draft_path(target).write_bytes(b"")
    draft_path(target).chmod(0o644)
    draft = DraftFile(target, resume=False)
    draft.open()
    assert stat.S_IMODE(draft_path(target).stat().st_mode) == 0o600
    draft.close(is_kept=False)


def test_permissions_of_a_target_are_kept_if_it_is_the_users_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's, and such that give the file's owner rights, are not taken over."""
    target = folder / "target"
    target.write_bytes(b"old")
    target.chmod(0o4751)
    download(target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o751
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)
    target.chmod(0o606)
    download(target)
    assert stat.S_IMODE(target.stat().st_mode) != 0o606


def test_a_draft_that_was_exchanged_is_not_put_in_place(folder: Path) -> None:
    """Where the folder lets others do that, the target does not get their bytes."""
    target = folder / "target"
    draft = DraftFile(target, resume=False)
    draft.open()
    draft_path(target).unlink()
    draft_path(target).write_bytes(b"theirs")
    with pytest.raises(TargetUnwritable, match="taken away"):
        draft.finish(0)
    draft.close(is_kept=False)
    assert not target.exists()
    assert draft_path(target).read_bytes() == b"theirs"


def facts(mode: int, owner: int) -> os.stat_result:
    """What is known of a file."""
    return os.stat_result((mode, 1, 1, 1, owner, 0, 0, 0, 0, 0))


@pytest.mark.parametrize(
    ("mode", "link_owner", "folder_owner", "is_planted"),
    [
        (STICKY, SOMEBODY_ELSE, 0, True),
        (STICKY, SOMEBODY, 0, False),
        (STICKY, SOMEBODY_ELSE, SOMEBODY_ELSE, False),
        (0o1775, SOMEBODY_ELSE, 0, False),
        (0o777, SOMEBODY_ELSE, 0, False),
    ],
)
def test_a_link_of_somebody_else_in_a_folder_like_tmp_is_not_followed(
    monkeypatch: pytest.MonkeyPatch,
    mode: int,
    link_owner: int,
    folder_owner: int,
    is_planted: bool,
) -> None:
    """As `fs.protected_symlinks` has it: follower, or owner of the folder, or no such folder."""
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)
    link, folder = facts(0o777, link_owner), facts(mode, folder_owner)
    assert own_files.is_planted(link, folder) is is_planted


def test_a_planted_link_is_no_way_to_a_target(
    folder: Path, victim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither as the target, nor on the way to it, nor to a pipe."""
    monkeypatch.setattr(own_files, "is_planted", lambda link, folder: stat.S_ISLNK(link.st_mode))
    pipe = victim.with_name("pipe")
    os.mkfifo(pipe)
    (folder / "file").symlink_to(victim)
    (folder / "way").symlink_to(victim.parent)
    (folder / "pipe").symlink_to(pipe)
    for target in (folder / "file", folder / "way" / "precious", folder / "pipe"):
        with pytest.raises(TargetUnwritable, match="another user has put there"):
            sink_at(target, resume=True).open()
    assert victim.read_bytes() == b"precious"


def test_links_are_followed_as_the_system_does(tmp_path: Path) -> None:
    """Relative ones, chains, parents, and what is missing at the end."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "c").symlink_to("a/b")
    (tmp_path / "a" / "b" / "up").symlink_to("../../a/./b/../next")
    (tmp_path / "a" / "next").symlink_to(tmp_path / "c")
    for path in ("c", "c/up", "c/up/missing/x", "c/../b", "a/b/up/../b/up"):
        assert own_files.followed(tmp_path / path) == Path(os.path.realpath(tmp_path / path))


def test_a_circle_of_links_is_an_error(tmp_path: Path) -> None:
    """It leads nowhere."""
    (tmp_path / "x").symlink_to("y")
    (tmp_path / "y").symlink_to("x")
    with pytest.raises(TargetUnwritable, match="cannot be written"):
        DraftFile(tmp_path / "x", resume=True).open()
