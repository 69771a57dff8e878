"""Claims that the manager signs and later accepts again: JWTs with HMAC-SHA256."""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import jwt
from msgspec import Struct, ValidationError, convert

_ALGORITHM: Final = "HS256"


class ExpiringClaims(Struct, frozen=True, kw_only=True):
    """Claims that are valid before `exp` (epoch seconds)."""

    exp: int


_Claims = TypeVar("_Claims", bound=ExpiringClaims)


class ClaimSigner:
    """Signs and verifies claims.

    Args:
        secret: Key of the HMAC, derived for one purpose.
        clock: Seconds since the epoch.
    """

    def __init__(self, secret: bytes, clock: Callable[[], float]) -> None:
        self._secret = secret
        self._clock = clock

    def sign(self, claims: Mapping[str, object]) -> str:
        """The claims as three base64url parts."""
        return jwt.encode(dict(claims), self._secret, algorithm=_ALGORITHM)

    def read(self, text: str, kind: type[_Claims]) -> _Claims:
        """The claims of this kind, if this secret signed them.

        Raises `jwt.ExpiredSignatureError` when they have expired, otherwise `jwt.InvalidTokenError`.
        """
        # The expiry is checked below, by the injected clock instead of the system's.
        decoded = jwt.decode(
            text,
            self._secret,
            algorithms=[_ALGORITHM],
            options={"verify_exp": False, "verify_iat": False},
        )
        try:
            claims = convert(decoded, kind)
        except ValidationError as error:
            raise jwt.InvalidTokenError from error
        if claims.exp <= self._clock():
            raise jwt.ExpiredSignatureError
        return claims
