"""How everything ends. The last module of this package: nothing runs after it."""

from datetime import datetime

import pytest

from tests.compose.deployment import EMULATED, KILLED, RUN_ONCE, SECRETS, SERVICES, Deployment
from tests.compose.stop_order import dependents_of

pytestmark = pytest.mark.compose

OURS = {"manager", "processing-service", "upload-service"}


def ends_of(deployment: Deployment, service: str) -> list[datetime]:
    """When the containers of a service have ended, which was well."""
    ends = []
    for container in deployment.containers(service):
        state = deployment.engine.inspect(container.id)["State"]
        assert state["ExitCode"] != KILLED, container
        if service in OURS:
            assert state["ExitCode"] == 0, (container, deployment.logs(container)[-3000:])
        ends.append(datetime.fromisoformat(state["FinishedAt"]))
    return ends


def test_everything_stops_in_order_within_its_grace(deployment: Deployment):
    """Nobody is killed, none outlives what it depends on, and our programs say that they have ended well."""
    deployment.stop_all()
    dependents = dependents_of(SERVICES, EMULATED)
    # Not those of profiles that are left out.
    there = {each.service for each in deployment.containers()} - RUN_ONCE
    ends = {service: ends_of(deployment, service) for service in there}
    for service, ended in ends.items():
        for dependent in dependents[service] & there:
            assert max(ends[dependent]) < min(ended), (dependent, service)


def test_logs_hold_no_secret(deployment: Deployment, ada: str):
    """After all that the tests did and broke: no secret of .env, and nothing that users were given."""
    values = [ada, *deployment.secrets_given]
    for name in SECRETS:
        values += [each.removeprefix("http://") for each in deployment.settings[name].split(",")]
    logs = [(each.service, deployment.logs(each)) for each in deployment.containers()]
    assert not [(service, value[:8]) for service, log in logs for value in values if value in log]
