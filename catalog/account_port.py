"""The part of the port for users. The promises of `catalog.port` hold here as well."""

from dataclasses import dataclass
from typing import Protocol

from catalog.records import NO_QUOTA, StorageQuota, User

NO_PASSWORD = "locked"  # noqa: S105 - in the place of a hash, of which it is none
"""The hash of a locked user, which no password matches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user, the files that are the user's (how many, and of how many bytes), and how much it may be."""

    user: User
    file_count: int
    total_size: int
    quota: StorageQuota = NO_QUOTA


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """Some of the accounts that were asked for; `total` counts all of them."""

    accounts: tuple[Account, ...]
    total: int


class AccountStore(Protocol):
    """Users. Names are unique without regard to (ASCII) case.

    A user is made again by the same call if name, password hash and role are the same: hashes are
    salted, so that only the first caller can repeat it.

    Once there is an administrator who can log in, there is always one.
    """

    async def setup_code(self, proposed: str) -> str | None:
        """The code that creating the first user requires; None once there is a user.

        It is the code that was proposed first, and is deleted when there is a user.
        """

    async def create_first_user(self, name: str, password_hash: str) -> User:
        """Makes the administrator. Raises `AlreadyClaimed` when any user exists."""

    async def create_user(
        self,
        name: str,
        password_hash: str,
        *,
        is_admin: bool = False,
        quota: StorageQuota = NO_QUOTA,
    ) -> User:
        """Makes a user. Raises `UserExists`."""

    async def user_by_name(self, name: str) -> User | None:
        """The user of that name, regardless of case."""

    async def user_by_id(self, user_id: int) -> User | None:
        """The user with that id."""

    async def set_password(
        self, user_id: int, password_hash: str, *, epoch: int | None = None
    ) -> User:
        """Also raises the token epoch by one, unless the hash is the present one.

        With `epoch` only as long as that is the user's token epoch. Raises `UserMissing`,
        `PasswordChanged`.
        """

    async def replace_password_hash(self, user_id: int, *, previous: str, renewed: str) -> None:
        """Another hash of the same password; tokens stay what they are.

        Nothing happens unless `previous` is the user's hash.
        """

    async def lock_user(self, user_id: int) -> User:
        """Takes a user's role and password, and raises the token epoch; once only.

        Raises `UserMissing`, and `LastAdministrator` when no administrator would be left.
        """

    async def search_users(self, query: str, *, limit: int) -> list[User]:
        """Users whose name contains `query`, those that start with it first, then by name."""

    async def list_accounts(self, *, query: str = "", offset: int, limit: int) -> AccountPage:
        """Users whose name contains `query`, by name, each with what it owns."""

    async def set_role(self, user_id: int, *, is_admin: bool) -> User:
        """Makes a user an administrator, or not any more.

        Raises `UserMissing`, and `LastAdministrator` when no administrator would be left.
        """

    async def remove_user(self, user_id: int) -> None:
        """Deletes a user, shares to the user, and the user's tickets that are not complete.

        An upload with one of those fails, then, when it is completed. A missing user is no error.
        Raises `UserHasFiles`, and `LastAdministrator` when no administrator would be left.
        """
