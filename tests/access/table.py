"""The access table: what every route, packet and GraphQL field answers to every kind of caller.

`python -m tests.access.table docs/access.md` writes the documentation from it. `test_access.py` tries it,
cell by cell. It is long because it is one table: a row for everything that can be asked for.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from protocol.codec import PACKETS
from tests.access.callers import CLIENTS, MEANINGS, SERVICES, Caller

Outcome = int | str
"""The status of a request; for a packet or a field of GraphQL a word, or the code of the error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request; `{…}` stands for a value of the scene, `{key}` for the caller's credential."""

    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    form: str | None = None
    parts: Mapping[str, str] | None = None
    """Fields of a multipart form."""
    has_cookie: bool = False
    """Whether the cookie is sent that the page would have got for the caller's credential."""
    is_fresh: bool = False
    """Whether it ends something of the caller's, so that each one with a login gets a new scene."""
    in_header: bool = True
    """Whether the credential is sent as a Bearer token."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what it is, what each caller gets, and for a route what is sent and what the row is about."""

    name: str
    answers: Mapping[Caller, Outcome]
    call: Call = Call()
    note: str = ""


def _answers(
    callers: Iterable[Caller], others: Outcome, given: Mapping[str, Outcome]
) -> dict[Caller, Outcome]:
    """What callers get; `others` is what those get who are not named."""
    named = {Caller[name.upper()]: outcome for name, outcome in given.items()}
    return {caller: named.get(caller, others) for caller in callers}


def route(
    name: str,
    others: Outcome,
    given: Mapping[str, Outcome] | None = None,
    /,
    call: Call = Call(),
    note: str = "",
) -> Row:
    """A row for a route of the manager's."""
    return Row(name, _answers(Caller, others, given or {}), call, note)


def packet(name: str, others: Outcome = "ignored", /, **given: Outcome) -> Row:
    """A row for a packet."""
    return Row(name, _answers(COLUMNS_OF_PACKETS, others, given))


def graphql(name: str, others: Outcome, /, **given: Outcome) -> Row:
    """A row for a field of the GraphQL interface, which some callers do not reach."""
    reached = {"inside": 403, "outside": 403, **given}
    rest = ("owner", "other", "admin", "reader", "api_key")
    return Row(name, _answers(Caller, 401, {**dict.fromkeys(rest, others), **reached}))


COLUMNS_OF_PACKETS = (*CLIENTS, *SERVICES)

# Who gets what from many routes. Callers who are not named have no login, or one that is of no use there.
USERS = dict.fromkeys(("owner", "other", "admin", "reader", "inside", "outside"), 200)
LOGINS = USERS | dict.fromkeys(("reader", "inside", "outside"), 403)
OWNERS = LOGINS | {"other": 404, "admin": 404}
ADMINISTRATORS = LOGINS | {"owner": 403, "other": 403}
NO_GROUP = ADMINISTRATORS | {"admin": 404}
ONE_TREE = dict.fromkeys(USERS, 409)
READERS = USERS | {"other": 403, "admin": 403, "outside": 403}
CONFINED = USERS | {"outside": 403}
LINK_MAKERS = OWNERS | {"inside": 200}
UNCONFINED = USERS | {"inside": 403, "outside": 403}
CHANGERS = LOGINS
WRITERS = LOGINS | {"other": 403, "admin": 403, "inside": 200}
KIND = dict.fromkeys(("upload", "processing", "thumbnail", "gateway", "metrics"), 403)
GATEWAYS = KIND | {"gateway": 400, "password": 400}

PASSWORD = "correct horse"
FILE = {"path": "{folder}", "name": "{file}"}
LOGIN = {"username": "{owner}", "password": PASSWORD}
NO_ID = "00000000-0000-4000-8000-000000000000"
UPLOAD = {"type": "upload", "key": "{key}", "address": "http://service.test", "process": NO_ID}
THUMBNAIL = {"type": "thumbnail", "key": "{key}"}
CHANGED = {"username": "{victim}", "previousPassword": PASSWORD, "newPassword": "correct staple"}
IDENTITIES = "/admin/users/{victim_id}/identities"
SECOND_FACTOR = "/admin/users/{victim_id}/second-factor"

