"""What the decision cores refuse: errors with a stable `code` and a text fit for clients."""

from manager.errors import ManagerError


class DomainError(ManagerError):
    """Base of what a decision core refuses. Whoever raises it has changed nothing.

    Attributes:
        code: stable identifier of the reason.
        message: the reason in words that a person understands.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ClearRefused(DomainError):
    """The booking cannot be cleared now. Codes: `upload-running`, `nothing-booked`."""


class NoFreeService(DomainError):
    """No upload can start now. Codes: `nothing-booked`, `none-assigned`, `all-busy`."""


class ServiceExists(DomainError):
    """A service of this id has joined already. Code: `service-exists`."""


class ServiceNotRunning(DomainError):
    """The service runs no upload that could end. Code: `service-not-running`."""


class IllegalTransition(DomainError):
    """The event cannot happen to an upload in this state. Code: `illegal-transition`."""


class UnknownPrompt(DomainError):
    """No question is open for this upload. Code: `unknown-prompt`."""
