"""The promises of `KeptUploadStore`."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, invariant, rule

from catalog.errors import (
    KeptUploadClaimed,
    KeptUploadMissing,
    ObjectMissing,
    TooManyKeptBytes,
    TooManyKeptUploads,
    UserMissing,
)
from catalog.port import OverwriteOnConflict
from catalog.records import KeptUpload, KeptUploadLimits, KeptUploadState
from tests.catalog.contract.machines import CatalogMachine, run_machine
from tests.messages import enter_chunk

TTL_S = 100.0


@pytest.fixture
async def owner(catalog):
    """Who keeps uploads."""
    return (await catalog.create_first_user("alice", "hash")).id


@pytest.fixture
def kept_of(uploads, clock):
    """Begins an object whose own hold is over soon, and describes its kept upload."""

    async def make(owner_id, *, size=5, chunk_count=2, **others) -> KeptUpload:
        object_id = await uploads.begin(size=size, chunk_count=chunk_count, ttl_s=1.0)
        facts = {"folder": ("a", "b"), "name": "c.bin", "fingerprint": "v1:5"} | others
        return KeptUpload(
            object_id=object_id,
            owner_id=owner_id,
            is_public=False,
            do_overwrite=True,
            created_at=clock(),
            expires_at=clock() + TTL_S,
            size=size,
            chunk_size=uploads.draft(size=size, chunk_count=chunk_count).chunk_size,
            chunk_count=chunk_count,
            **facts,
        )

    return make


@pytest.fixture
def claim(catalog, clock):
    """Claims a kept upload as it was read."""

    async def run(kept: KeptUpload, claimant: UUID | None = None) -> KeptUpload:
        claimed: KeptUpload = await catalog.claim_kept_upload(
            kept.object_id,
            owner_id=kept.owner_id,
            epoch=kept.epoch,
            claimant=claimant or uuid4(),
            expires_at=clock() + TTL_S,
        )
        return claimed

    return run


async def test_it_is_what_was_kept(catalog, owner, kept_of, uploads):
    """It is found as it was kept, with the number of its chunks; keeping it again changes nothing."""
    kept = await kept_of(owner)
    await catalog.keep_upload(kept, limits=None)
    await catalog.keep_upload(replace(kept, fingerprint="another"), limits=None)
    await enter_chunk(catalog, uploads.location(kept.object_id, index=1))
    assert await catalog.kept_upload(kept.object_id) == replace(kept, stored_chunks=1)
    assert await catalog.kept_upload(uuid4()) is None


async def test_only_what_exists_is_kept(catalog, owner, kept_of):
    """Neither an object that is gone nor one of a user who is gone."""
    kept = await kept_of(owner)
    with pytest.raises(ObjectMissing):
        await catalog.keep_upload(replace(kept, object_id=uuid4()), limits=None)
    with pytest.raises(UserMissing):
        await catalog.keep_upload(replace(kept, owner_id=owner + 1), limits=None)


async def test_it_lives_as_long_as_it_is_kept(catalog, owner, kept_of, clock):
    """It holds its object until its time is over; then both are gone."""
    kept = await kept_of(owner)
    await catalog.keep_upload(kept, limits=None)
    clock.advance(TTL_S - 1)
    assert await catalog.collect_objects(limit=10) == 0
    assert await catalog.kept_upload(kept.object_id) is not None
    clock.advance(1)
    assert await catalog.kept_upload(kept.object_id) is None
    assert await catalog.kept_uploads_of(owner, after=None, limit=10) == []
    assert await catalog.collect_objects(limit=10) == 1
    assert await catalog.object_by_id(kept.object_id) is None


async def test_a_dropped_one_is_garbage(catalog, owner, kept_of, clock):
    """Its owner drops it, and nobody else; nothing holds its object then."""
    kept = await kept_of(owner)
    await catalog.keep_upload(kept, limits=None)
    clock.advance(1)
    assert not await catalog.drop_kept_upload(kept.object_id, owner_id=owner + 1)
    assert await catalog.drop_kept_upload(kept.object_id, owner_id=owner)
    assert not await catalog.drop_kept_upload(kept.object_id, owner_id=None)
    assert await catalog.collect_objects(limit=10) == 1


async def test_pages_are_in_the_order_of_their_beginning(catalog, owner, kept_of, clock):
    """Each page goes on after the last one of the page before, and has the user's own alone."""
    other = (await catalog.create_user("bob", "hash")).id
    kept = []
    for _ in range(5):
        kept.append(await kept_of(owner))
        await catalog.keep_upload(kept[-1], limits=None)
        clock.advance(1)
    await catalog.keep_upload(await kept_of(other), limits=None)
    first = await catalog.kept_uploads_of(owner, after=None, limit=3)
    rest = await catalog.kept_uploads_of(owner, after=first[-1].object_id, limit=3)
    assert first + rest == kept
    assert await catalog.kept_uploads_of(owner, after=uuid4(), limit=3) == []


