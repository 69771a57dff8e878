"""What a link to a folder is good for, and what its pages say: decided without I/O."""

from dataclasses import replace
from uuid import UUID

import pytest

from catalog.folder_link_port import FolderLink
from catalog.folder_rights import FolderRight
from manager.errors import LinkRefused, NoSuchFolder
from manager.links.folder_states import (
    FolderLinkState,
    needed_right,
    refusal_of,
    remaining_files,
    remaining_size,
    state_of,
)
from manager.links.texts import ENGLISH, GERMAN, texts_for

LINK = FolderLink(
    id=UUID(int=1),
    token_hash=bytes(32),
    sealed_token=b"",
    folder_id=1,
    owner_id=1,
    created_at=0.0,
    expires_at=None,
)
UPLOADS = replace(LINK, is_for_uploads=True)


@pytest.mark.parametrize(
    ("link", "facts", "state"),
    [
        (LINK, {}, "active"),
        (replace(LINK, revoked_at=1.0), {}, "revoked"),
        (replace(LINK, expires_at=10.0), {}, "expired"),
        (replace(LINK, expires_at=10.5), {}, "active"),
        (LINK, {"is_there": False}, "folder-deleted"),
        (LINK, {"right": None}, "not-permitted"),
        (LINK, {"right": FolderRight.WRITE}, "not-permitted"),
        (UPLOADS, {"right": FolderRight.WRITE}, "active"),
        (UPLOADS, {"right": FolderRight.READ}, "not-permitted"),
        (replace(UPLOADS, max_files=2, received_files=2), {}, "used-up"),
        (replace(UPLOADS, max_total_size=2, received_size=2), {}, "used-up"),
        (replace(UPLOADS, max_files=2, received_files=1, max_total_size=9), {}, "active"),
    ],
)
def test_states(link, facts, state):
    """Each has its reason, and one for reading is never used up."""
    found = state_of(link, **({"is_there": True, "right": FolderRight.MANAGE, "now": 10.0} | facts))
    assert found == state


def test_refusals():
    """All but one state refuse, and name the link where that is told."""
    assert refusal_of(FolderLinkState.ACTIVE, LINK) is None
    for state in set(FolderLinkState) - {FolderLinkState.ACTIVE}:
        error = refusal_of(state, LINK)
        if isinstance(error, LinkRefused):
            assert error.link_id == LINK.id
        else:
            assert isinstance(error, NoSuchFolder)


def test_what_remains():
    """Never less than nothing; None without a limit."""
    assert (remaining_files(UPLOADS), remaining_size(UPLOADS)) == (None, None)
    full = replace(UPLOADS, max_files=2, received_files=3, max_total_size=5, received_size=1)
    assert (remaining_files(full), remaining_size(full)) == (0, 4)
    assert needed_right(is_for_uploads=False) is FolderRight.MANAGE


@pytest.mark.parametrize(
    ("accepted", "texts"),
    [
        (None, ENGLISH),
        ("de", GERMAN),
        ("de-AT,en;q=0.5", GERMAN),
        ("en, de", ENGLISH),
        ("fr, de;q=0.2, en;q=0.1", GERMAN),
        ("de;q=0, fr", ENGLISH),
        ("de;q=x, en", ENGLISH),
        ("de;level=1", GERMAN),
    ],
)
def test_languages(accepted, texts):
    """The first that is there, by the weights of the header."""
    assert texts_for(accepted) is texts


def test_errors_are_sentences():
    """In German those that a person meets, others as they are."""
    assert GERMAN.error("link-expired", "x").startswith("Dieser Link")
    assert GERMAN.error("other", "something is wrong") == "Something is wrong."
    assert ENGLISH.error("link-full", "x") == "No more may be sent by this link."
    assert GERMAN.size_of(1536) == "1,5 KiB"