TRASHED = {"items": [{"kind": "file", "id": 1_000_000}]}

ROUTES = (
    route("GET /", 200),
    route("GET /page/first-start", 200),
    route("GET /page/features", 200),
    route("GET /page/service-worker.js", 200),
    route("POST /page/shared-files", 303),
    route("GET /page/{version}/{name}", 200, call=Call(path="/page/x/main.css")),
    route("POST /page/content-access", 401, LOGINS),
    route("DELETE /page/content-access", 401, USERS),
    route(
        "GET /content/{user_id}/{file_id}",
        401,
        {"owner": 200, "other": 403, "admin": 403},
        Call(path="/content/{caller_id}/{file_id}", has_cookie=True),
        "with the page's cookie",
    ),
    route(
        "GET /content/{user_id}/{file_id}",
        401,
        call=Call(path="/content/{owner_id}/{file_id}"),
        note="without a cookie",
    ),
    route(
        "GET /content/{user_id}/{file_id}/{view}",
        401,
        {"owner": 200, "other": 403, "admin": 403},
        Call(path="/content/{caller_id}/{file_id}/thumbnail", has_cookie=True),
        "with the page's cookie",
    ),
    route(
        "GET /content/{user_id}/{file_id}/{view}",
        401,
        call=Call(path="/content/{owner_id}/{file_id}/thumbnail"),
        note="without a cookie",
    ),
    route("GET /page/metadata", 401, READERS, Call(query=FILE)),
    route("GET /health", 204),
    route("GET /status", 401, USERS),
    route("GET /metrics", 401, KIND | {"metrics": 200, "password": 200}),
    *(
        route(f"POST /gateway/{name}", 401, GATEWAYS, note="without a download token")
        for name in (
            *("chunks", "message", "renew", "begin", "release", "unreadable"),
            *("archive/pages", "archive/packed", "archive/file"),
        )
    ),
    route("GET /token-status", 401, USERS, Call(query={"token": "{key}"}, in_header=False)),
    route(
        "POST /register",
        403,
        {"admin": 200},
        Call(
            body={"username": "{new_name}", "password": PASSWORD, "adminToken": "{key}"},
            in_header=False,
        ),
        "once there is a user",
    ),
    route("POST /login", 200, call=Call(body=LOGIN), note="with the password"),
    route(
        "POST /login",
        403,
        call=Call(body=LOGIN | {"password": "wrong horse"}),
        note="with another password",
    ),
    route("GET /login/methods", 200),
    route("GET /login/oidc", 302, note="without the provider"),
    route("GET /login/oidc/callback", 302, note="without a login there"),
    route("POST /login/oidc", 403, call=Call(body={}), note="without a login there"),
    route("POST /login/second-factor", 403, call=Call(body={"challenge": "x", "code": "123456"})),
    route("POST /login/passkey/options", 200, call=Call(body={})),
    route("POST /login/passkey", 403, call=Call(body={"challenge": "x", "passkey": {}})),
    route("POST /update-password", 200, call=Call(body=CHANGED), note="with the password"),
    route(
        "POST /update-password",
        403,
        call=Call(body=CHANGED | {"previousPassword": "wrong horse"}),
        note="with another password",
    ),
    route("POST /logout", 401, USERS, Call(is_fresh=True)),
    route(
        "POST /account/token",
        200,
        call=Call(body={"renewal": "{renewal}"}),
        note="with a renewal secret",
    ),
    route(
        "POST /account/token",
        401,
        {"nobody": 400},
        Call(body={"renewal": "{key}"}),
        "with the caller's credential",
    ),
    route("GET /account/sessions", 401, LOGINS),
    route("DELETE /account/sessions", 401, LOGINS, Call(is_fresh=True)),
    route(
        "DELETE /account/sessions/{id}", 401, OWNERS, Call(path="/account/sessions/{session_id}")
    ),
    route("GET /account/app-passwords", 401, LOGINS),
    route("POST /account/app-passwords", 401, LOGINS, Call(body={"name": "{new_name}"})),
    route(
        "DELETE /account/app-passwords/{id}",
        401,
        OWNERS,
        Call(path="/account/app-passwords/{app_password_id}"),
    ),
    route("GET /account/factors", 401, LOGINS),
    route("POST /account/confirmation/options", 401, LOGINS, Call(body={})),
    route("POST /account/confirmation", 401, LOGINS, Call(body={"password": PASSWORD})),
    route(
        "POST /account/factors/totp", 403, call=Call(body={"confirmation": "x"}), note="unconfirmed"
    ),
    route(
        "POST /account/factors/totp/finish",
        403,
        call=Call(body={"enrolment": "x", "code": "123456"}),
        note="unconfirmed",
    ),
    route(
        "POST /account/factors/passkey",
        403,
        call=Call(body={"confirmation": "x"}),
        note="unconfirmed",
    ),
    route(
        "POST /account/factors/passkey/finish",
        403,
        call=Call(body={"enrolment": "x", "passkey": {}}),
        note="unconfirmed",
    ),
    route(
        "POST /account/factors/remove",
        403,
        call=Call(body={"confirmation": "x", "id": NO_ID}),
        note="unconfirmed",
    ),
    route(
        "POST /account/recovery-codes",
        403,
        call=Call(body={"confirmation": "x"}),
        note="unconfirmed",
    ),
    route("GET /account/links", 401, USERS),
    route("POST /account/links", 401, LINK_MAKERS | {"other": 403, "admin": 403}, Call(body=FILE)),
    route(
        "PATCH /account/links/{link_id}",
        401,
        LINK_MAKERS,
        Call(path="/account/links/{link_id}", body={"label": "x"}),
    ),
    route(
        "DELETE /account/links/{link_id}", 401, LINK_MAKERS, Call(path="/account/links/{link_id}")
    ),
    route("GET /account/folder-links", 401, USERS),
    route(
        "POST /account/folder-links",
        401,
        LINK_MAKERS | {"other": 200, "admin": 200},
        Call(body={"path": "{folder}"}),
    ),
    route(
        "PATCH /account/folder-links/{link_id}",
        401,
        LINK_MAKERS,
        Call(path="/account/folder-links/{folder_link_id}", body={"label": "x"}),
    ),
    route(
        "DELETE /account/folder-links/{link_id}",
        401,
        LINK_MAKERS,
        Call(path="/account/folder-links/{folder_link_id}"),
    ),
    route("GET /account/storage", 401, USERS),
    # There is one tree for all.
    route("GET /account/shared", 401, ONE_TREE),
    route("GET /folders/sharing", 401, ONE_TREE, Call(query={"path": "{folder}"})),
    route(
        "POST /folders/sharing",
        401,
        ONE_TREE,
        Call(body={"path": "{folder}", "user": "{victim}", "right": "read"}),
    ),
    route("POST /folders/leave", 401, ONE_TREE, Call(body={"path": "{folder}"})),
    route(
        "POST /folders/owner", 401, ONE_TREE, Call(body={"path": "{folder}", "user": "{victim}"})
    ),
    route("GET /groups", 401, USERS),
    route("POST /admin/groups", 401, ADMINISTRATORS, Call(body={"name": "{new_name}"})),
    route("GET /admin/groups/{group}", 401, NO_GROUP, Call(path="/admin/groups/none")),
    route("DELETE /admin/groups/{group}", 401, NO_GROUP, Call(path="/admin/groups/none")),
    route(
        "POST /admin/groups/{group}/members",
        401,
        NO_GROUP,
        Call(path="/admin/groups/none/members", body={"user": "{victim}"}),
    ),
    route(
        "DELETE /admin/groups/{group}/members/{user}",
        401,
        NO_GROUP,
        Call(path="/admin/groups/none/members/{victim}"),
    ),
    route("GET /account/trash", 401, UNCONFINED),
    route("POST /account/trash/restore", 401, CHANGERS, Call(body=TRASHED)),
    route("POST /account/trash/delete", 401, CHANGERS, Call(body=TRASHED)),
    route("POST /account/trash/empty", 401, CHANGERS, Call(body={})),
    route(
        "GET /versions/{file_id}",
        401,
        WRITERS | {"reader": 200},
        Call(path="/versions/{file_id}"),
    ),
    route(
        "POST /versions/{file_id}/{version_id}/restore",
        401,
        WRITERS | {"owner": 404, "inside": 404},
        Call(path="/versions/{file_id}/1/restore"),
    ),
    route(
        "DELETE /versions/{file_id}/{version_id}",
        401,
        WRITERS | {"owner": 404, "inside": 404},
        Call(path="/versions/{file_id}/1"),
    ),
    route("GET /admin/audit", 401, ADMINISTRATORS),
    route("GET /admin/services/credentials", 401, ADMINISTRATORS),
    route(
        "DELETE /admin/services/credentials/{name}",
        401,
        ADMINISTRATORS,
        Call(path="/admin/services/credentials/{credential}"),
    ),
    route("GET /admin/links", 401, ADMINISTRATORS, Call(query={"user": "{owner}"})),
    route(
        "DELETE /admin/links/{link_id}", 401, ADMINISTRATORS, Call(path="/admin/links/{link_id}")
    ),
    route("GET /admin/usage", 401, ADMINISTRATORS),
    route("GET /admin/invitations", 401, ADMINISTRATORS),
    route("POST /admin/invitations", 401, ADMINISTRATORS, Call(body={})),
    route(
        "DELETE /admin/invitations/{invitation_id}",
        401,
        ADMINISTRATORS | {"admin": 404},
        Call(path=f"/admin/invitations/{NO_ID}"),
    ),
    route("GET /admin/folder-links", 401, ADMINISTRATORS, Call(query={"user": "{owner}"})),
    route(
        "DELETE /admin/folder-links/{link_id}",
        401,
        ADMINISTRATORS,
        Call(path="/admin/folder-links/{folder_link_id}"),
    ),
    route(
        "GET /admin/users/{user}/storage",
        401,
        ADMINISTRATORS,
        Call(path="/admin/users/{owner_id}/storage"),
    ),
    route(
        "POST /admin/users/{user}/quota",
        401,
        ADMINISTRATORS,
        Call(path="/admin/users/{victim_id}/quota", body={"files": 10}),
    ),
    route("GET /admin/users/{user_id}/identities", 401, ADMINISTRATORS, Call(path=IDENTITIES)),
    route(
        "POST /admin/users/{user_id}/identities",
        401,
        ADMINISTRATORS,
        Call(path=IDENTITIES, body={"subject": "{new_name}"}),
    ),
    route(
        "POST /admin/users/{user_id}/identities/remove",
        401,
        ADMINISTRATORS | {"admin": 400},
        Call(path=f"{IDENTITIES}/remove", body={"subject": "{new_name}"}),
        "of a subject that is not linked",
    ),
    route(
        "GET /admin/users/{user}/sessions",
        401,
        ADMINISTRATORS,
        Call(path="/admin/users/{owner_id}/sessions"),
    ),
    route(
        "DELETE /admin/users/{user}/sessions",
        401,
        ADMINISTRATORS,
        Call(path="/admin/users/{victim_id}/sessions"),
    ),
    route(
        "DELETE /admin/users/{user}/sessions/{id}",
        401,
        ADMINISTRATORS,
        Call(path="/admin/users/{owner_id}/sessions/{session_id}"),
    ),
    route(
        "GET /admin/users/{user}/app-passwords",
        401,
        ADMINISTRATORS,
        Call(path="/admin/users/{owner_id}/app-passwords"),
    ),
    route(
        "DELETE /admin/users/{user}/app-passwords/{id}",
        401,
        ADMINISTRATORS,
        Call(path="/admin/users/{owner_id}/app-passwords/{app_password_id}"),
    ),
    route(
        "GET /admin/users/{user_id}/second-factor", 401, ADMINISTRATORS, Call(path=SECOND_FACTOR)
    ),
    route(
        "POST /admin/users/{user_id}/second-factor",
        401,
        ADMINISTRATORS,
        Call(path=SECOND_FACTOR, body={"is_demanded": True}),
    ),
    route(
        "POST /admin/users/{user_id}/second-factor/reset",
        401,
        ADMINISTRATORS,
        Call(path=f"{SECOND_FACTOR}/reset", body={}),
    ),
    route("GET /download", 401, READERS, Call(query=FILE)),
    route("POST /download-files", 401, CONFINED, Call(body={"files": ["{folder}/{file}"]})),
    route("GET /bulk-download", 401, CONFINED, Call(query={"path": "{folder}"})),
    route(
        "POST /bulk-download",
        401,
        CONFINED,
        Call(form="auth={key}&path={folder}", in_header=False),
    ),
    route("GET /signed-download", 200, call=Call(query={"q": "{link}"}), note="with a link"),
    route("GET /signed-download", 403, call=Call(query={"q": "AAAA"}), note="without a link"),
    route(
        "POST /signed-download",
        303,
        call=Call(query={"q": "{link}"}, form="password=x"),
        note="with a link",
    ),
    route(
        "GET /signed-download-metadata", 200, call=Call(query={"q": "{link}"}), note="with a link"
    ),
    route(
        "GET /signed-download-metadata", 403, call=Call(query={"q": "AAAA"}), note="without a link"
    ),
    route(
        "GET /redirected-download",
        403,
        call=Call(query={"token": "AAAA"}),
        note="without a redirect token",
    ),
    route(
        "GET /redirected-archive",
        403,
        call=Call(query={"token": "AAAA"}),
        note="without a redirect token",
    ),
    route("GET /folder-link", 200, call=Call(query={"q": "{folder_link}"}), note="with a link"),
    route("GET /folder-link", 403, call=Call(query={"q": "AAAA"}), note="without a link"),
    route(
        "POST /folder-link",
        303,
        call=Call(query={"q": "{folder_link}"}, form="password=x"),
        note="with a link",
    ),
    route(
        "POST /folder-link/uploads",
        200,
        call=Call(query={"q": "{upload_link}"}, body={"name": "a", "size": 0}),
        note="with a link for uploads",
    ),
    route(
        "POST /folder-link/uploads",
        403,
        call=Call(query={"q": "{folder_link}"}, body={"name": "a", "size": 0}),
        note="with another link",
    ),
    route(
        "POST /folder-link/uploads/{upload_id}",
        404,
        call=Call(path=f"/folder-link/uploads/{NO_ID}", query={"q": "{upload_link}"}, body={}),
        note="without an upload of the link",
    ),
    route(
        "DELETE /folder-link/uploads/{upload_id}",
        404,
        call=Call(path=f"/folder-link/uploads/{NO_ID}", query={"q": "{upload_link}"}),
        note="without an upload of the link",
    ),
    route("GET /files/{object_id}", 200, call=Call(path="{content}"), note="with a link"),
    route("GET /files/{object_id}", 403, call=Call(path=f"/files/{NO_ID}"), note="without a link"),
    route("GET /views/{object_id}/{name}", 200, call=Call(path="{view}"), note="with a link"),
    route(
        "GET /views/{object_id}/{name}",
        403,
        call=Call(path=f"/views/{NO_ID}/thumbnail"),
        note="without a link",
    ),
    route(
        "POST /graphql",
        401,
        CONFINED | {"inside": 403, "api_key": 200},
        Call(body={"query": "{ __typename }"}),
        "fields see below",
    ),
)
CONNECTIONS = (
    route(
        "GET /",
        401,
        dict.fromkeys(USERS, 101),
        Call(query={"type": "client", "key": "{key}"}),
        "client",
    ),
    route(
        "GET /",
        401,
        KIND | {"upload": 101, "password": 101},
        Call(query=UPLOAD | {"extensions": "object-keys,webhooks"}),
        "upload service",
    ),
    route(
        "GET /",
        401,
        KIND | {"upload": 400, "password": 101},
        Call(query=UPLOAD),
        "upload service of the base protocol",
    ),
    route(
        "GET /",
        401,
        KIND | {"processing": 101, "password": 101},
        Call(query=THUMBNAIL | {"extensions": "processing"}),
        "processing service",
    ),
    route(
        "GET /",
        401,
        KIND | {"thumbnail": 101, "password": 101},
        Call(query=THUMBNAIL),
        "thumbnail service of the base protocol",
    ),
)
"""The ways to open a WebSocket."""
UPLOAD_SERVICE_ROUTES = (
    route(
        "POST {address}",
        404,
        call=Call(path="/", parts={"id": NO_ID, "chunk": "0", "file": "x"}),
        note="without an upload's id",
    ),
    route(
        "POST {address}/ticket",
        403,
        call=Call(path="/ticket", parts={"ticket": "x", "file": "x"}),
        note="without a ticket",
    ),
    route(
        "POST {address}/bundle/{bundle}",
        404,
        call=Call(path=f"/bundle/{NO_ID}"),
        note="without a bundle's id",
    ),
    route("GET {address}/health", 204, call=Call(path="/health")),
    route("GET {address}/metrics", 401, {"upload": 200}, Call(path="/metrics")),
)
"""Those of an upload service that has the caller's credential of the kind `upload`."""

