"""Links that earlier releases have signed: what is signed holds, and nothing else does."""

import struct
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.key_derivation import Purpose
from common.secret_texts import SECRET_BYTES
from manager.errors import InvalidLink
from manager.links.earlier import PAYLOAD_LENGTHS, EarlierLinks, EarlierLinkTarget
from tests.manager.signing.forger import encoded
from tests.manager.signing.rings import signer_of

SIGNER = signer_of(b"a secret of the manager", Purpose.SIGNED_DOWNLOADS)
LINKS = EarlierLinks(SIGNER, are_accepted=True)
FILE_ID, OBJECT_ID = 7, UUID("6f1c1f0e-8d0b-4a53-9a62-2f9d3f0c7b11")
SUBJECT = struct.pack(">Q16s", FILE_ID, OBJECT_ID.bytes)
PAYLOAD = encoded(SUBJECT + SIGNER.sign(SUBJECT))


def test_a_payload_says_which_file_and_content():
    """One that was signed is read, unless none is accepted any more."""
    assert LINKS.verify(PAYLOAD) == EarlierLinkTarget(FILE_ID, OBJECT_ID)
    assert len(PAYLOAD) in PAYLOAD_LENGTHS
    with pytest.raises(InvalidLink):
        EarlierLinks(SIGNER, are_accepted=False).verify(PAYLOAD)


def test_no_new_token_is_taken_for_one():
    """The token of a link that has a row has another length."""
    assert len(encoded(bytes(SECRET_BYTES))) not in PAYLOAD_LENGTHS


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
