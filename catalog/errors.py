"""What can go wrong with the catalog. Each error has a stable `code`."""

from catalog.records import File


class CatalogError(Exception):
    """Base of all errors of the catalog."""

    code = "catalog"


class CatalogUnavailable(CatalogError):
    """The database cannot be reached or is full; the write may or may not have happened."""

    code = "catalog-unavailable"


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


class FolderMissing(CatalogError):
    """No folder has this id."""

    code = "folder-missing"


class FileMissing(CatalogError):
    """No file has this id."""

    code = "file-missing"


class NotPermitted(CatalogError):
    """The permit does not cover `refused` of the `concerned` files; nothing was written."""

    code = "not-permitted"

    def __init__(self, *, refused: int, concerned: int) -> None:
        super().__init__(f"the user may not do this to {refused} of {concerned} files")
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


class NameTaken(CatalogError):
    """A file of that name stands there already."""

    code = "name-taken"

    def __init__(self, file: File) -> None:
        super().__init__(f"a file named {file.name!r} exists already in this folder")
        self.file = file


class InvalidRecord(CatalogError):
    """The database refuses the values: out of range, or at odds with themselves.

    Callers check what they pass on, so this is a defect of the caller; nothing was written.
    """

    code = "invalid-record"
