"""Every error that the SDK raises.

`CloudError` is the base. Each class has a stable `code` for programs; the text is for people and
says what to do where something can be done. Neither ever holds a token or a password.
"""

from typing import ClassVar


class CloudError(Exception):
    """Base of all errors of the SDK."""

    code: ClassVar[str] = "cloud_error"


class InvalidInput(CloudError):
    """A name, path, URL or option cannot be used; nothing was sent."""

    code = "invalid_input"


class NotLoggedIn(CloudError):
    """The manager does not accept the token or service password, or none was given."""

    code = "not_logged_in"


class WrongPassword(CloudError):
    """The user name and the password do not belong together."""

    code = "wrong_password"


class SecondFactorNeeded(CloudError):
    """The password is right, and the user has a second factor, of which no code was given.

    Attributes:
        challenge: What the manager wants to see answered; empty where a login must come first.
    """

    code = "second_factor_needed"

    def __init__(self, message: str, challenge: str = "") -> None:
        super().__init__(message)
        self.challenge = challenge


class SecondFactorDemanded(CloudError):
    """The password is right, and the user must enrol a second factor first, on the manager's web page."""

    code = "second_factor_demanded"


class WrongCode(CloudError):
    """The code of the second factor is wrong, or was used before."""

    code = "wrong_code"


class Forbidden(CloudError):
    """The user may not do this."""

    code = "forbidden"


class SetupCodeNeeded(Forbidden):
    """The first user of a manager needs its setup code, and none was given, or a wrong one."""

    code = "setup_code_needed"


class NotFound(CloudError):
    """There is no such file, folder or user."""

    code = "not_found"


class Unreachable(CloudError):
    """No connection to the manager or to an upload service can be made."""

    code = "unreachable"


class ConnectionLost(CloudError):
    """The WebSocket ended while something was under way."""

    code = "connection_lost"


class ReplyTimeout(CloudError):
    """The peer did not answer a request in time. It may have carried it out.

    Attributes:
        packet_id: The wire name of the unanswered packet.
    """

    code = "reply_timeout"

    def __init__(self, packet_id: str) -> None:
        super().__init__(f"no answer to {packet_id} in time")
        self.packet_id = packet_id


class UnexpectedAnswer(CloudError):
    """The peer answered something that the protocol does not allow there."""

    code = "unexpected_answer"


class Refused(CloudError):
    """The manager answered no.

    Attributes:
        reason: The manager's own words.
    """

    code = "refused"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooManyAttempts(Refused):
    """Passwords were tried too often; `reason` says how long to wait."""

    code = "too_many_attempts"


class Rejected(Refused):
    """The manager rejected an upload before it began, every time it was asked.

    Attributes:
        reason_code: Stable code of the reason (docs/extensions.md, `rejections`); None from a
            manager that tells none.
        may_pass: Whether the manager has said that the same upload may be taken later.
    """

    code = "rejected"

    def __init__(
        self, reason: str, reason_code: str | None = None, *, may_pass: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason_code = reason_code
        self.may_pass = may_pass


class UploadFailed(CloudError):
    """An upload began, and failed for good.

    Attributes:
        reason: What the manager or the upload service said.
    """

    code = "upload_failed"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UploadStalled(CloudError):
    """A kept upload made no progress for longer than `ClientSettings.upload_patience_s`.

    It stays at the manager: whoever uploads the same source to the same path goes on with it.

    Attributes:
        upload_id: Its id.
    """

    code = "upload_stalled"

    def __init__(self, reason: str, upload_id: str) -> None:
        super().__init__(reason)
        self.upload_id = upload_id


class ResumedElsewhere(CloudError):
    """Another client went on with the upload, and has it now."""

    code = "resumed_elsewhere"


class SourceChanged(CloudError):
    """The file changed, or ended early, while it was being uploaded."""

    code = "source_changed"


class SourceUnreadable(CloudError):
    """What was to be uploaded cannot be opened or read."""

    code = "source_unreadable"


class TargetUnwritable(CloudError):
    """The place to download to cannot be written."""

    code = "target_unwritable"


class DownloadFailed(CloudError):
    """A download did not complete.

    What arrived is kept, and the next attempt goes on from there.
    """

    code = "download_failed"


class FolderTransferFailed(CloudError):
    """Some of a folder could not be transferred; the error of the first failure is the cause.

    Attributes:
        failure_count: How many files and folders have failed.
    """

    code = "folder_transfer_failed"

    def __init__(self, message: str, failure_count: int) -> None:
        super().__init__(message)
        self.failure_count = failure_count


class LastingFailure(CloudError):
    """The server cannot do it, and asking again does not help.

    Its disk is full, say, a master key is missing, or a part of the file is lost.

    Attributes:
        reason: The server's own words, which say who can help.
    """

    code = "lasting_failure"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ServerFailed(CloudError):
    """The manager reported an error of its own.

    Attributes:
        status: The HTTP status of its answer; None if that did not come over HTTP.
    """

    code = "server_failed"

    def __init__(self, status: int | None, reason: str) -> None:
        way = "" if status is None else f" with HTTP {status}"
        super().__init__(f"the manager failed{way}: {reason}")
        self.status = status


class Unavailable(ServerFailed):
    """The manager cannot serve now, and has said so; what changes nothing was asked for long enough.

    Attributes:
        retry_after_s: Seconds after which it wants to be asked again; 0 if it does not say.
    """

    code = "unavailable"

    def __init__(self, status: int | None, reason: str, retry_after_s: float) -> None:
        super().__init__(status, reason)
        self.retry_after_s = retry_after_s
