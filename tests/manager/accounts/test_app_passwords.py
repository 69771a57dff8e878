"""App passwords: made, used wherever a token is, held to their scope, and revoked."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest

from catalog.records import AppPassword
from client_sdk.errors import CloudError
from manager.accounts.app_passwords import APP_PASSWORDS_PER_USER
from manager.accounts.packet_scopes import PACKET_RULES, Effect
from manager.app_keys import LOGINS
from protocol import c2s, generic, s2c
from protocol.codec import PACKETS, namespace_of
from protocol.extensions import (
    ADMINISTER,
    BUNDLE,
    COPY,
    ORGANISE,
    OVERVIEW,
    REJECTIONS,
    RESUME,
    SEARCH,
    STARS,
)
from protocol.packet import Packet
from tests.manager.sockets.keeping import begin_kept, booking_client
from tests.manager.sockets.peers import ClientPeer, client_query
from tests.manager.sockets.stage import PASSWORD, Stage, cheap_passwords
from tests.manager.world import World

EXTENSIONS = (ADMINISTER, BUNDLE, COPY, ORGANISE, OVERVIEW, REJECTIONS, RESUME, SEARCH, STARS)
READ_ONLY = "this app password only reads: use one that may change files"
OUTSIDE = "this app password is confined to a folder, and this is not inside: use another one"
NOBODY = UUID(int=0)
LOGIN_NEEDED = "an app password cannot do this: log in with your user name and password"


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client of HTTP."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def admin(stage: Stage) -> None:
    """Alice is the administrator."""
    await stage.catalog.create_first_user("alice", await cheap_passwords().hash(PASSWORD))


@pytest.fixture
def ask(stage: Stage, http):
    """Asks a route of the manager; answers with the status and the JSON."""

    async def ask(
        method: str, route: str, credential: str | None = None, /, **body: Any
    ) -> tuple[int, Any]:
        headers = {} if credential is None else {"Authorization": f"Bearer {credential}"}
        options = {"json": body} if method == "POST" else {}
        async with http.request(method, stage.url + route, headers=headers, **options) as response:
            is_json = response.content_type == "application/json"
            return response.status, await response.json() if is_json else await response.read()

    return ask


@pytest.fixture
def make(stage: Stage, ask, admin):
    """Makes an app password of Alice; answers with its text."""

    async def make(name: str = "backup", **wanted: Any) -> str:
        token = await stage.token("alice")
        status, answer = await ask("POST", "/account/app-passwords", token, name=name, **wanted)
        assert status == 200, answer
        return str(answer["app_password"])

    return make


Connect = Callable[..., Awaitable[ClientPeer]]


@pytest.fixture
def connect(stage: Stage) -> Connect:
    """Connects a client with an app password."""

    async def connect(text: str) -> ClientPeer:
        return await stage.peers.enter_async_context(connected(stage, text))

    return connect


@asynccontextmanager
async def connected(stage: Stage, text: str) -> AsyncIterator[ClientPeer]:
    """A client with an app password, for the length of the context."""
    query = client_query(text)
    async with ClientPeer.connected(
        stage.socket_url, "s2c", query, extensions=EXTENSIONS
    ) as client:
        yield client


async def test_an_app_password_is_taken_wherever_a_token_is(world: World, ask, make, connect):
    """By the routes, and by the WebSocket; it is listed with when it was used."""
    file = await world.put("/docs/f")
    text = await make()
    assert text.startswith("dca_")
    for path in ("/status", f"/status?auth={text}", f"/token-status?token={text}"):
        assert (await ask("GET", path, text))[0] == 200
    assert (await ask("GET", "/page/metadata?path=/docs&name=f", text))[0] == 200
    client = await connect(text)
    listed = await client.ask(c2s.ListRequest(path="/docs", type="files", page=0), s2c.ListFiles)
    assert [each.id for each in listed.files] == [file.id]
    _, answer = await ask("GET", "/account/app-passwords", await world.stage.token("alice"))
    [one] = answer["app_passwords"]
    assert text not in str(answer)
    assert (one["name"], one["read_only"], one["folder"]) == ("backup", False, None)
    assert one["last_used_at"] is not None


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"name": ""},
        {"name": "x" * 65},
        {"name": " blank"},
        {"name": "line\nbreak"},
        {"name": "f", "folder": "no path"},
        {"name": "r", "read_only": "yes"},
        {"name": "t", "expires_at": "tomorrow"},
        {"name": "t", "expires_at": "2100-01-01T00:00:00"},
        {"name": "t", "expires_at": "0001-01-01T00:00:00+14:00"},
        {"name": "t", "expires_at": "9999-12-31T23:59:59-14:00"},
        {"name": "t", "expires_at": "2001-01-01T00:00:00Z"},
    ],
)
async def test_what_makes_no_app_password(stage, ask, admin, wanted):
    """Bad input is told, and nothing is made."""
    token = await stage.token("alice")
    status, answer = await ask("POST", "/account/app-passwords", token, **wanted)
    assert status == 400
    assert answer["error_details"]
    _, answer = await ask("GET", "/account/app-passwords", token)
    assert answer["app_passwords"] == []


async def test_names_folders_and_numbers(stage, ask, make):
    """No name twice, only for a folder that is there, and a bounded number."""
    token = await stage.token("alice")
    await make("one")
    assert (await ask("POST", "/account/app-passwords", token, name="one"))[0] == 400
    assert (await ask("POST", "/account/app-passwords", token, name="x", folder="/no"))[0] == 404
    for number in range(1, APP_PASSWORDS_PER_USER):
        await stage.catalog.add_app_password(_another(number), limit=APP_PASSWORDS_PER_USER)
    assert (await ask("POST", "/account/app-passwords", token, name="last"))[0] == 400


def _another(number: int) -> AppPassword:
    return AppPassword(
        id=UUID(int=number),
        user_id=1,
        name=f"number {number}",
        secret_hash=number.to_bytes(32, "big"),
        is_read_only=False,
        folder_id=None,
        created_at=0.0,
        expires_at=None,
    )


async def test_a_revoked_app_password_ends_at_once(stage, ask, make, connect):
    """By its user, by an administrator, and by itself when it logs out; its connections end."""
    token = await stage.token("alice")
    for revoke in ("/account", "/admin/users/1", "logout"):
        text = await make()
        client = await connect(text)
        await client.caught_up()
        _, answer = await ask("GET", "/account/app-passwords", token)
        [one] = answer["app_passwords"]
        if revoke == "logout":
            assert (await ask("POST", "/logout", text))[0] == 200
        else:
            path = f"{revoke}/app-passwords/{one['id']}"
            assert (await ask("DELETE", path, token))[0] == 200
            assert (await ask("DELETE", path, token))[0] == 404
        await client.ended()
        assert (await ask("GET", "/status", text))[0] == 401


async def test_it_ends_with_its_user_and_not_with_the_password(stage, ask, make):
    """Another password leaves it; a removed user takes it along."""
    text = await make()
    body = {"username": "alice", "previousPassword": PASSWORD, "newPassword": "another one"}
    assert (await ask("POST", "/update-password", **body))[0] == 200
    assert (await ask("GET", "/status", text))[0] == 200
    other = await stage.catalog.create_user("bob", "hash", is_admin=True)
    await stage.catalog.lock_user(1)
    assert (await ask("GET", "/status", text))[0] == 401
    assert other.is_admin


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/account/sessions"),
        ("DELETE", "/account/sessions"),
        ("DELETE", f"/account/sessions/{NOBODY}"),
        ("GET", "/account/app-passwords"),
        ("POST", "/account/app-passwords"),
        ("DELETE", f"/account/app-passwords/{NOBODY}"),
        ("GET", "/admin/users/1/sessions"),
        ("DELETE", "/admin/users/1/sessions"),
        ("DELETE", f"/admin/users/1/sessions/{NOBODY}"),
        ("GET", "/admin/users/1/app-passwords"),
        ("DELETE", f"/admin/users/1/app-passwords/{NOBODY}"),
    ],
)
async def test_no_app_password_manages_accounts(ask, make, method, path):
    """However much it may do otherwise: such requests need a login, and say so in a code."""
    status, answer = await ask(method, path, await make())
    assert (status, answer["code"]) == (403, "login-needed")


async def test_no_app_password_registers_users_or_administers(ask, make):
    """Nor does it any other thing of administrators, though its user is one."""
    text = await make()
    body = {"username": "eve", "password": PASSWORD, "adminToken": text}
    status, answer = await ask("POST", "/register", **body)
    assert (status, answer["code"]) == (403, "login-needed")
    _, answer = await ask("POST", "/graphql", text, query="{ keys { name } }")
    assert answer["errors"][0]["message"] == LOGIN_NEEDED


# Packets. Each has a sample, whose places are in the folder that is named.


def _samples(ids: dict[str, Any], folder: str) -> dict[type[Packet], Packet]:
    """A packet of each kind that does something in this folder, or to its entries."""
    folder_id, file_id, upload = ids[folder], ids[f"{folder}/f"], str(ids.get("upload", uuid4()))
    sub_id = ids[f"{folder}/sub"]
    return {
        type(packet): packet
        for packet in (
            c2s.UploadBookingRequest(desired_amount=1),
            c2s.UploadBookingClear(),
            c2s.UploadRequest(name="n", path=folder, size=5, is_public=False),
            c2s.BundleRequest(
                files=(c2s.BundleFile(name="n", path=folder, size=5, is_public=False),)
            ),
            c2s.UploadAbortRequest(upload_id=upload),
            c2s.UploadOverwriteResponse(upload_id=upload, action="skip"),
            c2s.UploadKeep(upload_id=upload, fingerprint="v1:5"),
            c2s.EmptyFileUpload(path=folder, name="empty"),
            c2s.FolderStatusRequest(path=folder),
            c2s.ListRequest(path=folder, type="files", page=0),
            c2s.PositionRequest(path=folder, type="files", name="f"),
            c2s.FolderSizeRequest(folder_id=folder_id),
            c2s.FolderSummariesRequest(path=folder, page=0),
            c2s.RecentFilesRequest(),
            c2s.SearchRequest(text="f", path=folder),
            c2s.StarFile(file_id=file_id, starred=True),
            c2s.StarFolder(folder_id=sub_id, starred=True),
            c2s.StarListRequest(),
            c2s.StarredRequest(),
            c2s.CreateFolder(path=f"{folder}/made"),
            c2s.RenameFolder(path=f"{folder}/sub", target_name="renamed"),
            c2s.MoveFolder(path=f"{folder}/sub", target_path=folder),
            c2s.CopyFolder(path=f"{folder}/sub", target_path=folder),
            c2s.CopyFiles(path=folder, target_path=f"{folder}/sub", files=("f",)),
            c2s.DeleteFolder(folder_id=sub_id),
            c2s.RenameFile(path=folder, name="f", target_name="g"),
            c2s.MoveFiles(source_id=folder_id, target_id=sub_id, files=("f",)),
            c2s.DeleteFile(folder_id=folder_id, name="f"),
            c2s.FileShare(path=folder, name="f", target_user=2),
            c2s.SetPublic(path=folder, name="f", is_public=True),
            c2s.TransferOwnership(file_id=file_id, target_user_id=2),
            c2s.ShareListRequest(path=folder, name="f"),
            c2s.SignedDownloadRequest(file_id=file_id),
            c2s.ThumbnailRequest(file_id=file_id),
            c2s.UserSearchRequest(query="a"),
            c2s.PingServices(),
            c2s.KeptUploadsRequest(),
            c2s.UploadResume(upload_id=upload),
            c2s.UploadPark(upload_id=upload),
            c2s.UploadDrop(upload_id=upload),
            c2s.UserListRequest(page=0),
            c2s.UserPasswordSet(user_id=2, password=PASSWORD),
            c2s.UserRoleSet(user_id=2, is_admin=True),
            c2s.UserRemove(user_id=2),
        )
    }


UNANSWERED = {c2s.UploadOverwriteResponse, c2s.PingServices}
CLIENT_PACKETS = [packet for packet in PACKETS.values() if namespace_of(packet.id) == "c2s"]
PLACED = [
    packet
    for packet in CLIENT_PACKETS
    if list(
        PACKET_RULES[packet].places(
            _samples(dict.fromkeys(("/in", "/in/f", "/in/sub"), 1), "/in")[packet]
        )
    )
]
"""Packets that name a place."""


@pytest.fixture
async def ids(world: World, admin) -> dict[str, Any]:
    """The ids of what lies in two folders."""
    found: dict[str, Any] = {}
    for folder in ("/in", "/out"):
        found[f"{folder}/f"] = (await world.put(f"{folder}/f")).id
        await world.put(f"{folder}/sub/deep")
        found[folder] = await world.folder_id(folder)
        found[f"{folder}/sub"] = await world.folder_id(f"{folder}/sub")
    await world.user("bob")
    return found


async def answer_to(client: ClientPeer, packet: Packet) -> Packet:
    """Whatever the manager answers."""
    return await client.connection.request(packet, Packet, timeout_s=10)


def refusal_in(answer: Packet) -> str | None:
    """Why it was refused, if that is what it says."""
    if isinstance(answer, generic.Boolean) and not answer.success:
        return answer.message
    return None


def test_every_packet_has_a_rule_and_a_sample():
    """So that no packet is forgotten, of those that there are and those that come."""
    assert set(PACKET_RULES) == set(CLIENT_PACKETS)
    sample_ids = dict.fromkeys(("/in", "/in/f", "/in/sub"), 1)
    assert set(_samples(sample_ids, "/in")) == set(CLIENT_PACKETS)


@pytest.mark.parametrize("kind", CLIENT_PACKETS, ids=lambda kind: kind.id)
async def test_a_read_only_app_password_changes_nothing(world, ids, make, connect, kind):
    """What changes anything is refused, what reads is done, and nobody's account is managed."""
    client, before = await connect(await make(read_only=True)), await world.everything()
    packet = _samples(ids, "/in")[kind]
    if kind in UNANSWERED:
        await client.send(packet)
        await client.caught_up()
        assert await world.everything() == before
        return
    expected = {
        Effect.READS: None,
        Effect.CHANGES: READ_ONLY,
        Effect.ADMINISTERS: LOGIN_NEEDED,
    }[PACKET_RULES[kind].effect]
    refusal = refusal_in(await answer_to(client, packet))
    if kind is c2s.ThumbnailRequest:
        assert refusal not in {READ_ONLY, OUTSIDE, LOGIN_NEEDED}
    else:
        assert refusal == expected
    assert await world.everything() == before


