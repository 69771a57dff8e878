"""What a user sees of the catalog, and at which paths: without a server, place by place."""

from dataclasses import replace
from uuid import UUID

import pytest

from catalog.folder_rights import FolderRight
from catalog.records import ROOT_FOLDER_ID, AppPassword, File, Folder, User
from catalog.space_port import OutlyingFile, VisibleFolder
from manager.errors import OutsideScope
from manager.files.rights import folder_permit, is_visible
from manager.scopes import Login
from manager.space_views import NO_FOLDER_ID, WHOLE_TREE, PersonalView

USER = User(id=1, name="alice", is_admin=False, password_hash="", token_epoch=0, created_at=0.0)
FILE = File(
    id=50,
    folder_id=40,
    name="a.txt",
    object_id=UUID(int=1),
    owner_id=2,
    is_public=False,
    mime_type="text/plain",
    size=1,
    has_thumbnail=False,
    created_at=0.0,
    updated_at=0.0,
)


def seen(folder_id: int, *path: str, right: FolderRight = FolderRight.MANAGE) -> VisibleFolder:
    """A folder that the user may see."""
    folder = Folder(id=folder_id, name=path[-1], parent_id=9)
    return VisibleFolder(path=path, folder=folder, right=right, is_home=False, is_common=False)


HOME = replace(seen(10, "homes", "alice"), is_home=True)
COMMON = replace(seen(20, "common", right=FolderRight.WRITE), is_common=True)
SHARED = seen(30, "homes", "bob", "photos", right=FolderRight.READ)
LIKEWISE = seen(31, "homes", "cid", "photos")
OUTLYING = OutlyingFile(path=("homes", "bob"), file=FILE)
VIEW = PersonalView.of(
    [HOME, COMMON, SHARED, LIKEWISE],
    [OUTLYING, OutlyingFile(path=("homes", "cid"), file=replace(FILE, id=51))],
    home=HOME,
    common_entry_id=21,
    shared_entry_id=32,
)
BARE = PersonalView.of([HOME], [], home=HOME, common_entry_id=21, shared_entry_id=32)

PLACES = [
    ((), ("homes", "alice")),
    (("x",), ("homes", "alice", "x")),
    (("Common", "x"), ("common", "x")),
    (("Shared", "photos", "x"), ("homes", "bob", "photos", "x")),
    (("Shared", "photos (1)"), ("homes", "cid", "photos")),
]


@pytest.mark.parametrize(("path", "place"), PLACES)
def test_paths_lead_to_places_and_back(path: tuple[str, ...], place: tuple[str, ...]) -> None:
    """Each place has one path, and the path leads there."""
    assert (VIEW.placed(path), VIEW.shown(place)) == (place, path)
    assert VIEW.placed_file(path, "f") == (place, "f")


def test_the_folders_that_stand_for_others_are_told() -> None:
    """They are the entries of the common space and of what is shared, and nothing else."""
    assert VIEW.entry_ids == {21, 32}


def test_what_is_not_shared_has_no_place() -> None:
    """Neither the folder of shares itself, nor a name in it that nothing has, nor a place of others."""
    assert VIEW.placed(("Shared",)) == ("Shared",)
    assert VIEW.placed(("Shared", "none")) == ("Shared", "none")
    assert VIEW.shown(("homes", "bob")) is None
    assert VIEW.right_on(("homes", "bob")) is None
    assert BARE.placed(("Common",)) == ("homes", "alice", "Common")


def test_rights_are_those_of_what_is_shared() -> None:
    """Below it, too."""
    assert VIEW.right_on(("homes", "bob", "photos", "x")) is FolderRight.READ
    assert VIEW.right_on(("common",)) is FolderRight.WRITE


def test_single_files_lie_among_what_is_shared() -> None:
    """Numbered where names are alike; the folder in which they lie is not told."""
    assert VIEW.placed_file(("Shared",), "a (1).txt") == (("homes", "cid"), "a.txt")
    path, file = VIEW.shown_file(("homes", "cid"), replace(FILE, id=51))
    assert (path, file.name) == (("Shared",), "a (1).txt")
    assert VIEW.shown_file(("common",), FILE) == (("Common",), FILE)


