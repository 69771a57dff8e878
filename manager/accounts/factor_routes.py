"""The routes below `/account` and `/admin` about second factors."""

from typing import Any
from uuid import UUID

from aiohttp import web
from yarl import URL

from catalog.errors import UserMissing
from catalog.factor_port import Factor, SecondFactors
from catalog.records import User
from common.addresses import ClientAddresses
from common.http_answers import success
from common.password_guard import PasswordGuard
from manager.accounts.accounts import Accounts
from manager.accounts.challenges import ChallengeKind, Challenges
from manager.accounts.factor_enrolment import Enrolled, FactorEnrolment
from manager.accounts.login_routes import SessionStarter, WebsiteOf, answer_of
from manager.accounts.second_factors import FactorCatalog, FactorManager, challenge_facts
from manager.accounts.sessions import Sessions
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.errors import InvalidRequest, NoSuchFactor, NoSuchUser
from manager.files.conversion import optional_timestamp, timestamp
from manager.http.parameters import Parameters, json_object
from protocol.values import check_password


class FactorRoutes:
    """What users do with their own second factors.

    A change takes a confirmation, which lasts some minutes: who has just sent the password or a second factor
    gets one. So a stolen token alone changes nothing.
    """

    def __init__(
        self,
        accounts: Accounts,
        catalog: FactorCatalog,
        factors: FactorManager,
        enrolment: FactorEnrolment,
        challenges: Challenges,
        starter: SessionStarter,
        audit: AuditLog,
        addresses: ClientAddresses,
        website_of: WebsiteOf,
        *,
        password_guard: PasswordGuard,
        factor_guard: PasswordGuard,
    ) -> None:
        """Takes what it uses.

        Args:
            accounts: Authenticates users, and verifies passwords.
            catalog: Has the factors.
            factors: Verifies second factors.
            enrolment: Enrols and removes them.
            challenges: Issues challenges and confirmations.
            starter: Logs in whose login had demanded a factor.
            audit: Records changes.
            addresses: Tells where clients are.
            website_of: Tells for which website passkeys are.
            password_guard: Limits guesses at passwords.
            factor_guard: Limits guesses at second factors.
        """
        self._accounts = accounts
        self._catalog = catalog
        self._factors = factors
        self._enrolment = enrolment
        self._challenges = challenges
        self._starter = starter
        self._audit = audit
        self._addresses = addresses
        self._website_of = website_of
        self._password_guard = password_guard
        self._factor_guard = factor_guard

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.get("/account/factors", self.list_factors, allow_head=False),
            web.post("/account/confirmation/options", self.confirmation_options),
            web.post("/account/confirmation", self.confirm),
            web.post("/account/factors/totp", self.begin_totp),
            web.post("/account/factors/totp/finish", self.finish_totp),
            web.post("/account/factors/passkey", self.begin_passkey),
            web.post("/account/factors/passkey/finish", self.finish_passkey),
            web.post("/account/factors/remove", self.remove),
            web.post("/account/recovery-codes", self.renew_recovery_codes),
        ]

    async def list_factors(self, request: web.Request) -> web.Response:
        """The user's second factors, and what else the page shows beside them."""
        user = await self._user_of(request)
        owned = await self._catalog.second_factors_of(user.id)
        return success(
            factors=[_factor_to_json(factor) for factor in owned.factors],
            recovery_codes=owned.recovery_codes,
            is_demanded=self._factors.is_demanded(user, owned),
            passkeys_available=self._website_of(request) is not None,
        )

    async def confirmation_options(self, request: web.Request) -> web.Response:
        """A challenge for a second factor of the user, and how it may be answered."""
        user = await self._user_of(request)
        owned = await self._catalog.second_factors_of(user.id)
        challenge = self._challenges.issue(ChallengeKind.CHECK, user)
        return success(**challenge_facts(challenge, owned, self._website_of(request)))

    async def confirm(self, request: web.Request) -> web.Response:
        """A confirmation, for the password or for the answer to a challenge."""
        user = await self._user_of(request)
        parameters = Parameters(await json_object(request))
        if parameters.optional("password") is not None:
            password = parameters.required("password", check_password)
            with self._password_guard.attempt(request, user.name):
                user = await self._accounts.verify_password(user.name, password)
        else:
            await self._answer_check(request, parameters, user)
        confirmation = self._challenges.issue(ChallengeKind.CONFIRMATION, user)
        return success(
            confirmation=confirmation.text, expires_at=timestamp(confirmation.expires_at)
        )

    async def begin_totp(self, request: web.Request) -> web.Response:
        """A new secret for an authenticator app."""
        parameters = Parameters(await json_object(request))
        confirmation = parameters.required("confirmation", str)
        issuer = URL(self._website_of.base_url(request)).host or ""
        return success(**await self._enrolment.begin_totp(confirmation, issuer=issuer))

    async def finish_totp(self, request: web.Request) -> web.Response:
        """Enrols an authenticator app, of which a code is sent."""
        parameters = Parameters(await json_object(request))
        enrolment = parameters.required("enrolment", str)
        code = parameters.required("code", str)
        label = parameters.optional("label")
        enrolled = await self._enrolment.finish_totp(enrolment, code, label)
        return await self._enrolled(request, parameters, enrolled)

    async def begin_passkey(self, request: web.Request) -> web.Response:
        """What a browser needs to make a passkey."""
        parameters = Parameters(await json_object(request))
        confirmation = parameters.required("confirmation", str)
        website = self._website_of.required(request)
        return success(**await self._enrolment.begin_passkey(confirmation, website))

    async def finish_passkey(self, request: web.Request) -> web.Response:
        """Enrols a passkey."""
        parameters = Parameters(await json_object(request))
        enrolment = parameters.required("enrolment", str)
        response = parameters.mapping("passkey")
        if response is None:
            raise InvalidRequest("passkey is missing")
        enrolled = await self._enrolment.finish_passkey(
            enrolment, response, parameters.optional("label"), self._website_of.required(request)
        )
        return await self._enrolled(request, parameters, enrolled)

    async def remove(self, request: web.Request) -> web.Response:
        """Removes a second factor."""
        parameters = Parameters(await json_object(request))
        confirmation = parameters.required("confirmation", str)
        factor_id = _factor_id(parameters.required("id", str))
        user = await self._enrolment.remove(confirmation, factor_id)
        self._record(AuditAction.SECOND_FACTOR_REMOVED, request, user, str(factor_id))
        return success()

    async def renew_recovery_codes(self, request: web.Request) -> web.Response:
        """New recovery codes, shown once."""
        parameters = Parameters(await json_object(request))
        confirmation = parameters.required("confirmation", str)
        user, codes = await self._enrolment.renew_recovery_codes(confirmation)
        self._record(AuditAction.RECOVERY_CODES_RENEWED, request, user, None)
        return success(recovery_codes=codes)

    async def _enrolled(
        self, request: web.Request, parameters: Parameters, enrolled: Enrolled
    ) -> web.Response:
        factor, user = enrolled.factor, enrolled.user
        self._record(AuditAction.SECOND_FACTOR_ENROLLED, request, user, str(factor.id))
        tokens = {}
        if enrolled.logs_in:
            method = f"password, new {factor.kind}"
            tokens = await self._starter.begin(request, parameters, user, method=method)
        return success(
            factor=_factor_to_json(factor), recovery_codes=enrolled.recovery_codes, **tokens
        )

    async def _answer_check(self, request: web.Request, parameters: Parameters, user: User) -> None:
        answer = answer_of(parameters)
        challenge, challenged = await self._factors.challenged(
            parameters.required("challenge", str), ChallengeKind.CHECK
        )
        if challenged.id != user.id:
            raise InvalidRequest("challenge was issued for another user")
        with self._factor_guard.attempt(request, user.name):
            await self._factors.answer(challenge, user, answer, self._website_of(request))

    async def _user_of(self, request: web.Request) -> User:
        return (await self._accounts.login_of(request)).require_account()

    def _record(
        self, action: AuditAction, request: web.Request, user: User, subject: str | None
    ) -> None:
        address = self._addresses.of_request(request)
        self._audit.record(action, actor=user, address=address, subject=subject)


