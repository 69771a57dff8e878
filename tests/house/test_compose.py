"""docker-compose.yml and what belongs to it fit the programs; tests/compose starts it."""

import asyncio
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import jwt
import pytest
import typer.main
import yaml  # type: ignore[import-untyped]
from pydantic import TypeAdapter
from pydantic_settings import BaseSettings

from catalog.records import ServiceCredential
from catalog.sqlite.adapter import SqliteCatalog
from cli.main import app
from cli.servers.process import LogSettings, StopSettings
from client_sdk.connection import KEEPALIVE_S
from common.addresses import ClientAddresses
from common.nats_address import parse_cluster_url
from common.settings import TrustedProxies
from discord_emulator.settings import EmulatorSettings
from gateway.settings import GatewaySettings
from manager.connections.connection import HEARTBEAT_S
from manager.settings import ManagerSettings
from processing_service.settings import ProcessingServiceSettings
from tests.compose.stop_order import stop_order
from upload_service.settings import UploadServiceSettings

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
EMULATED = yaml.safe_load((ROOT / "deploy" / "emulator.yml").read_text())["services"]
CONTAINERS = SERVICES | {"discord": EMULATED["discord"]}
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
SETTINGS: dict[str, type[BaseSettings]] = {
    "manager": ManagerSettings,
    "upload-service": UploadServiceSettings,
    "processing-service": ProcessingServiceSettings,
    "download-gateway": GatewaySettings,
}
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<rest>:?[-?][^}]*)?\}")


def variables(value: object) -> list[re.Match[str]]:
    """All variables that a part of the file refers to."""
    return list(VARIABLE.finditer(yaml.safe_dump(value, width=10_000)))


def interpolated(text: str, environment: dict[str, str]) -> str:
    """A value as compose fills it in."""

    def fill(match: re.Match[str]) -> str:
        rest = match["rest"] or ""
        default = rest.partition("-")[2] if rest.startswith(":-") else ""
        return environment.get(match["name"]) or default

    return VARIABLE.sub(fill, text).replace("$$", "$")


def names_of(settings: type[BaseSettings]) -> set[str]:
    """The variables that a program reads."""
    prefix = settings.model_config.get("env_prefix", "")
    return {f"{prefix}{name}".upper() for name in settings.model_fields}


