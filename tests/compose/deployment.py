"""docker-compose.yml as users get it, started whole, with the emulator in Discord's place."""

import errno
import json
import os
import re
import secrets
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml  # type: ignore[import-untyped]

from client_sdk import Client, ClientSettings
from tests.compose.engine import ROOT, Engine, new_name
from tests.compose.open_connections import connections_closed
from tests.compose.stop_order import stop_order

OVERRIDE = Path(__file__).parent / "override.yml"
REPLICAS = 3
PORTS_FOR_ANY = Path("/proc/sys/net/ipv4/ip_local_port_range")
START_S = 300.0
"""Bounds a start on a busy machine; how long it may take on one with nothing else to do is up to a test."""
CLIENT_S = 900.0
"""Bounds one command of a client, on a busy machine."""
COMPOSE_FILES = (ROOT / "docker-compose.yml", ROOT / "deploy" / "emulator.yml")
SERVICES, EMULATED = (yaml.safe_load(each.read_text())["services"] for each in COMPOSE_FILES)
LINES = 50
"""Of the log of each container, where a test fails."""
KILLED = 128 + 9
"""The exit code of what was killed."""
RUN_ONCE = {"credentials", "migrate"}
USER, PASSWORD = "ada", "correct horse battery"
SECRETS = (
    "AUTHENTICATOR_PASSWORD",
    "DISCORD_WEBHOOKS",
    "JWT_SECRET",
    "MESSAGE_ENCRYPTION_KEY",
    "METRICS_CREDENTIAL",
    "NATS_PASSWORD",
    "POSTGRES_PASSWORD",
    "PROCESSING_CREDENTIAL",
    "SUPABASE_KEY",
    "UPLOAD_CREDENTIAL",
)


@dataclass(frozen=True)
class Container:
    """A container of a deployment.

    Attributes:
        id: its whole id; the first 12 characters are its host name.
        service: what docker-compose.yml calls it.
    """

    id: str
    service: str


