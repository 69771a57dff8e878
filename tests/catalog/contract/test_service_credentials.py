"""The promises of `ServiceCredentialStore`, and of what kept uploads know of credentials."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from catalog.errors import ServiceCredentialTaken
from catalog.records import KeptUpload, ServiceCredential, ServiceKind


@pytest.fixture
def made(clock):
    """Makes credentials, which are in no catalog yet."""

    def make(name="upload", kind=ServiceKind.UPLOAD) -> ServiceCredential:
        return ServiceCredential(
            id=uuid4(),
            name=name,
            kind=kind,
            secret_hash=b"\x00\xff\n'" + uuid4().bytes + bytes(12),
            created_at=clock(),
        )

    return make


@pytest.mark.parametrize("kind", ServiceKind)
async def test_credentials_of_every_kind_are_kept(catalog, made, kind):
    """Each is listed as it was added, by name."""
    second, first = made("straße", kind), made("a", kind)
    assert await catalog.add_service_credential(second) == second
    assert await catalog.add_service_credential(first) == first
    assert await catalog.list_service_credentials() == [first, second]


async def test_the_same_credential_again_is_no_second_one(catalog, made):
    """Whoever lost the answer, or brings a secret of its own, may add it as often as it likes."""
    first = await catalog.add_service_credential(made())
    again = replace(first, id=uuid4())
    assert await catalog.add_service_credential(again) == first
    assert await catalog.list_service_credentials() == [first]


async def test_a_name_in_force_is_taken(catalog, made):
    """For another secret and for another kind; once it is revoked the name is free."""
    first = await catalog.add_service_credential(made())
    for other in (made(), replace(first, id=uuid4(), kind=ServiceKind.PROCESSING)):
        with pytest.raises(ServiceCredentialTaken):
            await catalog.add_service_credential(other)
    assert await catalog.revoke_service_credential(first.name)
    second = await catalog.add_service_credential(made())
    assert {each.id for each in await catalog.list_service_credentials()} == {first.id, second.id}


async def test_a_revoked_secret_never_comes_back(catalog, made, clock):
    """Neither under its name nor under another."""
    first = await catalog.add_service_credential(made())
    clock.advance(1.5)
    assert await catalog.revoke_service_credential(first.name)
    assert not await catalog.revoke_service_credential(first.name)
    for again in (replace(first, id=uuid4()), replace(first, id=uuid4(), name="other")):
        with pytest.raises(ServiceCredentialTaken):
            await catalog.add_service_credential(again)
    revoked = replace(first, revoked_at=first.created_at + 1.5)
    assert await catalog.list_service_credentials() == [revoked]


async def test_of_several_of_one_name_one_is_added(catalog, made):
    """Also when they come at once."""
    outcomes = await asyncio.gather(
        *(catalog.add_service_credential(made()) for _ in range(4)), return_exceptions=True
    )
    assert [type(each) for each in outcomes].count(ServiceCredential) == 1
    assert len(await catalog.list_service_credentials()) == 1


async def test_the_last_use_is_noted(catalog, made, clock):
    """Of those that were used; unknown ones are no error."""
    used, unused = [await catalog.add_service_credential(made(name)) for name in ("a", "b")]
    clock.advance(2.25)
    await catalog.note_service_credentials_used([used.id, uuid4()])
    await catalog.note_service_credentials_used([])
    noted = replace(used, last_used_at=used.created_at + 2.25)
    assert await catalog.list_service_credentials() == [noted, unused]


@pytest.fixture
async def kept(catalog, uploads, clock) -> KeptUpload:
    """An upload that is kept."""
    owner = await catalog.create_first_user("alice", "hash")
    kept = KeptUpload(
        object_id=await uploads.begin(size=5),
        owner_id=owner.id,
        folder=(),
        name="a",
        is_public=False,
        do_overwrite=False,
        fingerprint="f",
        created_at=clock(),
        expires_at=clock() + 10.0,
        size=5,
        chunk_size=uploads.draft(size=5).chunk_size,
        chunk_count=1,
    )
    await catalog.keep_upload(kept, limits=None)
    return kept


async def test_a_kept_upload_knows_whom_it_was_given_to(catalog, made, kept, clock):
    """Services with that credential, and no others, until it is kept no longer."""
    given, other = [await catalog.add_service_credential(made(name)) for name in ("a", "b")]
    for _ in range(2):
        await catalog.note_kept_upload_service(kept.object_id, given.id)
    assert await catalog.kept_upload_given_to(kept.object_id, given.id) == kept
    assert await catalog.kept_upload_given_to(kept.object_id, other.id) is None
    assert await catalog.kept_upload_given_to(uuid4(), given.id) is None
    clock.advance(20.0)
    assert await catalog.kept_upload_given_to(kept.object_id, given.id) is None


async def test_what_is_unknown_is_not_noted(catalog, made, kept):
    """An upload that is not kept, and a credential that is none, are no errors."""
    credential = await catalog.add_service_credential(made())
    await catalog.note_kept_upload_service(UUID(int=1), credential.id)
    await catalog.note_kept_upload_service(kept.object_id, uuid4())
    assert await catalog.kept_upload_given_to(UUID(int=1), credential.id) is None
    await catalog.note_kept_upload_service(kept.object_id, credential.id)
    await catalog.drop_kept_upload(kept.object_id, owner_id=kept.owner_id)
    assert await catalog.kept_upload_given_to(kept.object_id, credential.id) is None