_EVERY_CLIENT = dict.fromkeys(("owner", "other", "admin", "reader", "inside", "outside"), "ok")
_CHANGES_FOLDERS = _EVERY_CLIENT | {"reader": "refused", "outside": "refused"}
_CHANGES_FILES = _CHANGES_FOLDERS | {"other": "refused", "admin": "refused"}
_SEES_FOLDERS = _EVERY_CLIENT | {"outside": "refused"}
_SEES_FILES = _SEES_FOLDERS | {"other": "refused", "admin": "refused"}
_REFUSED = dict.fromkeys(_EVERY_CLIENT, "refused")
_ADMINISTERS = _REFUSED | {"admin": "ok"}
_JOBS = {"processing": "refused", "thumbnail": "unknown"}

PACKETS_SENT = (
    packet("generic:boolean"),
    packet("generic:primitives"),
    packet("c2s:upload-booking-request", **_EVERY_CLIENT | {"reader": "refused"}),
    packet("c2s:upload-booking-clear", **_REFUSED),
    packet("c2s:upload-request", **_CHANGES_FOLDERS),
    packet("c2s:bundle-request", **_CHANGES_FOLDERS),
    packet("c2s:upload-abort-request", **_REFUSED),
    packet("c2s:upload-overwrite-response", **_REFUSED),
    packet("c2s:empty-file-upload", **_CHANGES_FOLDERS),
    packet("c2s:folder-status-request", **_SEES_FOLDERS),
    packet("c2s:list-request", **_SEES_FOLDERS),
    packet("c2s:folder-size-request", **_SEES_FOLDERS),
    packet("c2s:create-folder", **_CHANGES_FOLDERS),
    packet("c2s:rename-folder", **_CHANGES_FOLDERS),
    packet("c2s:delete-folder", **_CHANGES_FOLDERS),
    packet("c2s:rename-file", **_CHANGES_FILES),
    packet("c2s:move-files", **_CHANGES_FILES),
    packet("c2s:delete-file", **_CHANGES_FILES),
    packet("c2s:file-share", **_CHANGES_FILES),
    packet("c2s:transfer-ownership", **_CHANGES_FILES),
    packet("c2s:signed-download-request", **_CHANGES_FILES),
    packet("c2s:thumbnail-request", **_SEES_FILES),
    packet("c2s:user-search-request", **_EVERY_CLIENT),
    packet("c2s:ping-services", **dict.fromkeys(_EVERY_CLIENT, "taken")),
    packet("c2s:move-folder", **_CHANGES_FOLDERS),
    packet("c2s:copy-folder", **_CHANGES_FOLDERS),
    packet("c2s:copy-files", **_CHANGES_FILES),
    packet("c2s:share-list-request", **_SEES_FILES),
    packet("c2s:set-public", **_CHANGES_FILES),
    packet("c2s:position-request", **_SEES_FOLDERS),
    packet("c2s:folder-summaries-request", **_SEES_FOLDERS),
    packet(
        "c2s:recent-files-request", **_EVERY_CLIENT | {"inside": "refused", "outside": "refused"}
    ),
    packet("c2s:search-request", **_SEES_FOLDERS),
    packet("c2s:star-file", **_CHANGES_FOLDERS),
    packet("c2s:star-folder", **_CHANGES_FOLDERS),
    packet("c2s:star-list-request", **_EVERY_CLIENT | {"inside": "refused", "outside": "refused"}),
    packet("c2s:starred-request", **_EVERY_CLIENT | {"inside": "refused", "outside": "refused"}),
    packet("c2s:upload-keep", **_REFUSED),
    packet("c2s:kept-uploads-request", **_EVERY_CLIENT),
    packet("c2s:upload-resume", **_CHANGES_FILES),
    packet("c2s:upload-park", **_REFUSED),
    packet("c2s:upload-drop", **_CHANGES_FILES),
    packet("c2s:user-list-request", **_ADMINISTERS),
    packet("c2s:user-password-set", **_ADMINISTERS),
    packet("c2s:user-role-set", **_ADMINISTERS),
    packet("c2s:user-remove", **_ADMINISTERS),
    packet("u2s:upload-finish", upload="taken"),
    packet("u2s:bundle-finish", upload="taken"),
    packet("u2s:chunk-stored", upload="refused"),
    packet("u2s:message-stored", upload="refused"),
    packet("u2s:webhook-lost", upload="taken"),
    packet("u2s:message-too-large", upload="taken"),
    packet("u2s:uncertain-posts", upload="taken"),
    packet("u2s:channel-demand", upload="taken"),
    packet("u2s:ticket-redeem", upload="ok"),
    packet("u2s:ticket-finish", upload="refused"),
    packet("t2s:thumbnail-data", processing="taken", thumbnail="taken"),
    packet("t2s:job-request", **_JOBS | {"processing": "ok"}),
    packet("t2s:view-request", **_JOBS),
    packet("t2s:job-done", **_JOBS),
    packet("t2s:job-failed", **_JOBS),
    packet("t2s:job-alive", **_JOBS),
)
PACKETS_OF_THE_MANAGER = tuple(
    packet(name) for name in PACKETS if name.partition(":")[0] in {"s2c", "s2u", "s2t"}
)
"""What the manager sends is ignored when it receives it."""

