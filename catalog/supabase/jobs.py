"""The queue of objects to process."""

import json
from collections.abc import Mapping
from uuid import UUID

from catalog.errors import InvalidRecord
from catalog.records import Enqueued, Job, JobState
from catalog.supabase.part import SupabasePart
from catalog.supabase.rows import Row


class SupabaseJobs(SupabasePart):
    """`JobStore` on Supabase."""

    async def enqueue_missing(
        self, *, recipe_version: int | None, after: UUID | None, limit: int
    ) -> Enqueued:
        """Looks at `limit` objects, those after an id, and queues what was never processed."""
        row = await self._functions.write(
            "enqueue_missing",
            recipe_version=recipe_version,
            after=str(after) if after else None,
            limit=limit,
            now=self._clock(),
        )
        return Enqueued(queued=row["queued"], last=UUID(row["last"]) if row["last"] else None)

    async def claim_job(self, worker: str, *, lease_s: float, max_attempts: int) -> Job | None:
        """Leases the job that is due longest to the worker, and counts the attempt."""
        row = await self._functions.write(
            "claim_job",
            worker=worker,
            lease_s=lease_s,
            max_attempts=max_attempts,
            now=self._clock(),
        )
        return None if row is None else _job_of(row)

    async def renew_job(self, object_id: UUID, *, worker: str, lease_s: float) -> bool:
        """Moves the end of the lease. False when the worker does not have the job any more."""
        renewed: bool = await self._functions.write(
            "renew_job",
            object_id=str(object_id),
            worker=worker,
            lease_s=lease_s,
            now=self._clock(),
        )
        return renewed

    async def complete_job(
        self,
        object_id: UUID,
        *,
        worker: str,
        metadata: Mapping[str, object],
        recipe_version: int,
    ) -> bool:
        """Stores the metadata, and the job is done. False when the worker does not have it."""
        completed: bool = await self._functions.write(
            "complete_job",
            object_id=str(object_id),
            worker=worker,
            metadata=_metadata_to_text(metadata),
            recipe_version=recipe_version,
            now=self._clock(),
        )
        return completed

    async def fail_job(
        self, object_id: UUID, *, worker: str, error: str, retry_at: float | None
    ) -> bool:
        """Ends the attempt: due again at a time, or (None) given up."""
        failed: bool = await self._functions.write(
            "fail_job",
            object_id=str(object_id),
            worker=worker,
            error=error.replace("\0", ""),  # which PostgreSQL's text cannot hold
            retry_at=retry_at,
            now=self._clock(),
        )
        return failed

    async def jobs(self, state: JobState, *, limit: int) -> list[Job]:
        """Jobs in that state, due longest first."""
        rows = await self._functions.read("jobs_in", state=state.value, limit=limit)
        return [_job_of(row) for row in rows]

    async def count_jobs(self) -> dict[JobState, int]:
        """How many jobs are queued, running and failed."""
        found = await self._functions.read("count_jobs")
        unfinished = (JobState.QUEUED, JobState.RUNNING, JobState.FAILED)
        return {state: found.get(state.value, 0) for state in unfinished}

    async def retry_jobs(self) -> int:
        """Queues all failed jobs anew, with no attempt counted. Answers how many."""
        queued: int = await self._functions.write("retry_jobs", now=self._clock())
        return queued


def _metadata_to_text(metadata: Mapping[str, object]) -> str:
    # As text, in which NUL and other odd characters of somebody's tags are plain escapes.
    try:
        return json.dumps(dict(metadata), allow_nan=False)
    except ValueError as error:
        raise InvalidRecord(f"the metadata is no JSON: {error}") from error


def _job_of(row: Row) -> Job:
    return Job(
        object_id=UUID(row["object_id"]),
        state=JobState(row["state"]),
        due_at=float(row["due_at"]),
        attempts=row["attempts"],
        worker=row["worker"],
        error=row["error"],
        recipe_version=row["recipe_version"],
    )
