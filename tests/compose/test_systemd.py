"""docs/systemd.md, step by step, on a machine that boots systemd, from a wheel.

The tests of this module are one story: each begins where the one before has ended.
"""

import base64
import io
import json
import re
import shlex
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from tests.compose import images
from tests.compose.deployment import PASSWORD
from tests.compose.engine import NAME, ROOT, Engine, online
from tests.compose.machine import documented, present_files
from tests.docs.blocks import blocks_of

pytestmark = pytest.mark.compose_long

PAGE = "docs/systemd.md"
IMAGE = "localhost/discord-cloud-systemd"
MACHINE = f"{NAME}-systemd"
MANAGER, PROCESSING = "discord-cloud-manager", "discord-cloud-processing"
UPLOADS = [f"discord-cloud-upload@{port}" for port in (4001, 4002)]
UNITS = [MANAGER, *UPLOADS, PROCESSING]
WEBHOOK = "https://discord.com/api/webhooks/…"
PUBLIC_URL = "http://127.0.0.1:8080"
CLIENT = f"DISCORD_CLOUD_URL={PUBLIC_URL} /opt/discord-cloud/bin/discord-cloud"
SOURCES = """
mkdir -p /srv/holiday/deep
: > /srv/holiday/empty
head -c 10484736 /dev/urandom > /srv/holiday/chunk.bin
head -c 26214403 /dev/urandom > /srv/holiday/deep/big.bin
"""
PACKAGES = sorted(each.parent.name for each in ROOT.glob("*/py.typed"))
START_S = 300.0
EMULATOR = """
systemd-run --quiet --unit=emulator --property=Type=notify --property=TimeoutStartSec=5min \
    --property=StateDirectory=emulator --setenv=EMULATOR_DATA=/var/lib/emulator --setenv=EMULATOR_LIMITS=off \
    /opt/discord-cloud/bin/discord-cloud emulator
"""


