"""Users and groups as requests name them and as answers show them."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol

from catalog.account_port import AccountStore
from catalog.errors import (
    FolderMissing,
    GroupMissing,
    GroupNameTaken,
    NotPermitted,
    RootIsFixed,
    TooManyGrants,
    UserMissing,
)
from catalog.folder_rights import FolderRight
from catalog.port import FolderStore
from catalog.records import User
from catalog.space_port import EVERYBODY, FolderGrant, Grantee, Group, GroupStore, SpaceStore
from manager.errors import (
    AccessDenied,
    InvalidRequest,
    NoSuchFolder,
    NoSuchGroup,
    NoSuchUser,
)
from manager.files.conversion import timestamp
from manager.http.parameters import Parameters

_GROUP_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9])?\Z")
_RIGHTS: Final[Mapping[str, FolderRight]] = {right.name.lower(): right for right in FolderRight}


class SharingStore(AccountStore, FolderStore, GroupStore, SpaceStore, Protocol):
    """Users, groups, folders, and who may see them."""


class People:
    """Finds users and groups."""

    def __init__(self, catalog: SharingStore) -> None:
        self._catalog = catalog

    async def user(self, name: str) -> User:
        """The user of that name. Raises `NoSuchUser`."""
        user = await self._catalog.user_by_name(name)
        if user is None:
            raise NoSuchUser
        return user

    async def group(self, name: str) -> Group:
        """The group of that name. Raises `NoSuchGroup`."""
        for group in await self._catalog.list_groups():
            if group.name.lower() == name.lower():
                return group
        raise NoSuchGroup

    async def grantee(self, parameters: Parameters) -> Grantee:
        """To whom a right is to be granted: `user`, `group` or `everybody`.

        Raises `InvalidRequest`, `NoSuchUser`, `NoSuchGroup`.
        """
        user, group = parameters.optional("user"), parameters.optional("group")
        is_everybodys = parameters.flag("everybody")
        if sum((user is not None, group is not None, is_everybodys)) != 1:
            raise InvalidRequest("name a `user` or a `group`, or set `everybody`")
        if user is not None:
            return Grantee(user_id=(await self.user(user)).id)
        if group is not None:
            return Grantee(group_id=(await self.group(group)).id)
        return EVERYBODY

    async def grant_to_json(self, grant: FolderGrant) -> dict[str, Any]:
        """A grant in an answer: `user` and `group` are null when it is everybody's."""
        grantee = grant.grantee
        user = group = None
        if grantee.user_id is not None:
            found = await self._catalog.user_by_id(grantee.user_id)
            user = None if found is None else found.name
        elif grantee.group_id is not None:
            groups = {each.id: each.name for each in await self._catalog.list_groups()}
            group = groups.get(grantee.group_id)
        return {
            "user": user,
            "group": group,
            "right": right_to_json(grant.right),
            "granted_at": timestamp(grant.granted_at),
        }


def right_of(text: str) -> FolderRight:
    """The right of that name. Raises `InvalidRequest`."""
    if text not in _RIGHTS:
        raise InvalidRequest(f"right: must be one of {', '.join(_RIGHTS)}")
    return _RIGHTS[text]


def right_to_json(right: FolderRight) -> str:
    """The name of a right."""
    return right.name.lower()


def checked_group_name(text: str) -> str:
    """The name of a new group. Raises `InvalidRequest`."""
    if not _GROUP_NAME.match(text):
        raise InvalidRequest(
            "name: must be 1 to 64 of A-Z, a-z, 0-9, blank, dot, hyphen and underscore, with a letter or "
            "digit at both ends"
        )
    return text


def group_to_json(group: Group) -> dict[str, Any]:
    """A group in an answer."""
    return {"id": group.id, "name": group.name, "members": group.members}


@contextmanager
def translated_sharing_errors() -> Iterator[None]:
    """Raises errors of the catalog as those of the manager."""
    try:
        yield
    except (FolderMissing, RootIsFixed) as error:
        raise NoSuchFolder from error
    except GroupMissing as error:
        raise NoSuchGroup from error
    except UserMissing as error:
        raise NoSuchUser from error
    except NotPermitted as error:
        raise AccessDenied("share this folder") from error
    except (GroupNameTaken, TooManyGrants) as error:
        raise InvalidRequest(str(error)) from error