async def test_limits_hold_for_each_user(catalog, owner, kept_of, clock):
    """Neither more uploads nor more bytes than a user may keep; what is over does not count."""
    limits = KeptUploadLimits(uploads=2, size=12)
    for _ in range(2):
        await catalog.keep_upload(await kept_of(owner), limits=limits)
    with pytest.raises(TooManyKeptUploads):
        await catalog.keep_upload(await kept_of(owner), limits=limits)
    with pytest.raises(TooManyKeptBytes):
        await catalog.keep_upload(await kept_of(owner), limits=replace(limits, uploads=3))
    clock.advance(TTL_S)
    await catalog.keep_upload(await kept_of(owner), limits=limits)


async def test_one_of_two_claims_wins(catalog, owner, kept_of, claim):
    """Two that have read the same epoch cannot both take the upload over."""
    kept = await kept_of(owner)
    await catalog.keep_upload(kept, limits=None)
    outcomes = await asyncio.gather(claim(kept), claim(kept), return_exceptions=True)
    claimed = [each for each in outcomes if isinstance(each, KeptUpload)]
    assert [each.epoch for each in claimed] == [kept.epoch + 1]
    assert any(isinstance(each, KeptUploadClaimed) for each in outcomes)


async def test_the_same_claim_again_answers_as_before(catalog, owner, kept_of, claim, clock):
    """The answer may have been lost; it does so until somebody else has claimed the upload."""
    kept, claimant = await kept_of(owner), uuid4()
    await catalog.keep_upload(kept, limits=None)
    clock.advance(10)
    claimed = await claim(kept, claimant)
    assert claimed.expires_at == clock() + TTL_S
    assert await claim(kept, claimant) == claimed
    await claim(claimed)
    with pytest.raises(KeptUploadClaimed):
        await claim(kept, claimant)


async def test_what_is_not_there_is_not_claimed(catalog, owner, kept_of, claim, clock):
    """Neither what another user keeps, nor what is over or dropped."""
    kept = await kept_of(owner)
    await catalog.keep_upload(kept, limits=None)
    with pytest.raises(KeptUploadMissing):
        await claim(replace(kept, owner_id=owner + 1))
    clock.advance(TTL_S)
    with pytest.raises(KeptUploadMissing):
        await claim(kept)


async def test_it_follows_its_folder(catalog, owner, kept_of):
    """Where that is renamed or moved, or one above it; a folder of a longer name is another one."""
    folders = {path: await catalog.make_folders(path) for path in [("a", "b"), ("a b",), ('é"',)]}
    kept = {
        path: await kept_of(owner, folder=path)
        for path in [
            (),
            ("a",),
            ("a", "b"),
            ("a", "b", "x"),
            ("a", "bc"),
            ("a b", "b"),
            ('é"', "x"),
        ]
    }
    for each in kept.values():
        await catalog.keep_upload(each, limits=None)
    above = await catalog.folder_at(("a",))
    await catalog.rename_folder(above.id, "A")
    await catalog.move_folder(folders["a", "b"].folder.id, folders['é"',].folder.id)
    await catalog.rename_folder(folders['é"',].folder.id, "e")
    found = {path: (await catalog.kept_upload(kept[path].object_id)).folder for path in kept}
    assert found == {
        (): (),
        ("a",): ("A",),
        ("a", "b"): ("e", "b"),
        ("a", "b", "x"): ("e", "b", "x"),
        ("a", "bc"): ("A", "bc"),
        ("a b", "b"): ("a b", "b"),
        ('é"', "x"): ("e", "x"),
    }


