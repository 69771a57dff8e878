"""How everything ends. The last module of this package: nothing runs after it."""

import pytest

from tests.compose.deployment import RUN_ONCE, Deployment

pytestmark = pytest.mark.compose

KILLED = 128 + 9
OURS = {"manager", "processing-service", "upload-service"}
STOP_ORDER = (("processing-service", "upload-service"), ("manager",), ())
"""What Compose derives from `depends_on`; podman-compose stops everything at once."""


def test_everything_stops_within_its_grace(deployment: Deployment):
    """Nobody has to be killed, and our programs say that they have ended well."""
    for services in STOP_ORDER:
        for container in deployment.containers(*services):
            deployment.stop(container)
    ends = {
        (each.service, deployment.engine.inspect(each.id)["State"]["ExitCode"])
        for each in deployment.containers()
        if each.service not in RUN_ONCE
    }
    assert {code for service, code in ends if service in OURS} == {0}
    assert not [service for service, code in ends if code == KILLED]