_NO_ADMINISTRATOR = "not-administrator"
_NO_SERVICE = "not-a-service"
FIELDS = (
    graphql("file", "null", owner="ok", reader="ok"),
    graphql("references", _NO_SERVICE, api_key="ok"),
    graphql("keys", _NO_ADMINISTRATOR, admin="ok"),
    graphql("garbage", _NO_ADMINISTRATOR, admin="ok"),
    graphql("failedJobs", _NO_ADMINISTRATOR, admin="ok"),
    graphql("webhooks", _NO_ADMINISTRATOR, admin="ok"),
    graphql("getTicket", "ok", reader="read-only-scope"),
    graphql("revokeTemporaryReference", "ok", reader="read-only-scope"),
    graphql("createReference", _NO_SERVICE, api_key="no-such-file"),
    graphql("releaseReference", _NO_SERVICE, api_key="ok"),
    graphql("createKey", _NO_ADMINISTRATOR, admin="ok"),
    graphql("revokeKey", _NO_ADMINISTRATOR, admin="ok"),
    graphql("collectGarbage", _NO_ADMINISTRATOR, admin="ok"),
    graphql("processMissing", _NO_ADMINISTRATOR, admin="ok"),
    graphql("retryFailedJobs", _NO_ADMINISTRATOR, admin="ok"),
    graphql("retryWebhook", _NO_ADMINISTRATOR, admin="no-such-webhook"),
)

