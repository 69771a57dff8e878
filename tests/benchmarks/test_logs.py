"""What is logged while something is measured."""

import json
import sys

import pytest
import structlog

from benchmarks import __main__ as command
from benchmarks import children
from benchmarks.harness import ChildName, Options, Suite, announce


def _log_lines() -> None:
    log = structlog.get_logger("test")
    log.debug("discord-answered", status=200)
    log.warning("chunk-refused")


@pytest.mark.parametrize(
    ("name", "program"),
    [
        (ChildName.MANAGER, "run_manager"),
        (ChildName.UPLOAD_SERVICE, "run_upload_service"),
        (ChildName.DISCORD, "run_discord"),
    ],
)
def test_a_child_logs_as_in_production(monkeypatch, capsys, name, program):
    """Events below the level cost the measured program nothing; announcements stand alone on stdout."""

    async def run() -> None:
        _log_lines()
        announce(url="http://127.0.0.1")

    monkeypatch.setattr(children, program, run)
    children.main(name)
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"url": "http://127.0.0.1"}
    assert "chunk-refused" in shown.err
    assert "discord-answered" not in shown.err


def test_a_report_has_no_log_lines(monkeypatch, capsys):
    """Standard output is the report alone, also of a suite that runs servers or storage itself."""

    async def run(_options: Options) -> str:
        _log_lines()
        return "report"

    monkeypatch.setattr(command, "SUITES", {"some": Suite("some", "about", run)})
    monkeypatch.setattr(sys, "argv", ["benchmarks", "some"])
    command.main()
    shown = capsys.readouterr()
    assert shown.out == "report\n"
    assert "discord-answered" not in shown.err
