r"""The kinds of values in packets, their rules, and the constants of the protocol.

Each kind is a type with its rule in `msgspec.Meta`: `title` is the kind's name, `description`
follows "must be". "Blank" is any Unicode white space, "control character" is Unicode's
category Cc. Patterns end in `\Z` rather than `$`, which would let a final line feed pass.
"""

import re
import sys
from enum import StrEnum
from typing import Annotated, Any, Literal

from msgspec import Meta

from protocol.errors import InvalidValue

CHUNK_SIZE = 10 * 1024 * 1024 - 1024
"""Bytes of a plain chunk: with its envelope it fits a Discord attachment of 10 MiB."""
LARGEST_CHUNK_SIZE = 20 * 1024 * 1024 - 1024
"""Bytes of the largest plain chunk, for peers that can bear it: ten of them fill the largest message."""
MAX_FRAME_BYTES = 1024 * 1024
"""The longest frame that is read, in bytes of UTF-8."""
MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that JavaScript holds exactly."""
REPLY_TIMEOUT_S = 10.0
"""Seconds to wait for a reply."""
PAGE_SIZE = 100
"""Entries on a page of a listing."""
MAX_PATH_NAMES = 10
"""The most names that a path holds."""
PATH_KIND = "path"
"""The title of the kind that `protocol.codec.decode` brings into a normal form."""

Retry = Literal["soon", "later", "never"]
"""When a request that has failed may succeed: as soon as a service is free, later, or not as it is."""

_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z"
_NAME_LENGTH = 127
_NAME = rf"(?!\s)[^/\\\x00-\x1f\x7f-\x9f\ud800-\udfff]{{1,{_NAME_LENGTH}}}(?<![\s.])"
_PATH = rf"^/(?:{_NAME}(?:/{_NAME}){{0,{MAX_PATH_NAMES - 1}}}/?)?\Z"
_BASE_NAME = r"""^[A-Za-zÀ-ÖØ-öø-ÿ0-9 _\-+#.*~^°!"'’§$%&()\[\]{}=?,;]+\Z"""  # noqa: RUF001 - as the protocol lists them
_USERNAME = r"^[A-Za-z0-9]{1,16}\Z"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?"
_ZONE = r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"

_NAME_RULE = (
    "a name of 1 to 127 characters without /, \\ or control characters, "
    "that neither starts nor ends in a blank nor ends in a dot"
)
_PATH_RULE = f"/ or /name/name… of at most {MAX_PATH_NAMES} names, each {_NAME_RULE}"
_BASE_NAME_RULE = (
    "a name of letters of the Latin-1 range, digits, blanks and "
    "_ - + # . * ~ ^ ° ! \" ' ’ § $ % & ( ) [ ] { } = ? , ;"  # noqa: RUF001 - as the protocol lists them
)
_USERNAME_RULE = "1 to 16 letters or digits (A-Z, a-z, 0-9)"
_PASSWORD_LENGTHS = range(8, 257)
_PASSWORD_RULE = "8 to 256 characters"  # noqa: S105 - the rule, not a password

Uuid = Annotated[
    str, Meta(title="uuid", pattern=_UUID, description="a uuid: lowercase hex digits, 8-4-4-4-12")
]
Name = Annotated[str, Meta(title="name", pattern=rf"^{_NAME}\Z", description=_NAME_RULE)]
NamePart = Annotated[
    str,
    Meta(
        title="part of a name",
        pattern=r"^[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,127}\Z",
        description="1 to 127 characters, none of them a control character",
    ),
]
Path = Annotated[str, Meta(title=PATH_KIND, pattern=_PATH, description=_PATH_RULE)]
Hash = Annotated[
    str,
    Meta(
        title="hash", pattern=r"^[0-9a-f]{64}\Z", description="a SHA-256 as 64 lowercase hex digits"
    ),
]
Snowflake = Annotated[
    str,
    Meta(title="snowflake", pattern=r"^[0-9]{15,22}\Z", description="15 to 22 digits, as a string"),
]
Username = Annotated[str, Meta(title="username", pattern=_USERNAME, description=_USERNAME_RULE)]
UsernameQuery = Annotated[
    str,
    Meta(
        title="username query",
        pattern=r"^[A-Za-z0-9]+\Z",
        description="1 or more letters or digits (A-Z, a-z, 0-9)",
    ),
]
Password = Annotated[
    str,
    Meta(
        title="password",
        min_length=_PASSWORD_LENGTHS.start,
        max_length=_PASSWORD_LENGTHS[-1],
        description=_PASSWORD_RULE,
    ),
]
Base64Url = Annotated[
    str,
    Meta(
        title="base64url",
        pattern=r"^[A-Za-z0-9_-]+\Z",
        description="1 or more characters of base64url (A-Z, a-z, 0-9, _, -) without padding",
    ),
]
AesKey = Annotated[
    str,
    Meta(
        title="base64 key",
        pattern=r"^[A-Za-z0-9+/]{43}=\Z",
        description="32 bytes in padded base64",
    ),
]
KeyId = Annotated[
    str,
    Meta(
        title="key id",
        pattern=r"^[0-9a-f]{8}\Z",
        description="the id of a master key as 8 lowercase hex digits",
    ),
]
MimeType = Annotated[
    str,
    Meta(
        title="MIME type",
        pattern=r"^[!-.0-~]+/[ -~]+\Z",
        max_length=255,
        description="a MIME type (type/subtype) of at most 255 printable ASCII characters",
    ),
]
Timestamp = Annotated[
    str,
    Meta(
        title="timestamp",
        pattern=rf"^{_DATE}T{_TIME}{_ZONE}\Z",
        description="an ISO 8601 date and time",
    ),
]
Fingerprint = Annotated[
    str,
    Meta(
        title="fingerprint",
        pattern=r"^[!-~]{1,256}\Z",
        description="1 to 256 printable ASCII characters without blanks",
    ),
]
ViewName = Annotated[
    str,
    Meta(
        title="view name",
        pattern=r"^[a-z0-9][a-z0-9_-]{0,63}\Z",
        description="1 to 64 of a-z, 0-9, _ and -, beginning with a letter or digit",
    ),
]
SearchText = Annotated[
    str,
    Meta(
        title="search text",
        pattern=r"^[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,256}\Z",
        description="1 to 256 characters, none of them a control character",
    ),
]
TypePattern = Annotated[
    str,
    Meta(
        title="type pattern",
        pattern=r"^[a-z0-9.+_-]{1,127}/(\*|[a-z0-9.+_-]{1,127})\Z",
        description="a MIME type in lower case, as image/png, or all that begin so, as image/*",
    ),
]
SearchCursor = Annotated[
    str,
    Meta(
        title="search cursor",
        pattern=r"^[0-9a-f.x+p:-]{1,64}\Z",
        description="what an earlier answer to the same search has told",
    ),
]
JsonObject = dict[str, Any]
Integer = Annotated[int, Meta(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)]
NonNegative = Annotated[int, Meta(ge=0, le=MAX_SAFE_INTEGER)]
Positive = Annotated[int, Meta(ge=1, le=MAX_SAFE_INTEGER)]
Float = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]


