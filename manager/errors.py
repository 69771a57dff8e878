"""What the manager and its decision cores refuse, as typed errors, each with a stable `code`.

`manager.http.responses` gives each its HTTP status.

It is long because it is one list without logic, below everything that raises or maps an error.
"""

from collections.abc import Sequence
from uuid import UUID

from common.guesses import FailedAttempt
from common.wording import counted

NAMES_LISTED = 5
"""How many names an error lists before it only counts them."""


class ManagerError(Exception):
    """Base of the manager's own errors; the text is safe to show to the client that caused it."""

    code = "manager"


class InvalidRequest(ManagerError):
    """Parameters are missing or break a rule; the text says which."""

    code = "invalid-request"


class WrongMediaType(ManagerError):
    """The body is not of a type that the route takes; the text says which it takes."""

    code = "wrong-media-type"

    def __init__(self, *taken: str) -> None:
        super().__init__(f"the body must be {' or '.join(taken)}: send it as `Content-Type`")


class SearchOvertaken(ManagerError):
    """A search had to wait, and a newer one of the same connection came meanwhile."""

    code = "search-overtaken"

    def __init__(self) -> None:
        super().__init__("a newer search of this connection has overtaken this one")


class SearchEnded(ManagerError):
    """A search took longer than searches may."""

    code = "search-too-long"

    def __init__(self) -> None:
        super().__init__("the search took too long: type more of the name, or search in a folder")


class InvalidToken(ManagerError):
    """The user token is missing, forged, expired, or older than the password."""

    code = "invalid-token"

    def __init__(self, text: str = "this needs a valid user token: log in again") -> None:
        super().__init__(text)


class RenewalSpent(InvalidToken):
    """The session of a renewal secret has ended, perhaps now, since the secret was used before."""

    code = "renewal-spent"


class ScopeRefusal(ManagerError):
    """An app password may not do this; its user may. Base of the reasons."""

    code = "out-of-scope"


class ReadOnlyScope(ScopeRefusal):
    """The app password is for reading alone."""

    code = "read-only-scope"

    def __init__(self) -> None:
        super().__init__("this app password only reads: use one that may change files")


class OutsideScope(ScopeRefusal):
    """The app password is confined to a folder, and this is outside."""

    code = "outside-scope"

    def __init__(self) -> None:
        super().__init__(
            "this app password is confined to a folder, and this is not inside: use another one"
        )


class LoginNeeded(ScopeRefusal):
    """Only a login with the user's own password may do this."""

    code = "login-needed"

    def __init__(self) -> None:
        super().__init__("an app password cannot do this: log in with your user name and password")


class NoSuchSession(ManagerError):
    """The user has no login session of this id."""

    code = "no-such-session"

    def __init__(self) -> None:
        super().__init__("there is no such session: it may have ended already")


class NoSuchAppPassword(ManagerError):
    """The user has no app password of this name or id."""

    code = "no-such-app-password"

    def __init__(self) -> None:
        super().__init__("there is no such app password: it may have been revoked already")


class AppPasswordRefused(ManagerError):
    """An app password cannot be made like that; the text says why."""

    code = "app-password-refused"


class LoginStepRefused(ManagerError):
    """Base of what programs go on from: the answer has the code, and the facts beside the text.

    Attributes:
        facts: what the next step needs, as JSON.
    """

    code = "login-step-refused"

    def __init__(self, text: str, **facts: object) -> None:
        super().__init__(text)
        self.facts = facts


class SecondFactorRequired(LoginStepRefused):
    """The password was right, and the user has a second factor. The facts have the challenge for it."""

    code = "second-factor-required"

    def __init__(self, **facts: object) -> None:
        super().__init__(
            "this user has a second factor: send its code with the challenge to /login/second-factor, or "
            "use an app password",
            **facts,
        )


class SecondFactorDemanded(LoginStepRefused):
    """The password was right, and an administrator demands a second factor, which the user has not.

    The facts have the confirmation with which one can be enrolled.
    """

    code = "second-factor-demanded"

    def __init__(self, **facts: object) -> None:
        super().__init__(
            "an administrator demands a second factor of you: enrol one on the web page", **facts
        )


class LastFactorDemanded(LoginStepRefused):
    """The last second factor cannot be removed while an administrator demands one."""

    code = "last-factor-demanded"

    def __init__(self) -> None:
        super().__init__(
            "an administrator demands a second factor of you: enrol another one before you remove this"
        )


