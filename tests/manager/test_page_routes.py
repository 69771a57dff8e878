"""The web page: what is sent, what browsers may keep, and whom the page may talk to."""

import gzip
import io
import json
import re
import struct
from pathlib import Path

import pytest

from manager.page_routes import PageFiles, origin_of, page_policy, worker_policy
from tests.manager.cloud import Cloud

WORKER = "chunks.worker.js"
FIRST_VISIT_BYTES = 66_000


async def _index(cloud: Cloud) -> str:
    response = await cloud.client.get("/")
    return await response.text()


async def _base(cloud: Cloud) -> str:
    found = re.search(r"/page/[0-9a-f]{16}", await _index(cloud))
    assert found
    return found[0]


async def test_the_page_is_at_the_root(cloud: Cloud) -> None:
    """A browser gets a page that is asked about each time, since it names the present version."""
    response = await cloud.client.get("/")
    assert response.status == 200
    assert response.content_type == "text/html"
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"


async def test_everything_that_the_page_names_is_there(cloud: Cloud) -> None:
    """Scripts, styles and icons have their types, and may be kept for ever."""
    types = {
        "js": "text/javascript",
        "css": "text/css",
        "png": "image/png",
        "svg": "image/svg+xml",
        "webmanifest": "application/manifest+json",
    }
    names = re.findall(r'(?:href|src)="(/page/[^"]+)"', await _index(cloud))
    assert len(names) >= 3
    for name in names:
        response = await cloud.client.get(name)
        assert response.status == 200, name
        assert response.content_type == types[name.rpartition(".")[2]]
        assert "immutable" in response.headers["Cache-Control"]


def test_the_first_visit_transfers_little() -> None:
    """Whatever somebody does not need at once is loaded on demand, so that slow lines show the page soon."""
    files = PageFiles.load()
    names = re.findall(rf'"{files.base}/([^"]+\.(?:css|js))"', files.index.plain.decode())
    assert len(names) == 2, "each further file is one more request"
    sent = [files.index, *(files.assets[name] for name in (*names, "icons.svg"))]
    assert sum(len(file.compressed) for file in sent) <= FIRST_VISIT_BYTES


async def test_the_page_can_be_installed(cloud: Cloud) -> None:
    """The manifest names the page, and icons that are there and as large as it says."""
    base = await _base(cloud)
    manifest = json.loads(await (await cloud.client.get(f"{base}/manifest.webmanifest")).text())
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == (
        "/",
        "/",
        "standalone",
    )
    for icon in manifest["icons"]:
        response = await cloud.client.get(f"{base}/{icon['src']}")
        assert (response.status, response.content_type) == (200, icon["type"])
        if icon["type"] == "image/png":
            width, height = struct.unpack(">II", (await response.read())[16:24])
            assert icon["sizes"] == f"{width}x{height}"


async def test_an_unchanged_file_is_not_sent_again(cloud: Cloud) -> None:
    """A matching ETag is answered with 304."""
    etag = (await cloud.client.get("/")).headers["ETag"]
    response = await cloud.client.get("/", headers={"If-None-Match": etag})
    assert response.status == 304
    assert await response.read() == b""


async def test_files_are_compressed_for_who_understands(cloud: Cloud) -> None:
    """The same content comes compressed and plain."""
    url = f"{await _base(cloud)}/icons.svg"
    async with cloud.client.session.get(
        cloud.client.make_url(url), headers={"Accept-Encoding": "gzip"}, auto_decompress=False
    ) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.headers["Vary"] == "Accept-Encoding"
        content = gzip.decompress(await packed.read())
    plain = await cloud.client.get(url, headers={"Accept-Encoding": "identity"})
    assert await plain.read() == content


async def test_a_page_from_before_an_update_still_finds_its_files(cloud: Cloud) -> None:
    """Another version is served with the present file, which is not to be kept."""
    response = await cloud.client.get("/page/0123456789abcdef/icons.svg")
    assert response.status == 200
    assert response.headers["Cache-Control"] == "no-cache"


async def test_the_service_worker_is_of_the_version_of_the_page(cloud: Cloud) -> None:
    """It is asked for each time, may serve the whole origin, and may fetch from it alone."""
    response = await cloud.client.get("/page/service-worker.js")
    assert response.status == 200
    assert response.content_type == "text/javascript"
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["Service-Worker-Allowed"] == "/"
    assert response.headers["Content-Security-Policy"] == worker_policy([])
    assert f'"{await _base(cloud)}"' in (await response.text()).replace("`", '"')
    assert "{{" not in await _index(cloud)


async def test_the_service_worker_keeps_files_that_are_there(cloud: Cloud) -> None:
    """One that is missing would keep it from being installed."""
    base = await _base(cloud)
    worker = await (await cloud.client.get("/page/service-worker.js")).text()
    names = re.findall(r'"([\w-]+\.(?:js|css|svg))"', worker)
    assert len(names) > 5
    for name in names:
        assert (await cloud.client.get(f"{base}/{name}")).status == 200, name


