"""Signed links: what is signed holds, and nothing else does."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.records import File
from common.key_derivation import Purpose
from manager.downloads.links import SignedLink, SignedLinks
from manager.errors import InvalidLink
from tests.manager.signing.rings import signer_of

LINKS = SignedLinks(signer_of(b"a secret of the manager", Purpose.SIGNED_DOWNLOADS))
FILE = File(
    id=7,
    folder_id=0,
    name="f",
    object_id=UUID("6f1c1f0e-8d0b-4a53-9a62-2f9d3f0c7b11"),
    owner_id=None,
    is_public=False,
    size=0,
    mime_type="text/plain",
    has_thumbnail=False,
    created_at=0.0,
    updated_at=0.0,
)
PAYLOAD = LINKS.sign(FILE)


def test_a_payload_says_which_file_and_content():
    """A payload of ours is read back; it is short and fits a URL as it is."""
    assert LINKS.verify(PAYLOAD) == SignedLink(FILE.id, FILE.object_id)
    assert len(PAYLOAD) == 59
    assert PAYLOAD.replace("-", "").replace("_", "").isalnum()


def test_each_file_and_each_content_has_its_own():
    """Another file, or other content, is another link; the name does not matter."""
    others = [replace(FILE, id=8), replace(FILE, object_id=uuid4()), replace(FILE, name="g")]
    assert [LINKS.sign(other) == PAYLOAD for other in others] == [False, False, True]


@pytest.mark.parametrize("position", range(len(PAYLOAD)))
def test_no_character_can_be_changed(position):
    """Whatever is changed, the link is not valid: not even another spelling of the same bytes."""
    for character in "AB_-z9=+/ \n\0é":
        changed = PAYLOAD[:position] + character + PAYLOAD[position + 1 :]
        if changed != PAYLOAD:
            with pytest.raises(InvalidLink):
                LINKS.verify(changed)


@given(st.text())
def test_nothing_else_is_valid(text):
    """Any other text is refused, and never fails in another way."""
    with pytest.raises(InvalidLink):
        LINKS.verify(text)


@pytest.mark.parametrize("changed", [PAYLOAD[:-1], PAYLOAD + "A", PAYLOAD + "==", "", PAYLOAD * 2])
def test_other_lengths_are_refused(changed):
    """A cut off or extended link is not valid."""
    with pytest.raises(InvalidLink):
        LINKS.verify(changed)
