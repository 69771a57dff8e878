"""Enrolling and removing second factors, which takes a fresh confirmation of who the user is.

What is being enrolled travels in a signed challenge, so that nothing is kept of enrolments that are given up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from catalog.errors import CredentialTaken, TooManyFactors, UserMissing
from catalog.factor_port import Factor, FactorKind
from catalog.records import User
from manager.accounts import passkeys, totp
from manager.accounts.challenges import Challenge, ChallengeKind, Challenges
from manager.accounts.passkeys import Website
from manager.accounts.second_factors import FactorCatalog, FactorManager, TotpSecrets
from manager.errors import (
    ChallengeExpired,
    FactorRefused,
    LastFactorDemanded,
    NoSuchFactor,
    WrongSecondFactor,
)

FACTORS_PER_USER = 20
MAX_LABEL_LENGTH = 64
_DEFAULT_LABELS = {FactorKind.TOTP: "authenticator app", FactorKind.PASSKEY: "passkey"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What came of an enrolment.

    Attributes:
        user: who has the factor now.
        factor: the factor.
        recovery_codes: new ones, for the first factor only; to be shown once.
        logs_in: whether the user is to be logged in, since a login had demanded the factor.
    """

    user: User
    factor: Factor
    recovery_codes: list[str]
    logs_in: bool


class FactorEnrolment:
    """Enrols and removes second factors, and makes recovery codes."""

    def __init__(
        self,
        catalog: FactorCatalog,
        factors: FactorManager,
        challenges: Challenges,
        secrets: TotpSecrets,
        clock: Callable[[], float],
    ) -> None:
        """Takes what it uses.

        Args:
            catalog: Stores factors.
            factors: Knows of whom one is demanded.
            challenges: Carry what is being enrolled.
            secrets: Encrypts the secrets of authenticator apps.
            clock: Seconds since the epoch.
        """
        self._catalog = catalog
        self._factors = factors
        self._challenges = challenges
        self._secrets = secrets
        self._clock = clock

    async def begin_totp(self, confirmation: str, *, issuer: str) -> dict[str, object]:
        """A new secret, as text, URI and QR code. Raises `ChallengeExpired`."""
        confirmed, user = await self._confirmed(confirmation)
        secret = totp.new_secret()
        enrolment = self._challenges.issue(
            ChallengeKind.TOTP_ENROLMENT, user, logs_in=confirmed.logs_in, secret=secret
        )
        uri = totp.provisioning_uri(secret, user_name=user.name, issuer=issuer)
        return {
            "enrolment": enrolment.text,
            "secret": secret,
            "uri": uri,
            "qr_code": totp.qr_code(uri),
        }

    async def finish_totp(self, enrolment: str, code: str, label: str | None) -> Enrolled:
        """Enrols the secret, of which the user sends a code.

        Raises `ChallengeExpired`, `WrongSecondFactor`, `FactorRefused`.
        """
        challenge, user = await self._factors.challenged(enrolment, ChallengeKind.TOTP_ENROLMENT)
        now = self._clock()
        secret = challenge.secret or ""
        step = totp.accepted_step(secret, code, now=now, after=0)
        if step is None:
            raise WrongSecondFactor
        factor_id = uuid4()
        factor = Factor(
            id=factor_id,
            user_id=user.id,
            kind=FactorKind.TOTP,
            label=_label(label, FactorKind.TOTP),
            credential_id=None,
            key=self._secrets.seal(factor_id.bytes, secret),
            counter=step,
            created_at=now,
            last_used_at=None,
        )
        return await self._enrol(challenge, user, factor)

    async def begin_passkey(self, confirmation: str, website: Website) -> dict[str, object]:
        """What a browser needs to make a passkey. Raises `ChallengeExpired`."""
        confirmed, user = await self._confirmed(confirmation)
        owned = await self._catalog.second_factors_of(user.id)
        enrolment = self._challenges.issue(
            ChallengeKind.PASSKEY_ENROLMENT, user, logs_in=confirmed.logs_in
        )
        options = passkeys.creation_options(website, user, owned.factors, enrolment.id)
        return {"enrolment": enrolment.text, "passkey_options": options}

    async def finish_passkey(
        self, enrolment: str, response: Mapping[str, Any], label: str | None, website: Website
    ) -> Enrolled:
        """Enrols a passkey that a browser has made.

        Raises `ChallengeExpired`, `PasskeyRefused`, `FactorRefused`.
        """
        challenge, user = await self._factors.challenged(enrolment, ChallengeKind.PASSKEY_ENROLMENT)
        made = passkeys.created(website, challenge.id, response)
        factor = Factor(
            id=uuid4(),
            user_id=user.id,
            kind=FactorKind.PASSKEY,
            label=_label(label, FactorKind.PASSKEY),
            credential_id=made.credential_id,
            key=made.public_key,
            counter=made.counter,
            created_at=self._clock(),
            last_used_at=None,
        )
        return await self._enrol(challenge, user, factor)

    async def remove(self, confirmation: str, factor_id: UUID) -> User:
        """Removes a factor. Raises `ChallengeExpired`, `NoSuchFactor`, `LastFactorDemanded`."""
        _, user = await self._confirmed(confirmation)
        owned = await self._catalog.second_factors_of(user.id)
        if factor_id not in {factor.id for factor in owned.factors}:
            raise NoSuchFactor
        if len(owned.factors) == 1 and self._factors.is_demanded(user, owned):
            raise LastFactorDemanded
        await self._catalog.remove_factor(user.id, factor_id)
        return user

    async def renew_recovery_codes(self, confirmation: str) -> tuple[User, list[str]]:
        """New recovery codes, instead of all earlier ones.

        Raises `ChallengeExpired`, and `FactorRefused` without a second factor.
        """
        _, user = await self._confirmed(confirmation)
        if not await self._factors.has_any(user):
            raise FactorRefused("recovery codes stand in for a second factor: enrol one first")
        return user, await self._new_recovery_codes(user)

    async def _confirmed(self, confirmation: str) -> tuple[Challenge, User]:
        return await self._factors.challenged(confirmation, ChallengeKind.CONFIRMATION)

    async def _enrol(self, challenge: Challenge, user: User, factor: Factor) -> Enrolled:
        await self._challenges.spend(challenge)
        is_first = not await self._factors.has_any(user)
        try:
            await self._catalog.add_factor(factor, limit=FACTORS_PER_USER)
        except (CredentialTaken, TooManyFactors) as error:
            raise FactorRefused(str(error)) from error
        except UserMissing as error:
            raise ChallengeExpired from error
        return Enrolled(
            user=user,
            factor=factor,
            recovery_codes=await self._new_recovery_codes(user) if is_first else [],
            logs_in=challenge.logs_in,
        )

    async def _new_recovery_codes(self, user: User) -> list[str]:
        codes = totp.new_recovery_codes()
        await self._catalog.replace_recovery_codes(user.id, [totp.hash_of(code) for code in codes])
        return codes


def _label(text: str | None, kind: FactorKind) -> str:
    printable = "".join(each for each in text or "" if each.isprintable()).strip()
    return printable[:MAX_LABEL_LENGTH].strip() or _DEFAULT_LABELS[kind]
