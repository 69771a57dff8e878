"""The promises of `SearchStore`: what is found, in which order, and by whom."""

from typing import Any

import pytest

from catalog.folder_rights import FolderRight
from catalog.port import Catalog, OverwriteOnConflict
from catalog.records import File, Folder, User
from catalog.search_port import SearchHit, SearchQuery, SearchRank
from catalog.space_port import Grantee


async def _user(catalog: Catalog, name: str = "alice") -> User:
    return await catalog.create_user(name, "hash")


async def _found(
    catalog: Catalog, viewer: User, text: str = "", *, limit: int = 50, **conditions: Any
) -> tuple[SearchHit, ...]:
    page = await catalog.search(
        SearchQuery(text=text, **conditions), viewer_id=viewer.id, limit=limit
    )
    assert page.next is None
    return page.hits


async def _names(catalog: Catalog, viewer: User, text: str = "", **conditions: Any) -> list[str]:
    return [hit.entry.name for hit in await _found(catalog, viewer, text, **conditions)]


async def _process(catalog: Catalog, file: File, metadata: dict[str, object]) -> None:
    """Lets processing find something out about the content of a file."""
    while (job := await catalog.claim_job("w", lease_s=60, max_attempts=3)) is not None:
        if job.object_id == file.object_id:
            break
    await catalog.complete_job(file.object_id, worker="w", metadata=metadata, recipe_version=1)


NAME_MATCHES = [
    ("rep", "Annual Report.pdf"),
    ("REPORT", "Annual Report.pdf"),
    ("report annual", "Annual Report.pdf"),
    ("ort.pd", "Annual Report.pdf"),
    ("ual", "Annual Report.pdf"),
    ("y", "y"),
    ("l r", "Annual Report.pdf"),
    ("strasse", "Hauptstraße 5.txt"),
    ("STRASSE", "Hauptstraße 5.txt"),
    ("straße", "HAUPTSTRASSE.txt"),
    ("uber", "Über uns.doc"),
    ("über", "UBER.doc"),
    ("cafe\u0301", "Café.jpg"),
    ("ﬁle", "file.bin"),
    ("ΟΔΟΣ", "οδος.txt"),
    ("旅行", "夏の旅行.jpg"),
    ("한국", "한국어.txt"),
    ("100%", "100% sure.txt"),
    ("_", "snake_case.py"),
    ("file 00024", "file 000240.txt"),
    ('"', 'with "quotes".txt'),
    ("'; drop", "'; drop table.txt"),
    ("\U0001f600", "smile \U0001f600.png"),
    ("*", "star*.txt"),
    ("İst", "istanbul.txt"),
]


@pytest.mark.parametrize(("text", "name"), NAME_MATCHES)
async def test_any_part_of_a_name_is_found(catalog, uploads, text, name):
    """Whatever the case, the accents and the form in which characters were typed."""
    viewer = await _user(catalog)
    await uploads.put((), name)
    await uploads.put((), "zz")
    assert await _names(catalog, viewer, text) == [name]


@pytest.mark.parametrize("text", ["qqq", "report q", "100%x", "yy", "%", "?", "*"])
async def test_what_no_name_contains_finds_nothing(catalog, uploads, text):
    """All terms are needed, and none of them is a pattern."""
    viewer = await _user(catalog)
    await uploads.put((), "report.txt")
    await catalog.make_folders(("reports",))
    assert await _names(catalog, viewer, text) == []


async def test_the_best_match_comes_first(catalog, uploads, clock):
    """Exact name, beginning, part, text; of one rank the last changed one; folders and files together."""
    viewer = await _user(catalog)
    for name in ("plan", "the plan", "planet", "Plans"):
        clock.advance(1)
        await uploads.put(("f",), name)
    clock.advance(1)
    await _process(catalog, await uploads.put((), "b.txt"), {"title": "Plan B"})
    hits = await _found(catalog, viewer, "plan")
    assert [(hit.rank, hit.entry.name) for hit in hits] == [
        (SearchRank.NAME, "plan"),
        (SearchRank.PREFIX, "Plans"),
        (SearchRank.PREFIX, "planet"),
        (SearchRank.PART, "the plan"),
        (SearchRank.TEXT, "b.txt"),
    ]
    assert [hit.folder for hit in hits] == [("f",)] * 4 + [()]


