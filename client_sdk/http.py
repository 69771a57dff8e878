"""The manager's HTTP side: accounts, status, and the requests of downloads."""

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from client_sdk.endpoint import (
    LASTING_HEADER,
    address_of,
    gateway_location,
    moved,
    no_manager,
    retry_after_s,
    unreachable,
)
from client_sdk.errors import (
    CloudError,
    Forbidden,
    LastingFailure,
    NotFound,
    NotLoggedIn,
    Refused,
    SecondFactorDemanded,
    SecondFactorNeeded,
    ServerFailed,
    SetupCodeNeeded,
    TooManyAttempts,
    Unavailable,
    UnexpectedAnswer,
    WrongCode,
    WrongPassword,
)
from client_sdk.models import ManagerStatus, manager_status
from client_sdk.paths import join_remote
from client_sdk.rate_limit import RateLimit
from client_sdk.renewal import RenewableLogin
from client_sdk.settings import ClientSettings
from common.http_bodies import read_up_to
from common.log_events import correlation_header
from common.manager_urls import ManagerUrls
from protocol.redirects import REDIRECT_HEADER, REDIRECT_TAKEN

OK = 200
BAD_REQUEST = 400
UNAUTHORIZED = 401
NOT_FOUND = 404
RANGE_NOT_SATISFIABLE = 416
_CONTENT = frozenset({OK, 206})
"""What a gateway answers with content; where it does not, the manager says why."""
DOWNLOAD = "/download"
BULK_DOWNLOAD = "/bulk-download"
DOWNLOAD_FILES = "/download-files"
SERVER_ERRORS = 500
NOT_IMPLEMENTED = 501
CONNECT_TIMEOUT_S = 30.0
READ_BUFFER_BYTES = 512 * 1024
"""Content that may wait in memory while the disk takes what came before: less means more pauses."""
LONGEST_ANSWER = 1024 * 1024
LONGEST_REASON = 500
_FORBIDDEN_CODES = frozenset(
    {"not-administrator", "not-a-service", "login-needed", "read-only-scope"}
)