@pytest.mark.parametrize("kind", PLACED, ids=lambda kind: kind.id)
async def test_a_confined_app_password_stays_in_its_folder(world, ids, make, connect, kind):
    """Outside it is refused whatever names a place, by path or by id; inside nothing is."""
    client, before = await connect(await make(folder="/in")), await world.everything()
    if kind in {c2s.UploadResume, c2s.UploadPark, c2s.UploadDrop}:
        ids["upload"] = (await world.put("/out/committed")).object_id
        before = await world.everything()
    outside = _samples(ids, "/out")[kind]
    assert refusal_in(await answer_to(client, outside)) == OUTSIDE
    assert await world.everything() == before
    anywhere = {
        *(c2s.UploadResume, c2s.UploadPark, c2s.UploadDrop),
        *(c2s.RecentFilesRequest, c2s.StarListRequest, c2s.StarredRequest),
    }
    if kind not in anywhere:
        inside = _samples(ids, "/in")[kind]
        assert refusal_in(await answer_to(client, inside)) != OUTSIDE


async def test_one_place_inside_is_not_enough(ids, make, connect):
    """Nothing is taken out of the folder, nor brought in; the root is outside, and so is what is missing."""
    client = await connect(await make(folder="/in"))
    for packet in (
        c2s.MoveFiles(source_id=ids["/in"], target_id=ids["/out"], files=("f",)),
        c2s.MoveFiles(source_id=ids["/out"], target_id=ids["/in"], files=("f",)),
        c2s.MoveFolder(path="/in/sub", target_path="/out"),
        c2s.MoveFolder(path="/out/sub", target_path="/in"),
        c2s.CopyFolder(path="/out/sub", target_path="/in"),
        c2s.CopyFolder(path="/in/sub", target_path="/out"),
        c2s.CopyFiles(path="/out", target_path="/in", files=("f",)),
        c2s.FolderSizeRequest(folder_id=None),
        c2s.FolderSizeRequest(folder_id=0),
        c2s.FolderSizeRequest(folder_id=10**9),
        c2s.SignedDownloadRequest(file_id=10**9),
        c2s.FolderStatusRequest(path="/"),
        c2s.FolderStatusRequest(path="/inside"),
        c2s.FolderStatusRequest(path="/no/such"),
    ):
        assert await client.refusal(packet) == OUTSIDE


