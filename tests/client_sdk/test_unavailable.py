"""A manager that is there, cannot serve now, and says when to ask again; and one that is restarted."""

import os
import random
from typing import Any

import pytest

from cli.errors import exit_code
from client_sdk import Client, ClientSettings, LastingFailure, Refused, Unavailable
from client_sdk.endpoint import retry_after_s
from common.retry import QUICK_TRIES, RECONNECT_CAP_S
from protocol import c2s, generic
from protocol.packet import Packet
from protocol.values import Retry

NOT_NOW = "the catalog is not available: try again shortly"


@pytest.mark.parametrize(
    ("status", "told", "expected"),
    [
        (503, "0", 0.0),
        (503, " 120 ", 120.0),
        (503, "", None),
        (503, "-1", None),
        (503, "1.5", None),
        (503, "Wed, 21 Oct 2026 07:28:00 GMT", None),
        (500, "5", None),
        (429, "5", None),
    ],
)
def test_when_to_ask_again(status: int, told: str, expected: float | None) -> None:
    """Whole seconds with a 503; nothing else is a promise that asking again can help."""
    assert retry_after_s(status, {"Retry-After": told}) == expected


async def test_a_new_client_waits_as_a_connected_one_does(manager) -> None:
    """It is told that it has to wait, and goes on by itself."""
    told: list[bool] = []
    settings = ClientSettings(retry_first_s=0.0)
    manager.unavailable = 3
    async with Client(
        manager.url, manager.token, settings=settings, link_changed=told.append
    ) as cloud:
        assert (await cloud.folder_status("/")).exists
    assert manager.turned_away == ["GET /"] * 3
    assert told == [False, True]


async def test_a_connected_client_waits_too(manager, make_client) -> None:
    """A manager that comes back without its catalog is still the same manager."""
    async with make_client() as cloud:
        manager.unavailable = 3
        await manager.drop_all()
        assert (await cloud.folder_status("/")).exists
    assert manager.turned_away == ["GET /"] * 3


async def test_waiting_ends_with_the_reason(manager, make_client) -> None:
    """Who has waited long enough hears why, and when another try may help."""
    manager.unavailable = 100
    with pytest.raises(Unavailable, match="the catalog is not available") as caught:
        async with make_client(reconnect_attempts=3):
            pass
    assert caught.value.retry_after_s == 0
    assert manager.turned_away == ["GET /"] * 4


async def test_what_changes_nothing_is_asked_again(manager) -> None:
    """A login, for example; what may have been done is not done twice."""
    async with Client(manager.url, settings=ClientSettings(retry_first_s=0.0)) as cloud:
        manager.unavailable = 2
        assert await cloud.login("alice", "password1") == manager.token
        manager.unavailable = 1
        with pytest.raises(Unavailable):
            await cloud.register("bob", "password2", admin_token=manager.token)
    assert manager.turned_away == ["POST /login", "POST /login", "POST /register"]


async def test_asking_again_has_an_end(manager) -> None:
    """A manager that always says so is given up after the time that was set."""
    manager.unavailable = 10**6
    settings = ClientSettings(retry_first_s=0.0, unavailable_patience_s=0.1)
    async with Client(manager.url, settings=settings) as cloud:
        with pytest.raises(Unavailable, match="the catalog is not available"):
            await cloud.login("alice", "password1")
    assert 2 <= len(manager.turned_away) <= 12


def unable(manager: Any, packet: type[Packet], times: int, retry: Retry) -> list[str]:
    """Has the manager answer that many packets by a no that says whether another try may help.

    Answers with a list that gets the id of each of them.
    """
    answered: list[str] = []
    handle = manager.handlers[packet]

    async def answer(peer: Any, frame: Any, asked: Any) -> None:
        answered.append(asked.id)
        if len(answered) > times:
            await handle(peer, frame, asked)
        else:
            no = generic.Boolean(success=False, message=NOT_NOW, retry=retry)
            await peer.send(no, frame)

    manager.on(packet, answer)
    return answered


async def test_a_question_that_cannot_be_answered_now_is_asked_again(manager, make_client) -> None:
    """A no that may become a yes is none: nobody hears of a catalog that is away for a moment."""
    answered = unable(manager, c2s.FolderStatusRequest, 3, "later")
    async with make_client() as cloud:
        assert (await cloud.folder_status("/")).exists
    assert len(answered) == 4


async def test_a_question_that_stays_without_an_answer_is_no_refusal(manager, make_client) -> None:
    """Whoever has waited long enough knows that another try may help, and programs exit with 75."""
    unable(manager, c2s.FolderStatusRequest, 10**6, "later")
    async with make_client(unavailable_patience_s=0.1) as cloud:
        with pytest.raises(Unavailable, match=NOT_NOW) as caught:
            await cloud.folder_status("/")
    assert exit_code(caught.value) == os.EX_TEMPFAIL


async def test_an_order_that_cannot_be_done_now_is_given_once(manager, make_client) -> None:
    """It may have been done; what the caller hears is that another try may help."""
    answered = unable(manager, c2s.CreateFolder, 1, "later")
    async with make_client() as cloud:
        with pytest.raises(Unavailable, match=NOT_NOW):
            await cloud.create_folder("/a")
    assert len(answered) == 1


async def test_what_only_an_operator_can_mend_is_asked_once(manager, make_client) -> None:
    """Nobody waits for a disk to have room."""
    answered = unable(manager, c2s.FolderStatusRequest, 1, "never")
    async with make_client() as cloud:
        with pytest.raises(LastingFailure, match=NOT_NOW):
            await cloud.folder_status("/")
    assert len(answered) == 1


async def test_a_refusal_is_told_though_nothing_can_be_looked_up(manager, make_client) -> None:
    """Whether the file is there cannot be found out, and is not what went wrong."""

    async def refuse(peer: Any, frame: Any, _: c2s.RenameFile) -> None:
        manager.unavailable = 1
        await peer.send(generic.Boolean(success=False, message=NOT_NOW), frame)

    manager.files["/a"] = b"content"
    manager.on(c2s.RenameFile, refuse)
    async with make_client() as cloud:
        with pytest.raises(Refused, match=NOT_NOW):
            await cloud.rename_file("/a", "b")
    assert manager.turned_away == ["HEAD /download"]


async def test_a_client_is_back_soon_after_a_restart(manager) -> None:
    """As long as a restart takes, it tries at short intervals, which do not grow; and never at long ones."""
    slept: list[float] = []

    class Longest(random.Random):
        def random(self) -> float:
            return 1.0

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == QUICK_TRIES + 100:
            manager.hangs_up = False

    settings = ClientSettings(sleep=sleep, rng=Longest(), request_attempts=1000)
    async with Client(manager.url, manager.token, settings=settings) as cloud:
        manager.hangs_up = True
        await manager.drop_all()
        assert (await cloud.folder_status("/")).exists
    assert slept[:QUICK_TRIES] == [settings.retry_first_s] * QUICK_TRIES
    assert max(slept) == RECONNECT_CAP_S
