"""One deployment for all tests of this package: it takes minutes to build and to start."""

import json
from collections.abc import Iterator

import pytest

from tests.compose import images
from tests.compose.deployment import PASSWORD, USER, Deployment, running
from tests.compose.engine import find_engine


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """All of docker-compose.yml, healthy."""
    engine = find_engine()
    if engine.is_podman:
        images.build(engine)
    with running(engine, tmp_path_factory.mktemp("compose")) as deployment:
        yield deployment


@pytest.fixture(scope="session")
def alice(deployment: Deployment) -> str:
    """A token of the administrator, who has logged in with the command line as well."""
    trusted = ("--ca-cert", deployment.root_certificate, "--password-stdin")
    code = deployment.setup_code()
    deployment.client(
        "register", deployment.url, USER, "--setup-code", code, *trusted, stdin=PASSWORD
    )
    deployment.client("login", deployment.url, USER, *trusted, stdin=PASSWORD)
    body = json.dumps({"username": USER, "password": PASSWORD})
    token: str = json.loads(deployment.curl("--json", body, f"{deployment.url}/login"))["token"]
    return token
