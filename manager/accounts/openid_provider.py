"""An OpenID provider, at which users log in (OpenID Connect Core 1.0).

The authorization code flow with PKCE (RFC 7636): the browser brings a code, which the manager exchanges for
an ID token over its own connection. The provider's description (OpenID Connect Discovery 1.0) and its keys
are read when they are needed, so that the manager starts without the provider. A provider that rotates its
keys names one that is not known yet: then they are read again, but not for each forged token.
"""

import base64
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote_plus

import aiohttp
import jwt
import msgspec
from msgspec import Struct, ValidationError
from yarl import URL

from common.base64url import to_base64url
from manager.errors import OpenIdFailed, OpenIdUnavailable
from manager.settings import ManagerSettings

REFRESH_S: Final = 3600.0
"""Seconds for which a provider's description and keys are taken as they were."""
KEY_REFRESH_S: Final = 30.0
"""Seconds between two looks for a key that is not known."""
LEEWAY_S: Final = 60.0
"""Seconds by which the provider's clock may differ."""
MAX_ANSWER_BYTES: Final = 1024 * 1024
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10.0)
_ALGORITHMS: Final = (
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "PS256",
    "PS384",
    "PS512",
    "RS256",
    "RS384",
    "RS512",
)
"""Those with a public key: with a shared one, whoever has it could forge tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIdClient:
    """How the manager is registered at the provider.

    Attributes:
        issuer: URL of the provider, without a slash at its end.
        client_id: what the provider calls the manager by.
        client_secret: proves that it is the manager; None for a public client.
        scopes: what it asks for, separated by blanks.
    """

    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    scopes: str

    @classmethod
    def of(cls, settings: ManagerSettings) -> "OpenIdClient | None":
        """As the settings have it; None when there is no provider."""
        if settings.oidc_issuer is None or settings.oidc_client_id is None:
            return None
        secret = settings.oidc_client_secret
        return cls(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=None if secret is None else secret.get_secret_value(),
            scopes=settings.oidc_scopes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIdUser:
    """A user of the provider.

    Attributes:
        issuer: URL of the provider, as it is configured.
        subject: what it calls the user by, for ever.
        claims: what else it says about the user.
    """

    issuer: str
    subject: str
    claims: Mapping[str, Any]


class _Description(Struct, frozen=True, kw_only=True):
    """The part of the provider's metadata that is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Tokens(Struct, frozen=True, kw_only=True):
    """The part of a token response that is used."""

    id_token: str
    access_token: str


