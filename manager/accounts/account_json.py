"""Sessions, app passwords and credentials of services as JSON. No I/O."""

from typing import Any

from catalog.records import AppPassword, LoginSession, ServiceCredential
from manager.accounts.sessions import IssuedTokens
from manager.files.conversion import optional_timestamp, timestamp
from manager.space_views import SpaceView
from protocol.values import format_path


def tokens_to_json(issued: IssuedTokens) -> dict[str, Any]:
    """What a client gets for a login; with a renewal secret also when the token ends."""
    if issued.renewal is None:
        return {"token": issued.token}
    return {
        "token": issued.token,
        "renewal": issued.renewal,
        "expires_at": timestamp(issued.expires_at),
    }


def session_to_json(session: LoginSession, *, is_current: bool) -> dict[str, Any]:
    """A session in a listing."""
    return {
        "id": str(session.id),
        "device": session.device,
        "address": session.address,
        "created_at": timestamp(session.created_at),
        "last_seen_at": timestamp(session.last_seen_at),
        "expires_at": timestamp(session.expires_at),
        "is_current": is_current,
    }


def app_password_to_json(app_password: AppPassword, view: SpaceView) -> dict[str, Any]:
    """An app password in a listing. Its text is known to nobody but its program.

    `view`: that of the user who asks; of a folder that is hidden from the user there is just the name.
    """
    folder = app_password.folder
    if folder:
        folder = view.shown(folder) or folder[-1:]
    return {
        "id": str(app_password.id),
        "name": app_password.name,
        "read_only": app_password.is_read_only,
        "folder": None if folder is None else format_path(folder),
        "created_at": timestamp(app_password.created_at),
        "last_used_at": optional_timestamp(app_password.last_used_at),
        "expires_at": optional_timestamp(app_password.expires_at),
    }


def service_credential_to_json(credential: ServiceCredential) -> dict[str, Any]:
    """A credential of a service in a listing."""
    return {
        "name": credential.name,
        "kind": credential.kind.value,
        "created_at": timestamp(credential.created_at),
        "last_used_at": optional_timestamp(credential.last_used_at),
        "revoked_at": optional_timestamp(credential.revoked_at),
    }
