"""How everything ends. The last module of this package: nothing runs after it."""

import pytest

from tests.compose.deployment import KILLED, SECRETS, Deployment

pytestmark = pytest.mark.compose

OURS = {"manager", "processing-service", "upload-service"}
STOP_ORDER = (("processing-service", "upload-service"), ("manager",), ())
"""What Compose derives from `depends_on`; podman-compose stops everything at once."""


def test_everything_stops_within_its_grace(deployment: Deployment):
    """Nobody has to be killed, and our programs say that they have ended well."""
    for services in STOP_ORDER:
        for container in deployment.containers(*services):
            deployment.stop(container)
    for container in deployment.containers():
        code = deployment.engine.inspect(container.id)["State"]["ExitCode"]
        assert code != KILLED, container
        if container.service in OURS:
            assert code == 0, (container, deployment.logs(container)[-3000:])


def test_logs_hold_no_secret(deployment: Deployment, ada: str):
    """After all that the tests did and broke: no secret of .env, and nothing that users were given."""
    values = [ada, *deployment.secrets_given]
    for name in SECRETS:
        values += [each.removeprefix("http://") for each in deployment.settings[name].split(",")]
    logs = [(each.service, deployment.logs(each)) for each in deployment.containers()]
    assert not [(service, value[:8]) for service, log in logs for value in values if value in log]
