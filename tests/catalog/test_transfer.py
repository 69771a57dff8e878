"""Exports and imports over both databases: nothing is lost, nothing half done."""

import dataclasses
import io
import itertools
import json
from contextlib import asynccontextmanager
from dataclasses import replace as replaced
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from catalog.errors import CatalogError, CatalogNotEmpty, ExportDamaged, InvalidRecord
from catalog.factor_port import Factor, FactorKind
from catalog.folder_link_port import FolderLink
from catalog.folder_rights import FolderRight
from catalog.identity_port import Identity
from catalog.invitation_port import Invitation
from catalog.link_port import FileLink
from catalog.port import OverwriteOnConflict, Trashing, UploadCommit
from catalog.records import (
    AppPassword,
    FileOrder,
    Reference,
    SealedSigningKey,
    ServiceCredential,
    ServiceKind,
    StorageQuota,
    Ticket,
    ViewTarget,
)
from catalog.service_port import SERVICE_PREFIX
from catalog.space_port import Grantee
from catalog.star_port import StarKey
from catalog.supabase.adapter import SupabaseCatalog
from catalog.supabase.client import CALL_RETRY
from catalog.transfer import ExportWriter, export_catalog, import_catalog
from catalog.transfer_records import (
    KINDS,
    ChunkRecord,
    FileRecord,
    FolderRecord,
    MessageRecord,
    ObjectRecord,
    ShareRecord,
    TransferRecord,
    UserRecord,
    kind_of,
)
from local_supabase.gateway import GatewayFault
from tests.catalog.backends import SqliteBackend, SupabaseBackend
from tests.messages import enter_chunk
from tests.orphans import orphans_of

PAIRS = [("sqlite", "sqlite"), ("sqlite", "supabase"), ("supabase", "sqlite")]


@pytest.fixture
def opened(request, tmp_path, clock):
    """Opens a new and empty catalog of a kind."""
    sqlite = SqliteBackend(tmp_path, clock)

    def opened(kind):
        if kind == "sqlite":
            return sqlite.another().open()
        return SupabaseBackend(request.getfixturevalue("supabase"), clock).open()

    return opened


@pytest.fixture
def exported():
    """The lines of an export."""

    async def exported(catalog) -> bytes:
        file = io.BytesIO()
        await export_catalog(catalog, file)
        return file.getvalue()

    return exported


@pytest.fixture
def filled(opened, uploads_into, clock):
    """Opens a catalog in which there is something of every kind."""

    @asynccontextmanager
    async def filled(kind):
        async with opened(kind) as catalog:
            await fill(catalog, uploads_into(catalog, clock), clock)
            yield catalog

    return filled


