"""Stores the login in one file in the user's configuration folder, which only the user can read.

The environment takes precedence over the file. A token is sent only to the manager that issued it.
"""

import contextlib
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import msgspec
from platformdirs import user_config_path

from cli.errors import CredentialsUnusable
from client_sdk.errors import InvalidInput, NotLoggedIn

FILE_NAME = "credentials.json"
PROFILES = "profiles"
"""Folder beside it, with such a file for each profile."""
_PROFILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
PRIVATE = 0o600


@dataclass(frozen=True)
class ClientEnvironment:
    """The login as set in the environment.

    A plain class: the library that reads the settings of servers takes longer to import than a
    command takes to run.

    Attributes:
        url: Address of the manager; None for that of the saved login.
        token: Token of the user; None for that of the saved login.
        ca_cert: File of certificates to trust; None for that of the saved login.
    """

    url: str | None = None
    token: str | None = field(default=None, repr=False)
    ca_cert: str | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Read the variables that are not empty."""
        return cls(
            url=environment.get("DISCORD_CLOUD_URL") or None,
            token=environment.get("DISCORD_CLOUD_TOKEN") or None,
            ca_cert=environment.get("DISCORD_CLOUD_CA_CERT") or None,
        )


@dataclass(frozen=True)
class Credentials:
    """A login.

    Attributes:
        url: http(s) URL of the manager.
        token: An app password; the user's token if an earlier release has saved it.
        ca_cert: File of certificates that are trusted there besides those of this machine; None for
            none.
        user: Name of the user; None if an earlier release has saved it, or for a token of the environment.
        account_token: A token that may manage accounts for some minutes; None for none.
        account_until: When that ends, in seconds since the epoch.
    """

    url: str
    token: str = field(repr=False)
    ca_cert: str | None = None
    user: str | None = None
    account_token: str | None = field(default=None, repr=False)
    account_until: float = 0.0


def is_app_password(token: str) -> bool:
    """Whether it is one, which manages no account."""
    return token.startswith("dca_")


class CredentialStore:
    """The login of this user.

    Args:
        folder: Folder of the file.
        environment: Takes precedence over the file.
        profile: Name of the login; None for the one without a name.
    """

    def __init__(
        self, folder: Path, environment: ClientEnvironment, *, profile: str | None = None
    ) -> None:
        self._folder = folder
        self._environment = environment
        self.profile = profile
        self.path = folder / (FILE_NAME if profile is None else f"{PROFILES}/{profile}.json")

    @classmethod
    def standard(cls) -> "CredentialStore":
        """The store in the user's configuration folder."""
        return cls(user_config_path("discord-cloud"), ClientEnvironment.read(os.environ))

    def of_profile(self, name: str) -> "CredentialStore":
        """The login of that name, instead of the environment's. Raises `InvalidInput` for a wrong name."""
        if not _PROFILE_NAME.fullmatch(name):
            raise InvalidInput(
                "a profile's name has 1 to 32 letters, digits, dashes or underscores"
            )
        return CredentialStore(self._folder, ClientEnvironment(), profile=name)

    def profiles(self) -> list[str]:
        """Names of the logins that have one, sorted."""
        files = (self._folder / PROFILES).glob("*.json")
        return sorted(file.stem for file in files if _PROFILE_NAME.fullmatch(file.stem))

    def current(self) -> Credentials:
        """The login to use.

        Raises:
            NotLoggedIn: There is none.
            CredentialsUnusable: The file cannot be read.
        """
        saved = self.saved()
        url = self._environment.url or (saved.url if saved else None)
        if url is None:
            named = "" if self.profile is None else f" with the profile {self.profile}"
            raise NotLoggedIn(f"you are not logged in{named}")
        login = self._login_for(url, saved)
        if login is None:
            raise NotLoggedIn(f"you are not logged in at {url}")
        return login

    def login_for(self, url: str) -> Credentials | None:
        """The login to use at a manager; None when there is none. Raises `CredentialsUnusable`."""
        return self._login_for(url, self.saved())

    def ca_cert_for(self, url: str) -> str | None:
        """The file of certificates that are trusted at a manager as well; None when there is none."""
        if self._environment.ca_cert is not None:
            return self._environment.ca_cert
        saved = self.saved()
        return saved.ca_cert if saved is not None and saved.url == url.rstrip("/") else None

    def saved(self) -> Credentials | None:
        """The login in the file; None when there is none. Raises `CredentialsUnusable`."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Credentials)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CredentialsUnusable(f"cannot read {self.path}: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            message = f"{self.path} is damaged: delete it, and log in again"
            raise CredentialsUnusable(message) from error

    def save(self, credentials: Credentials) -> None:
        """Save a login atomically. Raises `CredentialsUnusable`."""
        draft = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(
                os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb"
            ) as file:
                file.write(msgspec.json.encode(credentials))
            draft.replace(self.path)
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            raise CredentialsUnusable(f"cannot write {self.path}: {error.strerror}") from error

    def forget(self) -> bool:
        """Delete the login; whether there was one. Raises `CredentialsUnusable`."""
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise CredentialsUnusable(f"cannot delete {self.path}: {error.strerror}") from error
        return True

    def _login_for(self, url: str, saved: Credentials | None) -> Credentials | None:
        if self._environment.token is not None:
            return Credentials(url, self._environment.token, self.ca_cert_for(url))
        if saved is not None and saved.url == url.rstrip("/"):
            return replace(saved, url=url, ca_cert=self.ca_cert_for(url))
        return None