async def test_the_folder_itself_stays_as_it_is(ids, make, connect):
    """It is an entry of the one above: not renamed, moved or deleted from within."""
    client = await connect(await make(folder="/in"))
    for packet in (
        c2s.RenameFolder(path="/in", target_name="other"),
        c2s.MoveFolder(path="/in", target_path="/in/sub"),
        c2s.DeleteFolder(folder_id=ids["/in"]),
    ):
        assert await client.refusal(packet) == OUTSIDE


async def test_changes_outside_are_not_heard(world, ids, make, connect, stage):
    """Of what comes in and goes out, a confined client hears that it is there, or gone."""
    client, alice = (
        await connect(await make(folder="/in")),
        await stage.client("alice", extensions=(ORGANISE,)),
    )
    heard_all = await stage.client("bob")
    for packet in (
        c2s.CreateFolder(path="/out/unheard"),
        c2s.RenameFile(path="/out", name="f", target_name="unheard.txt"),
        c2s.CreateFolder(path="/in/heard"),
        c2s.MoveFolder(path="/in/sub", target_path="/out/unheard"),
        c2s.MoveFolder(path="/out/sub", target_path="/in/heard"),
        c2s.MoveFiles(source_id=ids["/in"], target_id=ids["/out"], files=("f",)),
        c2s.CreateFolder(path="/in/last"),
    ):
        assert (await alice.order(packet)).success
    await heard_all.next(s2c.FolderModify, path="/in/last")
    heard = [
        (each.action, f"{each.path} {each.handle.name}")
        for each in await client.until(s2c.FolderModify, path="/in/last")
        if isinstance(each, s2c.FolderModify | s2c.FileModify)
    ]
    assert heard == [
        ("add", "/in/heard heard"),
        ("delete", "/in/sub sub"),
        ("add", "/in/heard/sub sub"),
        ("delete", "/in f"),
        ("add", "/in/last last"),
    ]