async def fill(catalog, uploads, clock) -> None:
    """Puts something of every kind into a catalog, with values that are easily lost."""
    admin = await catalog.create_first_user("alice", "$argon2id$hash")
    bob = await catalog.create_user("Bob", "$argon2id$other")
    clock.advance(0.123456789)
    moving = await catalog.make_folders(("old", "deep"))
    target = await catalog.make_folders(("new", "straße", "日本"))
    await catalog.move_folder(moving.folder.id, target.folder.id)
    gone = await catalog.make_folders(("gone",))
    await catalog.delete_folder(gone.folder.id)
    file = await uploads.put(
        ("new", "straße"), "naïve \U0001f600.txt", owner_id=admin.id, size=7, modified_at=0.1
    )
    await uploads.put((), "root.bin", mime_type="application/octet-stream", size=12_345)
    await catalog.put_share(file.id, bob.id, can_write=True)
    await fill_trash(catalog, uploads, admin)
    await catalog.delete_file((await uploads.put((), "deleted.txt")).id)
    await catalog.collect_objects(limit=10, grace_s=1000)
    await enter_chunk(catalog, uploads.location(uuid4(), size=9))  # an orphan
    await uploads.begin()
    view = await uploads.store(size=3)
    await catalog.put_view(file.object_id, "thumbnail", view)
    await catalog.create_reference(
        Reference(
            object_id=file.object_id, service=SERVICE_PREFIX + "wiki", key="é", expires_at=None
        )
    )
    await catalog.create_key("wiki", bytes(range(32)), created_by=admin.id)
    await catalog.create_key("old", bytes(32), created_by=admin.id)
    await catalog.revoke_key("old")
    await catalog.open_ticket(ticket(clock, file.object_id), limits=None)
    await catalog.note_master_key(b"\x00\xff\x10\x80")
    await catalog.begin_signing_keys(
        SealedSigningKey(key_id=b"\xff\x00\x10\x80", signs_from=clock(), sealed=bytes(range(64)))
    )
    upload = ServiceCredential(
        id=UUID(int=7),
        name="upload",
        kind=ServiceKind.UPLOAD,
        secret_hash=bytes(range(32)),
        created_at=clock(),
    )
    await catalog.add_service_credential(upload)
    await catalog.note_service_credentials_used([upload.id])
    await catalog.add_service_credential(
        dataclasses.replace(upload, id=UUID(int=6), name="old", secret_hash=bytes(32))
    )
    await catalog.revoke_service_credential("old")
    await catalog.add_app_password(app_password(clock, bob.id, target.folder.id), limit=9)
    await catalog.create_link(link(file, admin, clock), most=None)
    await catalog.create_invitation(await invitation(catalog, admin, clock))
    await catalog.create_folder_link(folder_link(target.folder, admin, clock), most=None)
    await catalog.put_star(bob.id, StarKey(folder_id=target.folder.id))
    await catalog.put_star(bob.id, StarKey(file_id=file.id))
    await add_second_factors(catalog, bob.id, clock)
    await catalog.set_quota(bob.id, StorageQuota(bytes=2**40))
    await add_spaces(catalog, bob.id, target.folder.id)
    clock.advance(0.5)
    await catalog.note_master_key(b"\x01\x02\x03\x04")
    job = await catalog.claim_job("worker", lease_s=60, max_attempts=3)
    metadata = {"ratio": 1.10, "title": "ünï\u2028", "big": 2**53 + 1}
    await catalog.complete_job(job.object_id, worker="worker", metadata=metadata, recipe_version=2)


async def fill_trash(catalog, uploads, admin) -> None:
    """Deletes a file that has a version, and a folder with a folder in it."""
    file = await uploads.put(("kept", "é"), "f.txt", owner_id=admin.id)
    await catalog.commit_upload(
        UploadCommit(
            object_id=await uploads.store(size=6),
            mime_type="",
            hash_hex="",
            folder=("kept", "é"),
            name="f.txt",
            owner_id=admin.id,
            is_public=False,
            on_conflict=OverwriteOnConflict(file.id),
            keep_versions=1,
        )
    )
    trashing = Trashing(user_id=admin.id, keep_s=1000.25)
    await catalog.delete_file(file.id, trashing=trashing)
    await uploads.put(("kept", "below", "deep"), "g.txt", owner_id=admin.id)
    folder = await catalog.folder_at(("kept", "below"))
    await catalog.delete_folder(folder.id, trashing=trashing)


def app_password(clock, user_id, folder_id) -> AppPassword:
    """One that is confined to a folder."""
    return AppPassword(
        id=uuid4(),
        user_id=user_id,
        name="naïve",
        secret_hash=bytes(range(32)),
        is_read_only=True,
        folder_id=folder_id,
        created_at=clock(),
        expires_at=clock() + 0.1,
    )


async def invitation(catalog, admin, clock) -> Invitation:
    """An invitation with all options."""
    group = await catalog.create_group("guests")
    return Invitation(
        id=uuid4(),
        token_hash=bytes(range(32)),
        created_by=admin.id,
        label="ünï\u2028",
        quota=StorageQuota(bytes=2**40, files=3),
        group_ids=(group.id,),
        max_uses=3,
        uses=2,
        created_at=clock(),
        expires_at=clock() + 0.25,
        revoked_at=clock() + 0.5,
    )