def example() -> dict[str, str]:
    """What .env.example sets, or shows in a comment."""
    lines = re.findall(r"^#?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    return dict(lines)


def new_secrets() -> dict[str, str]:
    """What the script makes."""
    script = str(ROOT / "deploy" / "make-secrets.sh")
    done = subprocess.run(["sh", script], capture_output=True, text=True, check=True)  # noqa: S603, S607
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def environment_of(service: str) -> dict[str, str]:
    """What a program finds in its environment, apart from what is left at the default."""
    given = example() | new_secrets()
    given |= {"DISCORD_WEBHOOKS": "https://discord.com/api/webhooks/123456789012345678/token"}
    given |= {"SUPABASE_URL": ""}
    values = SERVICES[service]["environment"]
    return {name: interpolated(value, given) for name, value in values.items() if value is not None}


def front_network(given: dict[str, str]) -> dict[str, str]:
    """The addresses of the network that the programs share."""
    (pool,) = COMPOSE["networks"]["front"]["ipam"]["config"]
    return {name: interpolated(value, given) for name, value in pool.items()}


@pytest.mark.parametrize("service", SETTINGS)
def test_every_setting_exists(service):
    """What a program is given is something that it reads."""
    known = names_of(SETTINGS[service]) | names_of(LogSettings) | {"MANAGERS", "PUBLIC_URL"}
    assert set(SERVICES[service]["environment"]) <= known


def test_the_emulator_stands_in_for_discord():
    """What it is given it reads; the manager is given its address, and what else is in docker-compose.yml."""
    emulator, manager = EMULATED["discord"]["environment"], EMULATED["manager"]["environment"]
    assert set(emulator) <= names_of(EmulatorSettings) | names_of(LogSettings)
    assert set(manager) <= names_of(ManagerSettings)
    assert manager["DISCORD_API_URL"] == f"{emulator['EMULATOR_PUBLIC_URL']}/api/v10"
    assert EmulatorSettings.model_fields["port"].default == 4100
    assert set(EMULATED) - {"discord"} <= set(SERVICES)


@pytest.mark.parametrize("service", SETTINGS)
def test_programs_take_their_settings(service, monkeypatch, tmp_path):
    """With .env.example, new secrets and a webhook, every program has all it needs."""
    monkeypatch.chdir(tmp_path)
    environment = environment_of(service) | {"HOSTNAME": "0123456789ab"}
    if service == "upload-service":
        shell = [*SERVICES[service]["entrypoint"], "printenv", "OWN_ADDRESS", "MANAGER_ADDRESS"]
        command = [part.replace("$$", "$") for part in shell]
        done = subprocess.run(  # noqa: S603 - what the container runs
            command,
            env=environment | {"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=True,
        )
        environment["OWN_ADDRESS"], environment["MANAGER_ADDRESS"] = done.stdout.split()
        assert environment["OWN_ADDRESS"] == "http://127.0.0.1:8080/upload/0123456789ab"
        assert environment["MANAGER_ADDRESS"].split(",")[0] == "http://manager-1:4000"
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    SETTINGS[service]()


def test_managers_meet_and_services_prefer_one_of_them():
    """All have the name that the gateway asks; each upload service begins at one by its own id."""
    names = {name: SERVICES[name] for name in ("manager", "manager-2", "manager-3")}
    for name, manager in names.items():
        known = {name, *manager["networks"]["front"]["aliases"]}
        assert "manager" in known
        assert len([each for each in known if re.fullmatch(r"manager-\d", each)]) == 1
        rest = {key: value for key, value in manager.items() if key not in {"networks", "profiles"}}
        assert rest == {key: names["manager"][key] for key in rest}
    assert SERVICES["nats"]["profiles"] == names["manager-2"]["profiles"] == ["cluster"]
    (address,), _ = parse_cluster_url(example()["CLUSTER_URL"])
    assert address == "nats://manager:${NATS_PASSWORD}@nats:4222"
    assert {"--user=manager", "--pass=${NATS_PASSWORD:-}"} <= set(SERVICES["nats"]["command"])
    assert example()["MANAGERS"] == str(len(names))
    shell = [part.replace("$$", "$") for part in SERVICES["upload-service"]["entrypoint"]]
    taken = set()
    for host in range(0x100000, 0x100009):
        variables = {"HOSTNAME": f"{host:06x}abcdef", "MANAGERS": "3", "PATH": os.environ["PATH"]}
        done = subprocess.run(  # noqa: S603 - what the container runs
            [*shell, "printenv", "MANAGER_ADDRESS"],
            env=variables | {"PUBLIC_URL": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        taken.add(done.stdout.strip())
    one, two, three = (f"http://manager-{number}:4000" for number in (1, 2, 3))
    assert taken == {f"{one},{two},{three}", f"{two},{three},{one}", f"{three},{one},{two}"}


def test_every_command_exists():
    """What the containers run are commands of the program."""
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    for service in SETTINGS:
        command = SERVICES[service]["command"]
        assert command[-1] in commands, service
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert re.findall(r'^CMD \["([\w-]+)"\]$', dockerfile, re.MULTILINE) == ["manager"]


def test_every_variable_is_explained():
    """A variable is in .env.example, made by the script, or a documented setting."""
    known = set(example()) | set(new_secrets())
    assert {match["name"] for match in variables(COMPOSE)} <= known


def insisted_on(service: dict[str, Any]) -> set[str]:
    """The variables without which compose starts nothing."""
    return {match["name"] for match in variables(service) if "?" in (match["rest"] or "")}


def test_services_of_a_profile_need_nothing():
    """Compose fills in what is not run, too: only what always runs may insist on a variable."""
    always = {
        name
        for service in SERVICES.values()
        if "profiles" not in service
        for name in insisted_on(service)
    }
    for name, service in SERVICES.items():
        if "profiles" in service and name not in SETTINGS:
            assert insisted_on(service) <= always, name


def test_a_hosted_supabase_replaces_the_database():
    """Nothing that always runs depends on the services of the profile `database`."""
    dropped = {name for name, service in SERVICES.items() if "profiles" in service}
    for name, service in SERVICES.items():
        if name not in dropped:
            assert not dropped & required_by(service), name


def required_by(service: dict[str, Any]) -> set[str]:
    """The services without which compose does not start one."""
    needed = service.get("depends_on", [])
    if isinstance(needed, list):
        return set(needed)
    return {name for name, options in needed.items() if options.get("required", True)}


@pytest.mark.parametrize("name", ["credentials", "migrate"])
def test_what_runs_once_tries_until_it_can(name):
    """A database that is slow to start for the first time leaves nothing undone."""
    assert SERVICES[name]["restart"] == "on-failure"


def seconds(duration: str) -> float:
    """A duration as compose writes it."""
    assert re.fullmatch(r"\d+s", duration), duration
    return float(duration.removesuffix("s"))


def test_whoever_reports_stops_before_who_is_reported_to():
    """Compose stops what depends on another service first, and gives it the time that it takes."""
    first, second, third, *later = stop_order(SERVICES, EMULATED)
    assert "processing-service" in first
    assert (second, third) == ({"upload-service"}, {"manager", "manager-2", "manager-3"})
    assert set().union(*later) == {"database", "discord", "gateway", "migrate", "postgrest"}


@pytest.mark.parametrize(
    ("name", "drain_s"),
    [
        ("manager", 0.0),
        ("processing-service", 0.0),
        ("upload-service", UploadServiceSettings.model_fields["drain_grace_s"].default),
        ("download-gateway", GatewaySettings.model_fields["drain_grace_s"].default),
    ],
)
def test_no_program_is_killed_within_its_grace(name, drain_s):
    """It ends itself when that is over, so compose gives it a little more."""
    grace_s = StopSettings.model_fields["stop_grace_s"].default + drain_s
    assert seconds(SERVICES[name]["stop_grace_period"]) >= grace_s + 2


def test_reports_outlive_their_container():
    """The image keeps them where compose mounts a volume."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    (folder,) = re.findall(r"REPORTS_FOLDER=(\S+)", dockerfile)
    mounts = [mount.split(":") for mount in SERVICES["upload-service"]["volumes"]]
    assert any(
        source in COMPOSE["volumes"] and Path(folder).is_relative_to(target)
        for source, target in mounts
    )


def test_mounted_files_exist():
    """What is mounted from here is here; what is mounted from a volume is declared."""
    for name, service in SERVICES.items():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            is_there = (
                (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
            )
            assert is_there, f"{name}: {source}"


def test_every_service_is_watched():
    """A service has a health check, or says that it has none; what runs once has none."""
    for name, service in SERVICES.items():
        assert name in {"credentials", "migrate", "tls"} or "healthcheck" in service, name


def test_the_gateway_knows_the_services():
    """Hosts and ports in the gateway's configuration are services, and where they listen."""
    text = (ROOT / "deploy" / "gateway.conf.template").read_text()
    targets = dict(re.findall(r"set \$\w+ ([\w-]+):(\d+);", text))
    assert targets == {"manager": "4000", "postgrest": "3000"}
    assert set(targets) <= set(SERVICES)
    assert UploadServiceSettings.model_fields["port"].default == 4001
    assert "http://$replica:4001" in text
    assert interpolated(SERVICES["gateway"]["environment"]["DOWNLOADS"], {}) == "manager:4000"
    assert (
        example()["DOWNLOADS"] == f"download-gateway:{GatewaySettings.model_fields['port'].default}"
    )
    listening = set(re.findall(r"listen (\d+);", text))
    published = {mount.rpartition(":")[2] for mount in SERVICES["gateway"]["ports"]}
    assert published == {"8080"}, "what serves the database is not published"
    assert listening == {"8080", "8000"}


@pytest.mark.parametrize("service", ["manager", "upload-service", "download-gateway"])
@pytest.mark.parametrize("network", ["172.30.88", "10.1.2"])
def test_the_servers_believe_the_gateway_alone(network, service):
    """Of all containers only the gateway can say where a request comes from; its address is its own."""
    given = {"NETWORK": network}
    address = SERVICES["gateway"]["networks"]["front"]["ipv4_address"]
    gateway = ip_address(interpolated(address, given))
    trusted = interpolated(SERVICES[service]["environment"]["TRUSTED_PROXIES"], given)
    clients = ClientAddresses(TypeAdapter(TrustedProxies).validate_python(trusted))
    assert clients.of(str(gateway), ["198.51.100.1"]) == "198.51.100.1"
    others = {ip_address(f"{network}.{last}") for last in range(256)} - {gateway}
    assert all(clients.of(str(each), ["198.51.100.1"]) == str(each) for each in others)
    pool = front_network(given)
    assert gateway in ip_network(pool["subnet"])
    assert gateway not in ip_network(pool["ip_range"])


def test_the_gateway_believes_what_stands_in_front_of_it():
    """That is the machine itself and the service `tls`; what the manager is told is theirs alone."""
    given = {"NETWORK": "10.1.2"}
    text = (ROOT / "deploy" / "gateway.conf.template").read_text()
    believed = {
        each.replace("${NETWORK}", "10.1.2") for each in re.findall(r"set_real_ip_from (.*);", text)
    }
    tls = interpolated(SERVICES["tls"]["networks"]["front"]["ipv4_address"], given)
    assert believed == {front_network(given)["gateway"], tls}
    assert not any(
        ip_address(each) in ip_network(front_network(given)["ip_range"]) for each in believed
    )
    assert interpolated(SERVICES["gateway"]["environment"]["NETWORK"], given) == "10.1.2"
    assert re.findall(r"X-Forwarded-For (\S+);", text) == ["$remote_addr"]


def test_what_stands_in_front_logs_no_request():
    """Queries hold tokens, so errors that quote a request are not logged, or without it."""
    main, http = (ROOT / "deploy" / "nginx.conf").read_text().split("http {")
    assert "error_log stderr crit;" in main
    assert "error_log stderr emerg;" in http
    assert "error_log" not in (ROOT / "deploy" / "gateway.conf.template").read_text()
    caddy = (ROOT / "deploy" / "Caddyfile").read_text()
    assert set(re.findall(r"(request>\S+) delete", caddy)) == {"request>uri", "request>headers"}


def nginx_seconds(duration: str) -> float:
    """A duration as nginx writes it."""
    return float(duration[:-1]) * {"s": 1, "m": 60, "h": 3600}[duration[-1]]


@pytest.mark.parametrize("source", ["deploy/gateway.conf.template", "docs/deploy.md"])
def test_proxies_wait_for_longer_than_peers_are_silent(source):
    """Two pings may be lost before a proxy ends a connection: the gateway, and the one that the docs show."""
    to_clients = (ROOT / source).read_text().partition("listen 8000")[0]
    timeouts = re.findall(r"proxy_(?:read|send)_timeout (\w+);", to_clients)
    assert timeouts
    for timeout in timeouts:
        assert nginx_seconds(timeout) > 3 * max(HEARTBEAT_S, KEEPALIVE_S)


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("nameserver 10.1.2.1\nnameserver 192.0.2.53\n", "10.1.2.1"),
        ("search example\nnameserver fd00::1\n", "[fd00::1]"),
        ("nameserver 127.0.0.11\noptions ndots:0\n", "127.0.0.11"),
    ],
)
def test_the_gateway_asks_one_name_server(tmp_path, written, asked):
    """The first one, which is the engine's: nginx asks all that it is given, and others know no container."""
    (tmp_path / "resolv.conf").write_text(written)
    script = (ROOT / "deploy" / "resolver.envsh").read_text()
    read = script.replace("/etc/resolv.conf", str(tmp_path / "resolv.conf"))
    done = subprocess.run(  # noqa: S603
        ["sh", "-c", f"{read}\nprintenv NGINX_LOCAL_RESOLVERS"],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == asked
    assert os.access(ROOT / "deploy" / "resolver.envsh", os.X_OK), "the image reads no other"


def test_secrets_fit_together():
    """The key of the local database is a token of the service role, signed with its secret."""
    first, second = new_secrets(), new_secrets()
    claims = jwt.decode(first["SUPABASE_KEY"], first["JWT_SECRET"], algorithms=["HS256"])
    assert claims["role"] == "service_role"
    assert not set(first.values()) & set(second.values())


def test_image_has_every_room():
    """Each package, and what installs them, is copied into the image, and let through by .dockerignore."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    let_through = (ROOT / ".dockerignore").read_text().splitlines()
    (installing,) = re.findall(r"^COPY (.*) \./$", dockerfile, re.MULTILINE)
    assert {"pyproject.toml", "setup.py", "README.md"} <= set(installing.split())
    assert {f"!{name}" for name in installing.split()} <= set(let_through)
    rooms = {each.removesuffix("*") for each in SETUPTOOLS["packages"]["find"]["include"]}
    assert rooms == {path.parent.name for path in ROOT.glob("*/py.typed")}
    for room in sorted(rooms):
        assert f"COPY {room} {room}\n" in dockerfile, room
        assert f"!{room}" in let_through, room


def test_image_has_the_page_as_it_is_here(tmp_path):
    """The bundle depends on nothing that the Dockerfile does not copy."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    (files,) = re.findall(r"^COPY (.*) \./$", dockerfile, re.MULTILINE)
    for name in files.split():
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "page", tmp_path / "page")
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    subprocess.run(["node", "page/bundle.mjs"], cwd=tmp_path, check=True)  # noqa: S607
    bundle = tmp_path / "manager" / "page"
    (script,) = re.findall(r'src="{{base}}/(.+)"', (bundle / "index.html").read_text())
    code = (bundle / script).read_text()
    assert "React.createElement" not in code, "JSX is made for another library than the page's"


def test_image_has_every_data_file():
    """Files that are no modules are installed as well."""
    patterns = SETUPTOOLS["package-data"]
    for room in sorted(path.parent for path in ROOT.glob("*/py.typed")):
        installed = {
            path
            for package in ("*", room.name)
            for pattern in patterns.get(package, ())
            for path in (room.rglob(pattern) if package == "*" else room.glob(pattern))
        }
        data = {
            path
            for path in room.rglob("*")
            if path.is_file() and path.suffix not in {".py", ".pyc"}
        }
        assert data <= installed, room.name


def test_image_runs_without_rights():
    """The programs run as nobody in particular, and the image has a health check."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER cloud$", dockerfile, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", dockerfile, re.MULTILINE)


CAPABILITIES = {"tls": ["NET_BIND_SERVICE"]}
"""What a container needs all the same: ports below 1024."""
WRITABLE = {"/tmp", "/var/run/postgresql"}


@pytest.mark.parametrize("name", CONTAINERS)
def test_no_container_has_more_than_it_needs(name):
    """Whoever takes one over cannot change it, gains no rights in it, and cannot exhaust the machine."""
    service = CONTAINERS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == CAPABILITIES.get(name, [])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["tmpfs"]) <= WRITABLE
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert 0 < service["pids_limit"] <= 512


def test_the_gateway_is_no_root_and_writes_memory_only():
    """Everything that nginx writes is below /tmp, where its configuration is made as well."""
    gateway = SERVICES["gateway"]
    assert gateway["user"].split(":")[0] not in {"0", "root"}
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    written = re.findall(r"^\s*(?:pid|\w+_temp_path) (\S+);", text, re.MULTILINE)
    assert len(written) == 6
    assert all(path.startswith("/tmp/") for path in written)
    made = f"{gateway['environment']['NGINX_ENVSUBST_OUTPUT_DIR']}/gateway.conf"
    assert f"include {made};" in text
    targets = [mount.split(":")[1] for mount in gateway["volumes"]]
    assert targets == [
        "/etc/nginx/nginx.conf",
        "/etc/nginx/templates/gateway.conf.template",
        "/docker-entrypoint.d/16-resolver.envsh",
    ]
    assert all(mount.endswith(":ro") for mount in gateway["volumes"])


def test_images_are_of_lines_that_are_maintained():
    """A tag names a line that gets mends, not one release of it, and not whatever comes next."""
    images = {service["image"] for service in SERVICES.values() if "build" not in service}
    assert images == {
        "nginx:stable-alpine",
        "postgres:17",
        "postgrest/postgrest:v14.5",
        "caddy:2-alpine",
        "nats:2-alpine",
    }
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) == {"${BASE}"}
    assert re.findall(r"^ARG BASE=(\S+)$", dockerfile, re.MULTILINE) == ["python:3.11-slim"]


def test_workers_fit_the_memory_of_their_container():
    """By default no file that is decoded ends the service beside it."""
    fields = ProcessingServiceSettings.model_fields
    needed_mib = fields["workers"].default * fields["worker_memory_mib"].default
    assert int(SERVICES["processing-service"]["mem_limit"].removesuffix("m")) >= needed_mib + 256


def test_what_lets_services_in_is_what_they_have(tmp_path, monkeypatch):
    """The container `credentials` adds those of `.env`, as often as it is started, each for its kind.

    They replace those of another `.env`, which a restored catalog has.
    """
    monkeypatch.chdir(tmp_path)
    container = SERVICES["credentials"]
    for name in ("upload", "processing"):
        variable = f"{name.upper()}_CREDENTIAL"
        assert SERVICES[f"{name}-service"]["environment"]["SERVICE_CREDENTIAL"].startswith(
            f"${{{variable}:?"
        )
    own = SERVICES["download-gateway"]["environment"]["SERVICE_CREDENTIAL"]
    assert own == container["environment"]["GATEWAY_CREDENTIAL"] == "${GATEWAY_CREDENTIAL:-}"
    assert set(container["environment"]) >= {"UPLOAD_CREDENTIAL", "PROCESSING_CREDENTIAL"}

    async def in_force() -> list[ServiceCredential]:
        async with SqliteCatalog.open(tmp_path / "catalog.sqlite3") as catalog:
            listed = await catalog.list_service_credentials()
        return [each for each in listed if each.revoked_at is None]

    assert asyncio.run(in_force()) == []
    (script,) = container["command"]
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DATABASE_PATH": "catalog.sqlite3",
    }
    lost, restored = new_secrets(), new_secrets()
    for secrets in (lost, restored, restored):
        command = [*container["entrypoint"], script.replace("$$", "$")]
        variables = environment | secrets | {"SUPABASE_KEY": ""}
        subprocess.run(command, check=True, env=variables, cwd=tmp_path)  # noqa: S603
        found = asyncio.run(in_force())
        for each in found:
            text = secrets[f"{each.kind.value.upper()}_CREDENTIAL"]
            assert each.secret_hash == hashlib.sha256(text.encode()).digest()
        assert sorted(each.name for each in found) == ["gateway", "metrics", "processing", "upload"]
    of_earlier_release = {"SUPABASE_KEY": "", "GATEWAY_CREDENTIAL": "", "METRICS_CREDENTIAL": ""}
    variables = environment | restored | of_earlier_release
    subprocess.run(command, check=True, env=variables, cwd=tmp_path)  # noqa: S603
