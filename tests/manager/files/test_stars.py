"""The extension `stars`: what users mark for themselves."""

import pytest

from protocol import c2s, generic, s2c
from protocol.extensions import STARS


async def _star(client, packet, *, success: bool = True) -> None:
    answer = await client.ask(packet, generic.Boolean)
    assert answer.success is success


async def _starred(client) -> list[str]:
    page = await client.ask(c2s.StarredRequest(), s2c.Starred)
    assert page.next is None
    return [f"{each.path}:{(each.file or each.folder).name}" for each in page.entries]


async def test_stars_are_told_to_all_connections_of_their_user_alone(world):
    """A star is listed with its folder; other clients of the user hear of it, other users do not."""
    file = await world.put("/a/f")
    folder_id = await world.folder_id("/a")
    here, there = [await world.stage.client("alice", extensions=[STARS]) for _ in range(2)]
    bob = await world.stage.client("bob", extensions=[STARS])
    await _star(here, c2s.StarFolder(folder_id=folder_id, starred=True))
    await _star(here, c2s.StarFile(file_id=file.id, starred=True))
    await _star(here, c2s.StarFile(file_id=file.id, starred=True))
    assert await _starred(there) == ["/a:f", "/:a"]
    stars = await there.ask(c2s.StarListRequest(), s2c.StarList)
    assert (stars.files, stars.folders) == ((file.id,), (folder_id,))
    await _star(here, c2s.StarFolder(folder_id=folder_id, starred=False))
    told = [await there.next(s2c.StarChanged) for _ in range(4)]
    assert [(each.file_id, each.folder_id, each.starred) for each in told] == [
        (None, folder_id, True),
        (file.id, None, True),
        (file.id, None, True),
        (None, folder_id, False),
    ]
    assert await _starred(bob) == []


@pytest.mark.parametrize(
    "packet",
    [
        c2s.StarFile(file_id=999, starred=True),
        c2s.StarFolder(folder_id=999, starred=True),
        c2s.StarFolder(folder_id=0, starred=True),
    ],
    ids=repr,
)
async def test_what_is_not_there_and_the_root_are_not_starred(world, packet):
    """They are refused, and nothing is starred."""
    alice = await world.stage.client("alice", extensions=[STARS])
    await _star(alice, packet, success=False)
    assert await _starred(alice) == []
