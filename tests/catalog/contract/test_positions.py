"""The promises of the calls that find entries by name: `FolderPositions`."""

import pytest

from catalog.records import FileOrder
from tests.catalog.natural_names import natural, plain

ORDERS = [(order, ascending) for order in FileOrder for ascending in (True, False)]


def _first(names: list[str], text: str, start: int, *, is_prefix: bool) -> int | None:
    """What is to be found, by looking at every name."""
    for index, name in enumerate(names[start:], start):
        if name == text or (is_prefix and plain(name).startswith(plain(text))):
            return index
    return None


@pytest.mark.parametrize(("order", "ascending"), ORDERS)
async def test_a_file_is_where_the_listing_has_it(catalog, uploads, clock, order, ascending):
    """From every start the first file that matches is told, in every order and direction."""
    names = [
        "b",
        "B1",
        "beta",
        "Bet",
        "a",
        "ab",
        "zoo",
        "ba ba",
        "äb",
        "Äb",
        "b10",
        "B2",
        "b010x",
        "b 0x3",
        "b 00024",
        "B 000240",
        "b 0002401",
        "b 24",
    ]
    for number, name in enumerate(names):
        await uploads.put(("f",), name, size=number % 3 + 1)
        clock.advance(float(number % 2))
    await uploads.put((), "b0")
    await uploads.put(("f", "b0"), "b0")
    folder = await catalog.folder_at(("f",))
    arguments = {"order": order, "ascending": ascending}
    files = await catalog.list_files(folder.id, viewer_id=None, offset=0, limit=99, **arguments)
    listed = [file.name for file in files]
    for text in (
        "b",
        "B",
        "bE",
        "ba ",
        "a",
        "Ä",
        "zoo",
        "zoos",
        "q",
        "b1",
        "B01",
        "b10",
        "b 0x",
        "b 0",
        "b 00024",
        "b 24",
        "B 0024",
    ):
        for is_prefix in (True, False):
            for start in range(len(names) + 2):
                found = await catalog.file_position(
                    folder.id, text, is_prefix=is_prefix, start=start, **arguments
                )
                expected = _first(listed, text, start, is_prefix=is_prefix)
                assert (found and found.index) == expected, (text, is_prefix, start)
                assert expected is None or found.name == listed[expected]


@pytest.mark.parametrize("ascending", [True, False])
async def test_a_subfolder_is_where_the_listing_has_it(catalog, uploads, ascending):
    """Subfolders are found among themselves, whatever files have such names."""
    for name in ("b", "B1", "beta", "a", "zoo"):
        await catalog.make_folders(("f", name))
    await uploads.put(("f",), "b0")
    folder = await catalog.folder_at(("f",))
    placed = await catalog.list_folders(folder.id, offset=0, limit=9, ascending=ascending)
    listed = [each.folder.name for each in placed]
    for text in ("b", "B", "zoo", "b0"):
        for is_prefix in (True, False):
            for start in range(len(listed) + 1):
                found = await catalog.subfolder_position(
                    folder.id, text, is_prefix=is_prefix, ascending=ascending, start=start
                )
                expected = _first(listed, text, start, is_prefix=is_prefix)
                assert (found and found.index) == expected, (text, is_prefix, start)


@pytest.mark.parametrize("ascending", [True, False])
async def test_what_is_not_there_has_a_place(catalog, uploads, ascending):
    """Where it would be listed by name, among files as among subfolders."""
    names = ["a", "b 2", "B 10", "b 010", "Äb", "zoo"]
    for name in names:
        await uploads.put(("f",), name)
        await catalog.make_folders(("g", name))
    files, folders = await catalog.folder_at(("f",)), await catalog.folder_at(("g",))
    for text in ("", "a", "ab", "b 3", "b 10", "b 011", "zz", "9"):
        keys = sorted(map(natural, names), reverse=not ascending)
        wanted = sum(key < natural(text) if ascending else key > natural(text) for key in keys)
        assert await catalog.file_place(files.id, text, ascending=ascending) == wanted
        assert await catalog.subfolder_place(folders.id, text, ascending=ascending) == wanted
    assert await catalog.file_place(99, "a", ascending=ascending) == 0
    assert await catalog.subfolder_place(99, "a", ascending=ascending) == 0


@pytest.mark.parametrize("text", ["%", "_", "*", "?", "[", "\\", "'", '"', "$2", "a%", "a_", "\\%"])
async def test_no_character_stands_for_others(catalog, uploads, text):
    """What means something in patterns of databases is a character like any other here."""
    for name in ("a", "aa", "b", text + "x"):
        await uploads.put(("~files",), name)
        await catalog.make_folders((name,))
    files = await catalog.folder_at(("~files",))
    by_name = {"order": FileOrder.NAME, "ascending": True}
    file = await catalog.file_position(files.id, text, is_prefix=True, **by_name)
    folder = await catalog.subfolder_position(0, text, is_prefix=True, ascending=True)
    assert file == folder
    assert file.name == text + "x"
    assert await catalog.file_position(files.id, text, is_prefix=False, **by_name) is None


async def test_a_missing_folder_has_nothing(catalog):
    """Neither has an empty one, and a start behind everything is none."""
    await catalog.make_folders(("a",))
    folder = await catalog.folder_at(("a",))
    for folder_id in (folder.id, 99):
        for start in (0, 2**53 - 1):
            arguments = {"is_prefix": True, "ascending": True, "start": start}
            assert await catalog.subfolder_position(folder_id, "a", **arguments) is None
            for order in FileOrder:
                found = await catalog.file_position(folder_id, "a", order=order, **arguments)
                assert found is None
