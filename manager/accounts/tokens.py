"""User tokens: JWTs signed with HMAC-SHA256 that name the user and the epoch of their password.

The signing secret is derived from the oldest master key (the last one configured), so that
rotation, which puts new keys first, leaves everybody logged in.
"""

from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct, ValidationError, convert

from manager.errors import InvalidToken

TOKEN_LIFE_S = 30 * 24 * 3600
_ALGORITHM = "HS256"
_PURPOSE = b"discord-cloud user tokens"


class TokenClaims(Struct, frozen=True, kw_only=True):
    """What a token says: whose it is, for which password, and until when (epoch seconds)."""

    sub: str
    epoch: int
    iat: int
    exp: int


def derive_token_secret(master_key: bytes) -> bytes:
    """The secret that signs tokens, 32 bytes."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(master_key)


class TokenSigner:
    """Issues and checks tokens; whether the epoch still holds is for the caller to look up."""

    def __init__(self, secret: bytes, clock: Callable[[], float]) -> None:
        self._secret = secret
        self._clock = clock

    def issue(self, user_id: int, epoch: int) -> str:
        """A token of three base64url parts, valid for `TOKEN_LIFE_S` seconds."""
        now = int(self._clock())
        claims = {"sub": str(user_id), "epoch": epoch, "iat": now, "exp": now + TOKEN_LIFE_S}
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def read(self, token: str) -> tuple[int, int]:
        """User id and epoch of a token of ours that has not expired. Raises `InvalidToken`."""
        try:
            claims = convert(self._verified(token), TokenClaims)
            user_id = int(claims.sub)
        except (jwt.InvalidTokenError, ValidationError, ValueError) as error:
            raise InvalidToken from error
        if claims.exp <= self._clock():
            raise InvalidToken
        return user_id, claims.epoch

    def _verified(self, token: str) -> dict[str, Any]:
        # Expiry is checked above, on the injected clock instead of the machine's.
        return jwt.decode(
            token,
            self._secret,
            algorithms=[_ALGORITHM],
            options={"verify_exp": False, "verify_iat": False},
        )
