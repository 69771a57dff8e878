"""Events of the standard library's log, and the ids that every line of a context has."""

import asyncio
import logging

import pytest

from common.log_events import (
    EventLogger,
    add_correlation_ids,
    bind_ids,
    bound_ids,
    correlation_ids,
    unpack_event,
)


@pytest.fixture
def log(caplog):
    """Logs everything."""
    caplog.set_level(logging.DEBUG, "test")
    return EventLogger("test")


def test_an_event_is_a_name_and_fields(log, caplog):
    """Also for programs that know nothing of events: the message says it all."""
    with bound_ids(upload="u1"):
        log.debug("chunk-sent", index=3)
    log.info("link-open")
    log.warning("link-lost", code="timeout")
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("DEBUG", "chunk-sent upload=u1 index=3"),
        ("INFO", "link-open"),
        ("WARNING", "link-lost code=timeout"),
    ]
    assert caplog.records[0].funcName == "test_an_event_is_a_name_and_fields"


def test_an_error_has_its_traceback(log, caplog):
    """Given as it was caught, or none."""
    error = ValueError("x")
    log.error("it-failed", error=error)
    log.error("it-failed-too")
    assert [record.exc_info and record.exc_info[1] for record in caplog.records] == [error, None]


def test_what_is_not_logged_costs_nothing(log, caplog):
    """Fields are not even turned into text."""

    class Dear:
        def __str__(self) -> str:
            raise AssertionError

    caplog.set_level(logging.ERROR, "test")
    log.debug("chunk-sent", dear=Dear())
    assert caplog.records == []


def test_ids_are_bound_within_a_block():
    """Inner ids come on top; None takes one away; afterwards all is as before."""
    with bound_ids(client=7, upload="u1"):
        with bound_ids(upload=None, request="r"):
            assert correlation_ids() == {"client": "7", "request": "r"}
        assert correlation_ids() == {"client": "7", "upload": "u1"}
    assert correlation_ids() == {}


async def test_ids_go_with_the_tasks_of_their_context():
    """A task has those of its starter; those that it binds itself stay its own."""

    async def work() -> dict[str, str]:
        bind_ids(upload="u1")
        return dict(correlation_ids())

    with bound_ids(client="c"):
        task = asyncio.create_task(work())
    assert await task == {"client": "c", "upload": "u1"}
    assert correlation_ids() == {}


def test_lines_of_structlog_get_the_ids():
    """Unless a line names another one itself."""
    with bound_ids(client="c", upload="u1"):
        line = add_correlation_ids(None, "info", {"event": "e", "upload": "u2"})
    assert line == {"event": "e", "upload": "u2", "client": "c"}


def test_lines_of_the_standard_library_get_their_fields(log, caplog):
    """An event of ours becomes fields; the text of a library stays one."""
    log.info("chunk-sent", index=3)
    logging.getLogger("test").info("plain %s", "text")
    ours, theirs = (
        unpack_event(None, "info", {"event": record.getMessage(), "_record": record})
        for record in caplog.records
    )
    assert (ours["event"], ours["index"]) == ("chunk-sent", 3)
    assert theirs["event"] == "plain text"