class OpenIdError(LoginStepRefused):
    """Base of what goes wrong with a login at the OpenID provider."""

    code = "openid"


class OpenIdUnavailable(OpenIdError):
    """The provider does not answer as it should."""

    code = "openid-unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the OpenID provider is not available: {reason}")


class OpenIdFailed(OpenIdError, FailedAttempt):
    """The provider has not confirmed the login; the text says what is wrong."""

    code = "openid-failed"


class OpenIdUnknownUser(OpenIdError):
    """Nobody here is linked to this user of the provider, and none is created."""

    code = "openid-unknown-user"

    def __init__(self) -> None:
        super().__init__("no user here is linked to yours: ask an administrator to link one")


class OpenIdNameTaken(OpenIdError):
    """Another user has the name that a new one would get."""

    code = "openid-name-taken"

    def __init__(self) -> None:
        super().__init__(
            "a user of your name exists here: ask an administrator to link it to yours"
        )


class IdentityRefused(LoginStepRefused):
    """The link to a user of the OpenID provider cannot be made or ended; the text says why."""

    code = "identity-refused"


class SessionNeeded(LoginStepRefused):
    """The user has a second factor, and only the password was sent."""

    code = "session-needed"

    def __init__(self) -> None:
        super().__init__(
            "this user has a second factor: log in with it, and change the password in that login"
        )


class WrongSecondFactor(LoginStepRefused, FailedAttempt):
    """The code or passkey is not one of the user's, or was used before."""

    code = "wrong-second-factor"

    def __init__(self) -> None:
        super().__init__(
            "wrong code: type the one that is shown now; each works once, and a used one never again"
        )


class PasskeyRefused(LoginStepRefused, FailedAttempt):
    """The passkey's answer does not verify, or belongs to no user."""

    code = "passkey-refused"

    def __init__(self) -> None:
        super().__init__("this passkey was not accepted: try again, or log in another way")


class PasskeysUnavailable(LoginStepRefused):
    """Browsers allow no passkey for the address at which the manager is used; the text says why."""

    code = "passkeys-unavailable"


class ChallengeExpired(LoginStepRefused):
    """The challenge is forged, expired or was answered before."""

    code = "challenge-expired"

    def __init__(self) -> None:
        super().__init__("this took too long, or was finished before: begin again")


class FactorRefused(LoginStepRefused):
    """The factor cannot be enrolled; the text says why."""

    code = "factor-refused"


class NoSuchFactor(LoginStepRefused):
    """The user has no factor of this id."""

    code = "no-such-factor"

    def __init__(self) -> None:
        super().__init__("there is no such second factor: it may have been removed already")


class WrongCredentials(ManagerError, FailedAttempt):
    """User name and password do not belong together."""

    code = "wrong-credentials"

    def __init__(self) -> None:
        super().__init__("wrong user name or password")


class RegistrationClosed(ManagerError, FailedAttempt):
    """A user exists already, so another one needs an administrator's token."""

    code = "registration-closed"

    def __init__(self) -> None:
        super().__init__("only an administrator can register more users: send a valid adminToken")


class SetupCodeNeeded(ManagerError):
    """There is no user yet, and making the first one needs a code that was not sent."""

    code = "setup-code-needed"

    def __init__(self) -> None:
        super().__init__(
            "the first user needs the setup code that the manager shows when it starts: send it as "
            "setupCode"
        )


class WrongSetupCode(ManagerError, FailedAttempt):
    """There is no user yet, and the code for making the first one is another."""

    code = "wrong-setup-code"

    def __init__(self) -> None:
        super().__init__("wrong setup code: the manager shows it when it starts")


class InvitationRefused(ManagerError, FailedAttempt):
    """Nobody can register by this invitation: it is made up, or has ended."""

    code = "invitation-refused"

    def __init__(self) -> None:
        super().__init__("this invitation is not valid any more: ask whoever sent it for a new one")


class NoSuchInvitation(ManagerError):
    """There is no invitation with this id."""

    code = "no-such-invitation"

    def __init__(self) -> None:
        super().__init__("there is no such invitation")


class TooManyOpenInvitations(ManagerError):
    """There are as many invitations as may be."""

    code = "too-many-invitations"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"there may be {counted(most, 'invitation')}, and no more: revoke one that is not needed"
        )


class UserNameTaken(ManagerError):
    """Another user has this name (case does not matter)."""

    code = "user-name-taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"the user name {name} is taken")


