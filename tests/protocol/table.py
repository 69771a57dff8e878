"""The packets of the wire protocol, transcribed by hand, with samples of what each field takes and refuses.

Kinds of values that have a length or a pattern are sampled at both sides of their borders. It is
long because it is one table: a row for every packet.
"""

from typing import Any, NamedTuple

from protocol.values import MAX_SAFE_INTEGER

UUID_A = "0f8fad5b-d9cb-469f-a165-70867728950e"
UUID_B = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


class Kind(NamedTuple):
    """A field: values that it takes, values that it does not, and whether it may be left out."""

    valid: tuple[Any, ...]
    invalid: tuple[Any, ...]
    optional: bool = False


def optional(kind: Kind) -> Kind:
    """The same field, but it may be left out or null."""
    return kind._replace(optional=True, invalid=tuple(v for v in kind.invalid if v is not None))


def nullable(kind: Kind) -> Kind:
    """The same field, always there, but it may be null."""
    invalid = tuple(value for value in kind.invalid if value is not None)
    return Kind((*kind.valid, None), invalid)


def one_of(*values: str) -> Kind:
    """A field that takes these values."""
    return Kind(values, (None, "", values[0].upper(), values[0] + " ", 0, True, [values[0]]))


def list_of(kind: Kind, least: int = 0) -> Kind:
    """A list of at least so many values of a kind."""
    invalid: tuple[Any, ...] = (None, {}, "", 0, *([value] for value in kind.invalid))
    few: tuple[Any, ...] = ([],)
    lists = (*([value] for value in kind.valid), list(kind.valid))
    return Kind(lists, few + invalid) if least else Kind(few + lists, invalid)


def integers(least: int, most: int = MAX_SAFE_INTEGER) -> Kind:
    """Integers within bounds, both included."""
    return Kind(
        (least, least + 1, most),
        (None, least - 1, most + 1, 2**63, 2**64, 10**30, -(10**30), 1.0, 1.5, True, "1", [1], {}),
    )