class OpenIdProvider:
    """Sends browsers to the provider, and verifies with what they return."""

    def __init__(
        self,
        client: OpenIdClient,
        http: aiohttp.ClientSession,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        """Takes what it uses.

        Args:
            client: How the manager is registered.
            http: Asks the provider.
            clock: Seconds since the epoch.
            monotonic: Seconds that never jump.
        """
        self._client = client
        self._http = http
        self._clock = clock
        self._monotonic = monotonic
        self._description: tuple[float, _Description] | None = None
        self._keys: tuple[float, dict[str | None, jwt.PyJWK]] | None = None

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, client: OpenIdClient, clock: Callable[[], float], monotonic: Callable[[], float]
    ) -> "AsyncIterator[OpenIdProvider]":
        """Holds connections to the provider open. Makes no request yet."""
        async with aiohttp.ClientSession() as http:
            yield cls(client, http, clock, monotonic)

    async def authorization_url(self, *, state: str, verifier: str, redirect_uri: str) -> str:
        """Where the browser goes to log in. Raises `OpenIdUnavailable`.

        Args:
            state: Comes back with the code.
            verifier: PKCE's secret, from which the nonce of the ID token is derived as well.
            redirect_uri: Where the browser comes back.
        """
        description = await self._described()
        challenge = hashlib.sha256(verifier.encode()).digest()
        url = URL(description.authorization_endpoint).update_query(
            response_type="code",
            client_id=self._client.client_id,
            redirect_uri=redirect_uri,
            scope=self._client.scopes,
            state=state,
            nonce=_nonce_of(verifier),
            code_challenge=to_base64url(challenge),
            code_challenge_method="S256",
        )
        return str(url)

    async def user_of(self, code: str, *, verifier: str, redirect_uri: str) -> OpenIdUser:
        """The user for whom the provider has issued a code. Raises `OpenIdFailed`, `OpenIdUnavailable`."""
        description = await self._described()
        tokens = await self._exchanged(description, code, verifier, redirect_uri)
        claims = await self._verified(description, tokens.id_token, _nonce_of(verifier))
        subject = claims["sub"]
        if description.userinfo_endpoint is not None:
            claims = {**claims, **await self._user_info(description.userinfo_endpoint, tokens)}
            if claims.get("sub") != subject:
                raise OpenIdFailed("the provider has answered about another user")
        return OpenIdUser(issuer=self._client.issuer, subject=subject, claims=claims)

    async def _described(self) -> _Description:
        now = self._monotonic()
        if self._description is not None and now - self._description[0] < REFRESH_S:
            return self._description[1]
        url = f"{self._client.issuer}/.well-known/openid-configuration"
        try:
            found = msgspec.convert(await self._json("GET", url), _Description)
        except ValidationError as error:
            raise OpenIdUnavailable(f"its description lacks something: {error}") from error
        if found.issuer.rstrip("/") != self._client.issuer:
            raise OpenIdUnavailable("it calls itself by another URL than OIDC_ISSUER")
        self._description = (now, found)
        return found

    async def _exchanged(
        self, description: _Description, code: str, verifier: str, redirect_uri: str
    ) -> _Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {}
        secret = self._client.client_secret
        methods = description.token_endpoint_auth_methods_supported
        if secret is None:
            form["client_id"] = self._client.client_id
        elif "client_secret_basic" in methods or "client_secret_post" not in methods:
            headers["Authorization"] = _basic(self._client.client_id, secret)
        else:
            form |= {"client_id": self._client.client_id, "client_secret": secret}
        answer = await self._json("POST", description.token_endpoint, data=form, headers=headers)
        try:
            return msgspec.convert(answer, _Tokens)
        except ValidationError as error:
            raise OpenIdFailed("the provider has issued no ID token") from error

    async def _verified(self, description: _Description, token: str, nonce: str) -> dict[str, Any]:
        """The claims of an ID token (OpenID Connect Core 1.0, section 3.1.3.7)."""
        try:
            key = await self._key(description, jwt.get_unverified_header(token))
            # The times are checked below, by the injected clock instead of the system's.
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                audience=self._client.client_id,
                issuer=description.issuer,
                options={
                    "require": ["aud", "exp", "iat", "iss", "sub"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.InvalidTokenError as error:
            raise OpenIdFailed("the provider's ID token does not verify") from error
        authorized = claims.get("azp", self._client.client_id)
        if claims.get("nonce") != nonce or authorized != self._client.client_id:
            raise OpenIdFailed("the provider's ID token is for another login")
        if not isinstance(claims["exp"], int | float) or claims["exp"] + LEEWAY_S < self._clock():
            raise OpenIdFailed("the provider's ID token has expired")
        return claims

    async def _key(self, description: _Description, header: Mapping[str, Any]) -> jwt.PyJWK:
        name = header.get("kid")
        keys = await self._known_keys(description, older_than_s=REFRESH_S)
        if name not in keys:
            keys = await self._known_keys(description, older_than_s=KEY_REFRESH_S)
        if name is None and len(keys) == 1:
            return next(iter(keys.values()))
        if name not in keys:
            raise OpenIdFailed("the provider has signed with a key that it does not publish")
        return keys[name]

    async def _known_keys(
        self, description: _Description, *, older_than_s: float
    ) -> dict[str | None, jwt.PyJWK]:
        now = self._monotonic()
        if self._keys is not None and now - self._keys[0] < older_than_s:
            return self._keys[1]
        try:
            found = jwt.PyJWKSet.from_dict(await self._json("GET", description.jwks_uri)).keys
        except (jwt.PyJWTError, AttributeError, TypeError, ValueError) as error:
            raise OpenIdUnavailable("its keys cannot be read") from error
        keys = {key.key_id: key for key in found if key.public_key_use in {None, "sig"}}
        self._keys = (now, keys)
        return keys

    async def _user_info(self, url: str, tokens: _Tokens) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {tokens.access_token}"}
        return await self._json("GET", url, headers=headers)

    async def _json(self, method: str, url: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - aiohttp's
        """The object that a URL of the provider answers. Raises `OpenIdFailed`, `OpenIdUnavailable`."""
        try:
            async with self._http.request(
                method, url, allow_redirects=False, timeout=_TIMEOUT, **options
            ) as response:
                body = await _limited(response)
                status = response.status
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise OpenIdUnavailable(type(error).__name__) from error
        if status in {400, 401, 403}:
            raise OpenIdFailed(f"the provider refuses the login (status {status})")
        try:
            if status != 200:
                raise OpenIdUnavailable(f"it answers with status {status}")
            return msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise OpenIdUnavailable("it answers with something else than JSON") from error


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise OpenIdUnavailable("its answer is too long")
    return bytes(body)


def _nonce_of(verifier: str) -> str:
    return hashlib.sha256(b"nonce\0" + verifier.encode()).hexdigest()


def _basic(client_id: str, secret: str) -> str:
    # RFC 6749, section 2.3.1: both are form-encoded first.
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