class AccessDenied(ManagerError):
    """The user may see that the file exists, and not do this to it."""

    code = "access-denied"

    def __init__(self, deed: str = "read this file") -> None:
        super().__init__(f"you have no right to {deed}")


class FilesProtected(ManagerError):
    """A folder holds files that the user may not delete."""

    code = "files-protected"

    def __init__(self, *, refused: int, concerned: int) -> None:
        are = "is" if refused == 1 else "are"
        super().__init__(
            f"nothing was deleted: {refused} of the {counted(concerned, 'file')} in this folder "
            f"{are} not yours to delete"
        )


class NotMoved(ManagerError):
    """Some of the files do not exist, or are not the user's to move."""

    code = "not-moved"

    def __init__(self, *, missing: Sequence[str], refused: Sequence[str]) -> None:
        reasons = []
        if missing:
            reasons.append(f"there is no file {names_listed(missing)}")
        if refused:
            reasons.append(f"you have no right to move {names_listed(refused)}")
        super().__init__(f"nothing was moved: {'; '.join(reasons)}")


class NotCopied(ManagerError):
    """Some of the files do not exist, or the user may not read them, or there is too much to copy."""

    code = "not-copied"

    def __init__(self, reason: str) -> None:
        super().__init__(f"nothing was copied: {reason}")

    @classmethod
    def files(cls, *, missing: Sequence[str], refused: Sequence[str]) -> "NotCopied":
        """Because of these files, by name."""
        reasons = []
        if missing:
            reasons.append(f"there is no file {names_listed(missing)}")
        if refused:
            reasons.append(f"you have no right to read {names_listed(refused)}")
        return cls("; ".join(reasons))

    @classmethod
    def folder(cls, *, refused: int, concerned: int) -> "NotCopied":
        """Because of so many files of so many in a folder."""
        are = "is" if refused == 1 else "are"
        files = counted(concerned, "file")
        return cls(f"{refused} of the {files} in this folder {are} not yours to read")


class NoSuchFile(ManagerError):
    """No file of that name is in that folder."""

    code = "no-such-file"

    def __init__(self) -> None:
        super().__init__("there is no such file")


class FileTooLong(ManagerError):
    """The file has more than one chunk, and is not sent together with others."""

    code = "file-too-long"

    def __init__(self) -> None:
        super().__init__("the file is too long to be sent together with others: fetch it alone")


class PathTaken(ManagerError):
    """A file is where a folder was to be, or a folder where a file was to be; the text names it."""

    code = "path-taken"


class NoSuchEntries(ManagerError):
    """Some of the names are those of no file and no folder."""

    code = "no-such-entries"

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"there is no file or folder {names_listed(names)}")


class NoSuchUser(ManagerError):
    """No user has this id."""

    code = "no-such-user"

    def __init__(self) -> None:
        super().__init__("there is no such user")


class NotShared(ManagerError):
    """The share that was to be taken away does not exist."""

    code = "not-shared"

    def __init__(self) -> None:
        super().__init__("this file is not shared with this user")


class NoSuchWebhook(ManagerError):
    """No webhook of this id is configured."""

    code = "no-such-webhook"

    def __init__(self, webhook_id: int | str) -> None:
        super().__init__(f"webhook {webhook_id} is not configured: add its URL to DISCORD_WEBHOOKS")


class WebhookStillUnusable(ManagerError):
    """Discord did not confirm that a webhook in quarantine is usable."""

    code = "webhook-unusable"

    def __init__(self, webhook_id: int, reason: str) -> None:
        super().__init__(f"webhook {webhook_id} stays in quarantine: {reason}")


class ContentOutOfReach(ManagerError):
    """Part of an upload cannot be read again, since the webhook that posted it is gone."""

    code = "content-out-of-reach"

    def __init__(self) -> None:
        super().__init__(
            "Discord has shut out the webhook that posted part of this file, so that it could not be "
            "read again: send the file again"
        )


class LinkRefused(ManagerError):
    """Base of why a link does not open its file. Clients get the code, besides the text.

    Attributes:
        link_id: the link; None if it is not known.
    """

    code = "link-refused"
    link_id: UUID | None = None


class InvalidLink(LinkRefused):
    """This manager has not made the link, or has forgotten it, or its signing key is no longer valid."""

    code = "invalid-link"

    def __init__(self) -> None:
        super().__init__("this link is not valid")


