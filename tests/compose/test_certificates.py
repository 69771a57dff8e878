"""A certificate that Caddy renews while it is in use."""

import asyncio
import socket
from collections.abc import Iterator

import pytest
import yaml  # type: ignore[import-untyped]

from tests.compose.deployment import Deployment, running
from tests.compose.engine import ROOT, Engine
from tests.compose.quiet_link import quiet_link_of
from tests.compose.steady_uploads import steady_uploads

pytestmark = pytest.mark.compose_long

LIFETIME_S = 30
"""Caddy renews it when a third of that is left."""
RENEWED_WITHIN_S = 120.0
SHORT = f"""    tls {{
        issuer internal {{
            lifetime {LIFETIME_S}s
        }}
    }}
"""


def short_lived_caddyfile() -> str:
    """That of users, but for how long a certificate lives, and how often Caddy looks at it."""
    text = (ROOT / "deploy" / "Caddyfile").read_text()
    changed = text.replace("\tadmin off\n", "\tadmin off\n\trenew_interval 2s\n")
    changed = changed.replace("\treverse_proxy", f"{SHORT}\treverse_proxy")
    assert changed.count("\n") > text.count("\n") + SHORT.count("\n")
    return changed


@pytest.fixture
def short_lived(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A deployment whose certificate is renewed every twenty seconds; its authority is as ever."""
    folder = tmp_path_factory.mktemp("compose")
    (folder / "Caddyfile").write_text(short_lived_caddyfile())
    tls = {
        "command": ["caddy", "run", "--config", "/short/Caddyfile"],
        "volumes": [f"{folder}/Caddyfile:/short/Caddyfile:ro"],
    }
    with running(engine, folder, changes=yaml.safe_dump({"services": {"tls": tls}})) as deployment:
        yield deployment


def certificate(deployment: Deployment) -> bytes:
    """What a new connection is shown, which is valid."""
    with (
        socket.create_connection(("127.0.0.1", deployment.port), timeout=10) as plain,
        deployment.trust.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        shown = secure.getpeercert(binary_form=True)
    assert shown
    return shown


def wait_for_another(deployment: Deployment, known: bytes) -> bytes:
    """Returns the next certificate."""
    while (shown := certificate(deployment)) == known:
        pass
    return shown


async def test_a_renewal_drops_nothing(short_lived: Deployment):
    """Two renewals: an old connection lives on, uploads go on, and new connections are never refused."""
    token = short_lived.administrator()
    async with short_lived.cloud(token) as cloud:
        with quiet_link_of(short_lived, token) as link:
            async with steady_uploads(cloud, "/renewed") as uploads:
                shown = certificate(short_lived)
                for _ in range(2):
                    async with asyncio.timeout(RENEWED_WITHIN_S):
                        shown = await asyncio.to_thread(wait_for_another, short_lived, shown)
                    await uploads.go_on()
            assert await asyncio.to_thread(link.answers)
        assert await uploads.is_whole()
