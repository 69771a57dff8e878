"""The promises of `JobStore`."""

import asyncio
from uuid import UUID, uuid4

import pytest

from catalog.port import Catalog
from catalog.records import JobState


@pytest.fixture
def claim(catalog):
    """Claims a job for a minute."""

    async def take(worker="w", *, max_attempts=3):
        return await catalog.claim_job(worker, lease_s=60.0, max_attempts=max_attempts)

    return take


async def test_committed_files_are_queued_once(catalog, uploads, claim, clock):
    """A new file is to be processed; who claims it has it alone until it is done."""
    file = await uploads.put()
    job = await claim()
    assert (job.object_id, job.state, job.attempts) == (file.object_id, JobState.RUNNING, 1)
    assert (job.worker, job.due_at) == ("w", clock() + 60.0)
    assert await claim("other") is None
    metadata = {"width": 3, "nested": {"ü": [1.5, None]}}
    for _ in range(2):
        assert await catalog.complete_job(
            file.object_id, worker="w", metadata=metadata, recipe_version=1
        )
    assert await catalog.metadata_of(file.object_id) == metadata
    assert await claim() is None
    (done,) = await catalog.jobs(JobState.DONE, limit=9)
    assert (done.object_id, done.recipe_version) == (file.object_id, 1)


async def test_odd_characters_in_metadata(catalog, uploads, claim):
    """Whatever somebody's tags hold is read as it was stored: NUL, quotes, escapes, half a pair."""
    file = await uploads.put()
    await claim()
    metadata = {"title": 'a\0b"\\u0000\n\ud800', "ü\0": None}
    assert await catalog.complete_job(
        file.object_id, worker="w", metadata=metadata, recipe_version=1
    )
    assert await catalog.metadata_of(file.object_id) == metadata


@pytest.mark.parametrize("retry_at", [None, 1.0])
async def test_no_error_is_too_odd(catalog, uploads, claim, retry_at):
    """An attempt ends whatever its error quotes; NUL, which no database holds, is left out."""
    file = await uploads.put()
    await claim()
    error = "bad tag: a\0b\n\x1b"
    assert await catalog.fail_job(file.object_id, worker="w", error=error, retry_at=retry_at)
    state = JobState.FAILED if retry_at is None else JobState.QUEUED
    assert [job.error for job in await catalog.jobs(state, limit=9)] == ["bad tag: ab\n\x1b"]


async def test_the_oldest_comes_first(catalog, uploads, claim, clock):
    """Jobs are claimed in the order in which they became due."""
    files = []
    for number in range(3):
        files.append(await uploads.put(name=f"{number}"))
        clock.advance(1.0)
    assert [(await claim()).object_id for _ in files] == [file.object_id for file in files]


async def test_claims_at_once_get_different_jobs(catalog, uploads, claim):
    """No job is given to two workers."""
    for number in range(3):
        await uploads.put(name=f"{number}")
    jobs = await asyncio.gather(*(claim(f"w{number}") for number in range(5)))
    claimed = [job.object_id for job in jobs if job]
    assert len(claimed) == len(set(claimed)) == 3


async def test_lost_workers_lose_their_job(catalog, uploads, claim, clock):
    """After its lease a job goes to somebody else, and answers of the first change nothing."""
    file = await uploads.put()
    await claim("first")
    clock.advance(30.0)
    assert await catalog.renew_job(file.object_id, worker="first", lease_s=60.0) is True
    clock.advance(59.0)
    assert await claim("second") is None
    clock.advance(1.0)
    assert (await claim("second")).attempts == 2
    asked = {"worker": "first"}
    assert await catalog.renew_job(file.object_id, **asked, lease_s=60.0) is False
    done = {"metadata": {}, "recipe_version": 1}
    assert await catalog.complete_job(file.object_id, **asked, **done) is False
    assert await catalog.fail_job(file.object_id, **asked, error="x", retry_at=None) is False
    assert await catalog.metadata_of(file.object_id) is None


async def test_poison_is_given_up(catalog, uploads, claim, clock):
    """A job from which no worker comes back fails after so many attempts, and says so."""
    file = await uploads.put()
    for _ in range(2):
        assert await claim(max_attempts=2) is not None
        clock.advance(60.0)
    assert await claim(max_attempts=2) is None
    (failed,) = await catalog.jobs(JobState.FAILED, limit=9)
    assert (failed.object_id, failed.attempts) == (file.object_id, 2)
    assert "lost" in failed.error
    assert await catalog.count_jobs() == {
        JobState.QUEUED: 0,
        JobState.RUNNING: 0,
        JobState.FAILED: 1,
    }


async def test_failures(catalog, uploads, claim, clock):
    """A failed attempt is repeated when it is due, or given up until somebody asks again."""
    file = await uploads.put()
    await claim()
    retry_at = clock() + 10.0
    assert await catalog.fail_job(file.object_id, worker="w", error="hm", retry_at=retry_at)
    assert await claim() is None
    clock.advance(10.0)
    job = await claim()
    assert (job.attempts, job.error) == (2, "hm")
    assert await catalog.fail_job(file.object_id, worker="w", error="no", retry_at=None)
    clock.advance(10**6)
    assert await claim() is None
    assert [job.error for job in await catalog.jobs(JobState.FAILED, limit=9)] == ["no"]
    assert await catalog.retry_jobs() == 1
    assert (await claim()).attempts == 1


async def test_jobs_go_with_their_object(catalog, uploads, claim):
    """What was deleted is not processed any more."""
    file = await uploads.put()
    await catalog.delete_file(file.id)
    await catalog.collect_objects(limit=9)
    assert await claim() is None


async def enqueue_all(catalog: Catalog, recipe_version: int | None) -> int:
    """How many jobs were queued, in stretches of two."""
    queued = 0
    after: UUID | None = None
    while True:
        stretch = await catalog.enqueue_missing(recipe_version=recipe_version, after=after, limit=2)
        queued += stretch.queued
        after = stretch.last
        if after is None:
            return queued


async def test_old_files_get_new_views(catalog, uploads, claim, clock):
    """What was done by older recipes is queued anew, and what nobody needs is not."""
    files = [await uploads.put(name=f"{number}") for number in range(3)]
    for _ in files:
        job = await claim()
        await catalog.complete_job(job.object_id, worker="w", metadata={}, recipe_version=1)
    view = await uploads.store()
    await catalog.put_view(files[0].object_id, "thumbnail", view)
    await catalog.release(view, service="upload", key="k")
    await uploads.begin()
    unprocessed = await uploads.store()
    await uploads.store(ttl_s=1.0)
    clock.advance(1.0)
    assert await enqueue_all(catalog, None) == 1
    assert (await claim()).object_id == unprocessed
    assert await enqueue_all(catalog, 1) == 0
    assert await enqueue_all(catalog, 2) == 3
    assert await enqueue_all(catalog, 2) == 0
    assert {(await claim()).object_id for _ in files} == {file.object_id for file in files}


async def test_nothing_to_enqueue(catalog):
    """An empty catalog has one stretch, of nothing."""
    stretch = await catalog.enqueue_missing(recipe_version=None, after=None, limit=2)
    assert (stretch.queued, stretch.last) == (0, None)
    assert await catalog.metadata_of(uuid4()) is None
