"""Bad days of Supabase: whatever can be waited out is, and no lost answer does harm."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from postgrest.exceptions import APIError
from structlog.testing import capture_logs

from catalog.errors import (
    CatalogFull,
    CatalogReadOnly,
    CatalogRefused,
    CatalogUnavailable,
    FolderMissing,
    NotPermitted,
)
from catalog.permits import Holder, Permit, Standing
from catalog.port import OverwriteOnConflict, RenameOnConflict
from catalog.supabase.adapter import SupabaseCatalog
from catalog.supabase.client import ATTEMPT_S, CALL_RETRY
from catalog.supabase.failures import Interrupted, failure_of
from local_supabase.gateway import GatewayFault
from local_supabase.stack import LocalSupabase
from tests.messages import enter_chunk
from tests.orphans import orphans_of

PASSING = [
    GatewayFault.RESET_BEFORE,
    GatewayFault.RESET_AFTER,
    GatewayFault.UNAVAILABLE,
    GatewayFault.BROKEN,
    GatewayFault.GARBLED,
    GatewayFault.NESTED,
    GatewayFault.NESTED_ERROR,
]


@pytest.mark.parametrize("fault", PASSING)
async def test_a_commit_outlives_a_fault(catalog, uploads, empty, fault):
    """A commit whose connection breaks at any point, or that meets an error page, happens once."""
    object_id = await uploads.store()
    empty.gateway.faults.extend([fault, fault])
    committed = await uploads.commit(object_id, ("a", "b"), on_conflict=RenameOnConflict())
    assert committed.file.name == "a.txt"
    assert [placed.path for placed in committed.created_folders] == [("a",), ("a", "b")]
    assert (await catalog.counts(committed.file.folder_id)).files == 1
    assert await catalog.usage_by_type(0) == {"text/plain": 5}


@pytest.mark.parametrize("fault", PASSING)
async def test_reading_outlives_a_fault(catalog, empty, fault):
    """What is asked is answered, although the first attempt fails."""
    empty.gateway.faults.append(fault)
    assert (await catalog.folder_at(())).id == 0


async def test_lost_answers_are_given_again(catalog, uploads, empty):
    """Each call whose answer was lost after all was done answers what it did, not what it finds."""
    faults = empty.gateway.faults
    user = await catalog.create_user("ann", "hash")

    faults.append(GatewayFault.RESET_AFTER)
    made = await catalog.make_folders(("a", "b"))
    assert [placed.path for placed in made.created] == [("a",), ("a", "b")]

    file = await uploads.put(("a", "b"), "f")
    faults.append(GatewayFault.RESET_AFTER)
    [moved] = await catalog.move_files([file.id], 0)
    assert (moved.before.folder, moved.after.folder) == (("a", "b"), ())

    faults.append(GatewayFault.RESET_AFTER)
    shared = await catalog.put_share(file.id, user.id, can_write=True)
    faults.append(GatewayFault.RESET_AFTER)
    unshared = await catalog.remove_share(file.id, user.id)
    assert (len(shared.shares), unshared.shares) == (1, ())

    faults.append(GatewayFault.RESET_AFTER)
    public = await catalog.set_public(file.id, is_public=True)
    assert public.file == replace(moved.after.file, is_public=True)

    faults.append(GatewayFault.RESET_AFTER)
    renamed = await catalog.rename_folder(made.folder.id, "c")
    assert (renamed.before.path, renamed.after.path) == (("a", "b"), ("a", "c"))
    faults.append(GatewayFault.RESET_AFTER)
    lifted = await catalog.move_folder(made.folder.id, 0)
    assert (lifted.before.path, lifted.after.path) == (("a", "c"), ("c",))
    faults.append(GatewayFault.RESET_AFTER)
    assert await catalog.delete_folder(made.folder.id) == lifted.after

    faults.append(GatewayFault.RESET_AFTER)
    deleted = await catalog.delete_file(file.id)
    assert deleted.file == public.file


async def test_a_change_whose_answer_was_lost_has_one_number(catalog, uploads, empty):
    """The repeated attempt answers with the number of the first, and takes none itself."""
    file = await uploads.put()
    before = (await catalog.rename_file(file.id, "a")).sequence
    empty.gateway.faults.append(GatewayFault.RESET_AFTER)
    renamed = await catalog.rename_file(file.id, "b")
    following = await catalog.rename_file(file.id, "c")
    assert (renamed.sequence, following.sequence) == (before + 1, before + 2)


async def test_a_right_that_was_used_up_is_no_obstacle(catalog, uploads, empty):
    """Giving a file away takes the giver's right along; the lost answer is given all the same."""
    ann, bob = [await catalog.create_user(name, name) for name in ("ann", "bob")]
    file = await uploads.put(owner_id=ann.id)
    own = Permit(ann.id, frozenset({Standing(holder=Holder.USER, is_public=False, can_write=None)}))
    empty.gateway.faults.append(GatewayFault.RESET_AFTER)
    given = await catalog.set_owner(file.id, bob.id, permit=own)
    assert given.file.owner_id == bob.id
    with pytest.raises(NotPermitted):
        await catalog.set_owner(file.id, ann.id, permit=own)


