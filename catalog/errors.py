"""What can go wrong with the catalog. Each error has a stable `code`."""

from uuid import UUID

from catalog.records import File
from common.wording import counted, human_size


class CatalogError(Exception):
    """Base of all errors of the catalog."""

    code = "catalog"


class CatalogUnavailable(CatalogError):
    """The database cannot be used now; the write may or may not have happened."""

    code = "catalog-unavailable"


class CatalogFaulty(CatalogUnavailable):
    """The database fails until its operator acts: waiting is no help. The text says what to do.

    The adapter logs each fault once.
    """

    code = "catalog-faulty"


class CatalogFull(CatalogFaulty):
    """The disk of the database is full."""

    code = "catalog-full"


class CatalogReadOnly(CatalogFaulty):
    """The database can be read, and takes no writes."""

    code = "catalog-read-only"


class CatalogRefused(CatalogFaulty):
    """The database refuses access: a wrong address or key."""

    code = "catalog-refused"


class SchemaMismatch(CatalogError):
    """The database was made by another release; the text names what is missing."""

    code = "schema-mismatch"


class AlreadyClaimed(CatalogError):
    """There is a first user already."""

    code = "already-claimed"


class UserExists(CatalogError):
    """The user name is taken."""

    code = "user-exists"


class UserMissing(CatalogError):
    """No user has this id."""

    code = "user-missing"


class PasswordChanged(CatalogError):
    """The user's password is not any more what it was when it was looked at."""

    code = "password-changed"


class UserHasFiles(CatalogError):
    """The user still owns files, which would have no owner then."""

    code = "user-has-files"


class TooManyFactors(CatalogError):
    """The user has as many second factors as a user may have."""

    code = "too-many-factors"


class CredentialTaken(CatalogError):
    """The passkey is enrolled already, by this user or another one."""

    code = "credential-taken"


class IdentityTaken(CatalogError):
    """The identity at the OpenID provider is linked to another user."""

    code = "identity-taken"


class LastAdministrator(CatalogError):
    """No administrator who can log in would be left."""

    code = "last-administrator"


class AppPasswordNameTaken(CatalogError):
    """The user has an app password of this name."""

    code = "app-password-name-taken"


class TooManyAppPasswords(CatalogError):
    """The user has as many app passwords as a user may."""

    code = "too-many-app-passwords"


class FolderMissing(CatalogError):
    """No folder has this id."""

    code = "folder-missing"


class FileMissing(CatalogError):
    """No file has this id."""

    code = "file-missing"


class TrashMissing(CatalogError):
    """The user has nothing of this id in the trash."""

    code = "trash-missing"


class VersionMissing(CatalogError):
    """The file has no version of this id."""

    code = "version-missing"


class NotPermitted(CatalogError):
    """The permit does not cover `refused` of the `concerned` files; nothing was written."""

    code = "not-permitted"

    def __init__(self, *, refused: int, concerned: int) -> None:
        super().__init__(f"the user may not do this to {refused} of {counted(concerned, 'file')}")
        self.refused = refused
        self.concerned = concerned


class ObjectMissing(CatalogError):
    """No object has this id: its upload ended, or nothing referred to it any more."""

    code = "object-missing"


class ObjectIncomplete(CatalogError):
    """Not every chunk of the object is stored."""

    code = "object-incomplete"


class RootIsFixed(CatalogError):
    """The root folder cannot be renamed, moved or deleted."""

    code = "root-is-fixed"


class FolderCircle(CatalogError):
    """A folder cannot be moved into itself or below itself."""

    code = "folder-circle"


class TooDeep(CatalogError):
    """A folder, or one below it, would come to lie deeper than it may."""

    code = "too-deep"


class CopyTooLarge(CatalogError):
    """A folder has more in it than one copy may have."""

    code = "copy-too-large"

    def __init__(self, max_entries: int) -> None:
        super().__init__(f"a copy may have {max_entries} folders and files at most")
        self.max_entries = max_entries


class NameTaken(CatalogError):
    """A file of that name stands there already."""

    code = "name-taken"

    def __init__(self, file: File) -> None:
        super().__init__(f"a file named {file.name!r} exists already in this folder")
        self.file = file


class IsAFolder(CatalogError):
    """A folder stands at the path at which a file was to be. `path` is that of the folder."""

    code = "is-a-folder"

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__(f"{_shown(path)} is a folder, so that no file can have this name")
        self.path = path


