"""Signed challenges: what a client is given for one step of a login, and brings along for the next.

A challenge is a JWT for some minutes, so that the manager keeps nothing until it was answered. Then the
catalog notes its id, until it expires: none is answered twice. Its id is also what a passkey signs. A
confirmation is one as well, which its user may bring along several times.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID, uuid4

import jwt

from catalog.factor_port import FactorStore
from catalog.records import User
from manager.errors import ChallengeExpired
from manager.signing.signatures import ExpiringClaims, Signer

CHALLENGE_LIFE_S = 300
"""Seconds within which a challenge must be answered."""


class ChallengeKind(StrEnum):
    """What a challenge is for; one of another kind is refused."""

    SECOND_FACTOR = "second-factor"
    """The password was right; a second factor is to follow."""
    PASSKEY = "passkey"
    """A passkey is to log in without a password."""
    CHECK = "check"
    """A user who is logged in is to use a passkey once more."""
    CONFIRMATION = "confirmation"
    """The user has just proved to be the one, and may change second factors."""
    TOTP_ENROLMENT = "totp-enrolment"
    """The first code of a TOTP secret is to follow."""
    PASSKEY_ENROLMENT = "passkey-enrolment"
    """A new passkey is to follow."""

    OIDC = "oidc"
    """The browser is at the OpenID provider."""
    OIDC_FINISH = "oidc-finish"
    """The browser has come back from there, and the page is to get a session."""


class ChallengeClaims(ExpiringClaims, frozen=True, kw_only=True):
    """The claims of a challenge, as `Challenge` has them."""

    jti: str
    kind: str
    sub: str | None = None
    epoch: int | None = None
    logs_in: bool = False
    secret: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A challenge that was issued.

    Attributes:
        id: is spent once; a passkey signs its bytes.
        kind: what it is for.
        text: the signed form.
        expires_at: seconds since the epoch.
        user_id: of whom; None when that is not known yet.
        epoch: the user's token epoch: a new password ends the challenge.
        logs_in: whether an enrolment finishes a login that demanded it.
        secret: the TOTP secret that is being enrolled, in base32; PKCE's at an OpenID provider.
    """

    id: UUID
    kind: ChallengeKind
    text: str
    expires_at: float
    user_id: int | None = None
    epoch: int | None = None
    logs_in: bool = False
    secret: str | None = None


class Challenges:
    """Issues challenges, and takes them back.

    Args:
        signer: Signs them (`Purpose.LOGIN_CHALLENGES`).
        catalog: Notes those that were answered.
    """

    def __init__(self, signer: Signer, catalog: FactorStore) -> None:
        self._signer = signer
        self._catalog = catalog

    def issue(
        self,
        kind: ChallengeKind,
        user: User | None = None,
        *,
        logs_in: bool = False,
        secret: str | None = None,
    ) -> Challenge:
        """A new challenge, for a user if that is known."""
        challenge_id = uuid4()
        expires_at = int(self._signer.now()) + CHALLENGE_LIFE_S
        user_id = None if user is None else user.id
        epoch = None if user is None else user.token_epoch
        claims = {
            "jti": challenge_id.hex,
            "kind": kind.value,
            "exp": expires_at,
            "sub": None if user_id is None else str(user_id),
            "epoch": epoch,
            "logs_in": logs_in,
            "secret": secret,
        }
        text = self._signer.sign_claims(
            {name: value for name, value in claims.items() if value is not None}
        )
        return Challenge(
            id=challenge_id,
            kind=kind,
            text=text,
            expires_at=float(expires_at),
            user_id=user_id,
            epoch=epoch,
            logs_in=logs_in,
            secret=secret,
        )

    def read(self, text: str, kind: ChallengeKind) -> Challenge:
        """A challenge of that kind that has not expired. Raises `ChallengeExpired`."""
        try:
            claims = self._signer.read_claims(text, ChallengeClaims)
            if claims.kind != kind:
                raise ChallengeExpired
            return Challenge(
                id=UUID(hex=claims.jti),
                kind=kind,
                text=text,
                expires_at=float(claims.exp),
                user_id=None if claims.sub is None else int(claims.sub),
                epoch=claims.epoch,
                logs_in=claims.logs_in,
                secret=claims.secret,
            )
        except (jwt.InvalidTokenError, ValueError) as error:
            raise ChallengeExpired from error

    async def spend(self, challenge: Challenge) -> None:
        """Notes that the challenge was answered. Raises `ChallengeExpired` if it was before."""
        if not await self._catalog.spend_challenge(challenge.id, expires_at=challenge.expires_at):
            raise ChallengeExpired