def folder_link(folder, owner, clock) -> FolderLink:
    """A link to a folder with all options."""
    return FolderLink(
        id=uuid4(),
        token_hash=bytes(range(32)),
        sealed_token=b"\x00\xff\n",
        folder_id=folder.id,
        owner_id=owner.id,
        label="ünï\u2028",
        is_for_uploads=True,
        password_hash="$argon2id$",
        max_files=3,
        max_file_size=2**40,
        max_total_size=2**41,
        received_files=2,
        received_size=2**33,
        created_at=clock(),
        expires_at=clock() + 0.25,
        revoked_at=clock() + 0.5,
        last_used_at=clock(),
    )


def link(file, owner, clock) -> FileLink:
    """A link with all options."""
    return FileLink(
        id=uuid4(),
        token_hash=bytes(range(32)),
        sealed_token=b"\x00\xff\n",
        file_id=file.id,
        object_id=file.object_id,
        owner_id=owner.id,
        label="ünï\u2028",
        is_requested=True,
        password_hash="$argon2id$",
        max_downloads=3,
        downloads=1,
        created_at=clock(),
        expires_at=clock() + 0.25,
        revoked_at=clock() + 0.1,
        last_used_at=None,
    )


async def add_spaces(catalog, user_id, folder_id) -> None:
    """A group, a home, the common space, and rights of each kind of grantee."""
    gone = await catalog.create_group("gone")
    group = await catalog.create_group("Family 1")
    await catalog.remove_group(gone.id)
    await catalog.put_member(group.id, user_id)
    for name, owner in (("Bob", user_id), ("Common space", None)):
        made = await catalog.make_folders((name,))
        await catalog.set_space(made.folder.id, owner)
    for grantee in (Grantee(user_id=user_id), Grantee(group_id=group.id)):
        await catalog.put_grant(folder_id, grantee, FolderRight.MANAGE)


async def add_second_factors(catalog, user_id, clock) -> None:
    """A factor of each kind, recovery codes, a demand, and an identity elsewhere."""
    secret = Factor(
        id=uuid4(),
        user_id=user_id,
        kind=FactorKind.TOTP,
        label="Telefön",
        credential_id=None,
        key=b"\x00\xff\x10\x80",
        counter=58_000_000,
        created_at=clock(),
        last_used_at=None,
    )
    passkey = replaced(
        secret, id=uuid4(), kind=FactorKind.PASSKEY, credential_id=b"\xff\x00", last_used_at=clock()
    )
    for factor in (secret, passkey):
        await catalog.add_factor(factor, limit=2)
    await catalog.replace_recovery_codes(user_id, [bytes(range(32)), bytes(32)])
    await catalog.demand_factor(user_id, is_demanded=True)
    await catalog.link_identity(
        Identity(issuer="https://login.example", subject="é", user_id=user_id, created_at=clock())
    )


def ticket(clock, original) -> Ticket:
    """A ticket for a view."""
    return Ticket(
        id=uuid4(),
        holder="user:1",
        mime_type="image/png",
        size=5,
        created_at=clock(),
        expires_at=clock() + 0.1,
        reference_ttl_s=60.5,
        success_action_status=201,
        view=ViewTarget(object_id=original, name="preview"),
    )


@pytest.mark.parametrize("kind", ["sqlite", "supabase"])
async def test_everything_is_exported(filled, exported, kind):
    """An export has records of every kind."""
    async with filled(kind) as catalog:
        lines = [json.loads(line) for line in (await exported(catalog)).splitlines()]
    assert {line["kind"] for line in lines[1:-1]} == {kind_of(kind) for kind in KINDS}


