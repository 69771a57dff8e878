"""The routes that finish a login with a second factor, or do all of it with a passkey."""

from typing import Any

from aiohttp import web

from catalog.records import User
from common.addresses import ClientAddresses
from common.http_answers import success
from common.password_guard import PasswordGuard
from manager.accounts import passkeys
from manager.accounts.account_json import tokens_to_json
from manager.accounts.challenges import ChallengeKind, Challenges
from manager.accounts.passkeys import Website
from manager.accounts.second_factors import FactorAnswer, FactorManager
from manager.accounts.sessions import Sessions, device_of
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.errors import InvalidRequest, PasskeysUnavailable
from manager.http.parameters import Parameters, base_url_of, json_object
from protocol.values import MAX_SAFE_INTEGER


class WebsiteOf:
    """Tells for which website a request wants passkeys.

    Args:
        public_url: URL of the manager; None: that of each request.
    """

    def __init__(self, public_url: str | None) -> None:
        self._public_url = public_url

    def base_url(self, request: web.Request) -> str:
        """URL of the manager that the client uses. Raises `InvalidRequest`."""
        return base_url_of(request, self._public_url)

    def required(self, request: web.Request) -> Website:
        """The website. Raises `PasskeysUnavailable`."""
        return Website.of(self.base_url(request))

    def __call__(self, request: web.Request) -> Website | None:
        """The website; None where browsers allow no passkeys."""
        try:
            return self.required(request)
        except PasskeysUnavailable:
            return None


class SessionStarter:
    """Logs in who has proved to be a user, with what the request says about its client.

    Args:
        sessions: Begins sessions.
        addresses: Tells where clients are.
        audit: Records logins.
    """

    def __init__(self, sessions: Sessions, addresses: ClientAddresses, audit: AuditLog) -> None:
        self._sessions = sessions
        self._addresses = addresses
        self._audit = audit

    async def begin(
        self, request: web.Request, parameters: Parameters, user: User, *, method: str
    ) -> dict[str, Any]:
        """Begins a session; answers what the client gets of it.

        Args:
            request: From where the user logs in.
            parameters: What the client asks of its session.
            user: The user.
            method: By what the user has proved it, for the audit log.

        Raises `WrongCredentials` if the user is gone, `InvalidRequest`.
        """
        address = self._addresses.of_request(request)
        issued = await self._sessions.begin(
            user,
            device=device_of(parameters.optional("device"), request.headers.get("User-Agent")),
            address=address,
            is_renewable=parameters.flag("renewable"),
            life_s=parameters.whole_number("expires_in", at_most=MAX_SAFE_INTEGER),
        )
        self._audit.record(AuditAction.LOGIN, actor=user, address=address, method=method)
        return tokens_to_json(issued)


class SecondFactorRoutes:
    """`/login/methods`, `/login/second-factor` and `/login/passkey`."""

    def __init__(
        self,
        factors: FactorManager,
        challenges: Challenges,
        starter: SessionStarter,
        guard: PasswordGuard,
        website_of: WebsiteOf,
        *,
        openid_name: str | None,
    ) -> None:
        """Takes what it uses.

        Args:
            factors: Verifies second factors.
            challenges: Issues challenges.
            starter: Logs in who has proved to be a user.
            guard: Limits guesses at second factors.
            website_of: Tells for which website passkeys are.
            openid_name: What the OpenID provider is called; None when there is none.
        """
        self._factors = factors
        self._challenges = challenges
        self._starter = starter
        self._guard = guard
        self._website_of = website_of
        self._openid_name = openid_name

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.get("/login/methods", self.methods, allow_head=False),
            web.post("/login/second-factor", self.second_factor),
            web.post("/login/passkey/options", self.passkey_options),
            web.post("/login/passkey", self.passkey),
        ]

    async def methods(self, request: web.Request) -> web.Response:
        """How one can log in besides by user name and password."""
        return success(
            openid=self._openid_name, passkeys_available=self._website_of(request) is not None
        )

    async def second_factor(self, request: web.Request) -> web.Response:
        """What `/login` answers, for the challenge that it gave and a second factor."""
        parameters = Parameters(await json_object(request))
        text = parameters.required("challenge", str)
        answer = answer_of(parameters)
        challenge, user = await self._factors.challenged(text, ChallengeKind.SECOND_FACTOR)
        with self._guard.attempt(request, user.name):
            await self._factors.answer(challenge, user, answer, self._website_of(request))
        method = "password, code" if answer.passkey is None else "password, passkey"
        return success(**await self._starter.begin(request, parameters, user, method=method))

    async def passkey_options(self, request: web.Request) -> web.Response:
        """A challenge for a passkey that logs in without a password."""
        website = self._website_of.required(request)
        challenge = self._challenges.issue(ChallengeKind.PASSKEY)
        options = passkeys.request_options(website, (), challenge.id)
        return success(challenge=challenge.text, passkey_options=options)

    async def passkey(self, request: web.Request) -> web.Response:
        """What `/login` answers, for a passkey alone."""
        parameters = Parameters(await json_object(request))
        text = parameters.required("challenge", str)
        answer = answer_of(parameters)
        if answer.passkey is None:
            raise InvalidRequest("passkey is missing")
        website = self._website_of.required(request)
        with self._guard.attempt(request):
            user = await self._factors.passkey_login(text, answer.passkey, website)
        return success(**await self._starter.begin(request, parameters, user, method="passkey"))


def answer_of(parameters: Parameters) -> FactorAnswer:
    """The second factor in a body. Raises `InvalidRequest` unless there is exactly one."""
    answer = FactorAnswer(code=parameters.optional("code"), passkey=parameters.mapping("passkey"))
    if (answer.code is None) == (answer.passkey is None):
        raise InvalidRequest("either code or passkey is needed")
    return answer