async def test_it_is_parked_by_who_has_it(catalog, owner, kept_of, claim, clock):
    """State and type are noted, and it lives longer; an epoch that is past notes nothing."""
    kept = await kept_of(owner)
    await catalog.keep_upload(kept, limits=None)
    claimed = await claim(kept)
    clock.advance(10)
    stored, expires_at = KeptUploadState.STORED, clock() + TTL_S
    assert not await catalog.park_kept_upload(
        kept, state=stored, mime_type="a/b", expires_at=expires_at
    )
    assert await catalog.park_kept_upload(
        claimed, state=stored, mime_type="text/plain", expires_at=expires_at
    )
    expected = replace(claimed, state=stored, mime_type="text/plain", expires_at=expires_at)
    assert await catalog.kept_upload(kept.object_id) == expected
    waiting = KeptUploadState.AWAITING_DECISION
    assert await catalog.park_kept_upload(
        claimed, state=waiting, mime_type=None, expires_at=expires_at
    )
    assert await catalog.kept_upload(kept.object_id) == replace(expected, state=waiting)


@pytest.mark.parametrize("is_replacing", [False, True])
async def test_one_that_got_a_name_is_kept_no_longer(
    catalog, owner, kept_of, uploads, is_replacing
):
    """A manager that is killed then leaves nothing that could be entered again."""
    on_conflict = None
    if is_replacing:
        on_conflict = OverwriteOnConflict((await uploads.put((), "name", size=3)).id)
    kept = await kept_of(owner, chunk_count=1)
    await catalog.keep_upload(kept, limits=None)
    await enter_chunk(catalog, uploads.location(kept.object_id))
    await catalog.finish_object(kept.object_id, mime_type="a/b", hash_hex="ab" * 32)
    committed = await uploads.commit(kept.object_id, (), "name", on_conflict=on_conflict)
    assert await catalog.kept_upload(kept.object_id) is None
    assert await catalog.kept_uploads_of(owner, after=None, limit=10) == []
    await catalog.delete_file(committed.file.id)
    await catalog.collect_objects(limit=10)
    assert await catalog.object_by_id(kept.object_id) is None


async def test_a_removed_user_keeps_nothing(catalog, owner, kept_of):
    """What the user has kept goes with the user."""
    other = (await catalog.create_user("bob", "hash")).id
    kept = await kept_of(other)
    await catalog.keep_upload(kept, limits=None)
    await catalog.lock_user(other)
    await catalog.remove_user(other)
    assert await catalog.kept_upload(kept.object_id) is None


@dataclass
class Upload:
    """What the model knows of a kept upload."""

    kept: KeptUpload
    over_at: float
    is_kept: bool = True
    has_chunk: bool = False
    has_file: bool = False
    is_collected: bool = False


