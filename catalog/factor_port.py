"""The part of the port for second factors. The promises of `catalog.port` hold here as well."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class FactorKind(StrEnum):
    """How a user proves to be the one."""

    TOTP = "totp"
    """A code that changes with time (RFC 6238)."""
    PASSKEY = "passkey"
    """A WebAuthn credential."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """What a user enrolled.

    Attributes:
        id: made by the caller.
        user_id: whose it is.
        kind: how it is used.
        label: what the user calls it.
        credential_id: of a passkey; None for the other kind.
        key: the secret of a TOTP factor, encrypted with a master key; the public key (COSE) of a passkey.
        counter: the last time step whose code was accepted, or the signature counter of a passkey.
        created_at: when it was enrolled.
        last_used_at: None for never.
    """

    id: UUID
    user_id: int
    kind: FactorKind
    label: str
    credential_id: bytes | None
    key: bytes = field(repr=False)
    counter: int
    created_at: float
    last_used_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactors:
    """What a user has besides a password.

    Attributes:
        factors: by the time of their enrolment, then by id.
        recovery_codes: how many are left.
        is_demanded: whether an administrator demands a second factor of this user.
    """

    factors: tuple[Factor, ...]
    recovery_codes: int
    is_demanded: bool


class FactorStore(Protocol):
    """Second factors, recovery codes, and which challenges were answered. All go with their user."""

    async def second_factors_of(self, user_id: int) -> SecondFactors:
        """What the user has; nothing for a missing user."""

    async def factor_by_credential(self, credential_id: bytes) -> Factor | None:
        """The passkey with that credential id."""

    async def add_factor(self, factor: Factor, *, limit: int) -> None:
        """Adds a factor, of which the user may have `limit`. No change if the id is there.

        Raises `UserMissing`, `TooManyFactors`, `CredentialTaken`.
        """

    async def use_factor(
        self, factor_id: UUID, *, previous: int, counter: int, used_at: float
    ) -> bool:
        """Notes a use, and the new counter. False, and no change, unless the counter is `previous`.

        So of two uses of one code only one succeeds.
        """

    async def remove_factor(self, user_id: int, factor_id: UUID) -> bool:
        """Removes a factor, and with the last one the recovery codes. False when the user has none such."""

    async def reset_factors(self, user_id: int) -> None:
        """Removes all factors and recovery codes of a user; a demand stays."""

    async def replace_recovery_codes(self, user_id: int, code_hashes: Collection[bytes]) -> None:
        """These codes (SHA-256), instead of all earlier ones. Raises `UserMissing`."""

    async def use_recovery_code(self, user_id: int, code_hash: bytes) -> bool:
        """Deletes the code. False when the user has none such."""

    async def demand_factor(self, user_id: int, *, is_demanded: bool) -> None:
        """Demands a second factor of the user, or not any more. Raises `UserMissing`."""

    async def spend_challenge(self, challenge_id: UUID, *, expires_at: float) -> bool:
        """Notes that a challenge was answered, until it expires. False when it was noted before."""

    async def totp_factors(self) -> list[Factor]:
        """Those of all users, by id, since a master key has encrypted their secrets."""

    async def reseal_factor(self, factor_id: UUID, key: bytes) -> None:
        """Replaces what the secret is encrypted as. No change if the factor is gone."""
