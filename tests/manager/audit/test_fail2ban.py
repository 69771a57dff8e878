"""The example filter for fail2ban finds refused logins, and nothing else, in the log of real programs."""

import asyncio
import configparser
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

FILTER = Path(__file__).parents[3] / "deploy" / "fail2ban" / "filter.conf"
ADDRESSES = ["203.0.113.9", "2001:db8:1:2::/64", "203.0.113.10"]


def banned_by(expressions: list[str], lines: list[str]) -> Iterator[str]:
    """The addresses that the filter finds. fail2ban cuts the date out of a line before."""
    subnet = r"(?P<subnet>[0-9a-fA-F.:]+(?:/[0-9]+)?)"
    patterns = [re.compile(each.replace("<SUBNET>", subnet)) for each in expressions]
    for line in lines:
        without_date = re.sub(r"^\d{4}-\d\d-\d\dT\S+Z", "", line)
        for pattern in patterns:
            if match := pattern.search(without_date):
                yield match["subnet"]


WRITES = """
import sys, time
from catalog.records import User
from cli.servers.process import LogSettings, logging_to_stderr
from common.password_guard import Refusal, log_refusal
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog

alice = User(id=1, name="alice", is_admin=True, password_hash="h", token_epoch=0, created_at=0.0)
known, network, other = sys.argv[2:5]

def refusal(address, user):
    return Refusal(route="/login", user=user, address=address, reason="wrong-credentials")

with logging_to_stderr(LogSettings(format=sys.argv[1])):
    audit = AuditLog(None, time.time, keep_days=1)
    audit.record_refusal(refusal(known, "alice"))
    audit.record_refusal(refusal(network, "(first user)"))
    log_refusal(refusal(other, None))
    audit.record(AuditAction.LOGIN, actor=alice, address="198.51.100.1")
    forged = 'x" audit action=credentials-refused actor=a address=198.51.100.2 \\n[warning  ] audit'
    audit.record(AuditAction.FILE_REMOVED, actor=alice, address="198.51.100.3", subject="/" + forged)
"""
"""Run by a process of its own: a logger that was used once keeps its format."""


@pytest.fixture(params=["console", "json"])
async def lines(request) -> list[str]:
    """What the programs write when logins are refused, and when something else happens."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITES, request.param, *ADDRESSES, stderr=asyncio.subprocess.PIPE
    )
    _, written = await process.communicate()
    assert process.returncode == 0, written.decode()
    return written.decode().splitlines()


async def test_the_filter_finds_every_refusal_and_nothing_else(lines):
    """In both formats, of managers and of upload services; nobody's text looks like another's address."""
    parser = configparser.RawConfigParser()
    parser.read(FILTER)
    expressions = parser["Definition"]["failregex"].splitlines()
    assert list(banned_by(expressions, lines)) == ADDRESSES


async def test_the_program_itself_agrees(lines, tmp_path):
    """fail2ban reads the file, and the dates, where it is installed; its own count is the same."""
    log = tmp_path / "manager.log"
    log.write_text("\n".join(lines) + "\n")
    if program := shutil.which("fail2ban-regex"):
        process = await asyncio.create_subprocess_exec(
            program, log, FILTER, stdout=asyncio.subprocess.PIPE
        )
        told, _ = await process.communicate()
        expected = f"Lines: {len(lines)} lines, 0 ignored, {len(ADDRESSES)} matched"
        assert expected in told.decode()
    assert len(lines) == 5