class FactorAdministrationRoutes:
    """What administrators do about the second factors of others."""

    def __init__(
        self,
        accounts: Accounts,
        catalog: FactorCatalog,
        sessions: Sessions,
        audit: AuditLog,
        addresses: ClientAddresses,
    ) -> None:
        """Takes what it uses.

        Args:
            accounts: Authenticates administrators.
            catalog: Has the factors.
            sessions: Ends those of users without what is demanded.
            audit: Records changes.
            addresses: Tells where clients are.
        """
        self._accounts = accounts
        self._catalog = catalog
        self._sessions = sessions
        self._audit = audit
        self._addresses = addresses

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        path = r"/admin/users/{user_id:\d{1,18}}/second-factor"
        return [
            web.get(path, self.show, allow_head=False),
            web.post(path, self.demand),
            web.post(f"{path}/reset", self.reset),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """How many second factors a user has, and whether one is demanded."""
        await self._accounts.administrator_of(request)
        user = await self._accounts.user(int(request.match_info["user_id"]))
        return success(**_summary(await self._catalog.second_factors_of(user.id)))

    async def demand(self, request: web.Request) -> web.Response:
        """Demands a second factor of a user, or not any more.

        Sessions of a user who has none end: the next login begins with the enrolment.
        """
        administrator = await self._accounts.administrator_of(request)
        is_demanded = Parameters(await json_object(request)).flag("is_demanded")
        user = await self._accounts.user(int(request.match_info["user_id"]))
        try:
            await self._catalog.demand_factor(user.id, is_demanded=is_demanded)
        except UserMissing as error:
            raise NoSuchUser from error
        if is_demanded and not (await self._catalog.second_factors_of(user.id)).factors:
            await self._sessions.end_all_of(user.id)
        self._audit.record(
            AuditAction.SECOND_FACTOR_DEMANDED,
            actor=administrator,
            address=self._addresses.of_request(request),
            subject=user.name,
            is_demanded=is_demanded,
        )
        return success()

    async def reset(self, request: web.Request) -> web.Response:
        """Removes all second factors and recovery codes of a user who has lost them."""
        administrator = await self._accounts.administrator_of(request)
        user = await self._accounts.user(int(request.match_info["user_id"]))
        await self._catalog.reset_factors(user.id)
        self._audit.record(
            AuditAction.SECOND_FACTORS_RESET,
            actor=administrator,
            address=self._addresses.of_request(request),
            subject=user.name,
        )
        return success()


def _factor_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NoSuchFactor from None


def _factor_to_json(factor: Factor) -> dict[str, Any]:
    return {
        "id": str(factor.id),
        "kind": factor.kind.value,
        "label": factor.label,
        "created_at": timestamp(factor.created_at),
        "last_used_at": optional_timestamp(factor.last_used_at),
    }


def _summary(owned: SecondFactors) -> dict[str, Any]:
    return {
        "factors": [factor.kind.value for factor in owned.factors],
        "recovery_codes": owned.recovery_codes,
        "is_demanded": owned.is_demanded,
    }
