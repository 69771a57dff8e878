"""What the containers are, and what they may do."""

import pytest

from tests.compose.deployment import RUN_ONCE, SECRETS, Deployment

pytestmark = pytest.mark.compose

HEALTHY_AFTER_S = 120.0
"""A minute, and as much again for a machine that is busy: docs/deploy.md has what was measured."""
ROOT_WITHOUT_RIGHTS = {"tls"}
"""Root, as its image is, but without root's capabilities."""
NET_BIND_SERVICE = 1 << 10


def status_of(deployment: Deployment, service: str) -> dict[str, str]:
    """What the kernel says of the first process of a container."""
    text = deployment.execute(deployment.containers(service)[0], "cat", "/proc/1/status")
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def running_services(deployment: Deployment) -> list[str]:
    """The services that run for as long as the deployment does."""
    return sorted({each.service for each in deployment.containers()} - RUN_ONCE)


def test_everything_is_healthy_soon(deployment: Deployment):
    """From `up` on an empty machine that has the images: database, migrations, all services."""
    assert deployment.healthy_after_s < HEALTHY_AFTER_S


def test_no_container_can_write_its_root(deployment: Deployment):
    """Whoever takes a container over cannot change its programs."""
    for container in deployment.containers():
        assert deployment.engine.inspect(container.id)["HostConfig"]["ReadonlyRootfs"], container
        if container.service not in RUN_ONCE:
            done = deployment.engine.run(
                "exec", container.id, "sh", "-c", "echo x > /x", is_checked=False
            )
            assert "Read-only file system" in done.stderr, container


def test_no_process_has_capabilities_or_gains_them(deployment: Deployment):
    """The kernel's word: no capability but for ports below 1024, and no new privileges."""
    for service in running_services(deployment):
        status = status_of(deployment, service)
        allowed = NET_BIND_SERVICE if service == "tls" else 0
        for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert not int(status[name], 16) & ~allowed, (service, name)
        assert status["NoNewPrivs"].strip() == "1", service


def test_no_process_is_root(deployment: Deployment):
    """But Caddy, which needs its volumes and has no capability to use elsewhere."""
    roots = {
        service
        for service in running_services(deployment)
        if "0" in status_of(deployment, service)["Uid"].split()
    }
    assert roots == ROOT_WITHOUT_RIGHTS


def test_every_container_is_within_limits(deployment: Deployment):
    """Memory and processes of each are bounded."""
    for container in deployment.containers():
        limits = deployment.engine.inspect(container.id)["HostConfig"]
        assert limits["Memory"] > 0, container
        assert 0 < limits["PidsLimit"] <= 512, container


def test_logs_hold_no_secret(deployment: Deployment, ada: str):
    """Nothing of .env that is secret, no token."""
    values = [ada]
    for name in SECRETS:
        values += [each.removeprefix("http://") for each in deployment.settings[name].split(",")]
    for container in deployment.containers():
        log = deployment.logs(container)
        assert not [value for value in values if value in log], container