def test_ids_of_spaces_stand_for_their_folders() -> None:
    """The root is the home, the entry of the common space that space, and that of shares no folder."""
    ids = (ROOT_FOLDER_ID, 21, 32, 77)
    assert [VIEW.placed_id(each) for each in ids] == [10, 20, NO_FOLDER_ID, 77]
    assert BARE.placed_id(21) == BARE.shown_id(21) == 21
    assert VIEW.shown_folder(Folder(id=21, name="Common", parent_id=10)) == Folder(
        id=20, name="Common", parent_id=ROOT_FOLDER_ID
    )
    assert VIEW.shown_folder(Folder(id=77, name="x", parent_id=76)).parent_id == 76


def test_folders_are_shown_where_they_lie() -> None:
    """One in a home, one that is shared by itself, and none of the others."""
    inner = Folder(id=77, name="x", parent_id=10)
    assert VIEW.shown_as(("homes", "alice"), inner) == ((), replace(inner, parent_id=0))
    shared = VIEW.shown_as(("homes", "cid"), Folder(id=31, name="photos", parent_id=9))
    assert shared == (("Shared",), Folder(id=31, name="photos (1)", parent_id=32))
    assert VIEW.shown_as(("homes", "bob"), Folder(id=78, name="other", parent_id=9)) is None
    assert VIEW.shown_as((), Folder(id=1, name="homes", parent_id=0)) is None


def test_what_is_shared_is_followed_when_it_moves() -> None:
    """Folders and files within what moved, and nothing else."""
    moved = VIEW.moved(("homes", "bob"), ("homes", "bob2"))
    assert moved.placed(("Shared", "photos")) == ("homes", "bob2", "photos")
    assert moved.placed(("Shared", "photos (1)")) == ("homes", "cid", "photos")
    assert moved.placed_file(("Shared",), "a.txt") == (("homes", "bob2"), "a.txt")
    assert (VIEW.is_personal, WHOLE_TREE.is_personal) == (True, False)


def test_one_tree_is_shown_as_it_is() -> None:
    """Where there is one tree for all, nothing is translated, and rights on folders do not count."""
    folder = Folder(id=5, name="b", parent_id=4)
    assert WHOLE_TREE.placed(("a",)) == WHOLE_TREE.shown(("a",)) == ("a",)
    assert WHOLE_TREE.placed_file(("a",), "f") == (("a",), "f")
    assert WHOLE_TREE.placed_id(5) == 5
    assert WHOLE_TREE.shown_file(("a",), FILE) == (("a",), FILE)
    assert WHOLE_TREE.shown_folder(folder) == folder
    assert WHOLE_TREE.shown_as(("a",), folder) == (("a",), folder)
    assert WHOLE_TREE.right_on(("a",)) is None
    assert WHOLE_TREE.entry_ids == frozenset()
    assert WHOLE_TREE.moved(("a",), ("b",)) is WHOLE_TREE


def test_a_login_sees_through_its_view_and_its_scope() -> None:
    """A scope is a place of the catalog; what is outside of it is neither named nor shown."""
    whole = Login(user=USER, view=VIEW)
    assert whole.placed(("x",)) == ("homes", "alice", "x")
    assert whole.placed_file(("x",), "f") == (("homes", "alice", "x"), "f")
    assert whole.shown(("homes", "alice", "x")) == ("x",)
    assert whole.shown_entry(("homes", "alice", "x")) == ("x",)
    assert whole.shown_entry(("homes", "cid", "photos")) is None
    password = AppPassword(
        id=UUID(int=2),
        user_id=1,
        name="backup",
        secret_hash=b"",
        is_read_only=False,
        folder_id=7,
        folder=("homes", "alice", "a"),
        created_at=0.0,
        expires_at=None,
    )
    confined = replace(Login.by_app_password(USER, password), view=VIEW)
    assert confined.placed(("a",)) == ("homes", "alice", "a")
    assert confined.shown(("homes", "alice", "b")) is None
    assert confined.shown_entry(("homes", "alice", "b")) is None
    with pytest.raises(OutsideScope):
        confined.placed_file(("b",), "f")


def test_files_without_an_owner_are_those_of_who_has_the_folder() -> None:
    """Others do not see them; everything else goes by who may read it."""
    assert not is_visible(replace(FILE, owner_id=None), 1)
    assert is_visible(FILE, 2)
    assert not is_visible(FILE, 1)
    assert folder_permit(USER).user_id == USER.id