class KeptUploadLives(CatalogMachine):
    """Uploads of one user that are claimed, parked, finished, dropped and forgotten."""

    kept_uploads = Bundle("kept_uploads")

    def __init__(self, backend: Any, clock: Any, uploads_into: Any) -> None:
        super().__init__(backend, clock, uploads_into)
        self.owner = self.run(self.catalog.create_first_user("alice", "hash")).id
        self.model: dict[UUID, Upload] = {}

    def is_live(self, upload: Upload) -> bool:
        """Whether it is kept, and its time is not over."""
        return upload.is_kept and self.clock() < upload.over_at

    @rule(target=kept_uploads)
    def keep(self):
        """A client begins an upload of one chunk, and asks to keep it."""
        object_id = self.run(self.uploads.begin(ttl_s=1.0))
        kept = KeptUpload(
            object_id=object_id,
            owner_id=self.owner,
            folder=(),
            name=f"{object_id}.bin",
            is_public=False,
            do_overwrite=False,
            fingerprint="x",
            created_at=self.clock(),
            expires_at=self.clock() + TTL_S,
            size=5,
            chunk_size=5,
            chunk_count=1,
        )
        self.run(self.catalog.keep_upload(kept, limits=None))
        self.model[object_id] = Upload(kept, kept.expires_at)
        return object_id

    @rule(object_id=kept_uploads, is_late=st.booleans())
    def claim(self, object_id, is_late):
        """A client resumes it; one that has read it too early does not get it."""
        upload, claimant = self.model[object_id], uuid4()
        epoch = upload.kept.epoch - 1 if is_late else upload.kept.epoch
        outcome = self.outcome(
            self.catalog.claim_kept_upload(
                object_id,
                owner_id=self.owner,
                epoch=epoch,
                claimant=claimant,
                expires_at=self.clock() + TTL_S,
            )
        )
        if not self.is_live(upload):
            assert outcome is KeptUploadMissing
        elif is_late:
            assert outcome is KeptUploadClaimed
        else:
            assert outcome.epoch == upload.kept.epoch + 1
            upload.kept, upload.over_at = outcome, outcome.expires_at

    @rule(object_id=kept_uploads, is_late=st.booleans())
    def park(self, object_id, is_late):
        """The manager parks it; what an earlier epoch parks changes nothing."""
        upload = self.model[object_id]
        kept = replace(upload.kept, epoch=upload.kept.epoch - is_late)
        over_at = self.clock() + TTL_S
        is_parked = self.run(
            self.catalog.park_kept_upload(
                kept, state=KeptUploadState.STORED, mime_type=None, expires_at=over_at
            )
        )
        assert is_parked or is_late or not self.is_live(upload)
        if is_parked:
            upload.over_at = over_at

    @rule(object_id=kept_uploads)
    def store(self, object_id):
        """Its chunk is reported."""
        upload = self.model[object_id]
        is_stored = self.run(enter_chunk(self.catalog, self.uploads.location(object_id)))
        upload.has_chunk = upload.has_chunk or is_stored
        assert upload.has_chunk or upload.is_collected

    @rule(object_id=kept_uploads)
    def commit(self, object_id):
        """The manager enters its file."""
        upload = self.model[object_id]
        if upload.has_chunk and not upload.is_collected:
            self.run(self.catalog.finish_object(object_id, mime_type="a/b", hash_hex="ab" * 32))
            self.run(self.uploads.commit(object_id, (), upload.kept.name))
            upload.has_file, upload.is_kept = True, False

    @rule(object_id=kept_uploads)
    def drop(self, object_id):
        """Its owner gives it up."""
        upload = self.model[object_id]
        is_dropped = self.run(self.catalog.drop_kept_upload(object_id, owner_id=self.owner))
        assert is_dropped or not self.is_live(upload)
        upload.is_kept = False

    @rule(seconds=st.sampled_from([2.0, TTL_S / 2, TTL_S]))
    def wait(self, seconds):
        """Time passes."""
        self.clock.advance(seconds)

    @rule()
    def collect(self):
        """The collector deletes exactly what neither a file nor a kept upload needs."""
        self.clock.advance(2.0)
        while self.run(self.catalog.collect_objects(limit=10)):
            pass
        for object_id, upload in self.model.items():
            is_needed = upload.has_file or self.is_live(upload)
            upload.is_collected = upload.is_collected or not is_needed
            found = self.run(self.catalog.object_by_id(object_id))
            assert (found is None) == upload.is_collected

    @invariant()
    def live_ones_are_listed(self):
        """A user sees exactly what is kept."""
        listed = self.run(self.catalog.kept_uploads_of(self.owner, after=None, limit=100))
        expected = {object_id for object_id, each in self.model.items() if self.is_live(each)}
        assert {each.object_id for each in listed} == expected


def test_a_kept_upload_has_one_outcome(backend, clock, uploads_into):
    """Whatever happens in whatever order, its content lives as long as it is needed."""
    run_machine(KeptUploadLives, backend, clock, uploads_into, examples=25)
