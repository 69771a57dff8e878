"""What can go wrong between a gateway and its manager. Each error has a stable `code`."""

from multidict import CIMultiDict


class GatewayError(Exception):
    """Base of every error that this package raises on purpose."""

    code = "gateway"


class ManagerAway(GatewayError):
    """The manager cannot be reached, or does not answer in time."""

    code = "manager-away"

    def __init__(self) -> None:
        super().__init__("the manager does not answer: try again shortly")


class ManagerRefused(GatewayError):
    """The manager has answered no, for the client: its answer is to be passed on.

    Args:
        status: HTTP status of the answer.
        headers: Its headers.
        body: Its body.
    """

    code = "manager-refused"

    def __init__(self, status: int, headers: CIMultiDict[str], body: bytes) -> None:
        super().__init__(f"the manager refuses this (HTTP {status})")
        self.status = status
        self.headers = headers
        self.body = body


class ManagerUnusable(GatewayError):
    """The manager does not take this gateway's credential, or is no manager of this release.

    Args:
        reason: Why, for the log.
    """

    code = "manager-unusable"

    def __init__(self, reason: str) -> None:
        super().__init__("this gateway is not set up well: its operator has to look at its log")
        self.reason = reason
