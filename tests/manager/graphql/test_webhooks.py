"""What administrators see of webhooks, and how a quarantine ends."""

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from manager.app_keys import REAPER, WEBHOOKS

LIST = "{ webhooks { id isConfigured channelId state reason isGone since } }"
RETRY = "mutation ($id: ID!) { retryWebhook(id: $id) }"


async def ask(cloud, query: str, user: str = "alice", **variables):
    """A GraphQL answer."""
    headers = {"Authorization": f"Bearer {await cloud.token(user)}"}
    body = {"query": query, "variables": variables}
    response = await cloud.client.post("/graphql", json=body, headers=headers)
    return await response.json()


async def content(cloud, name: str) -> tuple[int, bytes]:
    """Downloads a file of alice's."""
    params = {"path": "/", "name": name, "auth": await cloud.token()}
    response = await cloud.client.get("/download", params=params)
    return response.status, await response.read()


async def test_a_quarantine_is_seen_and_ended(cloud):
    """What the webhook has posted cannot be read in between, and can again afterwards."""
    await cloud.token()
    await cloud.store("/a.txt", b"words")
    webhook = cloud.emulator.webhooks[0]
    gone = Fault(kind=FaultKind.WEBHOOK_GONE, route=Operation.MESSAGE)
    cloud.emulator.faults.add(gone)
    assert [(await content(cloud, "a.txt"))[0] for _ in range(2)] == [502, 502]
    (shown,) = (await ask(cloud, LIST))["data"]["webhooks"]
    assert (shown["id"], shown["state"], shown["isGone"]) == (str(webhook.id), "QUARANTINED", True)
    assert "10015" in shown["reason"]
    assert (await ask(cloud, RETRY, id=shown["id"]))["data"] == {"retryWebhook": True}
    (shown,) = (await ask(cloud, LIST))["data"]["webhooks"]
    assert shown == {
        "id": str(webhook.id),
        "isConfigured": True,
        "channelId": str(webhook.channel_id),
        "state": "USABLE",
        "reason": None,
        "isGone": False,
        "since": None,
    }
    assert await content(cloud, "a.txt") == (200, b"words")
    assert webhook.token not in repr(shown)


async def test_what_a_webhook_has_left_is_deleted_once_it_is_used_again(cloud):
    """The end of a quarantine wakes the reaper."""
    await cloud.token()
    file = await cloud.store("/a.txt", b"words")
    gone = Fault(kind=FaultKind.WEBHOOK_GONE, route=Operation.MESSAGE)
    cloud.emulator.faults.add(gone)
    assert (await content(cloud, "a.txt"))[0] == 502
    await cloud.catalog.delete_file(file.id)
    cloud.app[REAPER].wake()
    deleted = Fault(kind=FaultKind.SLOW, route=Operation.DELETE)
    cloud.emulator.faults.add(deleted)
    assert (await ask(cloud, RETRY, id=str(cloud.emulator.webhooks[0].id)))["data"]
    await deleted.reached.wait()
    deleted.release()


async def test_a_retry_that_fails_says_why(cloud):
    """The error has a stable code, and tells what Discord says."""
    await cloud.token()
    webhook = cloud.emulator.webhooks[0]
    cloud.app[WEBHOOKS].quarantine(webhook.id, "forbidden")
    cloud.emulator.delete_webhook(webhook.id)
    (error,) = (await ask(cloud, RETRY, id=str(webhook.id)))["errors"]
    assert error["extensions"]["code"] == "webhook-unusable"
    assert "10015" in error["message"]
    for strange in ("1" * 18, "x", ""):
        (error,) = (await ask(cloud, RETRY, id=strange))["errors"]
        assert error["extensions"]["code"] == "no-such-webhook"


async def test_webhooks_are_for_administrators(cloud):
    """Others see only in the status that some are not used."""
    await cloud.token()
    for query, variables in ((LIST, {}), (RETRY, {"id": "1" * 18})):
        (error,) = (await ask(cloud, query, "bob", **variables))["errors"]
        assert error["extensions"]["code"] == "not-administrator"
