"""What every request passes: User-Agent, bans, rate limits, faults, error answers and counters."""

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from common.http_server import CLIENT_CLOSED_REQUEST, has_encoded_body, has_hung_up
from discord_emulator.emulator import Emulator
from discord_emulator.errors import (
    ApiError,
    Banned,
    BlockedUserAgent,
    InvalidForm,
    LimitScope,
    RateLimited,
    StorageFailed,
    StorageFull,
    UnsupportedBodyEncoding,
)
from discord_emulator.faults import (
    Fault,
    FaultKind,
    discard_rest,
    ordered_error,
    reset,
    send_broken,
)
from discord_emulator.messages import created_at, is_snowflake
from discord_emulator.operations import Operation
from discord_emulator.rate_limits import LimitedRequest

log = structlog.get_logger(__name__)

_INVALID = frozenset({401, 403, 429})
_EDGE = {"Via": "1.1 discord-emulator"}
_BROKEN_BODY = (FaultKind.TRUNCATED, FaultKind.STALLED)


class Guard:
    """Wraps the handlers of one emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def wrap(self, operation: Operation, handler: Handler) -> Handler:
        """Return a handler that applies limits and faults and answers errors."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                headers = self._admit(operation, request)
            except ApiError as error:
                return self._finish(operation, request, error, {})
            fault = self._emulator.faults.take(operation, request.match_info)
            answer = await self._answer(operation, handler, request, fault)
            response = self._finish(operation, request, answer, headers)
            if fault is not None and fault.kind in _BROKEN_BODY:
                return await send_broken(request, response, fault)
            return response

        return guarded

    async def _answer(
        self, operation: Operation, handler: Handler, request: web.Request, fault: Fault | None
    ) -> web.StreamResponse | ApiError:
        try:
            return await self._run_with_fault(operation, handler, request, fault)
        except ApiError as error:
            return error
        except web.RequestPayloadError:
            return InvalidForm("Invalid Form Body: the body is not encoded as its headers say")
        except ConnectionError:
            if not has_hung_up(request):
                raise
            return web.Response(status=CLIENT_CLOSED_REQUEST)
        except OSError as error:
            is_lasting = self._emulator.disk_failed(error)
            return StorageFull() if is_lasting else StorageFailed()

    def _finish(
        self,
        operation: Operation,
        request: web.Request,
        answer: web.StreamResponse | ApiError,
        headers: dict[str, str],
    ) -> web.StreamResponse:
        error = answer if isinstance(answer, ApiError) else None
        response = _error_response(operation, answer) if isinstance(answer, ApiError) else answer
        self._record(operation, request, response.status, error)
        response.headers.update({**_EDGE, **headers, **response.headers})
        return response

    async def _run_with_fault(
        self, operation: Operation, handler: Handler, request: web.Request, fault: Fault | None
    ) -> web.StreamResponse:
        if fault is None or fault.kind in _BROKEN_BODY:
            return await handler(request)
        if not fault.after_commit:
            return await self._apply_before(operation, handler, request, fault)
        response = await handler(request)
        if fault.kind is FaultKind.SLOW:
            await fault.wait()
        error = ordered_error(fault, operation)
        if error is not None:
            raise error
        return reset(request) if fault.kind is FaultKind.RESET else response

    async def _apply_before(
        self, operation: Operation, handler: Handler, request: web.Request, fault: Fault
    ) -> web.StreamResponse:
        error = ordered_error(fault, operation)
        if error is not None:
            raise error
        if fault.kind is FaultKind.SLOW:
            await fault.wait()
            return await handler(request)
        await discard_rest(request)
        return reset(request)

    def _admit(self, operation: Operation, request: web.Request) -> dict[str, str]:
        if has_encoded_body(request):
            raise UnsupportedBodyEncoding
        if operation is Operation.CDN:
            return {}
        limits = self._emulator.limits
        if limits is not None:
            limits.check_ban(_address(request))
        self._check_user_agent(request.headers.get("User-Agent", ""))
        return {} if limits is None else limits.admit(self._limited_request(operation, request))

    def _check_user_agent(self, user_agent: str) -> None:
        if self._emulator.settings.strict_user_agent:
            accepted = user_agent.startswith("DiscordBot (")
        else:
            accepted = user_agent.strip() != "" and not user_agent.startswith("Mozilla/")
        if not accepted:
            raise BlockedUserAgent

    def _limited_request(self, operation: Operation, request: web.Request) -> LimitedRequest:
        asked = request.match_info
        webhook_id, message_id = asked.get("webhook_id", ""), asked.get("message_id", "")
        channel_id = None
        if operation is Operation.EXECUTE and is_snowflake(webhook_id):
            webhook = self._emulator.registry.webhook(int(webhook_id))
            channel_id = None if webhook is None else webhook.channel_id
        age_s = 0.0
        if is_snowflake(message_id):
            age_s = self._emulator.clock() - created_at(int(message_id))
        return LimitedRequest(
            operation=operation,
            caller=request.headers.get("Authorization", _address(request)),
            resource=webhook_id or asked.get("channel_id", ""),
            channel_id=channel_id,
            message_age_s=age_s,
        )

    def _record(
        self, operation: Operation, request: web.Request, status: int, error: ApiError | None
    ) -> None:
        scope = error.scope if isinstance(error, RateLimited) else None
        self._emulator.requests.record(operation, status, scope)
        limits = self._emulator.limits
        if limits is None or status not in _INVALID or operation is Operation.CDN:
            return
        if scope is not LimitScope.SHARED and not isinstance(error, Banned):
            limits.note_invalid(_address(request))


def _error_response(operation: Operation, error: ApiError) -> web.Response:
    if operation is Operation.CDN:
        return web.Response(status=error.status, text=str(error), headers=error.headers)
    return error.response()


def _address(request: web.Request) -> str:
    return request.remote or "unknown"
