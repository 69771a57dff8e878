"""From the release before to this one with all that is stored, and back, as docs/deploy.md says.

The tests of this module are one story: each begins where the one before has ended.
"""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.compose import images
from tests.compose.contents import MIB, Contents, content_of, curl
from tests.compose.deployment import CLIENT_S, PASSWORD
from tests.compose.engine import Engine
from tests.compose.machine import (
    DEPLOY,
    Machine,
    discord_volume,
    files_of,
    new_machine,
    present_files,
)

pytestmark = pytest.mark.compose_long

RELEASE = "6afe1e61310457027138150050b4411b7bd0c52f"
"""The last commit of release 0.2.0."""
OLD_IMAGE = "localhost/discord-cloud:0.2.0"
PIECES = 64
"""Of 16 MiB: such a file is on its way for longer than an update needs to stop everything."""
BEGUN = 30 * MIB
"""What of it is stored when the update begins."""
LOST = "lost the manager, trying again"
"""What the client says then."""


@dataclass
class Story:
    """A machine on its way, and what is stored there.

    Attributes:
        shared: a folder that clients of the release before see, too.
        releases: the folders with this release and the one before.
    """

    machine: Machine
    shared: Path
    releases: dict[str, str]
    contents: Contents = field(default_factory=Contents)

    def follow(self, *steps: str) -> None:
        """Runs commands of the page, and waits until everything is healthy."""
        for step in steps:
            self.machine.follow(DEPLOY, step, **self.releases)
        self.machine.wait_healthy()

    def old(self, user: str, *arguments: str | Path, stdin: str = "") -> str:
        """Runs `discord-cloud` of the release before; returns its standard output."""
        with self.old_process(user, *arguments) as process:
            output, errors = process.communicate(stdin, timeout=CLIENT_S)
        assert process.returncode == 0, output + errors
        return output

    def old_process(self, user: str, *arguments: str | Path) -> subprocess.Popen[str]:
        """Starts `discord-cloud` of the release before."""
        home = self.shared / f"home-{user}"
        home.mkdir(exist_ok=True)
        variables = [f"--env=HOME={home}", f"--env=DISCORD_CLOUD_URL={self.machine.url}"]
        options = [f"--volume={self.shared}:{self.shared}", "--user=0:0", "--network=host"]
        program = [self.machine.engine.program, "run", "--rm", "--interactive"]
        return subprocess.Popen(  # noqa: S603
            [*program, *options, *variables, OLD_IMAGE, *map(str, arguments)],
            env=dict(self.machine.engine.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def stored_bytes(self) -> int:
        """What the emulator has on its disk."""
        discord = self.machine.container("discord")
        return 1024 * int(self.machine.execute(discord, "du", "-sk", "/data").split()[0])


@pytest.fixture(scope="module")
def story(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The release before, with something to lose."""
    old, new, shared = (tmp_path_factory.mktemp(name) for name in ("old", "new", "shared"))
    files_of(RELEASE, old)
    present_files(new)
    images.build_release(engine, old, OLD_IMAGE)
    compose = old / "docker-compose.yml"
    compose.write_text(compose.read_text().replace("image: discord-cloud", f"image: {OLD_IMAGE}"))
    releases = {"OLD_FILES": str(old), "NEW_FILES": str(new)}
    with (
        discord_volume(engine) as volume,
        new_machine(engine, tmp_path_factory.mktemp("machine"), old, volume) as machine,
    ):
        machine.change_env(SUBNET=f"{machine.settings['NETWORK']}.0/24")
        machine.add_secrets()
        machine.start_discord()
        machine.run("docker compose up --build --detach")
        machine.wait_healthy()
        story = Story(machine, shared, releases)
        fill(story)
        yield story


def fill(story: Story) -> None:
    """Stores files with the client of the release before, and what refers to them."""
    contents, url = story.contents, story.machine.url
    for user in ("ada", "bob"):
        story.old("ada", "register", url, user, "--password-stdin", stdin=PASSWORD)
        story.old(user, "login", url, user, "--password-stdin", stdin=PASSWORD)
    contents.put_files(story.shared, lambda folder: story.old("ada", "put", folder, "/"))
    story.old("ada", "share", "add", "/holiday/chunk.bin", "bob")
    link = story.old("ada", "share", "link", "/holiday/deep/big.bin").strip()
    contents.link = link.removeprefix(url)
    contents.api_key = json.loads(story.old("ada", "keys", "create", "blog", "--json"))["key"]
    contents.put_by_ticket(story.machine, story.shared)


def test_an_upgrade_keeps_everything(story: Story, tmp_path: Path):
    """Export, pull, what is said about this release, `up`; then all of it is there, byte for byte.

    A client of the release before that uploads meanwhile waits for the manager, and sends its file anew.
    """
    content = content_of("meanwhile", 16 * MIB) * PIECES
    (story.shared / "meanwhile.bin").write_bytes(content)
    story.machine.follow(DEPLOY, "update", **story.releases)
    before = story.stored_bytes()
    with story.old_process("ada", "put", story.shared / "meanwhile.bin", "/") as client:
        while story.stored_bytes() < before + BEGUN:
            assert client.poll() is None
        story.follow("update from 0.2", "update start")
        output, errors = client.communicate(timeout=CLIENT_S)
    assert client.returncode == 0, output + errors
    assert LOST in errors
    story.contents.check(story.machine, tmp_path)
    story.machine.user("ada", "get", "/meanwhile.bin", tmp_path)
    assert (tmp_path / "meanwhile.bin").read_bytes() == content


def test_clients_of_the_release_before_go_on(story: Story, tmp_path: Path):
    """With the login that they have: they list, upload, and get what they upload."""
    content = content_of("later", 12 * MIB)
    (story.shared / "later.bin").write_bytes(content)
    story.old("ada", "put", story.shared / "later.bin", "/holiday")
    assert "later.bin" in story.old("ada", "ls", "/holiday")
    story.old("ada", "get", "/holiday/later.bin", story.shared / "back.bin")
    assert (story.shared / "back.bin").read_bytes() == content
    story.machine.user("ada", "get", "/holiday/later.bin", tmp_path / "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == content


def test_the_way_back_leads_to_the_backup(story: Story):
    """What was stored before the upgrade is there with the release before, and nothing else."""
    story.follow("downgrade")
    story.old("ada", "get", "/holiday", story.shared / "back")
    story.contents.check_files(story.shared / "back")
    assert "later.bin" not in story.old("ada", "ls", "/holiday")
    assert curl(story.machine.url + story.contents.link) == story.contents.files["deep/big.bin"]
