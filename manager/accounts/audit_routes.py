"""`/admin/audit`: administrators read the audit log."""

import asyncio
import base64
import binascii
import contextlib
import json
import math
import re
import struct
from typing import Any, Final
from uuid import UUID

from aiohttp import web

from catalog.audit_port import AuditStore
from catalog.errors import CatalogError
from catalog.records import AuditEvent, AuditPosition, AuditQuery
from common.http_answers import success
from manager.accounts.accounts import Accounts
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.errors import InvalidRequest
from manager.files.conversion import timestamp
from manager.http.parameters import Parameters, parsed
from manager.space_views import SpaceView
from protocol.errors import InvalidValue
from protocol.values import check_username, format_path, parse_path

PAGE: Final = 100
"""Events of an answer at most, and as many as nobody says how many."""
FLUSH_S: Final = 2.0
"""Seconds for which a reader waits for events that are not in the catalog yet."""
_ACTIONS_ON_PATHS: Final = frozenset(
    action.value for action in AuditAction if action.subject == "path"
)
_NUMBER: Final = re.compile(r"[0-9]{1,3}", re.ASCII)
_POSITION: Final = struct.Struct(">d16s")


class AuditRoutes:
    """The route of the audit log."""

    def __init__(self, accounts: Accounts, catalog: AuditStore, audit: AuditLog) -> None:
        self._accounts = accounts
        self._catalog = catalog
        self._audit = audit

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [web.get("/admin/audit", self.list_events, allow_head=False)]

    async def list_events(self, request: web.Request) -> web.Response:
        """A page of events, newest first; `next` continues it, unless it is null."""
        view = (await self._accounts.administrator_login_of(request)).view
        query, before, limit = _query_of(request)
        # What happened before the request is in the answer, unless the catalog takes no events now.
        with contextlib.suppress(CatalogError, TimeoutError):
            async with asyncio.timeout(FLUSH_S):
                await self._audit.flush()
        events = await self._catalog.audit_events(query, before=before, limit=limit + 1)
        page = events[:limit]
        following = _cursor(page[-1]) if len(events) > limit else None
        return success(
            events=[_shown(event, view) for event in page],
            next=following,
            actions=sorted(action.value for action in AuditAction),
        )


def _query_of(request: web.Request) -> tuple[AuditQuery, AuditPosition | None, int]:
    parameters = Parameters(request.query)
    user, action = parameters.optional("user"), parameters.optional("action")
    query = AuditQuery(
        user=None if user is None else parsed("user", user, check_username),
        action=None if action is None else _action(action),
        since=parameters.moment("since", is_utc_by_default=True),
        until=parameters.moment("until", is_utc_by_default=True),
    )
    after = parameters.optional("after")
    return query, None if after is None else _position(after), _limit(parameters)


def _action(text: str) -> str:
    if text not in set(AuditAction):
        raise InvalidRequest("action: there is no such action")
    return text


def _limit(parameters: Parameters) -> int:
    text = parameters.optional("limit")
    if text is None:
        return PAGE
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= PAGE:
        raise InvalidRequest(f"limit must be a number from 1 to {PAGE}")
    return int(text)


def _cursor(event: AuditEvent) -> str:
    return base64.urlsafe_b64encode(_POSITION.pack(event.first_at, event.id.bytes)).decode()


def _position(text: str) -> AuditPosition:
    try:
        first_at, id_bytes = _POSITION.unpack(base64.urlsafe_b64decode(text.encode()))
        if not math.isfinite(first_at):
            raise InvalidRequest("after must be the `next` of an answer")
    except (ValueError, struct.error, binascii.Error):
        raise InvalidRequest("after must be the `next` of an answer") from None
    return AuditPosition(first_at=first_at, id=UUID(bytes=id_bytes))


def _shown(event: AuditEvent, view: SpaceView) -> dict[str, Any]:
    subject = event.subject
    if subject is not None and event.action in _ACTIONS_ON_PATHS:
        subject = _shown_path(subject, view)
    return {
        "id": str(event.id),
        "first_at": timestamp(event.first_at),
        "last_at": timestamp(event.last_at),
        "count": event.count,
        "action": event.action,
        "outcome": event.outcome.value,
        "actor_id": event.actor_id,
        "actor": event.actor,
        "address": event.address,
        "subject": subject,
        "is_hidden": subject is None and event.subject is not None,
        "details": json.loads(event.details),
    }


def _shown_path(subject: str, view: SpaceView) -> str | None:
    """A path of the catalog as an administrator sees it; None: it is hidden from the administrator."""
    if not view.is_personal:
        return subject
    try:
        shown = view.shown(parse_path(subject))
    except InvalidValue:
        return None
    return None if shown is None else format_path(shown)
