"""Signatures that name their key, and the ring of keys that verify them. No I/O.

User tokens and tickets are JWTs, signed with HMAC-SHA256, whose header names the key (`kid`). Links have a
binary signature::

    key id(4) ‖ first 16 bytes of HMAC-SHA256

Each purpose has a secret of its own, derived from the key. The newest key whose time has come signs; from
then on the one before it only verifies, for as long as what it has signed is valid: a time that each purpose
has. What earlier releases have signed names no key: `DERIVED_KEY_ID` stands for theirs, which never signs.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from typing import TypeVar

import jwt
from msgspec import Struct, ValidationError, convert

from catalog.records import DERIVED_KEY_ID
from common.key_derivation import KEY_ID_SIZE, TAG_SIZE, Purpose, derive_key, is_tag, tag

_ALGORITHM = "HS256"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key with its secret, from which those for each purpose are derived.

    Attributes:
        key_id: what is signed names the key by it.
        signs_from: when it begins to sign, in seconds since the epoch.
        secrets: the derived secrets.
    """

    key_id: bytes
    signs_from: float
    secrets: Mapping[Purpose, bytes] = field(repr=False)

    @classmethod
    def of(
        cls, key_id: bytes, signs_from: float, secret: bytes, purposes: Iterable[Purpose]
    ) -> "SigningKey":
        """Derives the secrets for these purposes."""
        secrets = {purpose: derive_key(secret, purpose) for purpose in purposes}
        return cls(key_id=key_id, signs_from=signs_from, secrets=secrets)

    @property
    def may_sign(self) -> bool:
        """Whether it ever signs: services that receive a master key know that of earlier releases."""
        return self.key_id != DERIVED_KEY_ID


class SigningKeyRing:
    """The keys of a manager. Empty until `replace` is called."""

    def __init__(self, lives: Mapping[Purpose, float], clock: Callable[[], float]) -> None:
        """Takes what it uses.

        Args:
            lives: For each purpose, seconds for which what was signed is valid at most.
            clock: Seconds since the epoch.
        """
        self._lives = dict(lives)
        self._clock = clock
        self._keys: tuple[SigningKey, ...] = ()
        self._retirements: dict[bytes, float] = {}

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock()

    @property
    def purposes(self) -> Collection[Purpose]:
        """What it has secrets for."""
        return self._lives.keys()

    def replace(self, keys: Iterable[SigningKey]) -> frozenset[bytes]:
        """Takes other keys, of which one may sign.

        Returns the ids of those that are gone before their time, which is when they were revoked.
        """
        before, over = frozenset(self._retirements), frozenset(self.over())
        self._keys = tuple(sorted(keys, key=lambda key: (key.signs_from, key.key_id)))
        self._retirements = {key.key_id: inf for key in self._keys}
        for key, successor in pairwise(self._keys):
            self._retirements[key.key_id] = successor.signs_from
        return before - over - self._retirements.keys()

    def over(self) -> list[bytes]:
        """The ids of the keys that verify nothing any more."""
        longest = max(self._lives.values())
        now = self.now()
        return [key_id for key_id, retired in self._retirements.items() if retired + longest <= now]

    def current(self) -> SigningKey:
        """The key that signs now."""
        now = self.now()
        candidates = [key for key in self._keys if key.may_sign]
        due = [key for key in candidates if key.signs_from <= now]
        # Another machine's clock may be ahead.
        return due[-1] if due else candidates[0]

    def verifying(self, key_id: bytes, purpose: Purpose) -> bytes | None:
        """The secret with which that key verifies; None if it is unknown or its time is over."""
        for key in self._keys:
            if key.key_id == key_id:
                over_at = self._retirements[key_id] + self._lives[purpose]
                return key.secrets[purpose] if self.now() < over_at else None
        return None


class ExpiringClaims(Struct, frozen=True, kw_only=True):
    """Claims that are valid before `exp` (epoch seconds)."""

    exp: int


_Claims = TypeVar("_Claims", bound=ExpiringClaims)


class Signer:
    """Signs for one purpose, and verifies what was signed for it."""

    def __init__(self, ring: SigningKeyRing, purpose: Purpose) -> None:
        self._ring = ring
        self._purpose = purpose

    def now(self) -> float:
        """The ring's time, in seconds since the epoch."""
        return self._ring.now()

    def sign_claims(self, claims: Mapping[str, object]) -> str:
        """A JWT: three base64url parts."""
        key = self._ring.current()
        headers = {"kid": key.key_id.hex()}
        secret = key.secrets[self._purpose]
        return jwt.encode(dict(claims), secret, algorithm=_ALGORITHM, headers=headers)

    def read_claims(self, text: str, kind: type[_Claims]) -> _Claims:
        """The claims of a JWT, of this kind.

        Raises `jwt.ExpiredSignatureError` when they have expired, otherwise `jwt.InvalidTokenError`.
        """
        secret = self._secret_of(jwt.get_unverified_header(text).get("kid"))
        if secret is None:
            raise jwt.InvalidSignatureError("it is signed with no key of the ring")
        # The expiry is checked below, by the injected clock instead of the system's.
        decoded = jwt.decode(
            text,
            secret,
            algorithms=[_ALGORITHM],
            options={"verify_exp": False, "verify_iat": False},
        )
        try:
            claims = convert(decoded, kind)
        except ValidationError as error:
            raise jwt.InvalidTokenError from error
        if claims.exp <= self.now():
            raise jwt.ExpiredSignatureError
        return claims

    def sign(self, message: bytes) -> bytes:
        """The binary signature of a message."""
        key = self._ring.current()
        return key.key_id + tag(key.secrets[self._purpose], message)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether that is a signature of the message; also one of an earlier release, a tag alone."""
        split = max(len(signature) - TAG_SIZE, 0)
        if split not in {0, KEY_ID_SIZE}:
            return False
        key_id = signature[:split] or DERIVED_KEY_ID
        secret = self._ring.verifying(key_id, self._purpose)
        return secret is not None and is_tag(signature[split:], secret, message)

    def _secret_of(self, name: str | None) -> bytes | None:
        if name is None:
            return self._ring.verifying(DERIVED_KEY_ID, self._purpose)
        try:
            return self._ring.verifying(bytes.fromhex(name), self._purpose)
        except ValueError:
            return None