async def test_lost_answers_of_uploads(catalog, uploads, empty):
    """The steps of an upload may lose their answers, one after the other."""
    faults = empty.gateway.faults
    draft = uploads.draft()
    location = uploads.location(draft.id)
    faults.append(GatewayFault.RESET_AFTER)
    await catalog.begin_objects([draft], [uploads.reference(draft.id)])
    faults.append(GatewayFault.RESET_AFTER)
    assert await enter_chunk(catalog, location) is True
    faults.append(GatewayFault.RESET_AFTER)
    stored = await catalog.finish_object(draft.id, mime_type="a/b", hash_hex="ab")
    old = await uploads.put()
    faults.append(GatewayFault.RESET_AFTER)
    committed = await uploads.commit(draft.id, on_conflict=OverwriteOnConflict(old.id))
    assert committed.replaced is True
    assert committed.file == replace(old, object_id=draft.id, size=stored.size, mime_type="a/b")
    assert await orphans_of(catalog) == []


async def test_errors_are_not_repeated(catalog, empty):
    """What the database refuses is refused at once, without another attempt."""
    empty.gateway.calls.clear()
    with pytest.raises(FolderMissing):
        await catalog.counts(99)
    assert list(empty.gateway.calls) == ["folder_counts"]


async def test_it_gives_up_in_the_end(catalog, empty, pauses):
    """An outage that lasts is an error, after pauses that grow to a limit."""
    empty.gateway.faults.extend([GatewayFault.UNAVAILABLE] * 50)
    with pytest.raises(CatalogUnavailable, match="503"):
        await catalog.make_folders(("a",))
    assert pauses.seconds == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0]
    empty.gateway.faults.clear()
    assert await catalog.folder_at(("a",)) is None


async def test_no_attempt_begins_too_late(empty, pauses):
    """Attempts that take long are followed by one other, not by as many as quick ones."""
    # At the start of the calls, and after the second failure of the second one.
    times = iter([0.0, 0.0, 4.0])
    retry = replace(CALL_RETRY, sleep=pauses, jitter=lambda: 1.0, monotonic=lambda: next(times))
    async with SupabaseCatalog.open(empty.url, empty.service_key, retry=retry) as catalog:
        empty.gateway.faults.extend([GatewayFault.UNAVAILABLE] * 2)
        with pytest.raises(CatalogUnavailable):
            await catalog.folder_at(())
    assert pauses.seconds == [0.1]


