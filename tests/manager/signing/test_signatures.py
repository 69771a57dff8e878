"""Which key signs, and for how long the others verify."""

import base64
import json

import jwt
import pytest

from catalog.records import DERIVED_KEY_ID
from common.key_derivation import Purpose, derive_key, tag
from discord_emulator.testing import VirtualClock
from manager.signing.signatures import ExpiringClaims, Signer, SigningKey, SigningKeyRing

LIVES = {Purpose.USER_TOKENS: 100.0, Purpose.SIGNED_DOWNLOADS: 30.0}
MASTER = b"m" * 32
CLAIMS = {"sub": "7", "exp": 2**40}


class Claims(ExpiringClaims, frozen=True, kw_only=True):
    """What a token says."""

    sub: str


def key(number: int, signs_from: float) -> SigningKey:
    """One of several keys."""
    return SigningKey.of(bytes([number]) * 4, signs_from, bytes([number]) * 32, LIVES)


DERIVED = SigningKey.of(DERIVED_KEY_ID, 0.0, MASTER, LIVES)


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands at 1000."""
    return VirtualClock(1000.0)


@pytest.fixture
def ring(clock) -> SigningKeyRing:
    """A ring in which the key 1 signs."""
    ring = SigningKeyRing(LIVES, clock)
    ring.replace([key(1, 1000.0)])
    return ring


def test_what_is_signed_names_its_key(ring):
    """Tokens in their header, links in the first four bytes of their signature."""
    token = Signer(ring, Purpose.USER_TOKENS).sign_claims(CLAIMS)
    assert jwt.get_unverified_header(token)["kid"] == "01010101"
    assert Signer(ring, Purpose.SIGNED_DOWNLOADS).sign(b"x")[:4] == b"\x01" * 4


def test_a_new_key_signs_once_its_time_has_come(ring, clock):
    """Until then it verifies already: other managers may be ahead."""
    early = SigningKeyRing(LIVES, lambda: 1060.0)
    for each in (ring, early):
        each.replace([key(2, 1060.0), key(1, 1000.0)])
    signer = Signer(ring, Purpose.USER_TOKENS)
    assert signer.sign(b"x")[:4] == b"\x01" * 4
    assert signer.verify(b"x", Signer(early, Purpose.USER_TOKENS).sign(b"x"))
    clock.advance(60.0)
    assert signer.sign(b"x")[:4] == b"\x02" * 4


def test_a_replaced_key_verifies_until_the_last_of_its_signatures_is_over(ring, clock):
    """Each purpose has its own time, counted from when the next key began to sign; then the key is over."""
    tokens, links = (Signer(ring, purpose) for purpose in LIVES)
    signatures = tokens.sign(b"x"), links.sign(b"x")
    ring.replace([key(1, 1000.0), key(2, 1060.0), key(3, 1061.0)])
    clock.now = 1060.0 + 29.9
    assert (tokens.verify(b"x", signatures[0]), links.verify(b"x", signatures[1])) == (True, True)
    clock.now = 1060.0 + 30.0
    assert (tokens.verify(b"x", signatures[0]), links.verify(b"x", signatures[1])) == (True, False)
    assert ring.over() == []
    clock.now = 1060.0 + 100.0
    assert not tokens.verify(b"x", signatures[0])
    assert ring.over() == [b"\x01" * 4]


def test_the_key_of_earlier_releases_never_signs(clock):
    """It verifies what names no key until its time is over."""
    ring = SigningKeyRing(LIVES, clock)
    ring.replace([DERIVED, key(1, 1000.0)])
    signer = Signer(ring, Purpose.USER_TOKENS)
    secret = derive_key(MASTER, Purpose.USER_TOKENS)
    token, signature = jwt.encode(CLAIMS, secret, algorithm="HS256"), tag(secret, b"x")
    assert signer.read_claims(token, Claims).sub == "7"
    assert signer.verify(b"x", signature)
    clock.now = 900.0
    assert signer.sign(b"x")[:4] == b"\x01" * 4, "also where this clock is behind"
    clock.now = 1100.0
    with pytest.raises(jwt.InvalidTokenError):
        signer.read_claims(token, Claims)
    assert not signer.verify(b"x", signature)


def test_a_key_that_is_gone_verifies_nothing_and_counts_as_revoked(ring, clock):
    """One whose time was over does not count."""
    signer = Signer(ring, Purpose.USER_TOKENS)
    signature = signer.sign(b"x")
    assert ring.replace([key(1, 1000.0), key(2, 1001.0)]) == frozenset()
    assert ring.replace([key(2, 1001.0), key(3, 1001.0)]) == {b"\x01" * 4}
    assert not signer.verify(b"x", signature)
    clock.now = 1101.0
    assert ring.replace([key(3, 1001.0)]) == frozenset()


def test_purposes_are_kept_apart(ring):
    """What is signed for one purpose is nothing for another one."""
    tokens, links = (Signer(ring, purpose) for purpose in LIVES)
    assert not links.verify(b"x", tokens.sign(b"x"))
    with pytest.raises(jwt.InvalidTokenError):
        links.read_claims(tokens.sign_claims(CLAIMS), Claims)


def with_header(**header: object) -> str:
    """A token with this header, signed with the secret of the key 1."""
    return jwt.encode(
        CLAIMS, key(1, 0.0).secrets[Purpose.USER_TOKENS], algorithm="HS256", headers=header
    )


def with_raw_header(header: object) -> str:
    """A token whose header the library would not write."""
    text = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return ".".join([text, *with_header(kid="01010101").split(".")[1:]])


@pytest.mark.parametrize(
    "token",
    [
        with_header(),
        with_header(kid="02020202"),
        with_header(kid="00000000"),
        with_header(kid=""),
        with_header(kid="é"),
        with_header(kid="01"),
        with_raw_header({"alg": "HS256", "kid": 7}),
        with_raw_header({"alg": "HS256", "kid": ["01010101"]}),
        with_raw_header({"alg": "none", "kid": "01010101"}),
        with_raw_header([]),
        "",
        "a.b.c",
    ],
)
def test_other_names_of_keys_are_refused(ring, token):
    """A token without a key's name, or with a wrong one, is invalid, and nothing worse."""
    with pytest.raises(jwt.InvalidTokenError):
        Signer(ring, Purpose.USER_TOKENS).read_claims(token, Claims)


@pytest.mark.parametrize("length", range(40))
def test_signatures_of_other_lengths_are_refused(ring, length):
    """However much of a signature is there, only the whole is valid."""
    signer = Signer(ring, Purpose.USER_TOKENS)
    signature = (signer.sign(b"x") * 2)[:length]
    assert signer.verify(b"x", signature) == (length == 20)
