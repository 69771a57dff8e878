"""The client's methods that concern the own account: sessions and app passwords."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from client_sdk.errors import NotFound, UnexpectedAnswer
from client_sdk.session import ClientCore

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class LoginSession:
    """A login on some device.

    Attributes:
        id: uuid of the session.
        device: What the device, or program, calls itself.
        address: Where it was seen last.
        created_at: When it logged in.
        last_seen_at: When it was seen last; up to some minutes late.
        expires_at: When it ends.
        is_current: Whether it is the session of this client.
    """

    id: str
    device: str
    address: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    is_current: bool


@dataclass(frozen=True, kw_only=True)
class AppPassword:
    """A password of a program.

    Attributes:
        id: uuid of the app password.
        name: Its name.
        read_only: Whether it changes nothing.
        folder: The folder to which it is confined, where it is now; None: to none, or (for
            administrators) to one that they may not see.
        is_confined: Whether it is confined to a folder.
        created_at: When it was made.
        last_used_at: When it was used last, up to some minutes late; None: never.
        expires_at: When it ends; None: never.
    """

    id: str
    name: str
    read_only: bool
    folder: str | None
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    is_confined: bool = False


class Authenticating(ClientCore):
    """Sessions and app passwords. `Client` has the documentation.

    All but `logout` need a token: an app password manages no account, and raises `Forbidden`.
    """

    async def logout(self) -> None:
        """End the session of this client's token, or revoke the app password that it uses.

        The client's connection ends. A token of a manager before release 0.3 ends with its time alone.
        """
        await self._api.ask("POST", "/logout", body={})

    async def sessions(self, *, user_id: int | None = None) -> list[LoginSession]:
        """Where the user is logged in, those seen last first.

        Args:
            user_id: Another user, for administrators; None: the own ones.
        """
        answer = await self._api.ask("GET", f"{_base(user_id)}/sessions")
        return _listed(answer, "sessions", LoginSession)

    async def end_session(self, session_id: str, *, user_id: int | None = None) -> None:
        """End a session, and the connections that it has. Raises `NotFound`."""
        await self._api.ask("DELETE", f"{_base(user_id)}/sessions/{session_id}")

    async def end_other_sessions(self, *, user_id: int | None = None) -> int:
        """End all sessions but that of this client; returns how many.

        Args:
            user_id: Another user, for administrators, whose sessions all end.
        """
        answer = await self._api.ask("DELETE", f"{_base(user_id)}/sessions")
        return int(answer.get("ended", 0))

    async def app_passwords(self) -> list[AppPassword]:
        """The app passwords of the user, by name."""
        answer = await self._api.ask("GET", "/account/app-passwords")
        return _listed(answer, "app_passwords", AppPassword)

    async def create_app_password(
        self,
        name: str,
        *,
        read_only: bool = False,
        folder: str | None = None,
        expires_at: datetime | None = None,
    ) -> str:
        """Make an app password, and return its text, which cannot be had again.

        Args:
            name: What it is for; no two of a user are alike.
            read_only: Whether it changes nothing.
            folder: The folder to which it is confined, wherever that is moved; None: to none.
            expires_at: When it ends, with its time zone; None: never.

        Raises:
            NotFound: There is no such folder.
            Refused: The name is taken or cannot be used, or there are too many.
        """
        body = {
            "name": name,
            "read_only": read_only,
            "folder": folder,
            "expires_at": None if expires_at is None else expires_at.isoformat(),
        }
        answer = await self._api.ask("POST", "/account/app-passwords", body=body)
        text = answer.get("app_password")
        if not isinstance(text, str):
            raise UnexpectedAnswer("the manager made an app password and did not tell it")
        return text

    async def revoke_app_password(self, name: str) -> None:
        """Revoke the app password of that name, which ends its connections. Raises `NotFound`."""
        for each in await self.app_passwords():
            if each.name == name:
                await self._api.ask("DELETE", f"/account/app-passwords/{each.id}")
                return
        raise NotFound(f"{name}: there is no such app password")


def _base(user_id: int | None) -> str:
    return "/account" if user_id is None else f"/admin/users/{user_id}"


def _listed(answer: Mapping[str, Any], name: str, kind: type[T]) -> list[T]:
    try:
        return msgspec.convert(answer.get(name), list[kind])  # type: ignore[valid-type]
    except msgspec.ValidationError as error:
        raise UnexpectedAnswer(f"the manager answered without {name}: {error}") from error