OBJECT = Kind(({}, {"a": [1, 0.5, {"b": None}], "ü": "x"}), (None, [], "", 0, True))
BOOL = Kind((True, False), (None, 0, 1, "true", "", [], {}))
TEXT = Kind(("", "some words", "ü \n 🙂"), (None, 0, True, [], {}))
INT = integers(-MAX_SAFE_INTEGER)
COUNT = integers(0)
POSITIVE = integers(1)
FLOAT = Kind((0.5, -1e300, 3.0), (None, "0.5", True, [], {}))
UUID = Kind(
    (UUID_A, UUID_B),
    (
        None, "", 5, True, UUID_A.upper(), UUID_A[:-1], UUID_A + "\n", UUID_A.replace("-", ""),
        "{" + UUID_A + "}", "g" + UUID_A[1:],
    ),
)  # fmt: skip
NAME = Kind(
    ("a", "Größe (1).tar.gz", ".hidden", "日本語 🙂", "x" * 127, "a  b", "…"),
    (
        None, 5, "", "x" * 128, "a/b", "/", "a\\b", "a\0b", "a\nb", "a\x7fb", "a\x85b", ".", "..",
        "a.", " a", "a ", "\u00a0a", "a\u3000", "a\n",
    ),
)  # fmt: skip
NAME_PART = Kind(
    ("a", "ü 🙂", " a ", "a.", "%_*\\/", "x" * 127),
    (None, 5, "", "x" * 128, "a\0b", "a\nb", "a\x7fb", "a\x85b", "a\n"),
)
PATH = Kind(
    ("/", "/a", "/a/b c", "/" + "/".join("abcdefghij"), "/" + "ü" * 127),
    (
        None, 5, "", "a", "a/b", "//", "/a//b", "/a//", "/./a", "/a/..", "/a/../b", "/a\\b", "/a\0",
        "/ a", "/a /b", "/a./b", "/" + "/".join("abcdefghijk"), "/" + "x" * 128, "/a\n", "C:/a",
    ),
)  # fmt: skip
HASH = Kind(("0123456789abcdef" * 4,), (None, "", "A" * 64, "a" * 63, "a" * 65, "a" * 64 + "\n", 1))
SNOWFLAKE = Kind(
    ("1" * 15, "9" * 22),
    (None, "", "1" * 14, "1" * 23, 123456789012345678, "1" * 14 + "x", "\u0661" * 18),
)
USERNAME = Kind(("a", "Alice99", "x" * 16), (None, "", "x" * 17, "a b", "a-b", "é", "a\n", 5))
QUERY = Kind(("a", "Al1", "x" * 40), (None, "", "a b", "a-b", "é", "a\n", 5))
PASSWORD = Kind(("x" * 8, "ü 🙂" * 64, " " * 256), (None, "", "x" * 7, "x" * 257, 12345678))
BASE64URL = Kind(("a", "aZ09_-"), (None, "", "a=", "a+b", "a/b", "a b", "a\n", 5))
MIME = Kind(
    ("image/avif", "text/plain; charset=utf-8"), (None, "", "text", "/", "a/b\r\nX: y", "a/é", 5)
)
FINGERPRINT = Kind(
    ("x", "v1:1000:1700000000000:" + "0123456789abcdef" * 4, "~" * 256),
    (None, "", "a b", "x" * 257, "é", "a\n", 5),
)
SEARCH_TEXT = Kind(("a", " Größe 日本語 🙂 ", "x" * 256), (None, "", "x" * 257, "a\nb", "a\0", 5))
TYPE_PATTERN = Kind(
    ("image/png", "video/*", "application/vnd.x+json"),
    (None, "", "image", "*/*", "IMAGE/PNG", "image/p*", "a/b; c=d", 5),
)
SEARCH_CURSOR = Kind(
    ("0:0x1.8p+30:5", "3:-0x0.0p+0:1"), (None, "", "a b", "x" * 65, "é", "0:1\n", 5)
)
RANGE = Kind(
    ({"first": 0, "last": 0}, {"first": 3, "last": 10}),
    (None, {}, [], {"first": 0}, {"first": -1, "last": 0}, {"first": 0, "last": 1, "more": 1}),
)
VIEW = Kind(
    ("thumbnail", "0", "page_1-x", "a" * 64),
    (None, "", "-a", "A", "a b", "a/b", "a" * 65, "a\n", 5),
)
FORM_FIELD = Kind(
    ({"name": "key", "value": ""}, {"name": "a b", "value": "ü"}),
    (None, {}, [], {"name": "a"}, {"name": "a", "value": 1}, {"name": "a", "value": "b", "c": 1}),
)
TIME = Kind(
    ("2024-02-29T12:30:00Z", "2024-02-29T12:30:00.123456+00:00"),
    (None, "", "yesterday", "2024-02-29", "2024-02-29T12:30:00Z\n", 1709209800),
)
CRYPTO_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
CRYPTO = Kind(
    ({"enabled": False}, {"enabled": True, "key": CRYPTO_KEY}),
    (
        None, {}, [], {"enabled": True}, {"enabled": False, "key": CRYPTO_KEY}, {"key": CRYPTO_KEY},
        {"enabled": True, "key": ""}, {"enabled": True, "key": CRYPTO_KEY[:-1]},
        {"enabled": False, "more": 1}, {"enabled": 0},
    ),
)  # fmt: skip
KEY_ID = Kind(("0123abcd", "00000000"), (None, "", 5, "0123ABCD", "0123abc", "0123abcd\n"))
OBJECT_KEY = Kind(
    ({"key": CRYPTO_KEY, "key_id": "0123abcd"},),
    (
        None, {}, [], {"key": CRYPTO_KEY}, {"key_id": "0123abcd"},
        {"key": CRYPTO_KEY, "key_id": "0123ABCD"}, {"key": CRYPTO_KEY[:-1], "key_id": "0123abcd"},
        {"key": CRYPTO_KEY, "key_id": "0123abcd", "more": 1},
    ),
)  # fmt: skip
_STORED_CHUNK: dict[str, Any] = {
    "upload_id": UUID_A,
    "index": 0,
    "attachment_id": "123456789012345678",
    "offset": 0,
    "stored_size": 33,
    "size": 1,
    "digest": "ab" * 32,
}
STORED_CHUNK = Kind(
    (
        _STORED_CHUNK,
        {**_STORED_CHUNK, "type": "image/png", "offset": 7},
        {name: value for name, value in _STORED_CHUNK.items() if name != "attachment_id"},
    ),
    (
        None, {}, [],
        {**_STORED_CHUNK, "more": 1},
        *({**_STORED_CHUNK, **wrong} for wrong in (
            {"upload_id": "x"}, {"index": -1}, {"attachment_id": "7"}, {"offset": -1}, {"size": 0},
            {"stored_size": 0}, {"digest": "ab"}, {"type": "x"},
        )),
    ),
)  # fmt: skip
KEPT_UPLOAD: dict[str, Any] = {
    "upload_id": UUID_A,
    "name": "a.bin",
    "path": "/",
    "size": 1,
    "chunk_size": 1,
    "is_public": False,
    "fingerprint": "x",
    "state": "parked",
    "stored_chunks": 0,
    "created_at": "2024-02-29T12:30:00Z",
    "expires_at": "2024-02-29T12:30:00Z",
}
KEPT = Kind(
    (KEPT_UPLOAD, {**KEPT_UPLOAD, "state": "awaiting-decision"}),
    (
        None,
        {},
        {**KEPT_UPLOAD, "state": "lost"},
        {**KEPT_UPLOAD, "more": 1},
        {**KEPT_UPLOAD, "size": 0},
    ),
)
BUNDLE_FILE: dict[str, Any] = {"name": "a/b", "path": "no path", "size": 1, "is_public": False}
BUNDLE_FILE_KIND = Kind(
    (BUNDLE_FILE, {**BUNDLE_FILE, "do_overwrite": True}, {**BUNDLE_FILE, "do_skip": True}),
    (
        None,
        {},
        [],
        {**BUNDLE_FILE, "size": 0},
        {**BUNDLE_FILE, "more": 1},
        {**BUNDLE_FILE, "name": 5},
    ),
)
REJECTION: dict[str, Any] = {"code": "c", "reason": "r", "retry": "soon"}
BUNDLED_UPLOAD = Kind(
    ({"upload_id": UUID_A}, {"rejection": REJECTION}),
    (
        None, {}, [], {"upload_id": UUID_A, "rejection": REJECTION}, {"upload_id": "x"},
        {"rejection": {"code": "c", "reason": "r"}}, {"rejection": {**REJECTION, "retry": "now"}},
        {"upload_id": UUID_A, "more": 1},
    ),
)  # fmt: skip
BUNDLED_END = Kind(
    (
        {"upload_id": UUID_A}, {"upload_id": UUID_A, "success": True, "rename_target": "a (1)"},
        {"upload_id": UUID_A, "success": False, "reason": "why"},
    ),
    (None, {}, [], {"success": True}, {"upload_id": UUID_A, "success": 1}),
)  # fmt: skip
BUNDLED_FILE: dict[str, Any] = {"upload_id": UUID_A, "name": "a", "size": 1, "key": CRYPTO_KEY}
BUNDLED_FILE_KIND = Kind(
    (BUNDLED_FILE,),
    (
        None, {}, [], {**BUNDLED_FILE, "size": 0}, {**BUNDLED_FILE, "key": CRYPTO_KEY[:-1]},
        {**BUNDLED_FILE, "name": "a/b"}, {**BUNDLED_FILE, "more": 1},
    ),
)  # fmt: skip
BUNDLED_RESULT = Kind(
    (
        {"upload_id": UUID_A, "hash": "0" * 64, "type": "image/png"},
        {"upload_id": UUID_A, "reason": "why"},
    ),
    (None, {}, [], {"hash": "0" * 64}, {"upload_id": UUID_A, "hash": "0"}, {"upload_id": UUID_A, "more": 1}),
)  # fmt: skip
SHARE: dict[str, Any] = {
    "can_write": True,
    "file": 1,
    "shared_at": "2024-02-29T12:30:00Z",
    "user": 2,
}
SHARED = {"status": "shared", "share": SHARE}
BAD_OWNERSHIPS: tuple[Any, ...] = (
    None, {}, {"status": "shared"}, {"status": "mine"}, {"status": "owned", "share": SHARE},
    {"status": "shared", "share": {**SHARE, "more": 1}}, {"status": "shared", "share": {"user": 1}},
)  # fmt: skip
OWNERSHIP = Kind(
    ({"status": "owned"}, {"status": "public"}, {"status": "restricted"}, SHARED),
    (*BAD_OWNERSHIPS, {"status": "owned", "can": "rw"}),
)
LISTED_OWNERSHIP = Kind(
    (
        {"status": "owned", "can": "rw"},
        {"status": "restricted", "can": "none"},
        {**SHARED, "can": "r"},
    ),
    (*({**(bad or {}), "can": "r"} for bad in BAD_OWNERSHIPS), *OWNERSHIP.valid, SHARED),
)
FILE_FIELDS: dict[str, Kind] = {
    "id": INT,
    "name": NAME,
    "type": MIME,
    "has_thumbnail": BOOL,
    "created_at": nullable(TIME),
    "updated_at": nullable(TIME),
    "size": COUNT,
}