async def test_an_attempt_that_took_all_the_time_is_repeated(empty, pauses):
    """A change whose answer is awaited in vain for as long as may be is told of, not lost."""
    quick = CALL_RETRY.give_up_after_s / 2
    retry = replace(CALL_RETRY, sleep=pauses, give_up_after_s=quick, jitter=lambda: 1.0)
    async with SupabaseCatalog.open(
        empty.url, empty.service_key, retry=retry, attempt_s=ATTEMPT_S / 2
    ) as catalog:
        empty.gateway.faults_of["make_folders"].append(GatewayFault.HANG_AFTER)
        made = await catalog.make_folders(("a",))
    assert [placed.path for placed in made.created] == [("a",)]


@pytest.mark.parametrize("fault", [GatewayFault.HANG, GatewayFault.HANG_AFTER])
async def test_a_call_that_hangs_is_repeated(empty, pauses, fault):
    """An attempt that gets no answer in time is given up, and the next one answers."""
    retry = replace(CALL_RETRY, sleep=pauses)
    async with SupabaseCatalog.open(
        empty.url, empty.service_key, retry=retry, attempt_s=1.0
    ) as catalog:
        empty.gateway.faults.append(fault)
        made = await catalog.make_folders(("a",))
    assert [placed.path for placed in made.created] == [("a",)]
    assert len(pauses.seconds) == 1


async def test_postgrest_restarts(catalog, empty, pauses):
    """A call that meets a stopped PostgREST goes on once it has been started again."""

    def start() -> None:
        pauses.meanwhile = lambda: None
        empty.postgrest.start()

    empty.postgrest.stop()
    pauses.meanwhile = start
    assert (await catalog.make_folders(("a",))).created
    assert len(pauses.seconds) >= 1


async def test_database_drops_its_connections(catalog, empty):
    """Connections that the database has ended are no error that anybody sees."""
    await catalog.make_folders(("a",))
    empty.database.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator'"
    )
    assert (await catalog.make_folders(("a", "b"))).created


@contextmanager
def failing_inserts(supabase: LocalSupabase, condition: str, *, times: int) -> Iterator[None]:
    """Lets the database itself refuse so many new folders, with a condition of PostgreSQL."""
    supabase.database.query(
        f"""
        create sequence public.failures; grant usage on sequence public.failures to service_role;
        create function public.fail() returns trigger language plpgsql as $$
        begin
            if nextval('public.failures') <= {times} then
                raise exception using errcode = '{condition}', message = 'as the test wants it';
            end if;
            return new;
        end;
        $$;
        create trigger failing before insert on public.folders
        for each row execute function public.fail();
        """
    )
    try:
        yield
    finally:
        supabase.database.query(
            "drop trigger failing on public.folders; drop function public.fail();"
            "drop sequence public.failures"
        )


@pytest.mark.parametrize("condition", ["deadlock_detected", "serialization_failure"])
async def test_deadlocks_and_conflicts_are_repeated(catalog, empty, pauses, condition):
    """A transaction that the database ends in favour of another one is run again."""
    with failing_inserts(empty, condition, times=1):
        assert (await catalog.make_folders(("a",))).created
    assert len(pauses.seconds) <= 1  # PostgREST repeats some conflicts itself


async def test_a_database_in_trouble(catalog, empty):
    """Any trouble of the database is reported; reading goes on."""
    with failing_inserts(empty, "internal_error", times=99):
        with pytest.raises(CatalogUnavailable, match="as the test wants it"):
            await catalog.make_folders(("a",))
        assert await catalog.folder_at(("a",)) is None
    await catalog.check_reads()


@pytest.mark.parametrize(
    ("condition", "error"),
    [("disk_full", CatalogFull), ("read_only_sql_transaction", CatalogReadOnly)],
)
async def test_a_fault_that_waiting_does_not_mend(catalog, empty, pauses, condition, error):
    """A full disk, and a database that takes no writes, are told at once, and logged once."""
    with failing_inserts(empty, condition, times=99), capture_logs() as lines:
        for _ in range(2):
            with pytest.raises(error):
                await catalog.make_folders(("a",))
        assert await catalog.folder_at(("a",)) is None
    await catalog.check_reads()
    assert [line["event"] for line in lines] == ["database-fault"]
    assert pauses.seconds == []


