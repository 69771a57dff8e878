"""Thumbnails and the search for users, through packets."""

MAX_USERS = 100


async def test_there_are_no_thumbnails(world, alice):
    """Without a processing service the answer says that there is none."""
    file = await world.put("/f.png")
    reason = await alice.refusal("c2s:thumbnail-request", id=file.id)
    assert reason == "this file has no thumbnail"


async def test_users_are_found_by_a_part_of_their_names(world, alice, bob, cid):
    """Case does not matter; names that start with the query come first; nobody is no error."""
    await world.user("Bobby")
    await world.user("abobo")
    found = await alice.get("c2s:user-search-request", "s2c:user-search", query="BOB")
    assert found["success"]
    assert [user["name"] for user in found["results"]] == ["bob", "Bobby", "abobo"]
    assert found["results"][0] == {"id": bob.user.id, "name": "bob"}
    nobody = await alice.get("c2s:user-search-request", "s2c:user-search", query="zzz")
    assert nobody == {"success": True, "results": []}


async def test_a_search_ends_after_a_hundred_users(world, alice):
    """However many there are, at most a hundred are told."""
    for number in range(MAX_USERS + 5):
        await world.catalog.create_user(f"user{number}", "hash")
    found = await alice.get("c2s:user-search-request", "s2c:user-search", query="user")
    assert len(found["results"]) == MAX_USERS
