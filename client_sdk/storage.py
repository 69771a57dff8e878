"""What users store and may store, and the audit log, over HTTP."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from client_sdk.errors import InvalidInput
from client_sdk.models import AuditEvent, StorageUse, UserUsage, read_answer
from client_sdk.users import Administering, clean_username

UsageOrder: TypeAlias = Literal["stored", "files", "quota", "seen", "name"]


class StorageAndAudit(Administering):
    """Quotas, and the audit log. `Client` has the documentation."""

    async def storage(self, user: str | None = None) -> StorageUse:
        """What a user stores, and may store.

        Args:
            user: Name of the user, for administrators; None for the user of the client.

        Raises:
            NotFound: There is no such user.
            Forbidden: The user is no administrator.
        """
        if user is None:
            answer = await self._api.ask("GET", "/account/storage")
        else:
            account = await self.find_account(user)
            answer = await self._api.ask("GET", f"/admin/users/{account.id}/storage")
        return read_answer(answer, StorageUse)

    async def usage(
        self, *, order: UsageOrder = "stored", ascending: bool = False
    ) -> AsyncGenerator[UserUsage, None]:
        """Yield what all users store; for administrators.

        Args:
            order: By what they are sorted: bytes or files that count, the quota, the last use, or the name.
            ascending: Whether the smallest, or earliest, come first.

        Raises `Forbidden` when the user is no administrator.
        """
        query = {"order": order, "ascending": "true" if ascending else "false"}
        while True:
            page = await self._api.ask("GET", "/admin/usage", query=query)
            for each in read_answer(page.get("users"), list[UserUsage]):
                yield each
            if page.get("next") is None:
                return
            query["offset"] = str(page["next"])

    async def set_quota(
        self, user: str, *, size: int | None = None, files: int | None = None
    ) -> StorageUse:
        """Say how much a user may store; for administrators. What the user stores already stays.

        Args:
            user: Name of the user.
            size: Bytes of all files together, 1 or more; None for any number.
            files: Number of files, 1 or more; None for any number.

        Raises:
            InvalidInput: A number is less than 1.
            NotFound: There is no such user.
            Forbidden: The user is no administrator.
        """
        if any(number is not None and number < 1 for number in (size, files)):
            raise InvalidInput("a quota is 1 or more, or None for none")
        account = await self.find_account(clean_username(user))
        body = {"bytes": size, "files": files}
        answer = await self._api.ask("POST", f"/admin/users/{account.id}/quota", body=body)
        return read_answer(answer, StorageUse)

    async def audit_events(
        self,
        *,
        user: str | None = None,
        action: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> AsyncGenerator[AuditEvent, None]:
        """Yield events of the audit log, the newest first; for administrators.

        Args:
            user: A user who caused them, or to whom they were done; None for all.
            action: Name of an action; None for all.
            since: Only those from this time on; one without a zone is in UTC.
            until: Only those before this time.

        Raises:
            Refused: There is no such action.
            Forbidden: The user is no administrator.
        """
        wanted = {
            "user": None if user is None else clean_username(user),
            "action": action,
            "since": _time_text(since),
            "until": _time_text(until),
        }
        query = {name: text for name, text in wanted.items() if text is not None}
        while True:
            page = await self._api.ask("GET", "/admin/audit", query=query)
            for event in read_answer(page.get("events"), list[AuditEvent]):
                yield event
            following = page.get("next")
            if not isinstance(following, str):
                return
            query["after"] = following


def _time_text(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    in_utc = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return in_utc.isoformat().replace("+00:00", "Z")
