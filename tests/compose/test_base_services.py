"""Services of the base protocol, through Caddy and the gateway: the tests of `tests/base_protocol`.

The deployment is that of docs/base-protocol.md, without upload services of its own, and with small chunks.
"""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import yaml  # type: ignore[import-untyped]

from tests.base_protocol.stage import BOT_TOKEN
from tests.base_protocol.test_thumbnailers import (  # noqa: F401 - pytest collects them here as well
    test_a_frontend_asks_for_a_thumbnail,
)
from tests.base_protocol.test_upload_services import (  # noqa: F401
    test_a_failure_is_told,
    test_a_file_comes_back_byte_for_byte,
    test_a_service_that_goes_away,
    test_a_service_that_refuses_an_upload,
    test_a_service_that_refuses_its_configuration_is_sent_away,
    test_a_small_file_with_another_hash_is_an_error,
    test_a_whole_file_with_another_hash_is_cut_off,
    test_an_abort_stops_the_service,
    test_an_unencrypted_file_comes_back,
    test_bad_handshakes_are_refused,
    test_services_are_spread_over_the_channels,
    test_who_leaves_a_running_upload,
)
from tests.compose.base_stage import DeployedStage, deployed_stage
from tests.compose.contents import curl
from tests.compose.deployment import Deployment, running
from tests.compose.engine import Engine
from tests.manager.sockets.stage import CHUNK_SIZE, SERVICE_PASSWORD

pytestmark = pytest.mark.compose_long

CHANNELS = 2
CHANGES = {
    "discord": {
        "environment": {
            "EMULATOR_BOT_TOKEN": BOT_TOKEN,
            # For the services, which are outside, as well.
            "EMULATOR_PUBLIC_URL": "http://${NETWORK}.4:4100",
        },
        "networks": {"front": {"ipv4_address": "${NETWORK}.4"}},
    },
    "manager": {"environment": {"CHUNK_SIZE": str(CHUNK_SIZE)}},
}


def settings_of(deployment: Deployment) -> dict[str, str]:
    """What lets services of the base protocol in."""
    webhooks = deployment.settings["DISCORD_WEBHOOKS"].split(",")[:CHANNELS]
    agent = ("--user-agent", "DiscordBot (https://example.org, 1)")
    channels = [json.loads(curl(*agent, webhook))["channel_id"] for webhook in webhooks]
    return {
        "BASE_UPLOAD_SERVICES": "true",
        "COMPOSE_PROFILES": "database,tls",
        "DISCORD_BOT_TOKEN": BOT_TOKEN,
        "DISCORD_CHANNELS": ",".join(channels),
        "SERVICE_PASSWORD": SERVICE_PASSWORD,
    }


@dataclass(frozen=True)
class Open:
    """A deployment that such services may join, and its administrator's token."""

    deployment: Deployment
    administrator: str


@pytest.fixture(scope="module")
def opened(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """A deployment that such services may join."""
    folder, changes = tmp_path_factory.mktemp("compose"), yaml.safe_dump({"services": CHANGES})
    with running(
        engine, folder, changes=changes, replicas=0, more_settings=settings_of
    ) as deployment:
        yield Open(deployment, deployment.administrator())


@pytest.fixture
async def stage(opened: Open) -> AsyncIterator[DeployedStage]:
    """Each test finds no file, and leaves none."""
    async with deployed_stage(opened.deployment, opened.administrator) as stage:
        yield stage
        await stage.empty()