class LinkExpired(LinkRefused):
    """The time of the link is over."""

    code = "link-expired"

    def __init__(self) -> None:
        super().__init__("this link has expired: ask whoever sent it for a new one")


class LinkRevoked(LinkRefused):
    """Its owner, or an administrator, has ended the link."""

    code = "link-revoked"

    def __init__(self) -> None:
        super().__init__("this link was revoked: ask whoever sent it for a new one")


class LinkUsedUp(LinkRefused):
    """The link was used as often as it may be."""

    code = "link-used-up"

    def __init__(self) -> None:
        super().__init__(
            "this link was used as often as it may be: ask whoever sent it for a new one"
        )


class LinkTakesNoMore(LinkRefused):
    """A link takes no file of this size, or no file at all, any more."""

    code = "link-full"

    def __init__(self) -> None:
        super().__init__(
            "this link does not take this file: that would exceed what may be added by it"
        )


class LinkStorageFull(LinkRefused):
    """The quota of who made a link leaves no room for a file."""

    code = "link-storage-full"

    def __init__(self) -> None:
        super().__init__("there is no room left where this link leads: ask whoever sent it")


class LinkBusy(ManagerError):
    """As many files are on their way by a link as may be at once."""

    code = "link-busy"

    def __init__(self) -> None:
        super().__init__(
            "many files are being sent by this link now: try again when some of them have arrived"
        )


class WrongLinkKind(LinkRefused):
    """A link is used for what it is not: to add files, or to see them."""

    code = "wrong-link-kind"

    def __init__(self) -> None:
        super().__init__("this link is not for that")


class LinkNotPermitted(LinkRefused):
    """Who made the link may not share any more to what it leads."""

    code = "link-not-permitted"

    def __init__(self) -> None:
        super().__init__("who made this link may not share this any more")


class LinkPasswordNeeded(LinkRefused):
    """The link has a password, and the client has not sent it."""

    code = "link-password-required"

    def __init__(self) -> None:
        super().__init__(
            "this link needs a password: open it in a browser, or send it by HTTP Basic"
        )


class WrongLinkPassword(LinkRefused, FailedAttempt):
    """The link has another password than the client has sent."""

    code = "wrong-link-password"

    def __init__(self) -> None:
        super().__init__("wrong password for this link")


class NoSuchLink(ManagerError):
    """The user has no link with this id."""

    code = "no-such-link"

    def __init__(self) -> None:
        super().__init__("there is no such link")


class NoSuchGroup(ManagerError):
    """There is no group of this name, or the user is not in it."""

    code = "no-such-group"

    def __init__(self) -> None:
        super().__init__("there is no such group, or the user is not in it")


class NotPersonal(ManagerError):
    """Rights on folders do not count here."""

    code = "not-personal"

    def __init__(self) -> None:
        super().__init__(
            "this cloud is one tree for all its users, in which folders cannot be shared: its operator "
            "would have to set SPACES to personal"
        )


class NotInTrash(ManagerError):
    """The user has nothing of this id in the trash."""

    code = "not-in-trash"

    def __init__(self) -> None:
        super().__init__("this is not in your trash any more")


class NotRestored(ManagerError):
    """Something in the trash cannot go back to where it was."""

    code = "not-restored"


class NoSuchVersion(ManagerError):
    """The file has no earlier content with this id."""

    code = "no-such-version"

    def __init__(self) -> None:
        super().__init__("this file has no such version")


class LinkLimitReached(ManagerError):
    """The user has as many links as a user may."""

    code = "too-many-links"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"a user may have {counted(most, 'link')}, and no more: revoke one that is not needed"
        )


class StarsUsedUp(ManagerError):
    """The user has as many stars as a user may."""

    code = "too-many-stars"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"a user may have {counted(most, 'star')}, and no more: take back one that is not needed"
        )


class InvalidTicket(ManagerError):
    """A ticket is forged, expired or used, or the form is not what it is for."""

    code = "invalid-ticket"


class NotApproved(ManagerError):
    """This upload is not approved; the text says why."""

    code = "not-approved"


class NoUploadService(ManagerError):
    """No upload service that takes tickets is connected now."""

    code = "no-upload-service"

    def __init__(self) -> None:
        super().__init__("no upload service is available at the moment: try again shortly")


class NotAdministrator(ManagerError):
    """Only an administrator may do this."""

    code = "not-administrator"

    def __init__(self) -> None:
        super().__init__("only an administrator may do this")


