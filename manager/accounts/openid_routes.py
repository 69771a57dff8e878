"""The routes of a login at an OpenID provider.

`/login/oidc` sends the browser to the provider with a challenge in a cookie, `/login/oidc/callback` verifies
what it brings back, and the page then exchanges the answer for a session. No secret is in an address: the
cookie holds it, which no script reads and no other website sends.
"""

import secrets
from collections.abc import Callable

from aiohttp import web

from catalog.errors import IdentityTaken, UserMissing
from catalog.identity_port import Identity
from catalog.records import User
from common.addresses import ClientAddresses
from common.guesses import TooManyAttempts
from common.http_answers import success
from common.password_guard import PasswordGuard
from manager.accounts.accounts import Accounts
from manager.accounts.challenges import Challenge, ChallengeKind, Challenges
from manager.accounts.login_routes import SessionStarter, WebsiteOf
from manager.accounts.openid_provider import OpenIdProvider
from manager.accounts.openid_users import OpenIdCatalog, OpenIdUsers
from manager.accounts.second_factors import FactorManager
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.errors import ChallengeExpired, IdentityRefused, NoSuchUser, OpenIdError
from manager.files.conversion import timestamp
from manager.http.parameters import Parameters, json_object
from protocol.errors import InvalidValue

_COOKIE = "discord-cloud-oidc"
_VERIFIER_BYTES = 32
MAX_SUBJECT_LENGTH = 255


class OpenIdRoutes:
    """`/login/oidc`, in three steps."""

    def __init__(
        self,
        provider: OpenIdProvider,
        users: OpenIdUsers,
        factors: FactorManager,
        challenges: Challenges,
        starter: SessionStarter,
        guard: PasswordGuard,
        audit: AuditLog,
        addresses: ClientAddresses,
        website_of: WebsiteOf,
    ) -> None:
        """Takes what it uses.

        Args:
            provider: Verifies logins.
            users: Knows who is who here.
            factors: Finds the user of a challenge.
            challenges: Carry a login from one step to the next.
            starter: Logs in.
            guard: Limits codes of the provider that are none: each costs a request there.
            audit: Records logins that were refused.
            addresses: Tells where clients are.
            website_of: Tells where the page is.
        """
        self._provider = provider
        self._users = users
        self._factors = factors
        self._challenges = challenges
        self._starter = starter
        self._guard = guard
        self._audit = audit
        self._addresses = addresses
        self._website_of = website_of

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.get("/login/oidc", self.begin, allow_head=False),
            web.get("/login/oidc/callback", self.come_back, allow_head=False),
            web.post("/login/oidc", self.finish),
        ]

    async def begin(self, request: web.Request) -> web.Response:
        """Sends the browser to the provider."""
        verifier = secrets.token_urlsafe(_VERIFIER_BYTES)
        challenge = self._challenges.issue(ChallengeKind.OIDC, secret=verifier)
        try:
            url = await self._provider.authorization_url(
                state=challenge.id.hex, verifier=verifier, redirect_uri=self._callback(request)
            )
        except OpenIdError as error:
            return self._refused(request, error)
        response = _redirect(url)
        self._remember(request, response, challenge)
        return response

    async def come_back(self, request: web.Request) -> web.Response:
        """Takes what the provider answers, and sends the browser to the page."""
        try:
            challenge = self._challenges.read(request.cookies.get(_COOKIE, ""), ChallengeKind.OIDC)
            state, code = request.query.get("state", ""), request.query.get("code", "")
            if state != challenge.id.hex or challenge.secret is None or not code:
                raise ChallengeExpired
            with self._guard.attempt(request):
                await self._challenges.spend(challenge)
                found = await self._provider.user_of(
                    code, verifier=challenge.secret, redirect_uri=self._callback(request)
                )
            user = await self._users.user_of(found, address=self._addresses.of_request(request))
        except (ChallengeExpired, OpenIdError, TooManyAttempts) as error:
            return self._refused(request, error)
        response = _redirect(f"{self._website_of.base_url(request)}/#oidc")
        self._remember(request, response, self._challenges.issue(ChallengeKind.OIDC_FINISH, user))
        return response

    async def finish(self, request: web.Request) -> web.Response:
        """What `/login` answers, and a confirmation, with which the user may change second factors."""
        parameters = Parameters(await json_object(request))
        challenge, user = await self._factors.challenged(
            request.cookies.get(_COOKIE, ""), ChallengeKind.OIDC_FINISH
        )
        await self._challenges.spend(challenge)
        tokens = await self._starter.begin(request, parameters, user, method="OpenID")
        confirmation = self._challenges.issue(ChallengeKind.CONFIRMATION, user)
        response = success(confirmation=confirmation.text, **tokens)
        response.del_cookie(_COOKIE, path="/")
        return response

    def _refused(
        self, request: web.Request, error: ChallengeExpired | OpenIdError | TooManyAttempts
    ) -> web.Response:
        """Sends the browser to the page, which says why there is no login."""
        self._audit.record(
            AuditAction.OPENID_LOGIN_REFUSED,
            actor=None,
            address=self._addresses.of_request(request),
            outcome="failure",
            reason=error.code,
            details=str(error),
        )
        response = _redirect(f"{self._website_of.base_url(request)}/#oidc-error={error.code}")
        response.del_cookie(_COOKIE, path="/")
        return response

    def _callback(self, request: web.Request) -> str:
        return f"{self._website_of.base_url(request)}/login/oidc/callback"

    def _remember(self, request: web.Request, response: web.Response, challenge: Challenge) -> None:
        # Lax: the provider's website sends the browser back.
        response.set_cookie(
            _COOKIE,
            challenge.text,
            httponly=True,
            path="/",
            samesite="Lax",
            secure=self._website_of.base_url(request).startswith("https:"),
        )