class NotAFolder(CatalogError):
    """A file stands at the path at which a folder was to be. `path` is that of the file."""

    code = "not-a-folder"

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__(f"{_shown(path)} is a file, so that no folder can have this name")
        self.path = path


class QuotaExceeded(CatalogError):
    """A user would store more than that user may; nothing was written.

    Attributes:
        resource: `bytes` or `files`.
        limit: how many the user may store.
        needed: how many it would be.
    """

    code = "quota-exceeded"

    def __init__(self, resource: str, *, limit: int, needed: int) -> None:
        amount = human_size if resource == "bytes" else _files
        super().__init__(
            f"this would be {amount(needed)}, and the quota is {amount(limit)}: empty the trash, which "
            "counts too, delete something, or ask an administrator for more"
        )
        self.resource = resource
        self.limit = limit
        self.needed = needed


class TicketMissing(CatalogError):
    """No ticket has this id: it never existed, or was over long ago."""

    code = "ticket-missing"


class TicketUsed(CatalogError):
    """An upload with this ticket has begun before; a ticket is good for one."""

    code = "ticket-used"


class TicketExpired(CatalogError):
    """The ticket was not used in time."""

    code = "ticket-expired"


class TooManyTickets(CatalogError):
    """The holder has as many open tickets as it may."""

    code = "too-many-tickets"


class TooManyTemporaryBytes(CatalogError):
    """The holder's open tickets and temporary references would exceed what it may have."""

    code = "too-many-temporary-bytes"


class KeptUploadMissing(CatalogError):
    """The user keeps no such upload: it ended, was dropped, or has expired."""

    code = "kept-upload-missing"


class KeptUploadClaimed(CatalogError):
    """Another claim has taken the kept upload since it was read."""

    code = "kept-upload-claimed"


class TooManyKeptUploads(CatalogError):
    """The user keeps as many uploads as a user may."""

    code = "too-many-kept-uploads"


class TooManyKeptBytes(CatalogError):
    """The user's kept uploads would exceed what they may have together."""

    code = "too-many-kept-bytes"


class LinkMissing(CatalogError):
    """No link has this id: it ended long ago, or went with its owner."""

    code = "link-missing"


class TooManyLinks(CatalogError):
    """The user has as many links as a user may."""

    code = "too-many-links"


class LinkFull(CatalogError):
    """A file that is added by a link would exceed what the link takes; the text says which limit."""

    code = "link-full"


class InvitationMissing(CatalogError):
    """No invitation in force has this token."""

    code = "invitation-missing"


class TooManyInvitations(CatalogError):
    """There are as many invitations as may be."""

    code = "too-many-invitations"


class TooManyStars(CatalogError):
    """The user has as many stars as a user may."""

    code = "too-many-stars"


class GroupMissing(CatalogError):
    """There is no such group."""

    code = "group-missing"


class GroupNameTaken(CatalogError):
    """There is a group of this name already."""

    code = "group-name-taken"


class TooManyGrants(CatalogError):
    """The folder is shared with as many users and groups as it may be."""

    code = "too-many-grants"


class SearchTooLong(CatalogError):
    """The search was ended, since it took longer than searches may."""

    code = "search-too-long"

    def __init__(self) -> None:
        super().__init__("the search took too long: search for more of the name, or in a folder")


class ReferenceElsewhere(CatalogError):
    """The service's reference of this key is on another object."""

    code = "reference-elsewhere"

    def __init__(self, object_id: UUID) -> None:
        super().__init__(f"the reference of this key is on the object {object_id}")
        self.object_id = object_id


class KeyNameTaken(CatalogError):
    """An API key of this name is in force."""

    code = "key-name-taken"


class ServiceCredentialTaken(CatalogError):
    """A service credential of this name is in force, or the secret is one that was used before."""

    code = "service-credential-taken"


class InvalidRecord(CatalogError):
    """The database refuses the values: out of range, or at odds with themselves.

    Callers check what they pass on, so this is a defect of the caller; nothing was written.
    """

    code = "invalid-record"


class CatalogNotEmpty(CatalogError):
    """There is something in the catalog already, so that nothing can be imported."""

    code = "catalog-not-empty"


class ExportDamaged(CatalogError):
    """The file is no export, or is not what was written."""

    code = "export-damaged"


def _shown(path: tuple[str, ...]) -> str:
    return f"/{'/'.join(path)}"


def _files(number: int) -> str:
    return counted(number, "file")