class OwnAccount(ManagerError):
    """An administrator may do this only to the accounts of others."""

    code = "own-account"


class OnlyAdministrator(ManagerError):
    """No administrator would be left."""

    code = "only-administrator"

    def __init__(self) -> None:
        super().__init__("this is the only administrator: make another user one first")


class NotAService(ManagerError):
    """Only another service, with an API key, may do this."""

    code = "not-a-service"

    def __init__(self) -> None:
        super().__init__("only a service may do this: send an API key")


class NoSuchServiceCredential(ManagerError):
    """No credential for services of that name is in force."""

    code = "no-such-service-credential"

    def __init__(self) -> None:
        super().__init__("no credential of this name is in force")


class TooManyViews(ManagerError):
    """A processing service has asked for more views of one file than there can be."""

    code = "too-many-views"

    def __init__(self, limit: int) -> None:
        super().__init__(f"one file may have {limit} views")


class WrongServiceKind(ManagerError):
    """A service has a credential, but for other work than this."""

    code = "wrong-service-kind"

    def __init__(self, kind: str, needed: str) -> None:
        super().__init__(f"this credential is for {kind}: {needed} needs one of its own kind")


class JobLost(ManagerError):
    """The job is not, or no longer, this processing service's."""

    code = "job-lost"

    def __init__(self) -> None:
        super().__init__("this job is no longer yours")


class BookingsUnavailable(ManagerError):
    """The manager that assigns upload services cannot be reached; running uploads go on."""

    code = "bookings-unavailable"

    def __init__(self) -> None:
        super().__init__("upload services cannot be assigned now: try again in a few seconds")


class InvalidDownloadToken(ManagerError):
    """A gateway has sent no download token of its own, or a client no redirect token, or it has expired."""

    code = "invalid-download-token"

    def __init__(self) -> None:
        super().__init__(
            "this download token is not valid, or not any more: the request must be made again"
        )


class Overloaded(ManagerError):
    """Too much of this is going on; it may be tried again in `retry_after_s` seconds."""

    code = "overloaded"

    def __init__(self, what: str, *, retry_after_s: int) -> None:
        super().__init__(f"too many {what} at the moment: try again shortly")
        self.retry_after_s = retry_after_s


class PeerGone(ManagerError):
    """The connection ended before the peer replied."""

    code = "peer-gone"

    def __init__(self) -> None:
        super().__init__("the peer disconnected before it replied")


class PeerSilent(ManagerError):
    """The peer is connected and did not reply in time."""

    code = "peer-silent"

    def __init__(self, packet_id: str, timeout_s: float) -> None:
        super().__init__(f"no reply to {packet_id} within {timeout_s:g} s")


class UnexpectedReply(ManagerError):
    """The peer replied with a packet that does not answer the request."""

    code = "unexpected-reply"

    def __init__(self, packet_id: str, reply_id: str) -> None:
        super().__init__(f"{reply_id} is no answer to {packet_id}")


class NoSuchFolder(ManagerError):
    """No folder has this path or id."""

    code = "no-such-folder"

    def __init__(self) -> None:
        super().__init__("there is no such folder")


def names_listed(names: Sequence[str]) -> str:
    """The first few names, and how many there are besides."""
    listed = ", ".join(names[:NAMES_LISTED])
    more = len(names) - NAMES_LISTED
    return f"{listed} and {more} more" if more > 0 else listed


class DomainError(ManagerError):
    """Base of what a decision core refuses. Nothing has changed when it is raised.

    Attributes:
        code: stable identifier of the reason.
        message: the reason, for users.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ClearRefused(DomainError):
    """The booking cannot be cleared now. Codes: `upload-running`, `nothing-booked`."""


class NoFreeService(DomainError):
    """No upload can start now.

    Codes: `nothing-booked`, `none-assigned`, `all-busy`, `service-gone`; of a bundle `no-bundles-here`, too.
    """


class ServiceExists(DomainError):
    """A service of this id has joined already. Code: `service-exists`."""


class ServiceNotRunning(DomainError):
    """The service runs no upload that could end. Code: `service-not-running`."""


class IllegalTransition(DomainError):
    """The event cannot happen to an upload in this state. Code: `illegal-transition`."""


class UnknownPrompt(DomainError):
    """No question is open for this upload. Code: `unknown-prompt`."""
