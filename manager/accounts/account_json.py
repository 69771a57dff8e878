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


def app_password_to_json(
    app_password: AppPassword, view: SpaceView, *, is_own: bool = True
) -> dict[str, Any]:
    """An app password in a listing. Its text is known to nobody but its program.

    Args:
        app_password: It.
        view: That of the user who asks.
        is_own: Whether that is its user, who is told at least the name of a folder that is hidden meanwhile.
    """
    folder = app_password.folder
    if folder:
        folder = view.shown(folder) or (folder[-1:] if is_own else None)
    return {
        "id": str(app_password.id),
        "name": app_password.name,
        "read_only": app_password.is_read_only,
        "folder": None if folder is None else format_path(folder),
        "is_confined": app_password.folder is not None,
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