@dataclass
class Booted:
    """A machine that runs systemd.

    Attributes:
        dist: the wheel, and those that it needs.
        settings: replaces texts of the page, such as the URLs of webhooks.
    """

    engine: Engine
    dist: Path
    settings: dict[str, str] = field(default_factory=dict)

    def run(self, commands: str, *options: str, stdin: str = "") -> str:
        """Runs commands there as root, until one fails; returns what they print."""
        program = [self.engine.program, "exec", "--interactive", *options, MACHINE]
        done = subprocess.run(  # noqa: S603
            [*program, "bash", "-euo", "pipefail", "-c", commands],
            env=dict(self.engine.environment),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=580,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def follow(self, step: str) -> str:
        """Runs commands of the page."""
        commands = documented(PAGE, f"systemd {step}")
        for text, replacement in self.settings.items():
            commands = commands.replace(text, replacement)
        offline = ("--env=PIP_NO_INDEX=1", "--env=PIP_FIND_LINKS=/srv/dist", "--workdir=/srv")
        return self.run(commands, *offline)

    def user(self, *arguments: str) -> str:
        """Runs `discord-cloud` there as ada."""
        return self.run(f"{CLIENT} {shlex.join(arguments)}", stdin=PASSWORD)

    def check(self) -> None:
        """The folder that was uploaded comes back as it was."""
        self.user("get", "/holiday", "/srv/back")
        self.run("diff -r /srv/holiday /srv/back/holiday && rm -r /srv/back")

    def wait_until(self, condition: str) -> None:
        """Returns when a command is successful."""
        deadline = time.monotonic() + START_S
        while True:
            try:
                self.run(condition)
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def shown(self, unit: str, *properties: str) -> dict[str, str]:
        """What systemd says of a unit."""
        options = " ".join(f"--property={each}" for each in properties)
        lines = self.run(f"systemctl show {options} {unit}").splitlines()
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made as the page says, and those of what it needs."""
    folder = present_files(tmp_path_factory.mktemp("release"))
    pip = f"{sys.executable} -m pip --quiet --disable-pip-version-check"
    for command in (
        documented(PAGE, "systemd wheel").replace("pip", pip, 1),
        f"{pip} wheel --constraint constraints.txt --wheel-dir dist '.[server,processing]'",
    ):
        words = online("/bin/sh", "-euc", command)
        subprocess.run(words, cwd=folder, check=True, timeout=580)  # noqa: S603
    return folder / "dist"


@pytest.fixture(scope="module")
def booted(engine: Engine, dist: Path) -> Iterator[Booted]:
    """A machine that has booted."""
    images.build_systemd(engine, IMAGE)
    mounts = [f"--volume={dist}:/srv/dist:ro", f"--volume={ROOT / 'deploy'}:/srv/deploy:ro"]
    mounts.append(f"--volume={ROOT / 'constraints.txt'}:/srv/constraints.txt:ro")
    # To confine its units it needs what a machine may do.
    options = ["--detach", "--privileged", "--systemd=always", "--network=none"]
    engine.run("run", *options, f"--name={MACHINE}", *mounts, IMAGE)
    try:
        machine = Booted(engine, dist)
        machine.wait_until("systemctl is-system-running --wait")
        yield machine
    finally:
        engine.run("rm", "--force", "--time=0", "--volumes", MACHINE)


def test_the_wheel_has_everything(dist: Path):
    """Every file of the packages, such as migrations, statements, views; and the page, which is built."""
    [wheel] = dist.glob("discord_cloud-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        found = set(archive.namelist())
    listed = subprocess.run(  # noqa: S603
        ["git", "ls-files", *PACKAGES],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(listed.stdout.split()) | {"manager/page/index.html"} <= found
    assert any(name.endswith("/licenses/LICENSE") for name in found)


def test_the_page_leads_to_a_running_cloud(booted: Booted):
    """From an empty machine to uploads through the proxy, with every command of the page."""
    booted.follow("install")
    booted.run(EMULATOR)
    webhooks = booted.run("paste -sd , /var/lib/emulator/webhook-urls").strip()
    booted.settings = {
        f"{WEBHOOK},{WEBHOOK}": f"{webhooks}\nDISCORD_API_URL=http://127.0.0.1:4100/api/v10",
        "https://cloud.example.org": PUBLIC_URL,
    }
    booted.follow("manager")
    booted.wait_until(documented(PAGE, "systemd code"))
    [code] = set(re.findall(r"setup=([\w-]+)", booted.follow("code")))
    booted.follow("services")
    # What follows is for gateways.
    proxy, *_ = [each.text for each in blocks_of(PAGE) if each.language == "nginx"]
    server = f"server {{\nlisten 127.0.0.1:8080;\n{proxy}}}\n"
    booted.run("cat > /etc/nginx/conf.d/cloud.conf && systemctl restart nginx", stdin=server)
    booted.user("register", PUBLIC_URL, "ada", "--password-stdin", "--setup-code", code)
    booted.user("login", PUBLIC_URL, "ada", "--password-stdin")
    booted.run(SOURCES)
    booted.user("put", "/srv/holiday", "/")
    booted.check()
    assert "<title>" in booted.run(f"curl --silent --show-error --fail {PUBLIC_URL}/")


def test_files_are_processed(booted: Booted):
    """Within the confinement of the unit and the sandbox of its workers: a picture gets its thumbnail."""
    picture = io.BytesIO()
    Image.new("RGB", (80, 60), "teal").save(picture, "PNG")
    encoded = base64.b64encode(picture.getvalue()).decode()
    booted.run("base64 -d > /srv/picture.png", stdin=encoded)
    booted.user("put", "/srv/picture.png", "/")
    booted.wait_until("""discord-cloud-admin export - | grep -q '"kind":"view"'""")


@pytest.mark.parametrize("unit", UNITS)
def test_units_are_confined(booted: Booted, unit: str):
    """The kernel's word: a user of its own, no capability, no new privileges, fewer system calls."""
    shown = booted.shown(unit, "MainPID", "User")
    lines = booted.run(f"cat /proc/{shown['MainPID']}/status").splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert {int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    user = booted.run(f"id --user {shown['User']}").strip()
    assert set(status["Uid"].split()) == {user}
    assert user != "0"


def test_the_page_says_how_exposed_units_are(booted: Booted):
    """The table has what `systemd-analyze` says, which has nothing to object to in the files."""
    files = " ".join(f"{unit}.service" for unit in UNITS)
    booted.run(f"systemd-analyze verify {files}")
    page = (ROOT / PAGE).read_text()
    told = dict(re.findall(r"^\| `([\w@-]+)` \| ([\d.]+) \|$", page, re.MULTILINE))
    for unit, exposure in told.items():
        said = booted.run(f"systemd-analyze security --no-pager {unit} | tail -n 1")
        assert f" {exposure} " in said, unit
    assert set(told) == {MANAGER, UPLOADS[0], PROCESSING}


def test_no_program_reads_what_another_one_has(booted: Booted):
    """Neither settings nor data."""
    for user, other in (("-upload", ""), ("-processing", "-upload"), ("", "-processing")):
        name = {"": "manager"}.get(other, other[1:])
        for path in (f"/etc/discord-cloud/{name}.env", f"/var/lib/discord-cloud{other}/."):
            readable = f"runuser --user discord-cloud{user} -- test -r {path}"
            assert booted.run(f"{readable} && echo yes || echo no") == "no\n", (user, path)
    assert booted.run("stat --format=%a:%U /etc/discord-cloud/*.env").split() == ["600:root"] * 3


def test_what_is_killed_comes_back(booted: Booted):
    """Every unit, with all that was stored."""
    for unit in UNITS:
        killed = booted.shown(unit, "MainPID")["MainPID"]
        booted.run(f"kill -KILL {killed}")
        booted.wait_until(
            f"systemctl is-active --quiet {unit} &&"
            f" [ $(systemctl show --value --property=MainPID {unit}) != {killed} ]"
        )
    booted.check()


def test_wrong_settings_are_not_tried_again(booted: Booted):
    """`systemctl start` fails, and the unit stays as it is."""
    unit = UPLOADS[1]
    setting = f"/run/systemd/system/{unit}.service.d/wrong.conf"
    booted.run(
        f"mkdir -p $(dirname {setting}) && printf '[Service]\nEnvironment=SLOTS=x\n' > {setting}"
    )
    booted.run(f"systemctl daemon-reload && ! systemctl restart {unit}")
    shown = booted.shown(unit, "ActiveState", "ExecMainStatus", "NRestarts")
    assert shown == {"ActiveState": "failed", "ExecMainStatus": "78", "NRestarts": "0"}
    booted.run(f"rm {setting} && systemctl daemon-reload && systemctl start {unit}")


def test_it_is_backed_up_updated_and_booted_again(booted: Booted):
    """As the page says; all is there afterwards."""
    booted.follow("backup")
    export = booted.run("cat /var/backups/cloud/catalog-*.jsonl").splitlines()
    assert json.loads(export[-1])["counts"]["file"] == 4
    booted.follow("update")
    booted.check()
    booted.engine.run("restart", "--time=60", MACHINE)
    booted.wait_until("systemctl is-system-running --wait")
    booted.run(EMULATOR)
    for unit in UNITS:
        booted.wait_until(f"systemctl is-active --quiet {unit}")
    booted.check()


def test_everything_stops_within_its_grace(booted: Booted):
    """Nothing has to be killed, and the programs say that they have ended well."""
    booted.run(f"systemctl stop {' '.join(reversed(UNITS))}")
    for unit in UNITS:
        shown = booted.shown(unit, "Result", "ExecMainStatus")
        assert shown == {"Result": "success", "ExecMainStatus": "0"}, unit