_INTRODUCTION = """\
# Who may do what

<!-- Generated by `make docs` from tests/access/table.py, which tests try cell by cell. Change that. -->

What each route, connection, packet and GraphQL field answers to each kind of caller. `pytest tests/access`
tries every cell at a manager that runs, and fails for a route or packet that is in none of these tables.

## Callers

| caller | who that is |
| --- | --- |
"""

_ROUTES = """
## Routes of the manager

Statuses as in [http.md](http.md); `HEAD` is answered like `GET`. A request is about a private file, a link, a
session or an app password of the owner's, or, with `admin` in its path, about that user or another one. What
follows a route says what it was tried with: "with a link" and "with the password" are for whoever has these;
"unconfirmed" is a change of second factors without [a confirmation](http.md#second-factors).

"""
_CONNECTIONS = """
## WebSockets

`GET /` with `Upgrade: websocket`, at a manager that lets [base services](base-protocol.md) in. 101 opens the
connection. 400: a service with a credential has to ask for the extension `object-keys`.

"""
_UPLOAD_SERVICE = """
## Routes of an upload service

An upload service knows no users. It has one credential, its own, which is here that of the caller `upload`.

"""
_PACKETS = """
## Packets

On connections with all extensions. Services that log in with the service password get the same answers. `ok`
and `refused` are answers. `taken` is not answered, as there is nothing to say. `unknown` is answered as a
packet that this connection does not have. `ignored` is counted, and nothing else.

An upload that is to be aborted, kept or parked, or whose name is decided about, is one that another
connection of the owner's runs; a chunk, the end of a ticket and a job are those of another service. So all of
these are refused, to whoever it is.

"""
_FIELDS = """
## GraphQL

Fields of [`POST /graphql`](http.md#post-graphql): `ok`, `null`, the code of the error, or the status of the
request.

"""