async def test_shared_files_without_a_service_worker_open_the_page(cloud: Cloud) -> None:
    """The answer comes before the files have been sent, which nobody reads."""
    response = await cloud.client.post(
        "/page/shared-files", data={"files": io.BytesIO(b"content")}, allow_redirects=False
    )
    assert (response.status, response.headers["Location"]) == (303, "/?shared")


@pytest.mark.parametrize(
    "name", ["nothing.js", "third-party-licences.txt", "app/main.tsx", "..%2fpage.py", "index.html"]
)
async def test_nothing_else_is_served(cloud: Cloud, name: str) -> None:
    """Only what the page consists of is served."""
    assert (await cloud.client.get(f"{await _base(cloud)}/{name}")).status == 404


async def test_metadata_is_for_who_may_read(cloud: Cloud) -> None:
    """Before processing nothing is known; strangers, and names that are not there, are refused."""
    token = await cloud.token()
    query = {"path": "/", "name": "nothing.txt"}
    assert (await cloud.client.get("/page/metadata", params=query)).status == 401
    headers = {"Authorization": f"Bearer {token}"}
    response = await cloud.client.get("/page/metadata", params=query, headers=headers)
    assert response.status == 404


async def test_other_files_of_the_page_may_load_nothing(cloud: Cloud) -> None:
    """Also when they are opened as documents, or run as workers."""
    response = await cloud.client.get(f"{await _base(cloud)}/main.css")
    assert response.headers["Content-Security-Policy"] == "default-src 'none'"


async def test_the_page_runs_its_own_scripts_alone(cloud: Cloud) -> None:
    """The policy forbids inline scripts and styles, frames around the page, and other origins."""
    policy = (await cloud.client.get("/")).headers["Content-Security-Policy"]
    own = f"{cloud.client.host}:{cloud.client.port}{await _base(cloud)}/"
    assert "default-src 'none'" in policy
    assert f"script-src {own};" in policy
    assert f"style-src {own};" in policy
    origin = f"{cloud.client.host}:{cloud.client.port}"
    assert f"worker-src {own} {origin}/page/service-worker.js;" in policy
    assert f"manifest-src {own};" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert f"ws://{cloud.client.host}:{cloud.client.port}" in policy


async def test_the_worker_is_never_kept(cloud: Cloud) -> None:
    """Its policy names the services of the moment, so it comes from the manager each time."""
    response = await cloud.client.get(f"{await _base(cloud)}/{WORKER}")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Security-Policy"] == worker_policy([])


BASE = "/page/0123456789abcdef"


def test_a_host_that_is_none_adds_nothing_to_the_policy() -> None:
    """Whatever is sent as `Host` can neither end a directive nor add a source."""
    for host in ["", "a; script-src *", "a b", "evil'", "a,b", "*"]:
        assert page_policy(host, BASE) == page_policy("", BASE)


def test_a_host_that_no_source_can_name_has_a_page_that_works() -> None:
    """A source cannot have an IPv6 address, and would be ignored."""
    policy = page_policy("[::1]:4000", BASE)
    assert "script-src 'self';" in policy
    assert "[" not in policy


def test_the_page_also_runs_behind_a_proxy_that_changes_the_host() -> None:
    """The public URL of the settings is named beside the host that the manager is told."""
    policy = page_policy("manager:4000", BASE, "https://cloud.example")
    assert f"script-src manager:4000{BASE}/ https://cloud.example{BASE}/;" in policy
    assert f"script-src https://cloud.example{BASE}/;" in page_policy(
        "", BASE, "https://cloud.example"
    )


def test_the_worker_may_talk_to_the_services_alone() -> None:
    """Each origin is named once; what is no address is left out."""
    addresses = ["https://a.example/upload", "https://a.example/2", "http://b:81", "ftp://c", "x"]
    assert worker_policy(addresses).endswith("connect-src 'self' http://b:81 https://a.example")


@pytest.mark.parametrize(
    "address",
    [
        "https://[::1]/",
        "https://a.example;x/",
        "https://user@a.example/",
        "javascript:1",
        "https://a b/",
    ],
)
def test_an_address_that_no_policy_may_hold_is_left_out(address: str) -> None:
    """Addresses come from services, and are not trusted to be harmless."""
    assert origin_of(address) is None


def test_a_page_that_was_not_built_says_what_to_do(tmp_path: Path) -> None:
    """Sources come without the bundle, and an empty page would say nothing."""
    with pytest.raises(FileNotFoundError, match="build it with `make`"):
        PageFiles.load(tmp_path)
    # A bundle of an earlier release had no service worker.
    (tmp_path / "index.html").write_text("<!doctype html>")
    with pytest.raises(FileNotFoundError, match="of this release: build it with `make`"):
        PageFiles.load(tmp_path)