async def test_the_scope_follows_its_folder(world, ids, make, connect, stage, ask):
    """Also for a client that is connected, which hears of changes where the folder is then."""
    text = await make(folder="/in")
    client, alice = await connect(text), await stage.client("alice", extensions=(ORGANISE,))
    assert (await alice.order(c2s.MoveFolder(path="/in", target_path="/out"))).success
    assert (await alice.order(c2s.CreateFolder(path="/in"))).success
    assert (await alice.order(c2s.CreateFolder(path="/out/in/new"))).success
    assert (await client.next(s2c.FolderModify)).path == "/out/in/new"
    assert (await client.ask(c2s.FolderStatusRequest(path="/out/in"), s2c.FolderStatus)).exists
    assert await client.refusal(c2s.FolderStatusRequest(path="/in")) == OUTSIDE
    assert (await ask("GET", "/page/metadata?path=/out/in&name=f", text))[0] == 200
    assert (await ask("GET", "/page/metadata?path=/in&name=f", text))[1]["code"] == "outside-scope"


async def test_the_folder_takes_its_app_passwords_along(world, ids, make, connect, stage, ask):
    """Deleted, it leaves nothing that the app password is good for."""
    text = await make(folder="/in")
    client, alice = await connect(text), await stage.client("alice")
    assert (await alice.order(c2s.DeleteFolder(folder_id=ids["/in"]))).success
    assert await client.refusal(c2s.FolderStatusRequest(path="/in")) == OUTSIDE
    await stage.app[LOGINS].check()
    await client.ended()
    assert (await ask("GET", "/status", text))[0] == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/download?path=/out&name=f", 403),
        ("/bulk-download?path=/", 403),
        ("/bulk-download?path=/out", 403),
        ("/bulk-download?path=/in", 200),
        ("/page/metadata?path=/out&name=f", 403),
        ("/page/metadata?path=/in&name=f", 200),
        ("/page/metadata?path=/no&name=f", 403),
        ("/status", 200),
    ],
)
async def test_routes_stay_in_the_folder(ids, make, ask, path, status):
    """What is outside is refused, whether it is there or not, with a code."""
    answered, answer = await ask("GET", path, await make(folder="/in"))
    assert answered == status
    if status == 403:
        assert answer["code"] == "outside-scope"