def minimal(fields: dict[str, Kind]) -> dict[str, Any]:
    """The required fields alone."""
    return {name: kind.valid[0] for name, kind in fields.items() if not kind.optional}


def full(fields: dict[str, Kind]) -> dict[str, Any]:
    """Every field, optional ones too."""
    return {name: kind.valid[-1] for name, kind in fields.items()}


def object_of(fields: dict[str, Kind]) -> Kind:
    """An object with these fields."""
    least = minimal(fields)
    missing = tuple({k: v for k, v in least.items() if k != name} for name in least)
    wrong = tuple({**least, name: bad} for name, kind in fields.items() for bad in kind.invalid)
    return Kind((least, full(fields)), (None, [], "", *missing, *wrong, {**least, "more": 1}))


FILE = object_of({**FILE_FIELDS, "ownership": OWNERSHIP, "thumbnail_url": optional(TEXT)})
LISTED_FILE = object_of({**FILE_FIELDS, "ownership": LISTED_OWNERSHIP})
FOLDER = object_of({"id": INT, "name": NAME, "parent_folder": nullable(INT)})
FOLDER_SUMMARY = object_of({"id": INT, "total_size": COUNT, "changed_at": nullable(TIME)})
USER = object_of({"id": INT, "name": USERNAME})
SHARED_WITH = object_of({"user": USER, "can_write": BOOL, "shared_at": TIME})
ACCOUNT = object_of(
    {
        "id": INT,
        "name": USERNAME,
        "is_admin": BOOL,
        "created_at": TIME,
        "file_count": COUNT,
        "total_size": COUNT,
    }
)
LIMITS = object_of(
    {"attachment_bytes": POSITIVE, "request_bytes": POSITIVE, "attachments": POSITIVE}
)
WEBHOOK = object_of(
    {"id": SNOWFLAKE, "token": BASE64URL, "channel_id": SNOWFLAKE, "limits": optional(LIMITS)}
)
TYPES = Kind(
    ({}, {"image/avif": 5, "text/plain": 0}), (None, [], {"image/avif": -1}, {"image/avif": "5"})
)
CHANGE = Kind((1, -1), (None, 0, 2, True, "1", 1.0))