class IdentityRoutes:
    """What administrators do about links of users to the OpenID provider."""

    def __init__(
        self,
        accounts: Accounts,
        catalog: OpenIdCatalog,
        audit: AuditLog,
        addresses: ClientAddresses,
        clock: Callable[[], float],
        *,
        issuer: str,
    ) -> None:
        """Takes what it uses.

        Args:
            accounts: Authenticates administrators.
            catalog: Has the links.
            audit: Records changes.
            addresses: Tells where clients are.
            clock: Seconds since the epoch.
            issuer: The provider that is configured.
        """
        self._accounts = accounts
        self._catalog = catalog
        self._audit = audit
        self._addresses = addresses
        self._clock = clock
        self._issuer = issuer

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        path = r"/admin/users/{user_id:\d{1,18}}/identities"
        return [
            web.get(path, self.list_identities, allow_head=False),
            web.post(path, self.link),
            web.post(f"{path}/remove", self.unlink),
        ]

    async def list_identities(self, request: web.Request) -> web.Response:
        """Who a user is at the provider."""
        await self._accounts.administrator_of(request)
        user = await self._accounts.user(int(request.match_info["user_id"]))
        found = await self._catalog.identities_of(user.id)
        return success(
            identities=[
                {
                    "issuer": identity.issuer,
                    "subject": identity.subject,
                    "created_at": timestamp(identity.created_at),
                }
                for identity in found
            ]
        )

    async def link(self, request: web.Request) -> web.Response:
        """Links a user to one of the provider."""
        administrator = await self._accounts.administrator_of(request)
        subject = await self._named_subject(request)
        user = await self._accounts.user(int(request.match_info["user_id"]))
        identity = Identity(
            issuer=self._issuer, subject=subject, user_id=user.id, created_at=self._clock()
        )
        try:
            await self._catalog.link_identity(identity)
        except IdentityTaken as error:
            raise IdentityRefused(str(error)) from error
        except UserMissing as error:
            raise NoSuchUser from error
        self._record(AuditAction.IDENTITY_LINKED, request, administrator, user)
        return success()

    async def unlink(self, request: web.Request) -> web.Response:
        """Ends the link of a user."""
        administrator = await self._accounts.administrator_of(request)
        subject = await self._named_subject(request)
        user = await self._accounts.user(int(request.match_info["user_id"]))
        linked = await self._catalog.user_by_identity(self._issuer, subject)
        if linked is None or linked.id != user.id:
            raise IdentityRefused("this user is not linked to that one of the provider")
        await self._catalog.unlink_identity(self._issuer, subject)
        self._record(AuditAction.IDENTITY_UNLINKED, request, administrator, user)
        return success()

    async def _named_subject(self, request: web.Request) -> str:
        parameters = Parameters(await json_object(request))
        return parameters.required("subject", _checked_subject)

    def _record(
        self, action: AuditAction, request: web.Request, administrator: User, user: User
    ) -> None:
        address = self._addresses.of_request(request)
        self._audit.record(action, actor=administrator, address=address, subject=user.name)


def _checked_subject(text: str) -> str:
    # OpenID Connect Core 1.0, section 2: at most 255 characters of ASCII.
    if not (len(text) <= MAX_SUBJECT_LENGTH and text.isascii() and text.isprintable()):
        raise InvalidValue(f"must be printable ASCII of at most {MAX_SUBJECT_LENGTH} characters")
    return text


def _redirect(url: str) -> web.Response:
    headers = {"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return web.Response(status=302, headers=headers)
