"""Log lines of the server programs."""

import contextlib
import json
import logging

import pytest
import structlog

from cli.logging import LogSettings, logging_to_stderr


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
