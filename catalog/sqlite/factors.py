"""Second factors and recovery codes."""

from collections.abc import Collection
from uuid import UUID

from catalog.errors import CredentialTaken, TooManyFactors
from catalog.factor_port import Factor, SecondFactors
from catalog.rows import factor_of
from catalog.sqlite.accounts import require_user
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, read, snapshot, write
from catalog.sqlite.statements import sql
from common.wording import counted


class SqliteFactors(SqlitePart):
    """`FactorStore` on SQLite."""

    @snapshot
    def second_factors_of(self, session: Session, user_id: int) -> SecondFactors:
        """What the user has; nothing for a missing user."""
        rows = session.rows(sql.factors_of, user_id=user_id)
        totals = (session.rows(sql.factor_totals, user_id=user_id))[0]
        return SecondFactors(
            factors=tuple(factor_of(row) for row in rows),
            recovery_codes=totals["recovery_codes"],
            is_demanded=bool(totals["is_demanded"]),
        )

    @read
    def factor_by_credential(self, session: Session, credential_id: bytes) -> Factor | None:
        """The passkey with that credential id."""
        row = session.row(sql.factor_by_credential, credential_id=credential_id)
        return factor_of(row) if row else None

    @write
    def add_factor(self, session: Session, factor: Factor, *, limit: int) -> None:
        """Adds a factor. Raises `UserMissing`, `TooManyFactors`, `CredentialTaken`."""
        require_user(session, factor.user_id)
        if session.row(sql.factor_by_id, id=factor.id.bytes):
            return
        if factor.credential_id is not None and session.row(
            sql.factor_by_credential, credential_id=factor.credential_id
        ):
            raise CredentialTaken("this passkey is enrolled already")
        totals = (session.rows(sql.factor_totals, user_id=factor.user_id))[0]
        if totals["factors"] >= limit:
            raise TooManyFactors(f"{counted(limit, 'second factor')} may be enrolled: remove one")
        session.run(
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

    @write
    def use_factor(
        self, session: Session, factor_id: UUID, *, previous: int, counter: int, used_at: float
    ) -> bool:
        """Notes a use, and the new counter. False, and no change, unless the counter is `previous`."""
        row = session.row(
            sql.use_factor,
            id=factor_id.bytes,
            previous=previous,
            counter=counter,
            used_at=used_at,
        )
        return row is not None

    @write
    def remove_factor(self, session: Session, user_id: int, factor_id: UUID) -> bool:
        """Removes a factor, and with the last one the recovery codes. False when there is none such."""
        row = session.row(sql.delete_factor, id=factor_id.bytes, user_id=user_id)
        if not session.row(sql.factors_of, user_id=user_id):
            session.run(sql.delete_recovery_codes, user_id=user_id)
        return row is not None

    @write
    def reset_factors(self, session: Session, user_id: int) -> None:
        """Removes all factors and recovery codes of a user; a demand stays."""
        session.run(sql.delete_factors, user_id=user_id)
        session.run(sql.delete_recovery_codes, user_id=user_id)

    @write
    def replace_recovery_codes(
        self, session: Session, user_id: int, code_hashes: Collection[bytes]
    ) -> None:
        """These codes, instead of all earlier ones. Raises `UserMissing`."""
        require_user(session, user_id)
        session.run(sql.delete_recovery_codes, user_id=user_id)
        session.run_many(
            sql.insert_recovery_code,
            [{"user_id": user_id, "code_hash": code_hash} for code_hash in code_hashes],
        )

    @write
    def use_recovery_code(self, session: Session, user_id: int, code_hash: bytes) -> bool:
        """Deletes the code. False when the user has none such."""
        row = session.row(sql.use_recovery_code, user_id=user_id, code_hash=code_hash)
        return row is not None

    @write
    def demand_factor(self, session: Session, user_id: int, *, is_demanded: bool) -> None:
        """Demands a second factor of the user, or not any more. Raises `UserMissing`."""
        require_user(session, user_id)
        session.run(sql.demand_factor if is_demanded else sql.drop_factor_demand, user_id=user_id)

    @write
    def spend_challenge(self, session: Session, challenge_id: UUID, *, expires_at: float) -> bool:
        """Notes that a challenge was answered, until it expires. False when it was noted before."""
        session.run(sql.drop_expired_challenges, now=self._clock())
        row = session.row(sql.spend_challenge, id=challenge_id.bytes, expires_at=expires_at)
        return row is not None

    @read
    def totp_factors(self, session: Session) -> list[Factor]:
        """Those of all users, by id."""
        rows = session.rows(sql.totp_factors)
        return [factor_of(row) for row in rows]

    @write
    def reseal_factor(self, session: Session, factor_id: UUID, key: bytes) -> None:
        """Replaces what the secret is encrypted as. No change if the factor is gone."""
        session.run(sql.reseal_factor, id=factor_id.bytes, key=key)
