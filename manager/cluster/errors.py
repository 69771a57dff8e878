"""What can go wrong between managers. Each error has a stable `code`."""


class ClusterError(Exception):
    """Base of all errors between managers."""

    code = "cluster"


class ClusterUnavailable(ClusterError):
    """There is no connection to NATS now, or it broke before the answer came."""

    code = "cluster-unavailable"


class NoResponders(ClusterError):
    """No manager answers requests of this subject now; the request was not handled."""

    code = "cluster-no-responders"


class ClusterTimeout(ClusterError):
    """The answer did not come in time; the request may or may not have been handled."""

    code = "cluster-timeout"


class RequestRefused(ClusterError):
    """The manager that was asked has refused.

    Attributes:
        reason: A stable code, which the responder has chosen.
    """

    code = "cluster-refused"

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class ClusterMessageTooLarge(ClusterError):
    """The message is larger than managers take; the sender must divide it."""

    code = "cluster-message-too-large"


class UnreadableMessage(ClusterError):
    """What came is not the message that belongs to the subject, as from a manager of another release."""

    code = "cluster-unreadable"