@pytest.mark.parametrize(("source", "target"), PAIRS)
async def test_round_trip(opened, filled, exported, source, target):
    """From one database to another and out again: every byte of the export is the same."""
    async with filled(source) as catalog:
        first = await exported(catalog)
    async with opened(target) as catalog:
        await import_catalog(catalog, io.BytesIO(first))
        second = await exported(catalog)
    assert first.splitlines() == second.splitlines()


@pytest.mark.parametrize("target", ["sqlite", "supabase"])
async def test_counters_are_counted_anew(opened, filled, exported, target, uploads_into, clock):
    """What was imported behaves like the original: counts, totals, listings, garbage, new ids."""
    async with filled("sqlite") as catalog:
        lines, before = await exported(catalog), await observed(catalog)
    async with opened(target) as catalog:
        await import_catalog(catalog, io.BytesIO(lines))
        assert await observed(catalog) == before
        records = [json.loads(line) for line in lines.splitlines()]
        ids = [record["id"] for record in records if record["kind"] == "file"]
        again = await uploads_into(catalog, clock).put((), "afterwards.txt")
        assert again.id == max(ids) + 2, "the id of the deleted file is not used again"
        await catalog.delete_file(again.id)
        for item in await catalog.trash_of(1, before=None, limit=9):
            await catalog.restore_trashed(1, item.key)
        kept = await catalog.file_at(("kept", "é"), "f.txt")
        assert [version.size for version in await catalog.versions_of(kept.id)] == [5]
        assert await catalog.file_at(("kept", "below", "deep"), "g.txt") is not None
        clock.advance(10_000)
        await catalog.collect_objects(limit=100, grace_s=0)


async def observed(catalog) -> list[object]:
    """What the port tells about all that is derived."""
    seen: list[object] = [
        await catalog.usage_by_type(0),
        await catalog.garbage(limit=10),
        await orphans_of(catalog),
        await catalog.count_jobs(),
        await catalog.list_accounts(offset=0, limit=9),
        await catalog.trash_of(1, before=None, limit=9),
        await catalog.trash_totals(1),
    ]
    for folder_id in range(8):
        if await catalog.folder_by_id(folder_id):
            seen += [await catalog.counts(folder_id), await catalog.usage_by_type(folder_id)]
            seen += await catalog.list_files(
                folder_id, viewer_id=2, order=FileOrder.NAME, ascending=True, offset=0, limit=9
            )
    return seen


@pytest.mark.parametrize("target", ["sqlite", "supabase"])
async def test_only_into_an_empty_catalog(filled, exported, target):
    """A catalog with anything in it is left alone."""
    async with filled(target) as catalog:
        before = await exported(catalog)
        with pytest.raises(CatalogNotEmpty):
            await import_catalog(catalog, io.BytesIO(before))
        assert await exported(catalog) == before


