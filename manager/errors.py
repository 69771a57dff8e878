"""What the manager refuses, as typed errors, each with a stable `code`.

`manager.http.errors` gives each its HTTP status.
"""


class ManagerError(Exception):
    """Base of the manager's own errors; the text is safe to show to whoever caused it."""

    code = "manager"


class InvalidRequest(ManagerError):
    """Parameters are missing or break a rule; the text says which."""

    code = "invalid-request"


class InvalidToken(ManagerError):
    """The user token is missing, forged, expired, or older than the password."""

    code = "invalid-token"

    def __init__(self, text: str = "this needs a valid user token: log in again") -> None:
        super().__init__(text)


class WrongCredentials(ManagerError):
    """User name and password do not belong together."""

    code = "wrong-credentials"

    def __init__(self) -> None:
        super().__init__("wrong user name or password")


class RegistrationClosed(ManagerError):
    """A user exists already, so another one needs an administrator's token."""

    code = "registration-closed"

    def __init__(self) -> None:
        super().__init__("only an administrator can register more users: send a valid adminToken")


class UserNameTaken(ManagerError):
    """Somebody has this user name (case does not matter)."""

    code = "user-name-taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"the user name {name} is taken")


class AccessDenied(ManagerError):
    """The user may see that the file exists, and not read it."""

    code = "access-denied"

    def __init__(self) -> None:
        super().__init__("you have no right to read this file")


class NoSuchFile(ManagerError):
    """No file of that name stands in that folder."""

    code = "no-such-file"

    def __init__(self) -> None:
        super().__init__("there is no such file")


class Overloaded(ManagerError):
    """Too much of this is going on; it may be tried again in `retry_after_s` seconds."""

    code = "overloaded"

    def __init__(self, what: str, *, retry_after_s: int) -> None:
        super().__init__(f"too many {what} at the moment: try again shortly")
        self.retry_after_s = retry_after_s