class ManagerHttp:
    """Requests to one manager.

    Args:
        session: Session to ask with.
        managers: The http(s) URLs of the managers, without slashes at their ends.
        token: The user's token, or a login that knows it; None before logging in.
        settings: Time limits.
        rate: How fast all transfers are together.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        managers: ManagerUrls,
        token: str | RenewableLogin | None,
        settings: ClientSettings,
        rate: RateLimit,
    ) -> None:
        self.rate = rate
        self._session = session
        self._managers = managers
        self._token = token
        self._settings = settings

    @property
    def _timeout(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=None,
            sock_connect=CONNECT_TIMEOUT_S,
            sock_read=self._settings.stall_timeout_s,
        )

    @property
    def _base(self) -> str:
        """The URL of the manager that is asked now."""
        return self._managers.current

    async def login(
        self,
        username: str,
        password: str,
        *,
        device: str | None,
        life_s: int | None,
        code: str | None,
        is_renewable: bool = False,
    ) -> dict[str, Any]:
        """What the manager issues for a user: a token, and with `is_renewable` what renews it.

        Raises `WrongPassword` when name and password do not belong together, `SecondFactorNeeded`,
        `SecondFactorDemanded`, `WrongCode`.
        """
        session: dict[str, Any] = {}
        if device is not None:
            session["device"] = device
        if life_s is not None:
            session["expires_in"] = life_s
        if is_renewable:
            session["renewable"] = True
        body = {"username": username, "password": password, **session}
        try:
            answer = await self._json("POST", "/login", body=body, is_patient=True)
        except Forbidden as error:
            raise WrongPassword("wrong user name or password") from error
        except SecondFactorNeeded as needed:
            if code is None:
                raise
            body = {"challenge": needed.challenge, "code": code, **session}
            answer = await self._json("POST", "/login/second-factor", body=body)
        if not isinstance(answer.get("token"), str):
            raise UnexpectedAnswer("the manager answered a login without a token")
        return answer

    async def register(
        self,
        username: str,
        password: str,
        admin_token: str | None,
        setup_code: str | None,
        invitation: str | None,
    ) -> None:
        """Make a user.

        Raises `Forbidden` without the token of an administrator, and for the first user
        `SetupCodeNeeded` without the setup code.
        """
        body = {"username": username, "password": password}
        if admin_token is not None:
            body["adminToken"] = admin_token
        if setup_code is not None:
            body["setupCode"] = setup_code
        if invitation is not None:
            body["invitation"] = invitation
        await self._json("POST", "/register", body=body)

    async def change_password(
        self, username: str, previous: str, new: str, token: str | None
    ) -> None:
        """Give a user another password.

        Raises `WrongPassword` when the previous one is wrong, and `SecondFactorNeeded` when the user has one
        and there is no token of a login with it.
        """
        body = {"username": username, "previousPassword": previous, "newPassword": new}
        try:
            await self._json("POST", "/update-password", body=body, headers=_bearer(token))
        except Forbidden as error:
            raise WrongPassword("wrong user name or password") from error

    async def status(self) -> ManagerStatus:
        """How the manager is."""
        headers = await self._authorization()
        return manager_status(await self._json("GET", "/status", headers=headers, is_patient=True))

    async def ask(
        self,
        method: str,
        route: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The answer of a route for users, which is JSON. Only a GET waits for the manager.

        Raises `Forbidden`, `NotFound`, `Refused`.
        """
        asked = self._request(
            method,
            route,
            params=query,
            json=body,
            headers=await self._authorization(),
            is_patient=method == "GET",
        )
        async with asked as response:
            if response.status == OK:
                return await self._read(response)
            answer = await _answer_of(response)
            if _is_of_another_server(response.status) and not answer:
                raise no_manager("the manager", self._base, f"HTTP {response.status}")
            raise _error_of(response, answer)

    async def graphql(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The data of a GraphQL request.

        Raises `Forbidden` when only another user may do this, `Refused` for any other error.
        """
        body = {"query": query, "variables": variables}
        headers = await self._authorization()
        answer = await self._json("POST", "/graphql", body=body, headers=headers)
        data, problems = answer.get("data"), answer.get("errors")
        if problems:
            raise _graphql_error(problems)
        if not isinstance(data, dict):
            raise UnexpectedAnswer("the manager answered a GraphQL request without data")
        return data

    async def file_exists(self, path: str, name: str, *, is_patient: bool = True) -> bool:
        """Whether a file has this name, readable or not.

        `is_patient`: whether a manager that cannot serve now is waited for.
        """
        try:
            async with self.content(DOWNLOAD, path, name, method="HEAD", is_patient=is_patient):
                return True
        except Forbidden:
            return True
        except NotFound:
            return False

    @contextlib.asynccontextmanager
    async def content(
        self,
        route: str,
        path: str,
        name: str | None = None,
        *,
        method: str = "GET",
        version: int | None = None,
        headers: Mapping[str, str] | None = None,
        is_patient: bool = True,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask for the content of a file or folder; yields answers up to 399, and 416.

        Args:
            route: `DOWNLOAD` or `BULK_DOWNLOAD`.
            path: The folder.
            name: A file in it; None for the folder itself.
            method: GET, or HEAD for the headers alone.
            version: An earlier content of the file; None for the present one.
            headers: Further headers, a range for example.
            is_patient: Whether a manager that cannot serve now is waited for.

        Raises:
            NotFound, Forbidden, NotLoggedIn: The manager does not give it.
            Unreachable, ServerFailed: No answer came, or that of a failure.
        """
        params = {"path": path} if name is None else {"path": path, "name": name}
        if version is not None:
            params["version"] = str(version)
        # A content coding would make the length and the ranges mean something else.
        headers = {
            **(await self._authorization()),
            "Accept-Encoding": "identity",
            **(headers or {}),
        }
        async with self._content(method, route, params, headers, is_patient) as response:
            if response.status >= BAD_REQUEST and response.status != RANGE_NOT_SATISFIABLE:
                error = _error_of(response, await _answer_of(response))
                if isinstance(error, NotFound):
                    # The manager does not say what is missing.
                    remote = path if name is None else join_remote(path, name)
                    raise NotFound(f"{remote}: {error}")
                raise error
            yield response

    @contextlib.asynccontextmanager
    async def _content(
        self,
        method: str,
        route: str,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        is_patient: bool,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer of a gateway that the manager leads to, or of the manager if that gives none."""
        asking = partial(self._request, method, route, params=params, is_patient=is_patient)
        async with asking(headers={**headers, REDIRECT_HEADER: REDIRECT_TAKEN}) as response:
            if REDIRECT_HEADER not in response.headers:
                yield response
                return
            location = gateway_location(response.url, response.headers)
        async with contextlib.AsyncExitStack() as stack:
            there = None if location is None else await self._from_gateway(location, headers, stack)
            if there is None:
                there = await stack.enter_async_context(asking(headers=headers))
            yield there

    async def _from_gateway(
        self, location: URL, headers: Mapping[str, str], stack: contextlib.AsyncExitStack
    ) -> aiohttp.ClientResponse | None:
        """The content from a gateway, open as long as the stack; None if there is none to be had."""
        # The address is all that the gateway needs: the user's token stays with the manager.
        own = {name: value for name, value in headers.items() if name != "Authorization"}
        try:
            response = await stack.enter_async_context(
                self._session.get(
                    location,
                    headers=own,
                    timeout=self._timeout,
                    allow_redirects=False,
                    read_bufsize=READ_BUFFER_BYTES,
                )
            )
        except (aiohttp.ClientError, TimeoutError):
            return None
        return response if response.status in _CONTENT else None

    @contextlib.asynccontextmanager
    async def files(self, paths: Sequence[str]) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask for the content of several small files; yields the answer (`protocol.file_stream`).

        Raises:
            NotFound: The manager has no such route.
            NotLoggedIn, Forbidden: It gives none of them.
            Unreachable, ServerFailed: No answer came, or that of a failure.
        """
        headers = {**(await self._authorization()), "Accept-Encoding": "identity"}
        asked = self._request(
            "POST", DOWNLOAD_FILES, json={"files": list(paths)}, headers=headers, is_patient=True
        )
        async with asked as response:
            if response.status != OK:
                raise _error_of(response, await _answer_of(response))
            yield response

    def signed_url(self, payload: str) -> str:
        """The address under which a signed payload can be had."""
        return f"{self._base}/signed-download?{urlencode({'q': payload})}"

    async def token(self) -> str:
        """A token that is good now. Raises `NotLoggedIn`, or why it could not be renewed."""
        if self._token is None:
            raise NotLoggedIn("log in first")
        if isinstance(self._token, str):
            return self._token
        return await self._token.token(self._renewed)

    async def _renewed(self, renewal: str) -> dict[str, Any]:
        return await self._json(
            "POST", "/account/token", body={"renewal": renewal}, is_patient=True
        )

    async def _authorization(self) -> dict[str, str]:
        return _bearer(await self.token())

    async def _json(
        self,
        method: str,
        route: str,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        is_patient: bool = False,
    ) -> dict[str, Any]:
        asked = self._request(method, route, json=body, headers=headers, is_patient=is_patient)
        async with asked as response:
            if response.status == OK:
                return await self._read(response)
            answer = await _answer_of(response)
            is_ours = answer and response.status != NOT_FOUND
            if _is_of_another_server(response.status) and not is_ours:
                raise no_manager("the manager", self._base, f"HTTP {response.status}")
            raise _error_of(response, answer)

    async def _read(self, response: aiohttp.ClientResponse) -> dict[str, Any]:
        try:
            return await _read_json(response)
        except UnexpectedAnswer as error:
            address = address_of(self._base)
            problem = f"what answers at {address} may not be the manager: {error}"
            raise UnexpectedAnswer(problem) from error

    @contextlib.asynccontextmanager
    async def _request(
        self,
        method: str,
        route: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        is_patient: bool,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask, and if `is_patient` ask a manager that cannot serve now again when it says."""
        headers = {**correlation_header(), **(headers or {})}
        left_s = self._settings.unavailable_patience_s if is_patient else 0.0
        asking = partial(
            self._session.request,
            params=params,
            json=json,
            headers=headers,
            timeout=self._timeout,
            allow_redirects=False,
            read_bufsize=READ_BUFFER_BYTES,
        )
        try:
            while True:
                base = self._base
                async with await self._connected(asking, method, route) as response:
                    if "Location" in response.headers and REDIRECT_HEADER not in response.headers:
                        raise moved("the manager", base, route, response.headers["Location"])
                    pause_s = self._settings.pause_s(response.status, response.headers)
                    if pause_s is None or pause_s > left_s:
                        yield response
                        return
                left_s -= pause_s
                await self._settings.sleep(pause_s)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unreachable("the manager", self._base, error) from error

    async def _connected(
        self, asking: Callable[..., Awaitable[aiohttp.ClientResponse]], method: str, route: str
    ) -> aiohttp.ClientResponse:
        """The answer of the present manager, or of the first of the others that can be connected to."""
        while True:
            base = self._base
            try:
                response = await asking(method, f"{base}{route}")
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                # Nothing has been sent yet.
                if not self._managers.failed(base):
                    raise
            else:
                self._managers.reached()
                return response


def _is_of_another_server(status: int) -> bool:
    """Whether an error without words of ours cannot be a manager's, nor that of a proxy before one."""
    return status < SERVER_ERRORS or status == NOT_IMPLEMENTED


def _graphql_error(problems: object) -> CloudError:
    """The first of the errors that a GraphQL answer tells."""
    try:
        first = problems[0]  # type: ignore[index]  # foreign JSON
        message, code = str(first["message"]), first.get("extensions", {}).get("code")
    except (LookupError, TypeError, AttributeError):
        return UnexpectedAnswer("the manager answered a GraphQL request with no valid error")
    kind = Forbidden if code in _FORBIDDEN_CODES else Refused
    return kind(message[:LONGEST_REASON])


async def _read_json(response: aiohttp.ClientResponse) -> dict[str, Any]:
    try:
        answer = json.loads(await read_up_to(response.content, LONGEST_ANSWER))
    except (ValueError, RecursionError) as error:
        raise UnexpectedAnswer("its answer is not JSON") from error
    if not isinstance(answer, dict):
        raise UnexpectedAnswer("its answer is not a JSON object")
    return answer


def _bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def _needed(reason: str, answer: Mapping[str, Any]) -> CloudError:
    challenge = answer.get("challenge")
    return SecondFactorNeeded(reason, challenge if isinstance(challenge, str) else "")


_SECOND_FACTOR_ERRORS: Mapping[str, Callable[[str, Mapping[str, Any]], CloudError]] = {
    "second-factor-required": _needed,
    "session-needed": _needed,
    "second-factor-demanded": lambda reason, _: SecondFactorDemanded(reason),
    "wrong-second-factor": lambda reason, _: WrongCode(reason),
}
"""By the codes of the manager."""


def _error_of(response: aiohttp.ClientResponse, answer: Mapping[str, Any]) -> CloudError:
    reason = _reason(answer)
    if (code := response.headers.get(LASTING_HEADER)) is not None:
        return LastingFailure(reason or f"the server cannot do this ({code})")
    match response.status:
        case 401:
            return NotLoggedIn(reason or "the token is not valid any more: log in again")
        case 403:
            return _refusal(reason, answer)
        case 404:
            return NotFound(reason or "there is no such thing")
        case 429:
            return TooManyAttempts(reason or "too many attempts: try again later")
        case status if status >= SERVER_ERRORS:
            return _failure(status, reason or response.reason or "no reason given", response)
        case status:
            return Refused(reason or f"the manager answered HTTP {status}")


def _refusal(reason: str | None, answer: Mapping[str, Any]) -> CloudError:
    if answer.get("needs_setup_code") is True:
        return SetupCodeNeeded(reason or "the first user needs the setup code")
    code = answer.get("code")
    kind = _SECOND_FACTOR_ERRORS.get(code) if isinstance(code, str) else None
    if kind is not None:
        return kind(reason or "a second factor is needed", answer)
    return Forbidden(reason or "this is not allowed")


def _failure(status: int, reason: str, response: aiohttp.ClientResponse) -> ServerFailed:
    after_s = retry_after_s(status, response.headers)
    return ServerFailed(status, reason) if after_s is None else Unavailable(status, reason, after_s)


async def _answer_of(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """What an error was answered with; nothing when it is no JSON."""
    with contextlib.suppress(UnexpectedAnswer):
        return await _read_json(response)
    return {}


def _reason(answer: Mapping[str, Any]) -> str | None:
    """The manager's own words; None when there are none."""
    details = answer.get("error_details")
    if details is None:
        return None
    words = details if isinstance(details, str) else json.dumps(details)
    return words[:LONGEST_REASON]
