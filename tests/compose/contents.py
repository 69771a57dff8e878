"""Everything that a catalog can lose: stored by clients in one place, looked for in another one."""

import json
import random
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.compose.deployment import PASSWORD

MIB = 1024 * 1024
SIZES = {"empty": 0, "small.txt": 5, "chunk.bin": 10_484_736, "deep/big.bin": 25 * MIB + 3}
TICKET_SIZE = 70_000
TICKET = f"""
mutation {{
  getTicket(mimeType: "application/octet-stream", size: {TICKET_SIZE}) {{
    url fileId fields {{ name value }}
  }}
}}
"""
REFER = 'mutation ($id: ID!) { createReference(fileId: $id, key: "post 17") { key } }'
REFERENCES = "{ references { nodes { key fileId } } }"
URL = "query ($id: ID!) { file(id: $id) { url } }"


def content_of(name: str, size: int) -> bytes:
    """Content that looks like no other."""
    return random.Random(name).randbytes(size)


def curl(*arguments: str) -> bytes:
    """The answer's body."""
    command = ["curl", "--silent", "--show-error", "--fail", "--location", *arguments]
    return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout  # noqa: S603


class Cloud(Protocol):
    """What clients talk to."""

    @property
    def url(self) -> str:
        """Where they reach it."""

    def user(self, name: str, *arguments: str | Path, stdin: str = "") -> str:
        """Runs `discord-cloud` for a user; returns its standard output."""


@dataclass
class Contents:
    """What is stored.

    Attributes:
        files: the content of each file of ada's folder /holiday.
        link: the path of an address of deep/big.bin that needs no account.
        api_key: of a service that refers to a file.
        app_password: of bob, with whom chunk.bin is shared.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    link: str = ""
    api_key: str = ""
    app_password: str = ""

    def ask(self, cloud: Cloud, query: str, **variables: object) -> dict[str, Any]:
        """The data of the answer to a GraphQL request of the service."""
        body = json.dumps({"query": query, "variables": variables})
        key = f"Authorization: Bearer {self.api_key}"
        answer = json.loads(curl("--header", key, "--json", body, f"{cloud.url}/graphql"))
        data: dict[str, Any] = answer["data"]
        return data

    def put_files(self, folder: Path, put: Callable[[Path], object]) -> None:
        """Makes the files, and has them uploaded."""
        for name, size in SIZES.items():
            path = folder / "holiday" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            self.files[name] = content_of(name, size)
            path.write_bytes(self.files[name])
        put(folder / "holiday")

    def put_by_ticket(self, cloud: Cloud, folder: Path) -> None:
        """Uploads a file with a ticket of the service, which refers to it then."""
        ticket = self.ask(cloud, TICKET)["getTicket"]
        (folder / "ticket").write_bytes(content_of("ticket", TICKET_SIZE))
        fields = [f"{each['name']}={each['value']}" for each in ticket["fields"]]
        options = [option for each in fields for option in ("--form-string", each)]
        curl(*options, "--form", f"file=@{folder / 'ticket'}", ticket["url"])
        self.ask(cloud, REFER, id=ticket["fileId"])

    def check_files(self, folder: Path) -> None:
        """Every file is below a folder as it was uploaded."""
        for name, content in self.files.items():
            assert (folder / "holiday" / name).read_bytes() == content, name

    def check(self, cloud: Cloud, folder: Path) -> None:
        """All of it is there, byte for byte, for those who could see it.

        Args:
            cloud: where it should be.
            folder: an empty one.
        """
        for name in ("ada", "bob"):
            cloud.user(name, "login", cloud.url, name, "--password-stdin", stdin=PASSWORD)
        cloud.user("ada", "get", "/holiday", folder)
        self.check_files(folder)
        cloud.user("bob", "get", "/holiday/chunk.bin", folder / "of-bob")
        assert (folder / "of-bob").read_bytes() == self.files["chunk.bin"]
        assert curl(f"{cloud.url}{self.link}") == self.files["deep/big.bin"]
        [reference] = self.ask(cloud, REFERENCES)["references"]["nodes"]
        assert reference["key"] == "post 17"
        url = self.ask(cloud, URL, id=reference["fileId"])["file"]["url"]
        assert curl(url) == content_of("ticket", TICKET_SIZE)
        if self.app_password:
            path = f"{cloud.url}/download?path=/holiday&name=chunk.bin"
            allowed = f"Authorization: Bearer {self.app_password}"
            assert curl("--header", allowed, path) == self.files["chunk.bin"]


def fill(cloud: Cloud, setup_code: str, folder: Path) -> Contents:
    """Stores everything with the clients of this release."""
    contents = Contents()
    password = {"stdin": PASSWORD}
    code = ("--setup-code", setup_code)
    cloud.user("ada", "register", cloud.url, "ada", "--password-stdin", *code, **password)
    cloud.user("ada", "login", cloud.url, "ada", "--password-stdin", **password)
    cloud.user("ada", "register", cloud.url, "bob", "--password-stdin", **password)
    cloud.user("bob", "login", cloud.url, "bob", "--password-stdin", **password)
    contents.put_files(folder, lambda path: cloud.user("ada", "put", path, "/"))
    cloud.user("ada", "share", "add", "/holiday/chunk.bin", "bob")
    link = cloud.user("ada", "link", "/holiday/deep/big.bin").strip()
    contents.link = link.removeprefix(cloud.url)
    contents.api_key = json.loads(cloud.user("ada", "keys", "create", "blog", "--json"))["key"]
    contents.app_password = cloud.user("bob", "app-passwords", "add", "player").strip()
    contents.put_by_ticket(cloud, folder)
    return contents
