"""A file that fits into no memory limit of the containers, there and back."""

import hashlib
import os
from pathlib import Path

import pytest

from tests.compose.deployment import Deployment

pytestmark = pytest.mark.compose_long

PIECE = 16 * 1024 * 1024
PIECES = 64


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_a_gibibyte_goes_up_and_comes_back(deployment: Deployment, ada: str, tmp_path: Path):
    """`put` and `get` of 1 GiB, of which no container on the way keeps more than it may."""
    assert ada
    source = tmp_path / "big.bin"
    with source.open("wb") as file:
        for _ in range(PIECES):
            file.write(os.urandom(PIECE))
    deployment.client("put", source, "/")
    target = tmp_path / "back"
    target.mkdir()
    deployment.client("get", "/big.bin", target)
    assert digest_of(target / "big.bin") == digest_of(source)
    for container in deployment.containers():
        state = deployment.engine.inspect(container.id)["State"]
        assert not state["OOMKilled"], container
