"""`/admin/usage`: what all users store, for administrators."""


async def test_what_all_users_store(cloud):
    """In an order, with quota, trash and versions; the last use is that of the login that asks."""
    token = await cloud.token("alice")
    await cloud.token("bob")
    await cloud.store("/a.txt", b"12345")
    headers = {"Authorization": f"Bearer {token}"}
    response = await cloud.client.get("/admin/usage", headers=headers)
    users = (await response.json())["users"]
    assert users[0] == {
        "id": users[0]["id"],
        "name": "alice",
        "is_admin": True,
        "quota": {"bytes": None, "files": None},
        "stored": {"bytes": 5, "files": 1},
        "trash": {"bytes": 0, "files": 0},
        "version_bytes": 0,
        "last_seen_at": users[0]["last_seen_at"],
    }
    assert users[0]["last_seen_at"] is not None
    query = {"order": "name", "ascending": "false"}
    response = await cloud.client.get("/admin/usage", params=query, headers=headers)
    answer = await response.json()
    assert [each["name"] for each in answer["users"]] == ["bob", "alice"]
    assert answer["next"] is None
