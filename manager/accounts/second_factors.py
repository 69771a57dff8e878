"""Second factors: who needs one, and whether what a user sends is one."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from catalog.account_port import NO_PASSWORD, AccountStore
from catalog.factor_port import Factor, FactorKind, FactorStore, SecondFactors
from catalog.records import User
from common.guesses import GuessLimiter, Rate
from common.key_derivation import Purpose
from manager.accounts import passkeys, totp
from manager.accounts.challenges import Challenge, ChallengeKind, Challenges
from manager.accounts.passkeys import Website
from manager.errors import (
    ChallengeExpired,
    PasskeyRefused,
    SecondFactorDemanded,
    SecondFactorRequired,
    WrongSecondFactor,
)
from manager.settings import FactorDemand
from manager.signing.sealing import seal, unseal
from storage.keys import KeyRing

_PER_ACCOUNT = Rate(burst=10, refill_s=120.0)
"""Three of a million codes are accepted at a time: whoever guesses every two minutes needs a year."""

log = structlog.get_logger(__name__)


class FactorCatalog(FactorStore, AccountStore, Protocol):
    """What is asked here of the catalog."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorAnswer:
    """What a user sends to prove a second factor: one of these.

    Attributes:
        code: of an authenticator app, or a recovery code.
        passkey: what the browser's WebAuthn has answered, as JSON.
    """

    code: str | None
    passkey: Mapping[str, Any] | None


class TotpSecrets:
    """Encrypts the secrets of authenticator apps with the master key, and decrypts them."""

    def __init__(self, catalog: FactorStore, keyring: KeyRing) -> None:
        self._catalog = catalog
        self._keyring = keyring

    def seal(self, factor_id: bytes, secret: str) -> bytes:
        """The encrypted form of a secret in base32."""
        return seal(
            self._keyring.primary, Purpose.TOTP_SECRETS, base64.b32decode(secret), factor_id
        )

    def unseal(self, factor: Factor) -> str | None:
        """The secret in base32; None, and an error in the log, without the master key that encrypted it."""
        secret = unseal(self._keyring, Purpose.TOTP_SECRETS, factor.key, factor.id.bytes)
        if secret is None:
            log.error(
                "totp-secret-unreadable",
                factor=str(factor.id),
                user=factor.user_id,
                remedy="append the master key that encrypted it to MESSAGE_ENCRYPTION_KEY, or reset "
                "the user's second factors",
            )
            return None
        return base64.b32encode(secret).decode()

    async def reseal(self) -> None:
        """Encrypts all with the newest master key, so that an older one can go. Raises `CatalogError`."""
        for factor in await self._catalog.totp_factors():
            if factor.key.startswith(self._keyring.primary.key_id):
                continue
            if (secret := self.unseal(factor)) is not None:
                await self._catalog.reseal_factor(factor.id, self.seal(factor.id.bytes, secret))


def factor_guess_limiter() -> GuessLimiter:
    """Limits guesses at second factors, which are shorter than passwords.

    Who guesses knows the password. The user may still log in from an address from which he did so before.
    """
    return GuessLimiter(per_account=_PER_ACCOUNT, per_known_pair=_PER_ACCOUNT)


