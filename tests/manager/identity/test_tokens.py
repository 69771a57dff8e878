"""User tokens."""

import base64
import json

import jwt
import pytest

from common.key_derivation import Purpose, derive_key
from discord_emulator.testing import VirtualClock
from manager.accounts.credentials import TOKEN_LIFE_S, TokenSigner
from manager.errors import InvalidToken

SECRET = derive_key(b"k" * 32, Purpose.USER_TOKENS)


def test_round_trip_and_expiry():
    """A token names its user and epoch until its life is over, to the second."""
    clock = VirtualClock()
    signer = TokenSigner(SECRET, clock)
    token = signer.issue(7, 3)
    clock.advance(TOKEN_LIFE_S - 1)
    assert signer.read(token) == (7, 3)
    clock.advance(1)
    with pytest.raises(InvalidToken):
        signer.read(token)


def _unsigned(token):
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    return head.decode().rstrip("=") + "." + token.split(".")[1] + "."


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: token[:-2],
        lambda token: token.split(".")[1],
        _unsigned,
        lambda _: TokenSigner(derive_key(b"x" * 32, Purpose.USER_TOKENS), VirtualClock()).issue(
            7, 3
        ),
        lambda _: jwt.encode({"sub": "7"}, SECRET, algorithm="HS256"),
        lambda _: jwt.encode(
            {"sub": "x", "epoch": 1, "iat": 1, "exp": 2**40}, SECRET, algorithm="HS256"
        ),
        lambda _: "",
        lambda _: "é",
    ],
)
def test_forgeries(forge):
    """Whatever was not issued here, in full, is invalid."""
    signer = TokenSigner(SECRET, VirtualClock())
    with pytest.raises(InvalidToken):
        signer.read(forge(signer.issue(7, 3)))
