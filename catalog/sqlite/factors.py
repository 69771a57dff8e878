"""Second factors and recovery codes."""

from collections.abc import Collection
from uuid import UUID

from catalog.errors import CredentialTaken, TooManyFactors
from catalog.factor_port import Factor, SecondFactors
from catalog.rows import factor_of
from catalog.sqlite.accounts import require_user
from catalog.sqlite.database import SqlitePart
from catalog.sqlite.statements import sql
from common.wording import counted


class SqliteFactors(SqlitePart):
    """`FactorStore` on SQLite."""

    async def second_factors_of(self, user_id: int) -> SecondFactors:
        """What the user has; nothing for a missing user."""
        async with self._database.snapshot() as session:
            rows = await session.rows(sql.factors_of, user_id=user_id)
            totals = (await session.rows(sql.factor_totals, user_id=user_id))[0]
        return SecondFactors(
            factors=tuple(factor_of(row) for row in rows),
            recovery_codes=totals["recovery_codes"],
            is_demanded=bool(totals["is_demanded"]),
        )

    async def factor_by_credential(self, credential_id: bytes) -> Factor | None:
        """The passkey with that credential id."""
        async with self._database.reading() as session:
            row = await session.row(sql.factor_by_credential, credential_id=credential_id)
        return factor_of(row) if row else None

    async def add_factor(self, factor: Factor, *, limit: int) -> None:
        """Adds a factor. Raises `UserMissing`, `TooManyFactors`, `CredentialTaken`."""
        async with self._database.writing() as session:
            await require_user(session, factor.user_id)
            if await session.row(sql.factor_by_id, id=factor.id.bytes):
                return
            if factor.credential_id is not None and await session.row(
                sql.factor_by_credential, credential_id=factor.credential_id
            ):
                raise CredentialTaken("this passkey is enrolled already")
            totals = (await session.rows(sql.factor_totals, user_id=factor.user_id))[0]
            if totals["factors"] >= limit:
                raise TooManyFactors(
                    f"{counted(limit, 'second factor')} may be enrolled: remove one"
                )
            await session.run(
                sql.insert_factor,
                id=factor.id.bytes,
                user_id=factor.user_id,
                kind=factor.kind.value,
                label=factor.label,
                credential_id=factor.credential_id,
                key=factor.key,
                counter=factor.counter,
                created_at=factor.created_at,
                last_used_at=factor.last_used_at,
            )

    async def use_factor(
        self, factor_id: UUID, *, previous: int, counter: int, used_at: float
    ) -> bool:
        """Notes a use, and the new counter. False, and no change, unless the counter is `previous`."""
        async with self._database.writing() as session:
            row = await session.row(
                sql.use_factor,
                id=factor_id.bytes,
                previous=previous,
                counter=counter,
                used_at=used_at,
            )
        return row is not None

    async def remove_factor(self, user_id: int, factor_id: UUID) -> bool:
        """Removes a factor, and with the last one the recovery codes. False when there is none such."""
        async with self._database.writing() as session:
            row = await session.row(sql.delete_factor, id=factor_id.bytes, user_id=user_id)
            if not await session.row(sql.factors_of, user_id=user_id):
                await session.run(sql.delete_recovery_codes, user_id=user_id)
        return row is not None

    async def reset_factors(self, user_id: int) -> None:
        """Removes all factors and recovery codes of a user; a demand stays."""
        async with self._database.writing() as session:
            await session.run(sql.delete_factors, user_id=user_id)
            await session.run(sql.delete_recovery_codes, user_id=user_id)

    async def replace_recovery_codes(self, user_id: int, code_hashes: Collection[bytes]) -> None:
        """These codes, instead of all earlier ones. Raises `UserMissing`."""
        async with self._database.writing() as session:
            await require_user(session, user_id)
            await session.run(sql.delete_recovery_codes, user_id=user_id)
            await session.run_many(
                sql.insert_recovery_code,
                [{"user_id": user_id, "code_hash": code_hash} for code_hash in code_hashes],
            )

    async def use_recovery_code(self, user_id: int, code_hash: bytes) -> bool:
        """Deletes the code. False when the user has none such."""
        async with self._database.writing() as session:
            row = await session.row(sql.use_recovery_code, user_id=user_id, code_hash=code_hash)
        return row is not None

    async def demand_factor(self, user_id: int, *, is_demanded: bool) -> None:
        """Demands a second factor of the user, or not any more. Raises `UserMissing`."""
        async with self._database.writing() as session:
            await require_user(session, user_id)
            await session.run(
                sql.demand_factor if is_demanded else sql.drop_factor_demand, user_id=user_id
            )

    async def spend_challenge(self, challenge_id: UUID, *, expires_at: float) -> bool:
        """Notes that a challenge was answered, until it expires. False when it was noted before."""
        async with self._database.writing() as session:
            await session.run(sql.drop_expired_challenges, now=self._clock())
            row = await session.row(
                sql.spend_challenge, id=challenge_id.bytes, expires_at=expires_at
            )
        return row is not None

    async def totp_factors(self) -> list[Factor]:
        """Those of all users, by id."""
        async with self._database.reading() as session:
            rows = await session.rows(sql.totp_factors)
        return [factor_of(row) for row in rows]

    async def reseal_factor(self, factor_id: UUID, key: bytes) -> None:
        """Replaces what the secret is encrypted as. No change if the factor is gone."""
        async with self._database.writing() as session:
            await session.run(sql.reseal_factor, id=factor_id.bytes, key=key)
