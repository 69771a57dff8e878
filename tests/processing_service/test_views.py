"""The file of views, the settings, and what is known of a file beforehand."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from processing_service.errors import ViewsInvalid
from processing_service.job_file import FileFamily, JobFile
from processing_service.settings import ProcessingServiceSettings
from processing_service.views import load_views

DOCS = Path(__file__).parents[2] / "docs" / "processing.md"
USUAL: dict[str, Any] = {
    "manager_address": "http://127.0.0.1:4000",
    "service_credential": "secret",
    "_env_file": None,
}
VIEW = 'name = "v"\nmatch = ["image/*"]\nmax_side = 9\nformat = "webp"\nquality = 9\n'


def written(path: Path, text: str) -> Path:
    """A file of this text."""
    file = path / "views.toml"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("image/jpeg", {"thumbnail", "preview"}),
        ("IMAGE/PNG", {"thumbnail", "preview"}),
        ("video/mp4", {"thumbnail", "poster"}),
        ("audio/mpeg; x=y", {"thumbnail", "cover"}),
        ("application/pdf", {"thumbnail", "first-page"}),
        ("text/plain", set()),
    ],
)
def test_the_usual_views(kind, names):
    """Every kind of file that can be shown has a thumbnail, and a larger view."""
    assert {view.name for view in load_views(None).wanted(kind, frozenset())} == names


def test_a_raised_version_grows_for_the_manager(tmp_path):
    """So that files processed before the change are found."""
    versions = [
        load_views(written(tmp_path, f"version = {number}\nviews = []")).recipe_version
        for number in (1, 2, 999)
    ]
    assert versions == sorted(set(versions))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("version = ", "Invalid value"),
        ("views = []", "version"),
        ("version = 0\nviews = []", ">= 1"),
        (f"version = 1\n[[views]]\n{VIEW}size = 3\n", "size"),
        (f"version = 1\n[[views]]\n{VIEW.replace('webp', 'bmp')}", "bmp"),
        (f"version = 1\n[[views]]\n{VIEW.replace('= 9', '= 0')}", ">= 1"),
        ("version = 1\n[[views]]\n" + VIEW.replace('"v"', '"V/"'), "name"),
        (f"version = 1\n[[views]]\n{VIEW}[[views]]\n{VIEW}", "same name"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path, text, words):
    """The sentence names the place."""
    with pytest.raises(ViewsInvalid, match=re.escape(words)):
        load_views(written(tmp_path, text))


def test_a_wrong_file_is_found_before_the_start(tmp_path):
    """It is an error of the settings, as a missing one is."""
    for path in (written(tmp_path, "nonsense"), tmp_path / "missing.toml"):
        with pytest.raises(ValidationError, match="expected a file of views"):
            ProcessingServiceSettings(**USUAL, views_file=path)


@pytest.mark.parametrize("field", ["manager_address", "service_credential"])
def test_wrong_settings_are_refused(field):
    """Neither a blank password nor an address that is none."""
    with pytest.raises(ValidationError, match=field):
        ProcessingServiceSettings(**(USUAL | {field: " "}))


def test_settings_come_from_the_environment(monkeypatch):
    """By the names in the documentation; the password does not show."""
    monkeypatch.setenv("MANAGER_ADDRESS", "ws://manager:4000/")
    monkeypatch.setenv("SERVICE_CREDENTIAL", "a secret")
    monkeypatch.setenv("WORKERS", "3")
    monkeypatch.setenv("KEEP_GPS", "true")
    without_file: dict[str, Any] = {"_env_file": None}
    settings = ProcessingServiceSettings(**without_file)
    assert settings.manager_address == "ws://manager:4000"
    assert settings.service_credential == SecretStr("a secret")
    assert (settings.workers, settings.keep_gps) == (3, True)
    assert settings.limits.memory_bytes == 2 * 1024**3
    assert "a secret" not in repr(settings)


@pytest.mark.parametrize(
    ("kind", "family"),
    [
        ("image/jpeg", FileFamily.IMAGE),
        ("Image/PNG", FileFamily.IMAGE),
        ("image/svg+xml", None),
        ("video/quicktime", FileFamily.VIDEO),
        ("audio/flac", FileFamily.AUDIO),
        ("audio/x-mpegurl", None),
        ("application/pdf", FileFamily.PDF),
        ("text/plain;charset=utf-8", FileFamily.TEXT),
        ("application/json", FileFamily.TEXT),
        ("application/octet-stream", None),
    ],
)
def test_the_type_tells_the_family(kind, family):
    """A file is read as its type says, or not at all."""
    assert JobFile(name=None, size=1, type=kind).family is family


def test_the_documented_views_are_a_file_of_views(tmp_path):
    """The example can be used as it stands."""
    blocks = re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    examples = [block for block in blocks if "[[views]]" in block]
    assert len(examples) == 1
    assert load_views(written(tmp_path, examples[0])).views