def render() -> str:
    """The whole page."""
    callers = "\n".join(f"| {caller} | {MEANINGS[caller]} |" for caller in Caller)
    manager = "| `s2c:…`, `s2u:…`, `s2t:…` |" + " ignored |" * len(COLUMNS_OF_PACKETS)
    parts = [
        _INTRODUCTION + callers + "\n",
        _ROUTES + _table("route", ROUTES),
        _CONNECTIONS + _table("connection as", CONNECTIONS),
        _UPLOAD_SERVICE + _table("route", UPLOAD_SERVICE_ROUTES),
        _PACKETS + _table("packet", PACKETS_SENT) + manager + "\n",
        _FIELDS + _table("field", FIELDS),
    ]
    return "".join(parts)


def _table(heading: str, rows: Sequence[Row]) -> str:
    callers = list(rows[0].answers)
    lines = [
        f"| {heading} | {' | '.join(callers)} |",
        f"| --- |{' --- |' * len(callers)}",
        *_lines(rows, heading),
    ]
    return "\n".join(lines) + "\n"


def _lines(rows: Sequence[Row], heading: str) -> Iterator[str]:
    for each in rows:
        name = each.note if heading == "connection as" else f"`{each.name}`"
        if each.note and heading == "route":
            name += f" {each.note}"
        yield f"| {name} | {' | '.join(str(outcome) for outcome in each.answers.values())} |"


def main(target: str) -> None:
    """Writes the page to a file."""
    Path(target).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