async def test_pages_follow_each_other(catalog, uploads, clock):
    """However small they are, nothing is left out or told twice; ties have an order."""
    viewer = await _user(catalog)
    for number in range(5):
        file = await uploads.put((), f"x {number}")
        clock.advance(number % 2)
    await catalog.make_folders(("x",))
    await catalog.make_folders(("an x",))
    await _process(catalog, file, {"title": "y"})
    for text in ("x", "", "y"):
        whole = await _names(catalog, viewer, text)
        for limit in (1, 2, 3):
            paged, after = [], None
            while True:
                page = await catalog.search(
                    SearchQuery(text=text), viewer_id=viewer.id, after=after, limit=limit
                )
                assert len(page.hits) <= limit
                paged += [hit.entry.name for hit in page.hits]
                after = page.next
                if after is None:
                    break
            assert paged == whole
    assert len(await _names(catalog, viewer)) == 7


async def test_conditions_hold_together(catalog, uploads, clock):
    """Type, size, time and owner; folders have none of them but the time."""
    alice, bob = await _user(catalog), await _user(catalog, "bob")
    await uploads.put((), "a.png", mime_type="image/png", size=10, owner_id=alice.id)
    clock.advance(10)
    second = clock()
    await uploads.put((), "b.jpg", mime_type="image/jpeg", size=20, owner_id=bob.id)
    clock.advance(10)
    await uploads.put((), "c.pdf", mime_type="application/pdf", size=30)
    await catalog.make_folders(("d",))

    async def names(**conditions: Any) -> list[str]:
        return sorted(await _names(catalog, alice, **conditions))

    assert await names() == ["a.png", "b.jpg", "c.pdf", "d"]
    assert await names(folders=False) == ["a.png", "b.jpg", "c.pdf"]
    assert await names(files=False) == ["d"]
    assert await names(types=("image/*",)) == ["a.png", "b.jpg"]
    assert await names(types=("image/png", "application/pdf")) == ["a.png", "c.pdf"]
    assert await names(types=("video/*",)) == []
    assert await names(min_size=20) == ["b.jpg", "c.pdf"]
    assert await names(max_size=20) == ["a.png", "b.jpg"]
    assert await names(min_size=2**40) == []
    assert await names(owner_id=bob.id) == ["b.jpg"]
    assert await names(changed_from=second, folders=False) == ["b.jpg", "c.pdf"]
    assert await names(changed_before=second, folders=False) == ["a.png"]
    assert await names(text="b", types=("image/*",), min_size=20, owner_id=bob.id) == ["b.jpg"]
    assert await names(text="b", types=("image/*",), owner_id=alice.id) == []


async def test_searches_below_a_folder(catalog, uploads):
    """Everything below it, but not itself; nothing below a folder that is gone."""
    viewer = await _user(catalog)
    made = await catalog.make_folders(("x top",))
    await uploads.put(("x top", "x sub"), "x deep")
    await uploads.put(("x top",), "x in")
    await uploads.put((), "x out")
    names = await _names(catalog, viewer, "x", below=made.folder.id)
    assert sorted(names) == ["x deep", "x in", "x sub"]
    assert len(await _names(catalog, viewer, "x", below=0)) == 5
    assert await _names(catalog, viewer, "x", below=4711) == []
    assert await _names(catalog, viewer, below=4711) == []


async def test_a_hit_is_as_a_listing_has_it(catalog, uploads):
    """Files with the share of the viewer, folders with their parents."""
    alice, bob = await _user(catalog), await _user(catalog, "bob")
    file = await uploads.put(("f",), "x", owner_id=bob.id)
    await catalog.put_share(file.id, alice.id, can_write=True)
    made = await catalog.make_folders(("f", "xx"))
    first, second = await _found(catalog, alice, "x")
    assert first.entry == await catalog.file_by_id(file.id, viewer_id=alice.id)
    assert isinstance(first.entry, File)
    assert first.entry.share is not None
    assert second.entry == Folder(id=made.folder.id, name="xx", parent_id=made.folder.parent_id)
    assert [first.folder, second.folder] == [("f",), ("f",)]


