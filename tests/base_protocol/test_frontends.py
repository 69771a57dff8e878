"""A web frontend of the base protocol, against our own upload services and base-protocol ones."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.base_protocol.frontend import Frontend
from tests.base_protocol.stage import Stage, running_stage

OLD, NEW = b"0123456789", b"new content"


@pytest.fixture(params=["ours", "base"])
async def alice(stage: Stage, request: pytest.FixtureRequest) -> Frontend:
    """A user with two services booked, of that kind."""
    for _ in range(2):
        await (stage.our_service() if request.param == "ours" else stage.service())
    return await stage.frontend(booked=2)


async def test_logging_in(stage: Stage):
    """A frontend that knows nothing but GET registers, logs in, and connects with its token."""
    account = {"username": "root", "password": "correct horse"}
    assert (await stage.fetch("/register", **account))[0] == 200
    status, body = await stage.fetch("/login", **account)
    assert (status, body["error"], len(body["token"].split("."))) == (200, False, 3)
    assert await stage.fetch("/token-status", token=body["token"]) == (
        200,
        {"error": False, "user_id": 1},
    )
    frontend = await stage.connect(
        Frontend, stage.http, stage.url, body["token"], type="client", key=body["token"]
    )
    assert await frontend.names() == []


async def test_wrong_logins(stage: Stage):
    """A wrong password is 403, a missing one 400, a wrong token keeps the socket shut."""
    await stage.token("alice")
    assert (await stage.fetch("/login", username="alice", password="wrong horse"))[0] == 403
    assert (await stage.fetch("/login", username="alice"))[0] == 400
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await stage.http.ws_connect(stage.url, params={"type": "client", "key": "a.b.c"})
    assert refused.value.status == 401


async def test_a_whole_upload(stage: Stage, alice: Frontend, content: bytes):
    """Folders come into being, everybody hears of all, and the file comes back."""
    bob = await stage.frontend("bob")
    await alice.store("a.txt", content, "/docs/2024", is_public=True)
    for path in ("/docs", "/docs/2024"):
        await bob.next("s2c:folder-modify", path=path, action="add")
    told = await bob.next("s2c:file-modify", path="/docs/2024", action="add")
    assert told["handle"]["ownership"] == {"status": "public"}
    status = (await bob.ask("c2s:folder-status-request", path="/docs/2024")).data
    assert (status["exists"], status["file_count"], status["subfolder_count"]) == (True, 1, 0)
    assert [file["size"] for file in await bob.files("/docs/2024")] == [350]
    assert await bob.download("a.txt", "/docs/2024") == (200, content)


async def test_two_uploads_at_once(alice: Frontend, content: bytes):
    """Each booked service takes one."""
    first, second = await alice.request("a", 350), await alice.request("b", 350)
    assert first["accepted"]
    assert second["accepted"]
    third = await alice.request("c", 350)
    assert not third["accepted"]
    assert third["rejection_reason"]
    for response in (second, first):
        await alice.send_chunks(response, content)
        assert (await alice.finished(response["upload_id"]))["success"]
    assert await alice.names() == ["a", "b"]


async def test_a_taken_name_is_asked_about(alice: Frontend):
    """Skip keeps the file, rename numbers the new one, overwrite replaces the old."""
    await alice.store("a.txt", OLD)
    for action, success, target in (
        ("skip", False, None),
        ("rename", True, "a (1).txt"),
        ("overwrite", True, None),
    ):
        upload = await alice.put("a.txt", NEW)
        asked = await alice.next("s2c:upload-overwrite-request", upload_id=upload)
        assert (asked["file_name"], asked["file_path"]) == ("a.txt", "/")
        assert await alice.download("a.txt") == (200, OLD)
        await alice.send("c2s:upload-overwrite-response", upload_id=upload, action=action)
        ended = await alice.finished(upload)
        assert (ended["success"], ended.get("rename_target")) == (success, target)
    assert await alice.names() == ["a (1).txt", "a.txt"]
    assert await alice.download("a.txt") == (200, NEW)


async def test_one_answer_for_all(alice: Frontend):
    """It settles the open questions, and later ones until the booking is cleared."""
    for name in ("a", "b", "c"):
        await alice.store(name, OLD)
    first, second = await alice.put("a", NEW), await alice.put("b", NEW)
    for upload in (first, second):
        await alice.next("s2c:upload-overwrite-request", upload_id=upload)
    answer: dict[str, Any] = {"upload_id": first, "action": "overwrite", "use_on_all_uploads": True}
    await alice.send("c2s:upload-overwrite-response", **answer)
    # Crosses it, and must not be answered: a reply to nothing fails the test.
    await alice.send("c2s:upload-overwrite-response", upload_id=second, action="skip")
    await alice.next("s2c:upload-overwrite-cancel")
    third = await alice.put("c", NEW)
    for upload in (first, second, third):
        assert (await alice.finished(upload))["success"]
    assert alice.unread("s2c:upload-overwrite-request") == []
    assert await alice.order("c2s:upload-booking-clear")
    await alice.book()
    fourth = await alice.put("a", OLD)
    await alice.next("s2c:upload-overwrite-request", upload_id=fourth)


async def test_clearing_while_a_request_is_in_flight(alice: Frontend, content: bytes):
    """The answer is false and the upload goes on; the booking can be cleared after it."""
    asked = {"name": "a.txt", "path": "/", "size": len(content), "is_public": False}
    requested = await alice.begin("c2s:upload-request", **asked)
    cleared = await alice.begin("c2s:upload-booking-clear")
    refusal, response = (await cleared).data, (await requested).data
    assert not refusal["success"]
    assert refusal["message"]
    assert response["accepted"]
    await alice.send_chunks(response, content)
    await alice.next("s2c:upload-stage-finish", upload_id=response["upload_id"])
    assert await alice.order("c2s:upload-booking-clear")
    assert (await alice.finished(response["upload_id"]))["success"]
    assert await alice.download("a.txt") == (200, content)
    assert not await alice.order("c2s:upload-booking-clear")


async def test_an_abort(alice: Frontend, content: bytes):
    """The upload ends without a file, and its service is free for the next."""
    response = await alice.request("a.txt", len(content))
    assert await alice.order("c2s:upload-abort-request", upload_id=response["upload_id"])
    assert not (await alice.finished(response["upload_id"]))["success"]
    await alice.store("b.txt", content)
    assert await alice.names() == ["b.txt"]


async def test_empty_files_need_no_service(stage: Stage):
    """They are there at once, and download as nothing."""
    alice = await stage.frontend()
    assert await alice.order("c2s:empty-file-upload", path="/", name="a.txt")
    assert not await alice.order("c2s:empty-file-upload", path="/", name="a.txt")
    assert await alice.download("a.txt") == (200, b"")


@pytest.mark.parametrize("kind", ["ours", "base"])
async def test_only_base_names(tmp_path: Path, kind: str):
    """With the policy `base` no name comes into being that a base frontend would reject."""
    async with running_stage(tmp_path, name_policy="base") as stage:
        await (stage.our_service() if kind == "ours" else stage.service())
        alice = await stage.frontend(booked=1)
        for name, path in (("наука.txt", "/"), ("a.txt", "/наука"), ("a|b.txt", "/"), ("😀", "/")):
            refused = await alice.request(name, 10, path)
            assert not refused["accepted"]
            assert "Latin-1" in refused["rejection_reason"]
            assert not await alice.order("c2s:empty-file-upload", path=path, name=name)
        assert not await alice.order("c2s:create-folder", path="/docs/日本")
        for name in ("Ärger mit §5 (1).txt", "~^°!\"'’$%&[]{}=?ß,;#+*"):  # noqa: RUF001 - as listed
            await alice.store(name, OLD, "/Büro")
            assert await alice.download(name, "/Büro") == (200, OLD)
        again = await alice.put("Ärger mit §5 (1).txt", NEW, "/Büro")
        await alice.next("s2c:upload-overwrite-request", upload_id=again)
        await alice.send("c2s:upload-overwrite-response", upload_id=again, action="rename")
        assert (await alice.finished(again))["rename_target"] == "Ärger mit §5 (1) (1).txt"
        for packet, more in (
            ("c2s:rename-file", {"path": "/Büro", "name": "Ärger mit §5 (1).txt"}),
            ("c2s:rename-folder", {"path": "/Büro"}),
        ):
            assert not await alice.order(packet, target_name="наука", **more)
