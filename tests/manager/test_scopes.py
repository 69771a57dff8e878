"""What a login may do, and what an app password is confined to."""

from uuid import uuid4

import pytest

from catalog.records import AppPassword, LoginSession, User
from manager.errors import LoginNeeded, OutsideScope, ReadOnlyScope
from manager.scopes import FULL_SCOPE, FolderScope, Login, Scope, scope_of

ALICE = User(id=1, name="alice", is_admin=False, password_hash="", token_epoch=0, created_at=0.0)
IN_A = Scope(folder=FolderScope(id=7, path=("a",)))


def app_password(
    *, folder_id: int | None = None, folder: tuple[str, ...] | None = None
) -> AppPassword:
    """One that only reads."""
    return AppPassword(
        id=uuid4(),
        user_id=ALICE.id,
        name="backup",
        secret_hash=b"",
        is_read_only=True,
        folder_id=folder_id,
        folder=folder,
        created_at=0.0,
        expires_at=None,
    )


@pytest.mark.parametrize(
    ("path", "is_inside", "is_entry"),
    [
        (("a",), True, False),
        (("a", "b"), True, True),
        (("ab",), False, False),
        ((), False, False),
        (("b", "a"), False, False),
    ],
)
def test_a_folder_scope_is_a_folder_and_what_is_below(path, is_inside, is_entry):
    """Its folder itself is inside, but is no entry of it, so that it is not moved or deleted."""
    assert (IN_A.covers(path), IN_A.covers_entry(path)) == (is_inside, is_entry)
    for require, is_allowed in ((IN_A.require_inside, is_inside), (IN_A.require_entry, is_entry)):
        if is_allowed:
            require(path)
        else:
            with pytest.raises(OutsideScope):
                require(path)


def test_the_full_scope_allows_everything():
    """Any folder, and any change."""
    FULL_SCOPE.require_change()
    FULL_SCOPE.require_inside(())
    FULL_SCOPE.require_entry(())
    assert FULL_SCOPE.moved(("a",), ("b",)) is FULL_SCOPE


@pytest.mark.parametrize(
    ("before", "expected"), [(("a",), ("x", "b")), (("a", "b"), ("x",)), (("b",), ("a", "b"))]
)
def test_a_folder_scope_follows_its_folder(before, expected):
    """Wherever it, or a folder above, is moved; other folders do not concern it."""
    scope = Scope(folder=FolderScope(id=7, path=("a", "b"))).moved(before, ("x",))
    assert scope.folder == FolderScope(id=7, path=expected)


def test_a_session_manages_the_account_and_an_app_password_does_not():
    """The scope of an app password is its own."""
    session = LoginSession(
        id=uuid4(),
        user_id=ALICE.id,
        epoch=0,
        device="",
        address="",
        created_at=0.0,
        last_seen_at=0.0,
        expires_at=1.0,
        renewed_at=0.0,
    )
    login = Login.by_session(ALICE, session)
    assert (login.require_account(), login.session_id, login.scope) == (
        ALICE,
        session.id,
        FULL_SCOPE,
    )
    confined = Login.by_app_password(ALICE, app_password())
    assert confined.scope == Scope(is_read_only=True)
    with pytest.raises(LoginNeeded):
        confined.require_account()
    with pytest.raises(ReadOnlyScope):
        confined.scope.require_change()


def test_nothing_is_inside_a_folder_that_is_gone():
    """Neither the root nor any other folder."""
    assert scope_of(app_password(folder_id=7, folder=("a",))).covers(("a",))
    gone = scope_of(app_password(folder_id=7))
    assert not gone.covers(())
    assert not gone.covers(("a",))
