"""The units of deploy/systemd fit the programs, and docker-compose.yml; tests/compose boots them."""

import configparser
import re
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from cli.servers.process import StopSettings
from upload_service.settings import UploadServiceSettings

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deploy" / "systemd"
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
GRACE_S = StopSettings.model_fields["stop_grace_s"].default
DRAIN_S = UploadServiceSettings.model_fields["drain_grace_s"].default
OF_COMPOSE = {
    "discord-cloud-manager": "manager",
    "discord-cloud-upload@": "upload-service",
    "discord-cloud-processing": "processing-service",
    "discord-cloud-gateway@": "download-gateway",
}
WORKERS = "discord-cloud-processing"


def service_of(unit: str) -> dict[str, str]:
    """The section [Service] of a unit; of options that are given several times the last value."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(UNITS / f"{unit}.service")
    return dict(parser["Service"])


def confinement_of(unit: str) -> list[str]:
    """The lines of a unit that confine it."""
    text = (UNITS / f"{unit}.service").read_text()
    return text.partition("# What it can do to this machine")[2].partition("\n\n")[0].splitlines()


def test_every_unit_is_looked_at():
    """A unit is that of a program in docker-compose.yml."""
    assert {path.stem for path in UNITS.glob("*.service")} == set(OF_COMPOSE)


@pytest.mark.parametrize("unit", OF_COMPOSE)
def test_no_program_is_killed_within_its_grace(unit: str):
    """It ends itself when that is over, so systemd gives it a little more."""
    drains = unit in {"discord-cloud-upload@", "discord-cloud-gateway@"}
    grace_s = GRACE_S + (DRAIN_S if drains else 0.0)
    seconds = re.fullmatch(r"(\d+)s", service_of(unit)["TimeoutStopSec"])
    assert seconds
    assert float(seconds[1]) >= grace_s + 2


@pytest.mark.parametrize(("unit", "service"), OF_COMPOSE.items())
def test_limits_are_those_of_the_containers(unit: str, service: str):
    """Memory and processes."""
    options, container = service_of(unit), SERVICES[service]
    assert options["MemoryMax"].lower() == container["mem_limit"]
    assert int(options["TasksMax"]) == container["pids_limit"]


@pytest.mark.parametrize("unit", OF_COMPOSE)
def test_units_are_confined_alike(unit: str):
    """All can do the same to the machine; only the sandbox of workers needs some system calls more."""
    manager = confinement_of("discord-cloud-manager")
    missing = set(manager) - set(confinement_of(unit))
    assert missing == ({"SystemCallFilter=~@privileged @resources"} if unit == WORKERS else set())


@pytest.mark.parametrize("unit", OF_COMPOSE)
def test_units_start_what_is_installed(unit: str):
    """As a user that sysusers makes, with the settings of one file, again unless these are wrong."""
    options = service_of(unit)
    users = (UNITS / "discord-cloud.sysusers.conf").read_text()
    assert re.search(rf"^u {options['User']} ", users, re.MULTILINE)
    program = SERVICES[OF_COMPOSE[unit]]["command"][-1]
    assert options["ExecStart"].endswith(f"/opt/discord-cloud/bin/discord-cloud {program}")
    assert options["EnvironmentFile"].startswith("/etc/discord-cloud/")
    assert (options["Type"], options["Restart"]) == ("notify", "on-failure")
    assert options["RestartPreventExitStatus"] == "78"
