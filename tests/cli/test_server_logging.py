"""Log lines of the server programs."""

import json
import logging

import pytest
import structlog

from cli.logging import LogSettings, configure


@pytest.fixture
def log(monkeypatch):
    """Configures the log as the test says, and puts everything back afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level

    def make(**settings):
        configure(LogSettings.model_validate(settings))
        return structlog.get_logger("test")

    yield make
    structlog.reset_defaults()
    root.handlers[:], _ = before
    root.setLevel(before[1])


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
