"""Names of users, and parts of them to search for."""

from client_sdk.errors import InvalidInput
from protocol.errors import InvalidValue
from protocol.values import check_password, check_username


def clean_username(name: str) -> str:
    """Check the name of a user. Raises `InvalidInput`."""
    try:
        return check_username(name)
    except InvalidValue as error:
        raise InvalidInput(f"the user name {error}") from error


def clean_password(password: str) -> str:
    """Check a new password. Raises `InvalidInput`, whose text does not hold it."""
    try:
        return check_password(password)
    except InvalidValue as error:
        raise InvalidInput(f"the password {error}") from error


def clean_query(query: str) -> str:
    """Check a part of users' names. Raises `InvalidInput`."""
    if not query.isascii() or not query.isalnum():
        raise InvalidInput("a search for users takes 1 or more letters or digits")
    return query
