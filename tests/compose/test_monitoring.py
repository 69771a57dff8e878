"""A real Prometheus reads the programs as docs/monitoring.md says, and evaluates the alerts."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.compose import images
from tests.compose.deployment import REPLICAS, Deployment, free_port, running
from tests.compose.engine import ROOT, Engine

pytestmark = pytest.mark.compose_long

PATIENCE_S = 180.0
"""More than two of Prometheus' intervals, on a busy machine."""


@dataclass(frozen=True)
class Watched:
    """A deployment, and the Prometheus beside it."""

    deployment: Deployment
    url: str

    def asked(self, path: str) -> Any:
        """What Prometheus' HTTP interface answers."""
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}", timeout=30) as answer:  # noqa: S310
            return json.load(answer)["data"]

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Returns when something is so."""
        deadline = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < deadline, self.asked("targets")

    def healthy_targets(self) -> dict[str, int]:
        """How many programs of each job answer."""
        health = [
            each["labels"]["job"]
            for each in self.asked("targets")["activeTargets"]
            if each["health"] == "up"
        ]
        return {job: health.count(job) for job in health}

    def alerts(self) -> set[str]:
        """The names of those that wait for their time or are sent."""
        return {each["labels"]["alertname"] for each in self.asked("alerts")["alerts"]}

    def rules(self) -> list[dict[str, Any]]:
        """All rules, with what became of them."""
        (group,) = self.asked("rules")["groups"]
        return list(group["rules"])


@pytest.fixture(scope="module")
def watched(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """All of docker-compose.yml with deploy/monitoring.yml."""
    if engine.is_podman:
        images.build_prometheus(engine)
    port = free_port()
    changes = (ROOT / "deploy" / "monitoring.yml").read_text()
    changes = changes.replace("127.0.0.1:9090:", f"127.0.0.1:{port}:")
    folder = tmp_path_factory.mktemp("compose")
    with running(engine, folder, changes=changes) as deployment:
        yield Watched(deployment, f"http://127.0.0.1:{port}")


def test_every_program_is_read(watched: Watched):
    """With the credentials of .env: the manager, and each upload service."""
    watched.wait_until(
        lambda: watched.healthy_targets() == {"manager": 1, "upload-service": REPLICAS}
    )


def test_rules_are_right(watched: Watched):
    """Prometheus takes all of them; nothing is to be told while all is well."""
    prometheus = watched.deployment.container("prometheus")
    watched.deployment.execute(
        prometheus, "promtool", "check", "rules", "/etc/prometheus/alerts.yml"
    )
    watched.wait_until(lambda: all(each["health"] == "ok" for each in watched.rules()))
    watched.wait_until(lambda: not watched.alerts())


def test_who_is_away_is_told_of(watched: Watched):
    """Without a manager, and without upload services, alerts begin; they end when all are back."""
    gone = watched.deployment.containers("manager", "upload-service")
    for container in gone:
        watched.deployment.kill(container)
    watched.wait_until(lambda: {"ManagerDown", "NoUploadSlots"} <= watched.alerts())
    for container in gone:
        watched.deployment.engine.run("start", container.id)
    watched.wait_until(lambda: not watched.alerts())
