"""Where an upload goes while folders are renamed and moved around it."""

import pytest

from manager.files.upload_requests import DestinationFolder
from protocol.values import MAX_PATH_NAMES


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (("a", "b"), ("a", "x"), ("a", "x")),
        (("a",), ("x",), ("x", "b")),
        (("a",), ("y", "a (1)"), ("y", "a (1)", "b")),
        (("a", "b"), ("b",), ("b",)),
        (("a", "b", "c"), ("c",), ("a", "b")),
        (("b",), ("x",), ("a", "b")),
        (("a", "bb"), ("x",), ("a", "b")),
    ],
)
def test_a_place_follows_its_folder_and_those_around_it(before, after, expected):
    """What lies deeper or elsewhere does not concern it, even under a similar name."""
    place = DestinationFolder(("a", "b"))
    place.folder_moved(before, after)
    assert place.path == expected


def test_the_root_stays():
    """Nothing lies around it."""
    place = DestinationFolder(())
    place.folder_moved(("a",), ("b",))
    assert place.path == ()


def test_changes_follow_one_another():
    """Each starts from where the last one led; a new folder of the old name is another one."""
    place = DestinationFolder(("a", "in"))
    place.folder_moved(("a",), ("b",))
    place.folder_moved(("a",), ("c",))
    place.folder_moved(("b",), ("c", "b"))
    assert place.path == ("c", "b", "in")


def test_no_path_gets_longer_than_can_be_said():
    """Folders that were still to be made are left out for as long as they do not fit."""
    place = DestinationFolder(("a", "x", "y"))
    deep = tuple("d" * (MAX_PATH_NAMES - 1))
    assert not place.is_truncated
    place.folder_moved(("a",), deep)
    assert (place.path, place.is_truncated) == ((*deep, "x"), True)
    assert place.whole_path == (*deep, "x", "y")
    place.folder_moved(deep, ("a",))
    assert (place.path, place.is_truncated) == (("a", "x", "y"), False)