async def test_posted_archives_stay_in_the_folder(ids, make, ask, stage, http):
    """As JSON and as a form."""
    text = await make(folder="/in")
    assert (await ask("POST", "/bulk-download", text, path="/out"))[1]["code"] == "outside-scope"
    form = {"auth": text, "path": "/out"}
    async with http.post(f"{stage.url}/bulk-download", data=form) as response:
        assert response.status == 403


async def test_graphql_is_for_what_is_not_confined(make, ask, admin):
    """A confined app password is refused, a reading one opens no ticket."""
    confined, reading = await make("c", folder="/"), await make("r", read_only=True)
    query = 'mutation { getTicket(mimeType: "text/plain", size: 5) { url } }'
    _, answer = await ask("POST", "/graphql", reading, query=query)
    assert answer["errors"][0]["message"] == READ_ONLY
    # The root confines to nothing.
    assert (await ask("POST", "/graphql", confined, query="{ __typename }"))[0] == 200


async def test_graphql_refuses_a_confined_one(ids, make, ask):
    """What it has to do with lies in no folder."""
    status, answer = await ask("POST", "/graphql", await make(folder="/in"), query="{ __typename }")
    assert (status, answer["code"]) == (403, "outside-scope")


async def test_kept_uploads_outside_are_not_there(stage, make, connect, admin):
    """They are not listed, and not taken over, parked or dropped."""
    service = await stage.service()
    client = await booking_client(stage)
    await stage.catalog.make_folders(("in",))
    outside = await begin_kept(client, service, "out.txt", stored=(0,))
    confined = await connect(await make(folder="/in"))
    listed = await confined.ask(c2s.KeptUploadsRequest(), s2c.KeptUploads)
    assert listed.uploads == ()
    for packet in (
        c2s.UploadResume(upload_id=outside.upload_id),
        c2s.UploadPark(upload_id=outside.upload_id),
        c2s.UploadDrop(upload_id=outside.upload_id),
    ):
        assert await confined.refusal(packet) == OUTSIDE
    full = await connect(await make("full"))
    listed = await full.ask(c2s.KeptUploadsRequest(), s2c.KeptUploads)
    assert [each.upload_id for each in listed.uploads] == [outside.upload_id]


async def test_what_is_no_app_password(stage, ask, admin):
    """Other texts that look like one open nothing, also no connection."""
    for text in ("dca_", "dca_" + "A" * 43, "dca_é"):
        with pytest.raises(CloudError):
            async with connected(stage, text):
                pass
    assert (await ask("GET", "/status", "dca_nothing"))[0] == 401