class NamePolicy(StrEnum):
    """Which characters new names may hold, beyond the rule that every name keeps."""

    UNICODE = "unicode"
    """Every name that the protocol allows."""
    BASE = "base"
    """Only what a base-protocol frontend accepts."""


_NAME_FAULTS = (
    (re.compile(r"\A\Z"), "be empty"),
    (re.compile(r"/"), "contain /"),
    (re.compile(r"\\"), "contain a backslash"),
    (re.compile(r"[\x00-\x1f\x7f-\x9f]"), "contain a control character, such as a line break"),
    (re.compile(r"[\ud800-\udfff]"), "contain bytes that are no text"),
    (re.compile(r"\A\s"), "begin with a blank"),
    (re.compile(r"\s\Z"), "end with a blank"),
    (re.compile(r"\.\Z"), "end with a dot"),
)
"""Patterns that break the rule of names, each with what a name must not do."""
_IS_UUID = re.compile(_UUID)
_IS_NAME = re.compile(rf"^{_NAME}\Z")
_IS_BASE_NAME = re.compile(_BASE_NAME)
_IS_USERNAME = re.compile(_USERNAME)


def is_uuid(value: object) -> bool:
    """Return whether a value is a uuid in the protocol's form."""
    return isinstance(value, str) and _IS_UUID.match(value) is not None


def check_name(text: str, policy: NamePolicy = NamePolicy.UNICODE) -> str:
    """Return a file's or folder's name unchanged.

    Raises:
        InvalidValue: it is no name, or the policy does not allow one of its characters. The error says
            which part of the rule is broken.
    """
    if not _IS_NAME.match(text):
        raise InvalidValue(f"must not {_name_fault(text)}")
    if policy is NamePolicy.BASE and not _IS_BASE_NAME.match(text):
        raise InvalidValue(f"must be {_BASE_NAME_RULE}")
    return text


def parse_path(text: str) -> tuple[str, ...]:
    """Split a path into its names; the root has none. One trailing `/` is dropped.

    Raises:
        InvalidValue: it is no path. The error says which part of the rule is broken.
    """
    if text == "/":
        return ()
    head, *names = text.removesuffix("/").split("/")
    if head or not text:
        raise InvalidValue("must begin with /")
    return _checked(tuple(names or [""]))


def format_path(names: tuple[str, ...]) -> str:
    """Join names to a path without a trailing `/`; the inverse of `parse_path`.

    Raises:
        InvalidValue: there are too many names, or one is no name.
    """
    return "/" + "/".join(_checked(names))


def _checked(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) > MAX_PATH_NAMES:
        raise InvalidValue(f"must have at most {MAX_PATH_NAMES} names, and has {len(names)}")
    for name in names:
        if not _IS_NAME.match(name):
            raise InvalidValue(f"must consist of names, none of which may {_name_fault(name)}")
    return names


def _name_fault(text: str) -> str:
    """What a text does that a name must not."""
    for pattern, fault in _NAME_FAULTS:
        if pattern.search(text):
            return fault
    return f"have more than {_NAME_LENGTH} characters"


def check_username(text: str) -> str:
    """Return a username unchanged.

    Raises:
        InvalidValue: it is no username.
    """
    if not _IS_USERNAME.match(text):
        raise InvalidValue(f"must be {_USERNAME_RULE}")
    return text


def check_password(text: str) -> str:
    """Return a password unchanged.

    Raises:
        InvalidValue: it is too short or too long. The password is not quoted.
    """
    if len(text) not in _PASSWORD_LENGTHS:
        raise InvalidValue(f"must be {_PASSWORD_RULE}")
    return text