async def test_texts_are_found_by_those_who_may_read_them(catalog, uploads):
    """One's own, everybody's, public and shared ones. The name of every file is found."""
    alice, bob = await _user(catalog), await _user(catalog, "bob")
    file = await uploads.put((), "name.txt", owner_id=bob.id)
    await _process(catalog, file, {"text": "a secret recipe"})

    async def is_found() -> bool:
        return await _names(catalog, alice, "recipe") == ["name.txt"]

    assert await _names(catalog, bob, "recipe") == ["name.txt"]
    assert await _names(catalog, alice, "name") == ["name.txt"]
    assert not await is_found()
    await catalog.put_share(file.id, alice.id, can_write=False)
    assert await is_found()
    await catalog.remove_share(file.id, alice.id)
    assert not await is_found()
    await catalog.set_public(file.id, is_public=True)
    assert await is_found()
    await catalog.set_public(file.id, is_public=False)
    await catalog.set_owner(file.id, None)
    assert await is_found()
    await catalog.set_owner(file.id, alice.id)
    assert await is_found()
    assert await _names(catalog, bob, "recipe") == []


METADATA = {
    "kind": "pdf",
    "title": "Rechnung Nr. 4711",
    "author": "Zoë Müller-Lüdenscheidt",
    "camera": {"make": "Canon", "model": "EOS R5"},
    "tags": {"artist": "Björk", "other": ["live", {"deep": "nested"}]},
    "taken_at": "2024-07-14T12:00:00",
    "text": "東京タワー and go\u0000ne \ud7ff",
    "failed": {"thumbnail": "unfindable"},
    "width": 77,
}


@pytest.mark.parametrize(
    "text",
    [
        "rechnung",
        "4711 nr",
        "zoe",
        "ludens muller",
        "canon",
        "eos r5",
        "bjor",
        "nested live",
        "2024-07",
        "東京",
        "タワー",
        "rech zoe bjork",
    ],
)
async def test_words_that_processing_found(catalog, uploads, text):
    """Titles, tags, camera, time and text, by the beginnings of their words in any order."""
    viewer = await _user(catalog)
    await _process(catalog, await uploads.put((), "f"), METADATA)
    assert await _names(catalog, viewer, text) == ["f"]


@pytest.mark.parametrize(
    "text", ["echnung", "unfindable", "pdf", "go", "rechnung absent", "-", "77"]
)
async def test_words_that_it_did_not_find(catalog, uploads, text):
    """Parts of words, what nobody searches for, words of two letters unless they are the whole word."""
    viewer = await _user(catalog)
    await _process(catalog, await uploads.put((), "f"), {**METADATA, "text": "gone"})
    assert await _names(catalog, viewer, text) == []


async def test_terms_of_one_and_two_letters_follow_every_change(catalog, uploads):
    """Whatever the letters, together and with other conditions; also where hardly any name has them."""
    viewer = await _user(catalog)
    for name in ("quiz", "puzzle", "IMG_1.jpg", "a'b", "日本.txt", "é"):
        await uploads.put((), name)
    found = {text: sorted(await _names(catalog, viewer, text)) for text in ("q", "z", "zz", "u z")}
    assert found == {
        "q": ["quiz"],
        "z": ["puzzle", "quiz"],
        "zz": ["puzzle"],
        "u z": ["puzzle", "quiz"],
    }
    assert await _names(catalog, viewer, "z", types=("image/*",)) == []
    assert await _names(catalog, viewer, "本") == await _names(catalog, viewer, "日本")
    assert await _names(catalog, viewer, "'b") == ["a'b"]
    assert await _names(catalog, viewer, "E") == ["é", "puzzle"]
    file = await catalog.file_at((), "quiz")
    await catalog.rename_file(file.id, "none")
    assert await _names(catalog, viewer, "q") == []
    assert await _names(catalog, viewer, "no") == ["none"]
    await catalog.delete_file(file.id)
    assert await _names(catalog, viewer, "no") == []


