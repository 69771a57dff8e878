"""The page on settings, and the words about wrong ones."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from cli import settings_reference, up_settings
from cli.settings_errors import explain
from discord_emulator.settings import EmulatorSettings
from manager.settings import ManagerSettings
from upload_service.settings import UploadServiceSettings

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_current(tmp_path):
    """`make docs` would write the page that is there."""
    settings_reference.main(str(tmp_path / "settings.md"))
    written = (tmp_path / "settings.md").read_text(encoding="utf-8")
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == written, "run `make docs`"


def test_the_page_lists_what_up_reads():
    """Limits and policies are read; nothing that says where files go, who is spoken to, or a secret is."""
    read = set(up_settings.names_read())
    assert {"NAME_POLICY", "GC_GRACE_S", "WORKERS", "LOG_LEVEL"} <= read
    telling = {"_URL", "_PATH", "_ADDRESS", "_ORIGIN", "_KEY", "_TOKEN", "_WEBHOOKS", "_PASSWORD"}
    suspects = {name for name in read if any(name.endswith(part) for part in telling)}
    assert suspects <= {"MANAGER_PUBLIC_URL", "DOWNLOADS_PER_ADDRESS"}
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    section = page[page.index("## discord-cloud up") : page.index("## Manager")]
    assert all(f"`{name}`" in section for name in read)


@pytest.mark.parametrize("settings", [ManagerSettings, UploadServiceSettings, EmulatorSettings])
def test_every_setting_is_described(settings):
    """Each has a sentence that says what it means."""
    assert all(field.description for field in settings.model_fields.values())


def test_a_short_password_is_told_without_its_length(monkeypatch, tmp_path):
    """The line says what is asked for, and nothing of the secret."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SERVICE_PASSWORD", "secret")
    with pytest.raises(ValidationError) as caught:
        ManagerSettings()  # type: ignore[call-arg] # comes from the environment
    problems = explain(caught.value, ManagerSettings)
    (line,) = (problem for problem in problems if problem.startswith("SERVICE_PASSWORD"))
    assert line.startswith("SERVICE_PASSWORD: too short. Password with which")


def test_explains_with_name_problem_and_meaning(monkeypatch, tmp_path):
    """A line names the variable with its prefix, says what is wrong, and what it is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EMULATOR_PORT", "70000")
    monkeypatch.setenv("EMULATOR_LIMITS", "some")
    with pytest.raises(ValidationError) as caught:
        EmulatorSettings()
    port, limits = explain(caught.value, EmulatorSettings)
    assert port.startswith(
        "EMULATOR_PORT: expected a whole number, 65535 or less; without it, 4100 holds. TCP port"
    )
    assert limits.startswith("EMULATOR_LIMITS: expected 'real' or 'off'. ")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("BOOKING_IDLE_S", "0", "a number of seconds, more than 0; without it, 30 holds. Seconds"),
        ("GC_GRACE_S", "soon", "a number of seconds; without it, 3600 holds. Seconds"),
        ("UPLOAD_HOLD_S", "inf", "a number of seconds; without it, 600 holds. Seconds"),
        (
            "CHUNK_SIZE",
            "0",
            "a whole number of bytes, 1 or more; without it, 10484736 holds. Bytes",
        ),
        ("LEGACY_GET_LOGIN", "perhaps", "true or false; without it, false holds. Whether"),
        ("NAME_POLICY", "any", "'unicode' or 'base'. Characters"),
    ],
)
def test_a_line_says_unit_bounds_and_default(monkeypatch, tmp_path, name, value, told):
    """So that nobody has to look them up, and the value is not shown."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as caught:
        ManagerSettings()  # type: ignore[call-arg] # comes from the environment
    (line,) = (line for line in explain(caught.value, ManagerSettings) if line.startswith(name))
    assert line.startswith(f"{name}: expected {told} ")
