"""The log of server programs, the page on settings, and the messages about wrong ones."""

import contextlib
import json
import logging
from pathlib import Path

import pytest
import structlog
from pydantic_settings import BaseSettings

from cli import settings_reference
from cli.errors import SettingsInvalid
from cli.servers.process import LogSettings, load, logging_to_stderr
from cli.servers.up import settings_read
from discord_emulator.settings import EmulatorSettings
from manager.settings import ManagerSettings
from upload_service.settings import UploadServiceSettings


@pytest.fixture
def log():
    """Sends the log where the test says, for its length."""
    with contextlib.ExitStack() as stack:

        def make(**settings):
            stack.enter_context(logging_to_stderr(LogSettings.model_validate(settings)))
            return structlog.get_logger("test")

        yield make


def _fail(password) -> None:
    raise OSError(f"broken after {len(password)} characters")


@pytest.mark.parametrize("format_", ["console", "json"])
def test_tracebacks_show_no_variables(log, capsys, format_):
    """A traceback tells where it went wrong, without what the variables held."""
    logger = log(format=format_)
    try:
        _fail("-".join(["hunter2"] * 2))
    except OSError:
        logger.exception("it-failed")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "broken after 15 characters" in shown.err
    assert "hunter2-hunter2" not in shown.err


def test_json_is_one_object_per_line(log, capsys):
    """Machines read each line by itself, also those of libraries."""
    logger = log(format="json", level="warning")
    logger.info("too quiet")
    logger.warning("webhook-lost", webhook_id=5)
    logging.getLogger("library").error("it says %s", "so")
    ours, theirs = map(json.loads, capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["level"], ours["webhook_id"]) == ("webhook-lost", "warning", 5)
    assert (theirs["event"], theirs["level"]) == ("it says so", "error")


def test_nothing_is_left_behind():
    """Whoever logged before a server ran in its process logs as before when it has ended."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, structlog.get_config()
    with logging_to_stderr(LogSettings.model_validate({"level": "error"})):
        assert root.handlers != before[0]
    assert (root.handlers[:], root.level, structlog.get_config()) == before


DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_current(tmp_path):
    """`make docs` would write the page that is there."""
    settings_reference.main(str(tmp_path / "settings.md"))
    written = (tmp_path / "settings.md").read_text(encoding="utf-8")
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == written, "run `make docs`"


def test_the_page_lists_what_up_reads():
    """Limits and policies are read; nothing that says where files go, who is spoken to, or a secret is."""
    read = set(settings_read())
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


def wrong_settings(kind: type[BaseSettings]) -> list[str]:
    """The lines of the error about the settings in the environment, one for each that is wrong."""
    with pytest.raises(SettingsInvalid) as caught:
        load(kind)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


def test_a_short_password_is_told_without_its_length(monkeypatch, tmp_path):
    """The line says what is asked for, and nothing of the secret."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SERVICE_PASSWORD", "secret")
    problems = wrong_settings(ManagerSettings)
    (line,) = (problem for problem in problems if problem.startswith("SERVICE_PASSWORD"))
    assert line.startswith("SERVICE_PASSWORD: too short. Password that")


def test_explains_with_name_problem_and_meaning(monkeypatch, tmp_path):
    """A line names the variable with its prefix, says what is wrong, and what it is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EMULATOR_PORT", "70000")
    monkeypatch.setenv("EMULATOR_LIMITS", "some")
    port, limits = wrong_settings(EmulatorSettings)
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
            "a whole number of bytes, 1 or more, or 'auto'. Bytes",
        ),
        ("LEGACY_GET_LOGIN", "perhaps", "true or false; without it, false holds. Whether"),
        ("NAME_POLICY", "any", "'unicode' or 'base'. Characters"),
    ],
)
def test_a_line_says_unit_bounds_and_default(monkeypatch, tmp_path, name, value, told):
    """So that nobody has to look them up, and the value is not shown."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    (line,) = (line for line in wrong_settings(ManagerSettings) if line.startswith(name))
    assert line.startswith(f"{name}: expected {told} ")