async def test_content_is_found_by_rights_on_folders_where_these_count(catalog, uploads):
    """Of the folder or of one above it, to the user, a group or everybody, or as its owner."""
    owner, viewer = await _user(catalog), await _user(catalog, "bob")
    file = await uploads.put(("top", "inner"), "f", owner_id=owner.id)
    await _process(catalog, file, {"title": "some words"})
    top = await catalog.folder_at(("top",))

    async def found(*, counts_folder_rights: bool) -> list[str]:
        query = SearchQuery(text="words")
        page = await catalog.search(
            query, viewer_id=viewer.id, limit=9, counts_folder_rights=counts_folder_rights
        )
        return [hit.entry.name for hit in page.hits]

    group = await catalog.create_group("friends")
    await catalog.put_member(group.id, viewer.id)
    assert await found(counts_folder_rights=True) == []
    for grantee in (Grantee(user_id=viewer.id), Grantee(group_id=group.id), Grantee()):
        await catalog.put_grant(top.id, grantee, FolderRight.READ)
        assert await found(counts_folder_rights=True) == ["f"]
        assert await found(counts_folder_rights=False) == []
        await catalog.remove_grant(top.id, grantee)
        assert await found(counts_folder_rights=True) == []
    await catalog.set_folder_owner(top.id, viewer.id)
    assert await found(counts_folder_rights=True) == ["f"]


async def test_what_is_found_follows_every_change(catalog, uploads, clock):
    """Renaming, moving, overwriting, giving away and deleting files and folders."""
    alice, bob = await _user(catalog), await _user(catalog, "bob")
    file = await uploads.put(("f",), "first", owner_id=alice.id)
    await catalog.rename_file(file.id, "second")
    assert await _names(catalog, alice, "first") == []
    target = (await catalog.make_folders(("g",))).folder
    [moved] = await catalog.move_files([file.id], target.id)
    [hit] = await _found(catalog, alice, "second")
    assert hit.folder == ("g",)
    assert hit.entry == moved.after.file
    assert await _names(catalog, alice, "second", below=target.id) == ["second"]
    clock.advance(5)
    other = await uploads.store(size=9, mime_type="image/png")
    await uploads.commit(other, ("g",), "second", on_conflict=OverwriteOnConflict(file.id))
    assert await _names(
        catalog, alice, "second", types=("image/png",), min_size=9, changed_from=clock()
    ) == ["second"]
    await catalog.set_owner(file.id, bob.id)
    assert await _names(catalog, alice, owner_id=bob.id) == ["second"]
    await catalog.release_files(bob.id, heir_id=alice.id, limit=9)
    assert await _names(catalog, alice, owner_id=alice.id) == ["second"]
    await catalog.rename_folder(target.id, "h")
    assert await _names(catalog, alice, "g") == []
    [hit] = await _found(catalog, alice, "second")
    assert hit.folder == ("h",)
    home = await catalog.folder_at(("f",))
    await catalog.move_folder(target.id, home.id)
    assert await _names(catalog, alice, below=home.id) == ["second", "h"]
    await catalog.delete_folder(home.id)
    assert await _names(catalog, alice) == []


async def test_a_deleted_file_is_not_found_any_more(catalog, uploads):
    """Alone, or with its content; what has the same content still is."""
    viewer = await _user(catalog)
    file = await uploads.put((), "x")
    await _process(catalog, file, {"title": "some words"})
    copy = await uploads.put((), "copy")
    await _process(catalog, copy, {"title": "some words"})
    await catalog.delete_file(file.id)
    assert await _names(catalog, viewer, "words") == ["copy"]
    await catalog.collect_objects(limit=9, grace_s=0)
    await catalog.collect_objects(limit=9, grace_s=0)
    assert await _names(catalog, viewer, "words") == ["copy"]
    assert await _names(catalog, viewer, "x") == []


async def test_processing_again_replaces_the_words(catalog, uploads):
    """What a newer recipe does not find any more is not found."""
    viewer = await _user(catalog)
    file = await uploads.put((), "f")
    await _process(catalog, file, {"title": "older"})
    await catalog.enqueue_missing(recipe_version=2, after=None, limit=9)
    await _process(catalog, file, {"title": "newer"})
    assert await _names(catalog, viewer, "older") == []
    assert await _names(catalog, viewer, "newer") == ["f"]
    assert await catalog.index_texts(limit=9) == 0


@pytest.mark.parametrize(
    "conditions",
    [
        {"text": "a " * 9 + "b c d e f g h i"},
        {"text": "x" * 257},
        {"types": ("image",)},
        {"types": ("image/*",) * 17},
        {"types": ("IMAGE/PNG",)},
    ],
)
def test_queries_are_bounded(conditions):
    """Too many words, characters or types are refused before anything is searched."""
    with pytest.raises(ValueError, match="at most"):
        SearchQuery(**conditions)
