"""Second factors and recovery codes."""

from collections.abc import Collection
from uuid import UUID

from catalog.factor_port import Factor, SecondFactors
from catalog.rows import factor_of
from catalog.supabase.client import SupabasePart


class SupabaseFactors(SupabasePart):
    """`FactorStore` on Supabase."""

    async def second_factors_of(self, user_id: int) -> SecondFactors:
        """What the user has; nothing for a missing user."""
        found = await self._functions.read("second_factors_of", user_id=user_id)
        return SecondFactors(
            factors=tuple(factor_of(row) for row in found["factors"]),
            recovery_codes=found["recovery_codes"],
            is_demanded=found["is_demanded"],
        )

    async def factor_by_credential(self, credential_id: bytes) -> Factor | None:
        """The passkey with that credential id."""
        row = await self._functions.read("factor_by_credential", credential_id=credential_id.hex())
        return None if row is None else factor_of(row)

    async def add_factor(self, factor: Factor, *, limit: int) -> None:
        """Adds a factor. Raises `UserMissing`, `TooManyFactors`, `CredentialTaken`."""
        await self._functions.write(
            "add_factor",
            id=str(factor.id),
            user_id=factor.user_id,
            kind=factor.kind.value,
            label=factor.label,
            credential_id=None if factor.credential_id is None else factor.credential_id.hex(),
            key=factor.key.hex(),
            counter=factor.counter,
            created_at=factor.created_at,
            last_used_at=factor.last_used_at,
            limit=limit,
        )

    async def use_factor(
        self, factor_id: UUID, *, previous: int, counter: int, used_at: float
    ) -> bool:
        """Notes a use, and the new counter. False, and no change, unless the counter is `previous`."""
        is_used: bool = await self._change(
            "use_factor", id=str(factor_id), previous=previous, counter=counter, used_at=used_at
        )
        return is_used

    async def remove_factor(self, user_id: int, factor_id: UUID) -> bool:
        """Removes a factor, and with the last one the recovery codes. False when there is none such."""
        is_removed: bool = await self._change("remove_factor", user_id=user_id, id=str(factor_id))
        return is_removed

    async def reset_factors(self, user_id: int) -> None:
        """Removes all factors and recovery codes of a user; a demand stays."""
        await self._functions.write("reset_factors", user_id=user_id)

    async def replace_recovery_codes(self, user_id: int, code_hashes: Collection[bytes]) -> None:
        """These codes, instead of all earlier ones. Raises `UserMissing`."""
        await self._functions.write(
            "replace_recovery_codes",
            user_id=user_id,
            code_hashes=[code_hash.hex() for code_hash in code_hashes],
        )

    async def use_recovery_code(self, user_id: int, code_hash: bytes) -> bool:
        """Deletes the code. False when the user has none such."""
        is_used: bool = await self._change(
            "use_recovery_code", user_id=user_id, code_hash=code_hash.hex()
        )
        return is_used

    async def demand_factor(self, user_id: int, *, is_demanded: bool) -> None:
        """Demands a second factor of the user, or not any more. Raises `UserMissing`."""
        await self._functions.write("demand_factor", user_id=user_id, is_demanded=is_demanded)

    async def spend_challenge(self, challenge_id: UUID, *, expires_at: float) -> bool:
        """Notes that a challenge was answered, until it expires. False when it was noted before."""
        is_spent: bool = await self._change(
            "spend_challenge", id=str(challenge_id), expires_at=expires_at
        )
        return is_spent

    async def totp_factors(self) -> list[Factor]:
        """Those of all users, by id."""
        return [factor_of(row) for row in await self._functions.read("totp_factors")]

    async def reseal_factor(self, factor_id: UUID, key: bytes) -> None:
        """Replaces what the secret is encrypted as. No change if the factor is gone."""
        await self._functions.write("reseal_factor", id=str(factor_id), key=key.hex())
