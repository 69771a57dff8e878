"""Passkeys: WebAuthn credentials, checked by the library `fido2`. No I/O.

Which website a passkey is for is part of what it signs. So the manager must know its own origin as browsers
have it: that of `MANAGER_PUBLIC_URL`, else that of the request. They offer passkeys only in secure contexts,
and never for an address without a name.
"""

import ipaddress
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cryptography.exceptions import UnsupportedAlgorithm
from msgspec import Struct, convert, to_builtins
from yarl import URL

from catalog.factor_port import Factor
from catalog.records import User
from manager.errors import PasskeyRefused, PasskeysUnavailable

if TYPE_CHECKING:
    from fido2.server import Fido2Server
    from fido2.webauthn import PublicKeyCredentialDescriptor

_NO_AAGUID = bytes(16)
_LOCAL = "localhost"


@dataclass(frozen=True, slots=True)
class Website:
    """The website for which passkeys are: in terms of WebAuthn the relying party.

    Attributes:
        origin: scheme, host and port, as browsers have them.
        host: its id.
    """

    origin: str
    host: str

    @classmethod
    def of(cls, base_url: str) -> "Website":
        """That of a manager with this URL. Raises `PasskeysUnavailable`."""
        url = URL(base_url)
        host = url.host or ""
        is_local = host == _LOCAL or host.endswith(f".{_LOCAL}")
        if url.scheme != "https" and not is_local:
            raise PasskeysUnavailable(
                "passkeys need https: open the page by it, and set MANAGER_PUBLIC_URL if a proxy ends TLS"
            )
        if _is_address(host):
            raise PasskeysUnavailable(
                "passkeys are for a name and not for an address: open the page by its name"
            )
        return cls(origin=str(url.origin()), host=host)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskey:
    """What is kept of a passkey.

    Attributes:
        credential_id: how it is found.
        public_key: in COSE.
        counter: its signature counter, 0 if it has none.
    """

    credential_id: bytes
    public_key: bytes
    counter: int


class _Response(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The part of a browser's answer that is used; bytes are base64url."""

    clientDataJSON: str  # noqa: N815 - as browsers call it
    attestationObject: str | None = None  # noqa: N815
    authenticatorData: str | None = None  # noqa: N815
    signature: str | None = None
    userHandle: str | None = None  # noqa: N815


class _Answer(Struct, frozen=True, kw_only=True):
    """A `PublicKeyCredential`. The library would make as many bytes of a number as it says."""

    id: str
    rawId: str  # noqa: N815
    type: str
    response: _Response


def creation_options(
    website: Website, user: User, enrolled: Iterable[Factor], challenge: UUID
) -> dict[str, Any]:
    """What a browser needs to make a passkey: `PublicKeyCredentialCreationOptionsJSON`."""
    from fido2.webauthn import (
        PublicKeyCredentialUserEntity,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options, _ = _server(website).register_begin(
        PublicKeyCredentialUserEntity(
            id=_handle_of(user.id), name=user.name, display_name=user.name
        ),
        credentials=_descriptors(enrolled),
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
        challenge=challenge.bytes,
    )
    made: dict[str, Any] = _json_of(options.public_key)
    return made


def request_options(
    website: Website, enrolled: Iterable[Factor], challenge: UUID
) -> dict[str, Any]:
    """What a browser needs to use a passkey: `PublicKeyCredentialRequestOptionsJSON`.

    Without any enrolled ones the user chooses among those that the authenticator knows for the website.
    """
    from fido2.webauthn import UserVerificationRequirement

    options, _ = _server(website).authenticate_begin(
        credentials=_descriptors(enrolled) or None,
        user_verification=UserVerificationRequirement.REQUIRED,
        challenge=challenge.bytes,
    )
    made: dict[str, Any] = _json_of(options.public_key)
    return made


def created(website: Website, challenge: UUID, response: Mapping[str, Any]) -> NewPasskey:
    """The passkey that a browser has made. Raises `PasskeyRefused`."""
    from fido2.cbor import encode

    try:
        made = _server(website).register_complete(_state(challenge), _read(response))
        credential = made.credential_data
        if credential is None:
            raise PasskeyRefused
        return NewPasskey(
            credential_id=bytes(credential.credential_id),
            public_key=encode(dict(credential.public_key)),
            counter=made.counter,
        )
    except _MALFORMED as error:
        raise PasskeyRefused from error


def credential_of(response: Mapping[str, Any]) -> bytes:
    """The id of the credential that has answered. Raises `PasskeyRefused`."""
    from fido2.utils import websafe_decode

    try:
        return websafe_decode(_read(response)["rawId"])
    except _MALFORMED as error:
        raise PasskeyRefused from error


def counter_after(
    website: Website, challenge: UUID, factor: Factor, response: Mapping[str, Any]
) -> int:
    """The signature counter after a passkey has answered the challenge. Raises `PasskeyRefused`."""
    from fido2.cose import CoseKey
    from fido2.webauthn import AttestedCredentialData, AuthenticationResponse

    try:
        credential = AttestedCredentialData.create(
            _NO_AAGUID, factor.credential_id or b"", CoseKey.parse(_cose_key(factor.key))
        )
        read = _read(response)
        _server(website).authenticate_complete(_state(challenge), [credential], read)
        answer = AuthenticationResponse.from_dict(read).response
    except _MALFORMED as error:
        raise PasskeyRefused from error
    if answer.user_handle not in {None, _handle_of(factor.user_id)}:
        raise PasskeyRefused
    counter = int(answer.authenticator_data.counter)
    # WebAuthn level 3, section 7.2, step 22: one that does not grow belongs to a copy of the passkey.
    if (counter or factor.counter) and counter <= factor.counter:
        raise PasskeyRefused
    return counter


# What a browser sends may be anything; the library raises these for what it cannot read or verify.
_MALFORMED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    UnsupportedAlgorithm,
    ValueError,
    struct.error,
)


def _read(response: Mapping[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = to_builtins(convert(response, _Answer))
    return read


def _server(website: Website) -> "Fido2Server":
    # The library takes 0.1 s to import, and most managers are started without a passkey in use.
    from fido2.server import Fido2Server
    from fido2.webauthn import PublicKeyCredentialRpEntity

    party = PublicKeyCredentialRpEntity(name=website.host, id=website.host)
    return Fido2Server(party, verify_origin=website.origin.__eq__)


def _descriptors(enrolled: Iterable[Factor]) -> "list[PublicKeyCredentialDescriptor]":
    from fido2.webauthn import PublicKeyCredentialDescriptor, PublicKeyCredentialType

    return [
        PublicKeyCredentialDescriptor(
            type=PublicKeyCredentialType.PUBLIC_KEY, id=factor.credential_id
        )
        for factor in enrolled
        if factor.credential_id is not None
    ]


def _state(challenge: UUID) -> dict[str, object]:
    from fido2.utils import websafe_encode
    from fido2.webauthn import UserVerificationRequirement

    return {
        "challenge": websafe_encode(challenge.bytes),
        "user_verification": UserVerificationRequirement.REQUIRED,
    }


def _cose_key(encoded: bytes) -> Mapping[int, Any]:
    from fido2.cbor import decode

    key = decode(encoded)
    if not isinstance(key, Mapping):
        raise TypeError
    return key


def _handle_of(user_id: int) -> bytes:
    return user_id.to_bytes(8, "big")


def _json_of(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can say
    if isinstance(value, Mapping):
        return {str(key): _json_of(value[key]) for key in value}
    if isinstance(value, list | tuple):
        return [_json_of(each) for each in value]
    return value


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
