"""ViewDefinitions by installed packages."""

import re
import tomllib
from pathlib import Path

import pytest

from processing_service.job_file import JobFile
from processing_service.views import load_extensions, wanted_extensions
from protocol.t2s import JobDone
from tests.processing_service.fake_manager import FakeManager, running_service

DOCS = Path(__file__).parents[2] / "docs" / "processing.md"
BINARY = JobFile(name="a.bin", size=3, type="application/x-thing")

SHOUTS = """
    def test(file):
        return file.type == "application/x-thing"

    def generate(source, target, file):
        target.write_bytes(source.read_bytes().upper())
        return "text/plain"
"""


def example() -> str:
    """The module in the documentation."""
    blocks = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 1
    return str(blocks[0])


async def test_an_extension_makes_a_view(manager: FakeManager, tmp_path, install):
    """Also of files that no reader of the service reads."""
    install("shouted", SHOUTS)
    async with running_service(manager, tmp_path):
        report = await manager.result(b"abc", "application/x-thing")
    assert report == JobDone(job_id=report.job_id, metadata={})
    view = manager.views[report.job_id, "shouted"]
    assert (view.type, view.content) == ("text/plain", b"ABC")


async def test_a_failing_extension_takes_nothing_with_it(manager: FakeManager, tmp_path, install):
    """The other views and the metadata are kept, and the failure is reported."""
    install("shouted", SHOUTS)
    install("broken", SHOUTS.replace('return "text/plain"', "raise KeyError(str(source))"))
    install("untyped", SHOUTS.replace("text/plain", "no type"))
    install("empty", SHOUTS.replace("target.write_bytes(source.read_bytes().upper())", "pass"))
    async with running_service(manager, tmp_path):
        report = await manager.result(b"abc", "application/x-thing")
    assert isinstance(report, JobDone)
    assert report.metadata == {"failed": {"broken": "KeyError", "untyped": "ValidationError"}}
    assert manager.names(report.job_id) == {"shouted"}


@pytest.mark.parametrize("code", ["import no_such_module", "raise RuntimeError", "def f(:"])
def test_an_extension_that_does_not_load_is_left_out(install, code):
    """The service starts without it."""
    install("broken", code)
    install("shouted", SHOUTS)
    assert set(load_extensions()) == {"shouted"}


def test_an_extension_with_an_impossible_name_is_left_out(install):
    """The name must be one that a view can have."""
    install("Bad Name", SHOUTS)
    assert not load_extensions()


def test_extensions_are_asked_by_facts(install):
    """One that fails to answer has no view of the file; one whose view is there is not asked."""
    install("shouted", SHOUTS)
    install("broken", SHOUTS.replace("return file.type", "return file.nothing"))
    loaded = load_extensions()
    assert wanted_extensions(loaded, BINARY, frozenset()) == ("shouted",)
    assert wanted_extensions(loaded, BINARY, frozenset({"shouted"})) == ()


def test_only_named_extensions_are_loaded(install):
    """A worker loads those that it needs."""
    install("shouted", SHOUTS)
    install("other", SHOUTS)
    assert set(load_extensions(["other"])) == {"other"}


async def test_the_documented_example_works(manager: FakeManager, tmp_path, install):
    """Installed as documented, it makes its view."""
    install("outline", example())
    async with running_service(manager, tmp_path):
        report = await manager.result(b"# One\ntext\n## Two\n", "text/markdown")
    view = manager.views[report.job_id, "outline"]
    assert (view.type, view.content) == ("text/plain", b"One\n  Two\n")


def test_the_documented_entry_point_is_one():
    """It names the group and the module of the example."""
    blocks = re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    points = [tomllib.loads(block) for block in blocks if "entry-points" in block]
    assert points == [
        {"project": {"entry-points": {"discord_cloud.views": {"outline": "my_package.outline"}}}}
    ]
