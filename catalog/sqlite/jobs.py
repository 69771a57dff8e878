"""The queue of objects to process."""

import json
import sqlite3
from collections.abc import Mapping
from uuid import UUID

from catalog.records import Enqueued, Job, JobState
from catalog.sqlite.database import Session
from catalog.sqlite.part import SqlitePart
from catalog.sqlite.statements import sql


async def enqueue(session: Session, object_id: UUID, *, now: float) -> None:
    """Queues an object, unless it has a job."""
    await session.run(sql.enqueue_job, object_id=object_id.bytes, now=now)


class SqliteJobs(SqlitePart):
    """`JobStore` on SQLite."""

    async def enqueue_missing(
        self, *, recipe_version: int | None, after: UUID | None, limit: int
    ) -> Enqueued:
        """Looks at `limit` objects, those after an id, and queues what was never processed."""
        start = after.bytes if after else b""
        async with self._database.writing() as session:
            end = (await session.rows(sql.stretch_end, after=start, limit=limit))[0]
            queued = await session.rows(
                sql.enqueue_stretch,
                after=start,
                last=end["last"],
                recipe_version=recipe_version,
                now=self._clock(),
            )
        last = UUID(bytes=end["last"]) if end["objects"] == limit else None
        return Enqueued(queued=len(queued), last=last)

    async def claim_job(self, worker: str, *, lease_s: float, max_attempts: int) -> Job | None:
        """Leases the job that is due longest to the worker, and counts the attempt."""
        now = self._clock()
        async with self._database.writing() as session:
            await session.run(sql.fail_exhausted_jobs, now=now, max_attempts=max_attempts)
            row = await session.row(sql.claim_job, now=now, lease_end=now + lease_s, worker=worker)
        return _job_of(row) if row else None

    async def renew_job(self, object_id: UUID, *, worker: str, lease_s: float) -> bool:
        """Moves the end of the lease. False when the worker does not have the job any more."""
        return await self._change(
            sql.renew_job, object_id, worker=worker, lease_end=self._clock() + lease_s
        )

    async def complete_job(
        self,
        object_id: UUID,
        *,
        worker: str,
        metadata: Mapping[str, object],
        recipe_version: int,
    ) -> bool:
        """Stores the metadata, and the job is done. False when the worker does not have it."""
        async with self._database.writing() as session:
            row = await session.row(
                sql.complete_job,
                object_id=object_id.bytes,
                worker=worker,
                recipe_version=recipe_version,
                now=self._clock(),
            )
            if row is None:
                return False
            text = json.dumps(dict(metadata), allow_nan=False)
            await session.run(sql.set_metadata, object_id=object_id.bytes, metadata=text)
            return True

    async def fail_job(
        self, object_id: UUID, *, worker: str, error: str, retry_at: float | None
    ) -> bool:
        """Ends the attempt: due again at a time, or (None) given up."""
        error = error.replace("\0", "")
        if retry_at is None:
            return await self._change(
                sql.give_up_job, object_id, worker=worker, error=error, now=self._clock()
            )
        return await self._change(
            sql.retry_job_later, object_id, worker=worker, error=error, retry_at=retry_at
        )

    async def jobs(self, state: JobState, *, limit: int) -> list[Job]:
        """Jobs in that state, due longest first."""
        async with self._database.reading() as session:
            rows = await session.rows(sql.jobs_by_state, state=state.value, limit=limit)
        return [_job_of(row) for row in rows]

    async def count_jobs(self) -> dict[JobState, int]:
        """How many jobs are queued, running and failed."""
        async with self._database.reading() as session:
            found = {row["state"]: row["jobs"] for row in await session.rows(sql.count_jobs)}
        unfinished = (JobState.QUEUED, JobState.RUNNING, JobState.FAILED)
        return {state: found.get(state.value, 0) for state in unfinished}

    async def retry_jobs(self) -> int:
        """Queues all failed jobs anew, with no attempt counted. Answers how many."""
        async with self._database.writing() as session:
            return len(await session.rows(sql.retry_failed_jobs, now=self._clock()))

    async def _change(self, statement: str, object_id: UUID, **parameters: object) -> bool:
        async with self._database.writing() as session:
            row = await session.row(statement, object_id=object_id.bytes, **parameters)
        return row is not None


def _job_of(row: sqlite3.Row) -> Job:
    return Job(
        object_id=UUID(bytes=row["object_id"]),
        state=JobState(row["state"]),
        due_at=row["due_at"],
        attempts=row["attempts"],
        worker=row["worker"],
        error=row["error"],
        recipe_version=row["recipe_version"],
    )