async def test_cancelled_write_is_over_when_its_caller_goes_on(catalog, uploads, empty):
    """A commit that is cancelled while its answer is on the way has happened, as a whole."""
    object_id = await uploads.store()
    commit = asyncio.create_task(uploads.commit(object_id))
    await asyncio.to_thread(empty.gateway.called("commit_uploads").wait)
    commit.cancel()
    with pytest.raises(asyncio.CancelledError):
        await commit
    assert await catalog.file_at((), "a.txt") is not None


async def test_cancelled_while_it_waits(catalog, empty, pauses):
    """A caller that is cancelled between attempts causes no further one."""
    reached, forever = asyncio.Event(), asyncio.Event()

    async def wait(_seconds: float) -> None:
        reached.set()
        await forever.wait()

    retry = replace(CALL_RETRY, sleep=wait)
    async with SupabaseCatalog.open(empty.url, empty.service_key, retry=retry) as impatient:
        empty.gateway.faults.append(GatewayFault.UNAVAILABLE)
        task = asyncio.create_task(impatient.make_folders(("a",)))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await catalog.folder_at(("a",)) is None


async def test_closed_catalog(empty, clock):
    """A closed catalog reports every call as unavailable."""
    async with SupabaseCatalog.open(empty.url, empty.service_key, clock=clock) as catalog:
        pass
    for call in (catalog.check_reads(), catalog.make_folders(("b",)), catalog.folder_at(())):
        with pytest.raises(CatalogUnavailable):
            await call


@pytest.mark.parametrize("key", ["anon_key", "nonsense"])
async def test_wrong_key(empty, key):
    """A key that is not the service role's is named, and not tried again."""
    empty.gateway.calls.clear()
    with pytest.raises(CatalogRefused, match="SUPABASE_KEY") as caught:
        async with SupabaseCatalog.open(empty.url, getattr(empty, key, key)):
            pass
    assert len(empty.gateway.calls) <= 1
    assert getattr(empty, key, key) not in str(caught.value)


async def test_no_supabase_there(empty, pauses):
    """An address where something else answers is refused, one where nothing does is unavailable."""
    retry = replace(CALL_RETRY, sleep=pauses)
    with pytest.raises(CatalogRefused, match="SUPABASE_URL"):
        async with SupabaseCatalog.open(f"{empty.url}/elsewhere", empty.service_key):
            pass
    with pytest.raises(CatalogUnavailable, match="ConnectError"):
        async with SupabaseCatalog.open("http://127.0.0.1:1", "key", retry=retry):
            pass


async def test_secrets_stay_out_of_logs(catalog, empty, caplog):
    """Neither the key nor a password hash is in a log, however much is logged."""
    caplog.set_level("DEBUG")
    empty.gateway.faults.append(GatewayFault.UNAVAILABLE)
    await catalog.create_user("ann", "secret hash")
    assert "supabase-call-repeated" in caplog.text
    assert "secret hash" not in caplog.text
    assert empty.service_key not in caplog.text


@pytest.mark.parametrize(
    "said",
    [
        "FATAL:  could not write init file\n",
        "FATAL:  could not write init file: No space left on device\n",
        'FATAL:  could not open file "base/5/2601": No space left on device\n',
    ],
)
async def test_a_disk_so_full_that_nobody_can_connect_is_told(said):
    """PostgREST calls that a lost connection, which passes; this one does not before there is room."""
    told = {"code": "PGRST000", "message": "Database connection error.", "hint": None}
    reached = f'connection to server at "database", port 5432 failed: {said}'
    assert isinstance(failure_of(APIError(told | {"details": reached})), CatalogFull)
    away = 'connection to server at "database", port 5432 failed: Connection refused'
    assert isinstance(failure_of(APIError(told | {"details": away})), Interrupted)
