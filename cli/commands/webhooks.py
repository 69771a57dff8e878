"""`webhooks`: what administrators see of Discord's webhooks, and how a quarantine ends."""

from datetime import datetime
from typing import Literal

import msgspec
import typer

from cli.asking import asked
from cli.output import human_time, say, say_json
from cli.surroundings import surroundings_of


class Webhook(msgspec.Struct, frozen=True, rename="camel"):
    """A webhook that is configured, or that is in quarantine; `since` is when that began."""

    id: str
    state: Literal["USABLE", "UNKNOWN", "QUARANTINED"]
    is_configured: bool
    channel_id: str | None
    reason: str | None
    is_gone: bool
    since: datetime | None


def list_(
    context: typer.Context,
    *,
    as_json: bool,
) -> None:
    """Show which webhooks are used, and why others are not."""
    around = surroundings_of(context)

    async def run() -> None:
        query = "{ webhooks { id state isConfigured channelId reason isGone since } }"
        found = await asked(around, list[Webhook], query)
        if as_json:
            shown = [
                {**msgspec.structs.asdict(each), "state": each.state.lower()} for each in found
            ]
            say_json(around.out, shown)
            return
        for each in found:
            say(around.out, f"{each.id}  {_state_of(each)}")

    around.run(run())


def retry(
    context: typer.Context,
    webhook_id: str,
) -> None:
    """End a webhook's quarantine, if Discord knows the webhook."""
    around = surroundings_of(context)

    async def run() -> None:
        query = "mutation ($id: ID!) { retryWebhook(id: $id) }"
        await asked(around, bool, query, id=webhook_id)
        say(around.err, f"webhook {webhook_id} is used")

    around.run(run())


def _state_of(webhook: Webhook) -> str:
    if webhook.since is None:
        return webhook.state.lower()
    is_used = "is gone" if webhook.is_gone else "is not used"
    configured = "" if webhook.is_configured else ", not configured any more"
    return f"{is_used} since {human_time(webhook.since)}{configured}: {webhook.reason}"
