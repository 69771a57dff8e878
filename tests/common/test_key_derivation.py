"""Derived keys: what is sealed, signed or named with one must be valid in every later release."""

from uuid import UUID

import pytest

from common.key_derivation import Purpose, derive_key, is_tag, key_id, tag
from manager.accounts.credentials import ReadToken, TokenSigner
from manager.downloads.links import ContentLinks
from manager.links.earlier import EarlierLinks
from storage.keys import MasterKey
from tests.manager.signing.rings import released_signer_of

SECRET = bytes(range(32))
OBJECT = UUID("01234567-89ab-7def-8123-456789abcdef")

KNOWN = {
    Purpose.CHUNK: "92c9c2bdf5a4c7a6e94647b90c22f18b2222aa978eb392704d04cf0565d4ad8b",
    Purpose.USER_TOKENS: "149bc551ba74617664a589e893e5244b0555053e64ed1a805c1ef3107a22bd8a",
    Purpose.RENEWALS: "ec57f932c70d328bd0c61ea9bda45975f785336dedd616c87f24a4158536f4e6",
    Purpose.LOGIN_CHALLENGES: "671d67f734c9918e13a3f833cdeead099fbe7adb51375389826d96fd8c30c69a",
    Purpose.SIGNED_DOWNLOADS: "bb2f8f8eed5cde15b78a692eb38593323abc8b347225c430d94f873eea217224",
    Purpose.CONTENT_LINKS: "bcc65cad70f2b9f80071ea568d9dafedc1aec248786ca850ae67ad1d67e4217c",
    Purpose.UPLOAD_TICKETS: "a1a5af645bfc2e397318567f44e22144c0a2e4a4c3e0a927ad24ca20e7217ad4",
    Purpose.SIGNING_KEYS: "8561d30cbe4d8d989642c70027693d88e1f3b6e4d8f38f74eb7952e60b4794ff",
    Purpose.TOTP_SECRETS: "cac3761b980aa45c5f9a3586c3547417583d5e71580e048a240768937af6ccdb",
    Purpose.LINK_TOKENS: "9cc3c12dea69b04a8282f0964af8a3cddb8ed96602ff436c1d2d2fd6c14eff10",
    Purpose.LINK_PASSWORDS: "f54ceafb735bf2072e1b8d25a71aba71cd2a98038a6524f6ed3c129a8aeca73c",
    Purpose.DOWNLOAD_TOKENS: "042b1c6982bd835d9c1a6247bdf2294b9dcf9be98e1bdc12d63691e87f3e4d87",
    Purpose.REDIRECT_TOKENS: "565b267160f9162b9a1b0a1a287f6fac4bd72e86a8863bdb9694def06a6d863c",
    Purpose.CONTENT_ACCESS: "39b383bd49a16ea6300a4f6a8b0a6c1ea37ce97d865877ad65244e35102436ae",
}
"""As release 0.2.0 derives them, but for those of later purposes, which it has not; that of chunks is
salted with the id of the object."""


@pytest.mark.parametrize("purpose", Purpose)
def test_keys_stay_what_they_are(purpose):
    """Every purpose has a known answer, which never changes."""
    salt = OBJECT.bytes if purpose is Purpose.CHUNK else None
    assert derive_key(SECRET, purpose, salt=salt).hex() == KNOWN[purpose]


def test_object_keys_and_key_ids_stay_what_they_are():
    """Chunks that are stored can be opened."""
    key = MasterKey(SECRET)
    assert key.derive(OBJECT, Purpose.CHUNK).hex() == KNOWN[Purpose.CHUNK]
    assert key.key_id == key_id(SECRET) == bytes.fromhex("f40fa3f5")


def test_what_was_signed_stays_valid():
    """A token, and links, that release 0.2.0 has handed out, are read with the key that stands for it."""
    token = (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
        "eyJzdWIiOiI3IiwiZXBvY2giOjMsImlhdCI6MTgwMDAwMDAwMCwiZXhwIjoxODAyNTkyMDAwfQ."
        "Q3Thhp1v6LYk8tXbn691af6LRhrUrf25ZfAav0-ODvI"
    )
    users = TokenSigner(
        released_signer_of(SECRET, Purpose.USER_TOKENS),
        released_signer_of(SECRET, Purpose.RENEWALS),
    )
    assert users.read(token) == ReadToken(user_id=7, epoch=3, session_id=None)
    contents = ContentLinks(released_signer_of(SECRET, Purpose.CONTENT_LINKS))
    contents.check_file(OBJECT, "AAAAAGtMBIBI-_jfQxQg2zYYj6MwfkwZ")
    contents.check_view(OBJECT, "thumb", "AAAAAGtMBIAz9ZNp-IhSVDpchHzW9WQW")
    links = EarlierLinks(released_signer_of(SECRET, Purpose.SIGNED_DOWNLOADS), are_accepted=True)
    link = links.verify("AAAAAAAAAAcBI0Vniat974EjRWeJq83vhbu4uYcGHBpK4VQkugC69A")
    assert (link.file_id, link.object_id) == (7, OBJECT)


def test_tags_belong_to_one_key_and_one_message():
    """A tag is the first half of HMAC-SHA256; no other message, key or length passes."""
    expected = bytes.fromhex("6297b77508a1a30ea4dfadd8f847c31b")
    assert tag(SECRET, b"message") == expected
    assert is_tag(expected, SECRET, b"message")
    assert not is_tag(expected, SECRET, b"massage")
    assert not is_tag(expected, bytes(32), b"message")
    assert not is_tag(expected[:15], SECRET, b"message")