def damaged(lines: bytes) -> dict[str, bytes]:
    """An export, damaged in several ways."""
    parts = lines.splitlines(keepends=True)
    return {
        "empty": b"",
        "something else": b"hello\n",
        "no text": b"\xff\xfe\n",
        "nested": b'{"kind":"header","x":' + b"[" * 9000 + b"]" * 9000 + b"}\n",
        "newer": lines.replace(b'"version":2', b'"version":3', 1),
        "cut in a line": lines[: len(lines) // 2],
        "cut between lines": b"".join(parts[:-1]),
        "a line lost": b"".join(parts[:3] + parts[4:]),
        "a line twice": b"".join([*parts[:3], parts[2], *parts[3:]]),
        "a value changed": lines.replace(b"root.bin", b"toor.bin"),
        "reordered": b"".join([parts[0], *reversed(parts[1:-1]), parts[-1]]),
        "more behind": lines + b"\n",
        "unknown field": lines.replace(b'"token_epoch":0', b'"token_epoch":0,"x":1'),
    }


@pytest.mark.parametrize("target", ["sqlite", "supabase"])
async def test_damage_is_noticed_and_changes_nothing(opened, filled, exported, target):
    """Whatever is wrong with the file, the catalog stays empty, and takes the right one then."""
    async with filled("sqlite") as catalog:
        right = await exported(catalog)
    async with opened(target) as catalog:
        empty = await exported(catalog)
        for lines in damaged(right).values():
            # A record that is there twice is refused before the end of the file tells of it.
            with pytest.raises((ExportDamaged, InvalidRecord)):
                await import_catalog(catalog, io.BytesIO(lines))
            assert await exported(catalog) == empty
        await import_catalog(catalog, io.BytesIO(right))


USER = UserRecord(id=1, name="a", is_admin=True, password_hash="h", token_epoch=0, created_at=1.0)
OBJECT = ObjectRecord(
    id=str(uuid4()),
    size=5,
    chunk_size=5,
    chunk_count=1,
    envelope="v1",
    state="stored",
    mime_type="text/plain",
    hash="ab" * 32,
    metadata=None,
    created_at=1.0,
    unreferenced_since=None,
)
MESSAGE = MessageRecord(id=5, channel_id=6, webhook_id=None, stored_size=10)
CHUNK = ChunkRecord(
    object_id=OBJECT.id,
    index=0,
    message_id=5,
    attachment_id=None,
    offset=0,
    stored_size=10,
    size=5,
    digest=None,
)
FILE = FileRecord(
    id=1,
    folder_id=0,
    name="f",
    object_id=OBJECT.id,
    owner_id=None,
    is_public=False,
    created_at=1.0,
    updated_at=1.0,
)
CONTRADICTIONS = {
    "a user twice": [USER, USER],
    "a folder in no folder": [FolderRecord(id=2, parent_id=1, name="x")],
    "a chunk in no message": [OBJECT, CHUNK],
    "a chunk of no object": [MESSAGE, CHUNK],
    "a file without content": [FILE],
    "content without chunks": [OBJECT, FILE],
}


@pytest.mark.parametrize("target", ["sqlite", "supabase"])
@pytest.mark.parametrize("records", CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
async def test_contradictions_change_nothing(opened, exported, target, records):
    """An undamaged file whose records contradict one another is refused as a whole."""
    async with opened(target) as catalog:
        empty = await exported(catalog)
        with pytest.raises(InvalidRecord):
            await import_catalog(catalog, io.BytesIO(written(records)))
        assert await exported(catalog) == empty


def written(records: list[TransferRecord]) -> bytes:
    """An export of these records."""
    file = io.BytesIO()
    writer = ExportWriter(file)
    for _, alike in itertools.groupby(records, type):
        writer.add(list(alike))
    writer.finish()
    return file.getvalue()


@pytest.mark.parametrize("target", ["sqlite", "supabase"])
async def test_a_file_with_the_path_of_a_folder_is_numbered(opened, target):
    """Exports of releases that allowed such pairs are taken; the file keeps all but its name."""
    names = ["f.txt", "f (1).txt", "g"]
    files = [replace(FILE, id=number, name=name) for number, name in enumerate(names, 1)]
    share = ShareRecord(file_id=1, user_id=1, can_write=True, shared_at=1.0)
    folder = FolderRecord(id=7, parent_id=0, name="f.txt")
    records = [USER, folder, MESSAGE, OBJECT, CHUNK, *files, share]
    async with opened(target) as catalog:
        await import_catalog(catalog, io.BytesIO(written(records)))
        found = [await catalog.file_by_id(file.id, viewer_id=1) for file in files]
        counts = await catalog.counts(0)
    assert [file.name for file in found] == ["f (2).txt", "f (1).txt", "g"]
    assert found[0].share.can_write
    assert (counts.files, counts.subfolders) == (3, 1)


async def test_lost_answers(filled, exported, supabase, clock):
    """Every call of an export or import may lose its answer, and is repeated without harm."""
    async with filled("sqlite") as catalog:
        lines = await exported(catalog)
    supabase.empty()
    faults: list[Any] = [
        GatewayFault.RESET_AFTER,
        None,
        GatewayFault.RESET_BEFORE,
        None,
        GatewayFault.GARBLED,
        None,
    ]
    retry = dataclasses.replace(CALL_RETRY, sleep=no_time)
    async with SupabaseCatalog.open(
        supabase.url, supabase.service_key, clock=clock, retry=retry
    ) as catalog:
        supabase.gateway.faults.extend(faults * 20)
        try:
            await import_catalog(catalog, io.BytesIO(lines))
            again = await exported(catalog)
        finally:
            supabase.gateway.faults.clear()
    assert again == lines


async def no_time(_seconds: float) -> None:
    """Passes no time."""


@pytest.mark.parametrize("kind", ["sqlite", "supabase"])
async def test_export_stands_still(filled, exported, kind):
    """What is written during an export is not in it."""
    async with filled(kind) as catalog:
        before = await exported(catalog)
        file = io.BytesIO()
        async with catalog.exporting() as batches:
            writer = ExportWriter(file)
            async for batch in batches:
                writer.add(batch)
                await catalog.make_folders((f"made-meanwhile-{kind_of(type(batch[0]))}",))
            writer.finish()
    assert file.getvalue() == before


@pytest.mark.parametrize("target", ["sqlite", "supabase"])
async def test_nothing_is_seen_before_all_is_there(opened, filled, exported, target):
    """While an import runs the catalog is empty: above all, no message looks like garbage."""
    async with filled("sqlite") as catalog, catalog.exporting() as source:
        batches = [batch async for batch in source]
    async with opened(target) as catalog, catalog.importing() as sink:
        for batch in batches:
            await sink.add(batch)
        assert await orphans_of(catalog) == []
        assert await catalog.user_by_name("alice") is None


async def test_a_killed_import_leaves_nothing(opened, filled, exported, supabase):
    """What an import staged before it was killed is not seen, and not in the way of the next one."""
    async with filled("sqlite") as catalog:
        lines = await exported(catalog)
    async with opened("supabase") as catalog:
        empty = await exported(catalog)
        killed, records = str(uuid4()), [{"kind": "user", "id": 1, "name": "mallory"}]
        supabase.call("begin_import", p_id=killed)
        supabase.call("stage_records", p_id=killed, p_rank=1, p_first=0, p_records=records)
        assert await exported(catalog) == empty
        await import_catalog(catalog, io.BytesIO(lines))
        assert await exported(catalog) == lines


async def test_who_comes_first_wins(opened, filled, supabase):
    """A user who registers while an import runs stays, and the import is refused as a whole."""
    async with filled("sqlite") as catalog, catalog.exporting() as source:
        batches = [batch async for batch in source]
    async with opened("supabase") as catalog:
        with pytest.raises(CatalogNotEmpty):
            await import_too_late(catalog, batches)
        assert [user.name for user in await catalog.search_users("", limit=10)] == ["early"]


async def import_too_late(catalog, batches) -> None:
    """An import during which somebody registers."""
    async with catalog.importing() as sink:
        for batch in batches:
            await sink.add(batch)
        await catalog.create_first_user("early", "hash")


async def test_secrets_are_not_told():
    """A record that is printed by accident does not show the hash of a password."""
    assert "hash" not in repr(USER)


async def test_staging_is_private(supabase):
    """Nobody but the service role can begin a transfer."""
    for function in ("begin_export", "begin_import", "finish_import", "end_transfer"):
        arguments = {"p_id": str(uuid4())} | ({"p_count": 0} if function == "finish_import" else {})
        status, _ = supabase.call(function, key=supabase.anon_key, **arguments)
        assert status == 401, function


def test_errors_belong_to_the_catalog():
    """Callers that handle all errors of the catalog handle these."""
    assert issubclass(ExportDamaged, CatalogError)
    assert issubclass(CatalogNotEmpty, CatalogError)