class FactorManager:
    """Demands second factors at logins, and verifies them."""

    def __init__(
        self,
        catalog: FactorCatalog,
        challenges: Challenges,
        secrets: TotpSecrets,
        demand: FactorDemand,
        clock: Callable[[], float],
    ) -> None:
        """Takes what it uses.

        Args:
            catalog: Has the factors and the users.
            challenges: Issues and takes challenges.
            secrets: Decrypts the secrets of authenticator apps.
            demand: Of whom a second factor is demanded, besides those of whom an administrator demands it.
            clock: Seconds since the epoch.
        """
        self._catalog = catalog
        self._challenges = challenges
        self._secrets = secrets
        self._demand = demand
        self._clock = clock

    def is_demanded(self, user: User, factors: SecondFactors) -> bool:
        """Whether the user must have a second factor."""
        if self._demand is FactorDemand.ADMINISTRATORS:
            return user.is_admin or factors.is_demanded
        return self._demand is FactorDemand.ALL or factors.is_demanded

    async def check_login(self, user: User, website: Website | None) -> None:
        """Returns if the password, which was right, is enough.

        Raises `SecondFactorRequired`, `SecondFactorDemanded`.
        """
        owned = await self._catalog.second_factors_of(user.id)
        if owned.factors:
            challenge = self._challenges.issue(ChallengeKind.SECOND_FACTOR, user)
            raise SecondFactorRequired(**challenge_facts(challenge, owned, website))
        if self.is_demanded(user, owned):
            confirmation = self._challenges.issue(ChallengeKind.CONFIRMATION, user, logs_in=True)
            raise SecondFactorDemanded(confirmation=confirmation.text)

    async def has_any(self, user: User) -> bool:
        """Whether the user has a second factor."""
        return bool((await self._catalog.second_factors_of(user.id)).factors)

    async def challenged(self, text: str, kind: ChallengeKind) -> tuple[Challenge, User]:
        """A challenge and the user for whom it was issued. Raises `ChallengeExpired`."""
        challenge = self._challenges.read(text, kind)
        user = None
        if challenge.user_id is not None:
            user = await self._catalog.user_by_id(challenge.user_id)
        if user is None or user.token_epoch != challenge.epoch or _is_locked(user):
            raise ChallengeExpired
        return challenge, user

    async def answer(
        self, challenge: Challenge, user: User, answer: FactorAnswer, website: Website | None
    ) -> None:
        """Returns if the user has answered the challenge with a second factor; it is spent then.

        Raises `WrongSecondFactor`, `PasskeyRefused`, `ChallengeExpired`.
        """
        await self._verify(challenge, user, answer, website)
        await self._challenges.spend(challenge)

    async def verify_code(self, user: User, code: str) -> None:
        """Returns if it is a code of the user's, which is used up then. Raises `WrongSecondFactor`."""
        if not totp.is_totp_code(code):
            if not await self._catalog.use_recovery_code(user.id, totp.hash_of(code)):
                raise WrongSecondFactor
            return
        for factor in (await self._catalog.second_factors_of(user.id)).factors:
            if factor.kind is FactorKind.TOTP and await self._is_code_of(factor, code):
                return
        raise WrongSecondFactor

    async def passkey_login(self, text: str, response: Mapping[str, Any], website: Website) -> User:
        """The user whose passkey has answered the challenge, which is spent then.

        Raises `PasskeyRefused`, `ChallengeExpired`.
        """
        challenge = self._challenges.read(text, ChallengeKind.PASSKEY)
        factor = await self._catalog.factor_by_credential(passkeys.credential_of(response))
        user = None if factor is None else await self._catalog.user_by_id(factor.user_id)
        if factor is None or user is None or _is_locked(user):
            raise PasskeyRefused
        await self._use_passkey(challenge, factor, response, website)
        await self._challenges.spend(challenge)
        return user

    async def _verify(
        self, challenge: Challenge, user: User, answer: FactorAnswer, website: Website | None
    ) -> None:
        if answer.code is not None:
            await self.verify_code(user, answer.code)
            return
        if answer.passkey is None or website is None:
            raise WrongSecondFactor
        factor = await self._catalog.factor_by_credential(passkeys.credential_of(answer.passkey))
        if factor is None or factor.user_id != user.id:
            raise PasskeyRefused
        await self._use_passkey(challenge, factor, answer.passkey, website)

    async def _is_code_of(self, factor: Factor, code: str) -> bool:
        secret = self._secrets.unseal(factor)
        if secret is None:
            return False
        now = self._clock()
        step = totp.accepted_step(secret, code, now=now, after=factor.counter)
        return step is not None and await self._catalog.use_factor(
            factor.id, previous=factor.counter, counter=step, used_at=now
        )

    async def _use_passkey(
        self, challenge: Challenge, factor: Factor, response: Mapping[str, Any], website: Website
    ) -> None:
        counter = passkeys.counter_after(website, challenge.id, factor, response)
        if not await self._catalog.use_factor(
            factor.id, previous=factor.counter, counter=counter, used_at=self._clock()
        ):
            raise PasskeyRefused


def challenge_facts(
    challenge: Challenge, owned: SecondFactors, website: Website | None
) -> dict[str, object]:
    """What a client needs to answer a challenge: the ways to do so, and options for a passkey."""
    kinds = {factor.kind for factor in owned.factors}
    methods = [FactorKind.TOTP.value] if FactorKind.TOTP in kinds else []
    options = None
    if FactorKind.PASSKEY in kinds and website is not None:
        methods.append(FactorKind.PASSKEY.value)
        options = passkeys.request_options(website, owned.factors, challenge.id)
    if owned.recovery_codes:
        methods.append("recovery-code")
    return {"challenge": challenge.text, "methods": methods, "passkey_options": options}


def _is_locked(user: User) -> bool:
    """Whether the user is being removed."""
    return user.password_hash == NO_PASSWORD