TABLE: dict[str, dict[str, Kind]] = {
    "generic:boolean": {"success": BOOL, "message": optional(TEXT)},
    "generic:primitives": {
        "boolean_value": optional(BOOL),
        "integer_value": optional(INT),
        "float_value": optional(FLOAT),
        "string_value": optional(TEXT),
    },
    "c2s:upload-booking-request": {"desired_amount": POSITIVE},
    "c2s:upload-booking-clear": {},
    "c2s:upload-request": {
        "name": NAME,
        "path": PATH,
        "size": POSITIVE,
        "is_public": BOOL,
        "do_overwrite": optional(BOOL),
    },
    "c2s:bundle-request": {"files": list_of(BUNDLE_FILE_KIND, least=1)},
    "c2s:upload-abort-request": {"upload_id": UUID},
    "c2s:upload-overwrite-response": {
        "upload_id": UUID,
        "action": one_of("skip", "overwrite", "rename"),
        "use_on_all_uploads": optional(BOOL),
    },
    "c2s:empty-file-upload": {"path": PATH, "name": NAME},
    "c2s:folder-status-request": {"path": PATH},
    "c2s:list-request": {
        "path": PATH,
        "type": one_of("subfolders", "files"),
        "page": COUNT,
        "sort_by": optional(one_of("name", "updated_at", "size")),
        "ascending_sort": optional(BOOL),
    },
    "c2s:folder-size-request": {"folder_id": nullable(INT)},
    "c2s:create-folder": {"path": PATH},
    "c2s:rename-folder": {"path": PATH, "target_name": NAME},
    "c2s:delete-folder": {"folder_id": INT},
    "c2s:rename-file": {"path": PATH, "name": NAME, "target_name": NAME},
    "c2s:move-files": {
        "source_id": optional(INT),
        "target_id": optional(INT),
        "files": list_of(NAME, least=1),
    },
    "c2s:delete-file": {"folder_id": optional(INT), "name": NAME},
    "c2s:file-share": {
        "path": PATH,
        "name": NAME,
        "target_user": INT,
        "can_write": optional(BOOL),
        "is_deleting": optional(BOOL),
    },
    "c2s:transfer-ownership": {
        "file_id": INT,
        "target_user_id": INT,
        "delete_file_shares": optional(BOOL),
        "create_share_for_current_owner": optional(BOOL),
    },
    "c2s:signed-download-request": {"file_id": INT},
    "c2s:thumbnail-request": {"id": INT},
    "c2s:user-search-request": {"query": QUERY},
    "c2s:ping-services": {},
    "c2s:move-folder": {"path": PATH, "target_path": PATH},
    "c2s:copy-files": {
        "path": PATH,
        "target_path": PATH,
        "files": list_of(NAME, least=1),
        "target_name": optional(NAME),
    },
    "c2s:copy-folder": {"path": PATH, "target_path": PATH, "target_name": optional(NAME)},
    "c2s:set-public": {"path": PATH, "name": NAME, "is_public": BOOL},
    "c2s:share-list-request": {"path": PATH, "name": NAME},
    "c2s:position-request": {
        "path": PATH,
        "type": one_of("subfolders", "files"),
        "name": NAME_PART,
        "is_prefix": optional(BOOL),
        "start": optional(COUNT),
        "sort_by": optional(one_of("name", "updated_at", "size")),
        "ascending_sort": optional(BOOL),
    },
    "c2s:folder-summaries-request": {
        "path": PATH,
        "page": COUNT,
        "ascending_sort": optional(BOOL),
    },
    "c2s:recent-files-request": {},
    "c2s:search-request": {
        "text": optional(SEARCH_TEXT),
        "path": optional(PATH),
        "entries": optional(one_of("subfolders", "files")),
        "types": optional(list_of(TYPE_PATTERN)),
        "min_size": optional(COUNT),
        "max_size": optional(COUNT),
        "changed_from": optional(TIME),
        "changed_before": optional(TIME),
        "owner_id": optional(INT),
        "after": optional(SEARCH_CURSOR),
        "limit": optional(POSITIVE),
    },
    "c2s:star-file": {"file_id": INT, "starred": BOOL},
    "c2s:star-folder": {"folder_id": INT, "starred": BOOL},
    "c2s:star-list-request": {},
    "c2s:starred-request": {"before": optional(POSITIVE)},
    "c2s:upload-keep": {"upload_id": UUID, "fingerprint": FINGERPRINT},
    "c2s:kept-uploads-request": {"after": optional(UUID)},
    "c2s:upload-resume": {"upload_id": UUID, "fingerprint": optional(FINGERPRINT)},
    "c2s:upload-park": {"upload_id": UUID},
    "c2s:upload-drop": {"upload_id": UUID},
    "c2s:user-list-request": {"page": COUNT, "query": optional(QUERY)},
    "c2s:user-password-set": {"user_id": INT, "password": PASSWORD},
    "c2s:user-role-set": {"user_id": INT, "is_admin": BOOL},
    "c2s:user-remove": {"user_id": INT, "heir_id": optional(INT)},
    "s2c:service-registry": {
        "service_type": one_of("upload", "thumbnail"),
        "action": one_of("added", "removed", "list"),
        "service_uuid": UUID,
        "address": optional(TEXT),
    },
    "s2c:upload-booking": {"amount": COUNT},
    "s2c:upload-booking-modify": {"effective_change": CHANGE},
    "s2c:upload-response": {
        "name": NAME,
        "path": PATH,
        "accepted": BOOL,
        "chunk_size": POSITIVE,
        "upload_id": UUID,
        "upload_address": optional(TEXT),
        "rejection_reason": optional(TEXT),
    },
    "s2c:upload-stage-finish": {"upload_id": UUID, "service_disconnect": optional(BOOL)},
    "s2c:upload-overwrite-request": {"upload_id": UUID, "file_name": NAME, "file_path": PATH},
    "s2c:upload-overwrite-cancel": {},
    "s2c:upload-finish-info": {
        "success": BOOL,
        "upload_id": UUID,
        "rename_target": optional(TEXT),
        "reason": optional(TEXT),
    },
    "s2c:file-modify": {
        "path": PATH,
        "action": one_of("add", "delete", "modify"),
        "handle": FILE,
    },
    "s2c:files-modify": {
        "path": PATH,
        "action": one_of("add", "delete", "modify"),
        "handles": list_of(FILE),
    },
    "s2c:bundle-response": {
        "bundle_id": UUID,
        "upload_address": optional(TEXT),
        "uploads": list_of(BUNDLED_UPLOAD),
    },
    "s2c:bundle-finished": {"bundle_id": UUID, "files": list_of(BUNDLED_END)},
    "s2c:folder-modify": {
        "path": PATH,
        "handle": FOLDER,
        "action": one_of("add", "delete", "rename", "move"),
        "rename_origin": optional(TEXT),
        "parent_folder_origin": optional(INT),
    },
    "s2c:folder-status": {
        "path": PATH,
        "folder_id": nullable(INT),
        "exists": BOOL,
        "file_count": COUNT,
        "subfolder_count": COUNT,
        "page_size": POSITIVE,
    },
    "s2c:list-files": {
        "path": PATH,
        "page": COUNT,
        "files": list_of(LISTED_FILE),
        "success": BOOL,
    },
    "s2c:list-folders": {
        "path": PATH,
        "page": COUNT,
        "folders": list_of(FOLDER),
        "success": BOOL,
    },
    "s2c:folder-size": {"total_size": COUNT, "folder_id": nullable(INT), "types": TYPES},
    "s2c:signed-download": {"payload": optional(BASE64URL)},
    "s2c:user-search": {"success": BOOL, "results": optional(list_of(USER))},
    "s2c:position": {
        "index": nullable(COUNT),
        "name": nullable(NAME),
        "place": optional(COUNT),
    },
    "s2c:folder-summaries": {"folders": list_of(FOLDER_SUMMARY)},
    "s2c:recent-files": {"files": list_of(object_of({"path": PATH, "file": LISTED_FILE}))},
    "s2c:file-processed": {"file_id": INT},
    "s2c:search-results": {
        "results": list_of(
            object_of(
                {
                    "path": PATH,
                    "match": one_of("name", "prefix", "part", "text"),
                    "file": nullable(LISTED_FILE),
                    "folder": nullable(FOLDER),
                }
            )
        ),
        "next": nullable(SEARCH_CURSOR),
    },
    "s2c:star-list": {"files": list_of(INT), "folders": list_of(INT)},
    "s2c:starred": {
        "entries": list_of(
            object_of({"path": PATH, "file": nullable(LISTED_FILE), "folder": nullable(FOLDER)})
        ),
        "next": nullable(POSITIVE),
    },
    "s2c:star-changed": {"file_id": nullable(INT), "folder_id": nullable(INT), "starred": BOOL},
    "s2c:upload-rejection": {
        "code": TEXT,
        "reason": TEXT,
        "retry": one_of("soon", "later", "never"),
    },
    "s2c:kept-uploads": {"uploads": list_of(KEPT), "has_more": BOOL},
    "s2c:upload-resumed": {
        "upload_id": UUID,
        "name": NAME,
        "path": PATH,
        "size": POSITIVE,
        "chunk_size": POSITIVE,
        "missing": list_of(RANGE),
        "upload_address": optional(TEXT),
    },
    "s2c:upload-parked": {"upload_id": UUID, "code": TEXT, "reason": TEXT},
    "s2c:share-list": {
        "file_id": INT,
        "is_public": BOOL,
        "has_owner": BOOL,
        "shares": list_of(SHARED_WITH),
    },
    "s2c:user-list": {
        "page": COUNT,
        "page_size": POSITIVE,
        "total": COUNT,
        "users": list_of(ACCOUNT),
    },
    "s2c:user-removal": {"user_id": INT, "remaining_files": COUNT},
    "s2u:upload-service-configuration": {
        "crypto": CRYPTO,
        "discord_bot_token": TEXT,
        "discord_channel_id": SNOWFLAKE,
    },
    "s2u:upload-start": {
        "name": NAME,
        "path": PATH,
        "size": COUNT,
        "client": UUID,
        "upload_id": UUID,
        "chunk_size": POSITIVE,
    },
    "s2u:upload-start-with-key": {
        "name": NAME,
        "path": PATH,
        "size": COUNT,
        "client": UUID,
        "upload_id": UUID,
        "chunk_size": POSITIVE,
        "object_key": OBJECT_KEY,
    },
    "s2u:upload-continue": {
        "name": NAME,
        "path": PATH,
        "size": POSITIVE,
        "client": UUID,
        "upload_id": UUID,
        "chunk_size": POSITIVE,
        "missing": list_of(RANGE),
        "type": optional(MIME),
        "object_key": optional(OBJECT_KEY),
    },
    "s2u:bundle-start": {
        "bundle_id": UUID,
        "client": UUID,
        "key_id": KEY_ID,
        "files": list_of(BUNDLED_FILE_KIND, least=1),
    },
    "s2u:upload-abort": {},
    "s2u:webhook-configuration": {
        "crypto": optional(CRYPTO),
        "webhooks": list_of(WEBHOOK),
        "gets_more": optional(BOOL),
        "api_url": TEXT,
        "requests_per_s": POSITIVE,
    },
    "s2u:size-probe": {"webhook_id": SNOWFLAKE, "sizes": list_of(POSITIVE, 1)},
    "s2u:report-deferred": {},
    "s2u:message-entered": {"accepted": list_of(BOOL), "reason": optional(TEXT)},
    "s2u:ticket-accepted": {
        "upload_id": UUID,
        "size": POSITIVE,
        "type": MIME,
        "chunk_size": POSITIVE,
        "success_action_status": optional(INT),
        "success_action_redirect": optional(TEXT),
        "holder": optional(TEXT),
        "object_key": optional(OBJECT_KEY),
    },
    "u2s:upload-finish": {
        "success": BOOL,
        "messages": optional(list_of(SNOWFLAKE)),
        "hash": optional(HASH),
        "is_encrypted": optional(BOOL),
        "type": optional(MIME),
        "channel": optional(SNOWFLAKE),
        "reason": optional(TEXT),
    },
    "u2s:bundle-finish": {
        "bundle_id": UUID,
        "success": BOOL,
        "files": optional(list_of(BUNDLED_RESULT)),
        "reason": optional(TEXT),
    },
    "u2s:chunk-stored": {
        "upload_id": UUID,
        "index": COUNT,
        "message_id": SNOWFLAKE,
        "channel_id": SNOWFLAKE,
        "webhook_id": SNOWFLAKE,
        "attachment_id": SNOWFLAKE,
        "offset": COUNT,
        "stored_size": POSITIVE,
        "size": POSITIVE,
        "digest": HASH,
    },
    "u2s:message-stored": {
        "message_id": SNOWFLAKE,
        "channel_id": SNOWFLAKE,
        "webhook_id": SNOWFLAKE,
        "chunks": list_of(STORED_CHUNK, least=1),
    },
    "u2s:webhook-lost": {"webhook_id": SNOWFLAKE, "reason": TEXT},
    "u2s:message-too-large": {"webhook_id": SNOWFLAKE, "sizes": list_of(POSITIVE, 1)},
    "u2s:uncertain-posts": {"total": COUNT},
    "u2s:channel-demand": {"waiting": COUNT},
    "u2s:ticket-redeem": {
        "ticket": TEXT,
        "key": optional(TEXT),
        "type": optional(TEXT),
        "max_size": optional(COUNT),
    },
    "u2s:ticket-finish": {
        "upload_id": UUID,
        "success": BOOL,
        "hash": optional(HASH),
        "type": optional(MIME),
        "reason": optional(TEXT),
    },
    "s2t:thumbnail-service-configuration": {
        "message_encryption_key": optional(TEXT),
        "discord_bot_token": TEXT,
        "image_quality": integers(0, 100),
        "image_width": integers(1, 4096),
        "image_type": one_of("avif", "jpeg", "webp"),
    },
    "s2t:gen-thumbnail": {
        "file_id": INT,
        "channel_id": SNOWFLAKE,
        "first_msg_id": SNOWFLAKE,
        "file_type": MIME,
        "is_encrypted": BOOL,
    },
    "s2t:processing-configuration": {"lease_s": POSITIVE},
    "s2t:job": {
        "job_id": UUID,
        "name": optional(NAME),
        "size": COUNT,
        "type": MIME,
        "content_url": TEXT,
        "views": list_of(TEXT),
    },
    "s2t:job-available": {},
    "s2t:view-ticket": {"url": TEXT, "fields": list_of(FORM_FIELD)},
    "t2s:thumbnail-data": {"file_id": INT, "success": BOOL, "data": optional(BASE64URL)},
    "t2s:job-request": {"recipe_version": COUNT},
    "t2s:view-request": {"job_id": UUID, "view": VIEW, "size": POSITIVE, "type": MIME},
    "t2s:job-done": {"job_id": UUID, "metadata": OBJECT},
    "t2s:job-failed": {"job_id": UUID, "error": TEXT, "retry": BOOL},
    "t2s:job-alive": {"job_id": UUID},
}
EXTENSIONS = {
    "bundle": {
        "c2s:bundle-request",
        "s2c:bundle-response",
        "s2c:bundle-finished",
        "s2c:files-modify",
        "s2u:bundle-start",
        "u2s:bundle-finish",
    },
    "administer": {
        "c2s:user-list-request",
        "c2s:user-password-set",
        "c2s:user-role-set",
        "c2s:user-remove",
        "s2c:user-list",
        "s2c:user-removal",
    },
    "organise": {
        "c2s:move-folder",
        "c2s:position-request",
        "c2s:set-public",
        "c2s:share-list-request",
        "s2c:position",
        "s2c:share-list",
    },
    "copy": {"c2s:copy-files", "c2s:copy-folder"},
    "overview": {
        "c2s:folder-summaries-request",
        "c2s:recent-files-request",
        "s2c:file-processed",
        "s2c:folder-summaries",
        "s2c:recent-files",
    },
    "search": {"c2s:search-request", "s2c:search-results"},
    "stars": {
        "c2s:star-file",
        "c2s:star-folder",
        "c2s:star-list-request",
        "c2s:starred-request",
        "s2c:star-changed",
        "s2c:star-list",
        "s2c:starred",
    },
    "resume": {
        "c2s:upload-keep",
        "c2s:kept-uploads-request",
        "c2s:upload-resume",
        "c2s:upload-park",
        "c2s:upload-drop",
        "s2c:kept-uploads",
        "s2c:upload-resumed",
        "s2c:upload-parked",
        "s2u:upload-continue",
    },
    "rejections": {"s2c:upload-rejection"},
    "message-limits": {"s2u:size-probe", "u2s:message-too-large"},
    "webhooks": {
        "s2u:report-deferred",
        "s2u:webhook-configuration",
        "u2s:chunk-stored",
        "u2s:webhook-lost",
        "u2s:uncertain-posts",
    },
    "messages": {"s2u:message-entered", "u2s:message-stored"},
    "channel-demand": {"u2s:channel-demand"},
    "object-keys": {"s2u:upload-start-with-key"},
    "tickets": {"s2u:ticket-accepted", "u2s:ticket-redeem", "u2s:ticket-finish"},
    "processing": {
        "s2t:processing-configuration",
        "s2t:job",
        "s2t:job-available",
        "s2t:view-ticket",
        "t2s:job-request",
        "t2s:view-request",
        "t2s:job-done",
        "t2s:job-failed",
        "t2s:job-alive",
    },
}