@dataclass
class Deployment:
    """A project of Compose, and how clients reach it.

    Attributes:
        settings: its `.env`.
        folder: temporary files, among them the root certificate.
        port: of 127.0.0.1, where Caddy is published.
        changes: YAML of a further override, if a test needs other containers than users get.
        healthy_after_s: from `up` until everything was healthy.
        load: programs that wanted to run then, for each core; 1 if there were fewer.
        secrets_given: what it has given to users that opens something.
    """

    engine: Engine
    settings: dict[str, str]
    folder: Path
    port: int
    changes: str = ""
    healthy_after_s: float = 0.0
    load: float = 1.0
    secrets_given: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where clients reach it."""
        return f"https://localhost:{self.port}"

    @property
    def project(self) -> str:
        """The name of all that belongs to it."""
        return self.settings["COMPOSE_PROJECT_NAME"]

    @property
    def discord_url(self) -> str:
        """Where the emulator is for this machine."""
        networks = self.engine.inspect(self.container("discord").id)["NetworkSettings"]["Networks"]
        [address] = [each["IPAddress"] for each in networks.values()]
        return f"http://{address}:4100"

    @property
    def root_certificate(self) -> Path:
        """The certificate of Caddy's internal authority."""
        return self.folder / "root.crt"

    @property
    def trust(self) -> ssl.SSLContext:
        """Believes Caddy's internal authority alone."""
        return ssl.create_default_context(cafile=self.root_certificate)

    @asynccontextmanager
    async def cloud(self, token: str) -> AsyncIterator[Client]:
        """The SDK's client of a user."""
        settings = ClientSettings(ca_cert=str(self.root_certificate))
        async with connections_closed(), Client(self.url, token, settings=settings) as cloud:
            yield cloud

    def compose(self, *arguments: str) -> str:
        """Runs a command of Compose; returns its standard output."""
        path = self.folder / "env"
        path.write_text("".join(f"{name}={value}\n" for name, value in self.settings.items()))
        # podman-compose fills in no variable of what replaces a list.
        override = self.folder / "override.yml"
        override.write_text(OVERRIDE.read_text().replace("${TLS_PORT}", str(self.port)))
        paths = [*COMPOSE_FILES, override]
        if self.changes:
            paths.append(self.folder / "changes.yml")
            paths[-1].write_text(self.changes)
        files = [f"--file={each}" for each in paths]
        done = self.engine.run_command(
            *self.engine.compose, f"--env-file={path}", *files, *arguments
        )
        return done.stdout

    def start(self, *arguments: str) -> None:
        """Creates and starts services, all if none is given.

        What podman makes of dependencies starts no container that needs one which has ended, and
        podman-compose does not wait for health: there the caller starts things in order.
        """
        options = ["--no-deps"] if self.engine.is_podman else []
        self.compose("up", "--detach", "--no-build", *options, *arguments)

    def remove(self) -> None:
        """Removes containers, volumes and networks; podman-compose would leave those of replicas."""
        self.engine.remove(self.project)

    def stop(self, container: Container) -> None:
        """Stops a container within the grace of its service: else it is killed."""
        duration = str(SERVICES.get(container.service, {}).get("stop_grace_period", "10s"))
        self.engine.run("stop", "--time", duration.removesuffix("s"), container.id)

    def stop_all(self) -> None:
        """Stops everything in the order of Compose; podman-compose would do it all at once."""
        if not self.engine.is_podman:
            self.compose("stop")
            return
        for services in stop_order(SERVICES, EMULATED):
            self._stop_at_once(self.containers(*services))

    def kill(self, container: Container) -> None:
        """Ends a container without any warning."""
        self.engine.run("kill", "--signal", "KILL", container.id)

    def scale(self, replicas: int) -> None:
        """Has so many upload services; podman-compose would leave those that are too many."""
        self.start("--no-recreate", "--scale", f"upload-service={replicas}", "upload-service")
        # The newest are listed first.
        surplus = self.containers("upload-service")[:-replicas]
        self._stop_at_once(surplus)
        for container in surplus:
            self.engine.run("rm", container.id)

    def _stop_at_once(self, containers: Iterable[Container]) -> None:
        with ThreadPoolExecutor() as threads:
            list(threads.map(self.stop, containers))

    def containers(self, *services: str) -> list[Container]:
        """The containers of some services, stopped ones as well; of all if none is given."""
        filters = ["--filter", f"label=com.docker.compose.project={self.project}"]
        form = '{{.ID}} {{index .Labels "com.docker.compose.service"}}'
        if not self.engine.is_podman:
            form = '{{.ID}} {{.Label "com.docker.compose.service"}}'
        listed = self.engine.run("ps", "--all", "--no-trunc", *filters, "--format", form).stdout
        found = [Container(*line.split()) for line in listed.splitlines()]
        return [each for each in found if not services or each.service in services]

    def container(self, service: str) -> Container:
        """The only container of a service."""
        (found,) = self.containers(service)
        return found

    def execute(self, container: Container, *command: str) -> str:
        """Runs a command in a container; returns what it wrote to standard output."""
        return self.engine.run("exec", container.id, *command).stdout

    def is_healthy(self, container: Container) -> bool:
        """Whether it has done what it is for, or its health check, if it has one, was successful."""
        state = self.engine.inspect(container.id)
        if container.service in RUN_ONCE:
            return not state["State"]["Running"] and state["State"]["ExitCode"] == 0
        if not state["State"]["Running"]:
            return False
        check = state["Config"].get("Healthcheck") or {}
        if check.get("Test", ["NONE"]) == ["NONE"]:
            return True
        if self.engine.is_podman:
            # It leaves that to timers of systemd, which need not run here.
            done = self.engine.run("healthcheck", "run", container.id, is_checked=False)
            return done.returncode == 0
        return bool(state["State"]["Health"]["Status"] == "healthy")

    def wait_healthy(self) -> None:
        """Returns when every container is healthy.

        Raises:
            TimeoutError: it took too long.
        """
        deadline = time.monotonic() + START_S
        waiting = self.containers()
        while waiting := [each for each in waiting if not self.is_healthy(each)]:
            if time.monotonic() > deadline:
                names = [each.service for each in waiting]
                raise TimeoutError(f"not healthy: {names}\n{self.latest_logs()}")

    def logs(self, container: Container) -> str:
        """All that a container has written."""
        done = self.engine.run("logs", container.id)
        return done.stdout + done.stderr

    def latest_logs(self) -> str:
        """The last lines of all containers, and when they were written."""
        options = ("--timestamps", f"--tail={LINES}")
        parts = []
        for container in self.containers():
            done = self.engine.run("logs", *options, container.id, is_checked=False)
            parts.append(f"== {container.service}\n{done.stdout}{done.stderr}")
        return "\n".join(parts)

    def setup_code(self) -> str:
        """The code that the first registration needs, from the log of a manager."""
        managers = [each for each in self.containers() if each.service.startswith("manager")]
        logs = "".join(self.logs(each) for each in managers)
        (code,) = set(re.findall(r"setup=([\w-]+)", logs))
        return str(code)

    def administrator(self) -> str:
        """Registers the first user, and logs in; returns the token."""
        trusted = ("--ca-cert", self.root_certificate, "--password-stdin")
        code = ("--setup-code", self.setup_code())
        self.client("register", self.url, USER, *code, *trusted, stdin=PASSWORD)
        self.client("login", self.url, USER, *trusted, stdin=PASSWORD)
        body = json.dumps({"username": USER, "password": PASSWORD})
        token: str = json.loads(self.curl("--json", body, f"{self.url}/login"))["token"]
        self.secrets_given += [token, PASSWORD]
        return token

    def client(self, *arguments: str | Path, stdin: str = "") -> str:
        """Runs `discord-cloud` as a user would; returns its standard output."""
        return run_client(self.url, self.folder, *arguments, stdin=stdin)

    def curl(self, *arguments: str | Path) -> bytes:
        """Runs curl, which believes Caddy's internal authority alone; returns the answer's body."""
        command = ["curl", "--silent", "--show-error", "--fail", "--cacert", self.root_certificate]
        done = subprocess.run(  # noqa: S603 - arguments of the tests
            [*map(str, command), *map(str, arguments)],
            capture_output=True,
            check=False,
            timeout=CLIENT_S,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout


def authorized(token: str) -> tuple[str, str]:
    """Curl's options for a user's request."""
    return "--header", f"Authorization: Bearer {token}"


def run_client(url: str, home: Path, *arguments: str | Path, stdin: str = "") -> str:
    """Runs `discord-cloud` of this release in a home; returns its standard output."""
    home.mkdir(exist_ok=True)
    done = subprocess.run(  # noqa: S603 - our own program
        [Path(sys.executable).with_name("discord-cloud"), *map(str, arguments)],
        input=stdin,
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "DISCORD_CLOUD_URL": url},
        capture_output=True,
        text=True,
        check=False,
        timeout=CLIENT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def running(
    engine: Engine,
    folder: Path,
    *,
    changes: str = "",
    replicas: int = REPLICAS,
    more_settings: Callable[[Deployment], Mapping[str, str]] = lambda _: {},
) -> Iterator[Deployment]:
    """All of docker-compose.yml; gone at the end, volumes as well.

    Args:
        engine: runs the containers.
        folder: an empty folder.
        changes: YAML of a further override.
        replicas: how many upload services there are.
        more_settings: makes those that need the emulator, which runs.
    """
    deployment = Deployment(engine, {}, folder, free_port(), changes)
    deployment.settings |= _example() | _new_secrets() | _chosen(deployment)
    try:
        if not engine.is_podman:
            deployment.compose("build")
        started = time.monotonic()
        deployment.start("discord", "database")
        deployment.settings["DISCORD_WEBHOOKS"] = ",".join(webhooks_of(deployment))
        deployment.settings |= more_settings(deployment)
        if engine.is_podman:
            deployment.wait_healthy()
            deployment.start("migrate")
            deployment.wait_healthy()
        deployment.start("--scale", f"upload-service={replicas}")
        deployment.wait_healthy()
        deployment.healthy_after_s = time.monotonic() - started
        # Of the last minute, or of the last five.
        deployment.load = max(1.0, max(os.getloadavg()[:2]) / (os.cpu_count() or 1))
        _take_root_certificate(deployment)
        yield deployment
    finally:
        deployment.remove()


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens, and which no program gets that asks for any port.

    An engine that is killed may leave a rule behind that sends connections with that port to a container.
    """
    first_given_to_any = int(PORTS_FOR_ANY.read_text().split()[0])
    while True:
        port = secrets.choice(range(first_given_to_any // 2, first_given_to_any))
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED:
                return port


def settings_in(text: str) -> dict[str, str]:
    """The variables that a `.env` sets."""
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))


def _example() -> dict[str, str]:
    return settings_in((ROOT / ".env.example").read_text())


def _new_secrets() -> dict[str, str]:
    script = str(ROOT / "deploy" / "make-secrets.sh")
    done = subprocess.run(["/bin/sh", script], capture_output=True, text=True, check=True)  # noqa: S603
    return settings_in(done.stdout)


def _chosen(deployment: Deployment) -> dict[str, str]:
    """What users write into .env, and what keeps this apart from other projects on the machine."""
    return {
        "COMPOSE_PROJECT_NAME": new_name(),
        "COMPOSE_PROFILES": "database,processing,tls",
        "DISCORD_WEBHOOKS": "https://discord.invalid/api/webhooks/1/a",
        "DOMAIN": "localhost",
        "GLOBAL_REQUESTS_PER_S": "10000",
        # Frontends of the base protocol log in with it.
        "LEGACY_GET_LOGIN": "true",
        "NETWORK": f"10.{secrets.randbelow(100) + 100}.{secrets.randbelow(250)}",
        "PUBLIC_URL": deployment.url,
    }


def webhooks_of(deployment: Deployment) -> list[str]:
    """The URLs of the emulator's webhooks, which it makes at its first start."""
    discord = deployment.container("discord")
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        done = deployment.engine.run(
            "exec", discord.id, "cat", "/data/webhook-urls", is_checked=False
        )
        if done.returncode == 0 and done.stdout:
            return done.stdout.split()
    raise TimeoutError(deployment.logs(discord))


def _take_root_certificate(deployment: Deployment) -> None:
    path = "/data/caddy/pki/authorities/local/root.crt"
    text = deployment.execute(deployment.container("tls"), "cat", path)
    deployment.root_certificate.write_text(text)
