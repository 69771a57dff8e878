"""What the containers are, and what they may do."""

import pytest

from tests.compose.deployment import KILLED, RUN_ONCE, Deployment
from tests.compose.engine import ROOT
from tests.compose.probe import READ_LIMITS

pytestmark = pytest.mark.compose

HEALTHY_AFTER_S = 60.0
"""On a machine with nothing else to do; docs/deploy.md has what was measured."""
ROOT_WITHOUT_RIGHTS = {"tls"}
"""Root, as its image is, but without root's capabilities."""
NET_BIND_SERVICE = 1 << 10
START_MANY = """
import subprocess
started = []
try:
    while len(started) < 1000:
        started.append(subprocess.Popen(["sleep", "1000"]))
except OSError:
    pass
print(len(started))
for each in started:
    each.kill()
    each.wait()
"""


def status_of(deployment: Deployment, service: str) -> dict[str, str]:
    """What the kernel says of the first process of a container."""
    text = deployment.execute(deployment.containers(service)[0], "cat", "/proc/1/status")
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def running_services(deployment: Deployment) -> list[str]:
    """The services that run for as long as the deployment does."""
    return sorted({each.service for each in deployment.containers()} - RUN_ONCE)


def test_everything_is_healthy_soon(deployment: Deployment):
    """From `up` on an empty machine that has the images: database, migrations, all services."""
    assert deployment.healthy_after_s < HEALTHY_AFTER_S * deployment.load


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


def test_the_kernel_knows_the_limits(deployment: Deployment):
    """What docker-compose.yml says of memory and processes is what each control group enforces."""
    for container in deployment.containers():
        if container.service in RUN_ONCE:
            continue
        limits = deployment.engine.inspect(container.id)["HostConfig"]
        held = deployment.execute(container, "sh", "-c", READ_LIMITS).split()
        assert held == [str(limits["Memory"]), str(limits["PidsLimit"])], container


def test_whoever_takes_too_much_memory_ends_alone(deployment: Deployment):
    """A process beyond the limit of its container is killed; the service beside it runs on."""
    service = deployment.containers("upload-service")[0]
    before = deployment.engine.inspect(service.id)["State"]["StartedAt"]
    takes_it_all = ("python", "-c", "bytearray(b'x') * 2**31")
    done = deployment.engine.run("exec", service.id, *takes_it_all, is_checked=False)
    assert done.returncode == KILLED
    assert deployment.engine.inspect(service.id)["State"]["StartedAt"] == before
    assert deployment.is_healthy(service)
    assert not (ROOT / "oom").exists()


def test_nobody_starts_more_processes_than_allowed(deployment: Deployment):
    """A container that starts ever more of them is refused, and gets on without them."""
    service = deployment.containers("upload-service")[0]
    limit = deployment.engine.inspect(service.id)["HostConfig"]["PidsLimit"]
    started = int(deployment.execute(service, "python", "-c", START_MANY))
    assert 0 < started < limit
    assert deployment.is_healthy(service)
