"""Names that are taken: policies, questions and answers."""

import asyncio
from typing import Any, cast

import pytest

from client_sdk import Conflict, ConflictAnswer, OnConflict, Outcome
from client_sdk.errors import (
    InvalidInput,
)
from protocol import c2s, s2c


async def test_policies_may_be_given_by_their_values(manager, make_client) -> None:
    """The text of a policy is as good as the policy, also in an answer; others are named."""
    manager.files = {"/name": b"old"}
    async with make_client() as cloud:
        assert (await cloud.upload(b"new", "/name", on_conflict="skip")).outcome is Outcome.SKIPPED
        await cloud.upload(b"new", "/name", on_conflict="overwrite")
        assert manager.files == {"/name": b"new"}
        answer, wrong = ConflictAnswer(cast("Any", "overwrite")), ConflictAnswer(cast("Any", "no"))
        await cloud.upload(b"newer", "/name", on_conflict=lambda _: answer)
        assert manager.files == {"/name": b"newer"}
        with pytest.raises(InvalidInput, match="overwrite, rename, skip"):
            await cloud.upload(b"x", "/name", on_conflict="replace")
        with pytest.raises(InvalidInput, match="overwrite, rename, skip"):
            await cloud.upload(b"x", "/name", on_conflict=lambda _: wrong)


@pytest.mark.parametrize(
    ("policy", "outcome", "files"),
    [
        (OnConflict.OVERWRITE, Outcome.STORED, {"/a.txt": b"new"}),
        (OnConflict.RENAME, Outcome.RENAMED, {"/a.txt": b"old", "/a (1).txt": b"new"}),
        (OnConflict.SKIP, Outcome.SKIPPED, {"/a.txt": b"old"}),
    ],
)
@pytest.mark.parametrize("is_asked", [True, False])
async def test_conflicts_are_settled_by_policy_or_callback(
    manager, make_client, policy, outcome, files, is_asked
) -> None:
    """Each policy, fixed or answered, does what it says and reports it."""
    manager.files["/a.txt"] = b"old"
    asked: list[Conflict] = []

    async def callback(conflict: Conflict) -> ConflictAnswer:
        asked.append(conflict)
        return ConflictAnswer(policy)

    async with make_client() as cloud:
        result = await cloud.upload(b"new", "/a.txt", on_conflict=callback if is_asked else policy)
    assert (result.outcome, manager.files) == (outcome, files)
    assert asked == ([Conflict(path="/a.txt")] if is_asked else [])


async def test_use_on_all_asks_once(manager, make_client) -> None:
    """One answer settles all conflicts of the same callback, and no others."""
    manager.files = {f"/{n}": b"old" for n in range(6)}
    asked: list[str] = []

    def callback(conflict: Conflict) -> ConflictAnswer:
        asked.append(conflict.name)
        return ConflictAnswer(OnConflict.OVERWRITE, use_on_all=True)

    async with make_client() as cloud:
        await asyncio.gather(
            *(cloud.upload(b"new", f"/{n}", on_conflict=callback) for n in range(5)),
            cloud.upload(b"new", "/5", on_conflict=OnConflict.SKIP),
        )
    assert len(asked) == 1
    assert manager.files == {**{f"/{n}": b"new" for n in range(5)}, "/5": b"old"}


async def test_an_error_in_the_callback_ends_its_upload(manager, make_client) -> None:
    """What the callback raises comes out of the upload, which is taken back."""
    manager.files["/name"] = b"old"

    def callback(_: Conflict) -> ConflictAnswer:
        raise ZeroDivisionError

    async with make_client() as cloud:
        with pytest.raises(ZeroDivisionError):
            await cloud.upload(b"new", "/name", on_conflict=callback)
        await manager.until(lambda: not manager.uploads)
    assert manager.files == {"/name": b"old"}


async def test_a_service_is_free_while_a_conflict_waits(manager, make_client) -> None:
    """An open question holds no service."""
    manager.services = 1
    manager.files["/taken"] = b"old"
    others_done = asyncio.Event()

    async def callback(_: Conflict) -> ConflictAnswer:
        await others_done.wait()
        return ConflictAnswer(OnConflict.OVERWRITE)

    async with make_client() as cloud:
        waiting = asyncio.create_task(cloud.upload(b"new", "/taken", on_conflict=callback))
        await manager.seen(c2s.UploadRequest)
        await cloud.upload(b"x", "/other")
        others_done.set()
        await waiting
    assert manager.files == {"/taken": b"new", "/other": b"x"}


async def test_a_conflict_settled_elsewhere_is_not_asked_any_more(manager, make_client) -> None:
    """upload-overwrite-cancel takes open questions back."""
    manager.files["/name"] = b"old"
    is_asked, is_withdrawn = asyncio.Event(), asyncio.Event()

    async def callback(_: Conflict) -> ConflictAnswer:
        is_asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            is_withdrawn.set()
        raise AssertionError

    async with make_client() as cloud:
        upload = asyncio.create_task(cloud.upload(b"new", "/name", on_conflict=callback))
        await is_asked.wait()
        await manager.broadcast(s2c.UploadOverwriteCancel())
        await is_withdrawn.wait()
        await manager.finish(next(iter(manager.uploads.values())))
        assert (await upload).outcome is Outcome.STORED
