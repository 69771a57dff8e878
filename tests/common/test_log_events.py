"""Events of the standard library's log, and the ids that every line of a context has."""

import asyncio
import logging

import pytest

from common.log_events import (
    HEADER,
    Event,
    EventFormatter,
    EventLogger,
    add_correlation_ids,
    bind_ids,
    bound_ids,
    correlation_header,
    correlation_ids,
    ids_of_header,
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


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("http://a:1/b?c", "http://a:1/b?c"),
        ("two words", '"two words"'),
        ("a\nevent upload=u", '"a\\nevent upload=u"'),
        ("a=b", '"a=b"'),
        ('"', '"\\""'),
        ("", '""'),
        ("\u2028", '"\\u2028"'),
    ],
)
def test_a_value_stays_one_word_of_its_line(value, shown):
    """Whatever a peer sends ends no line, and is no other field."""
    assert str(Event("e", {"field": value})) == f"e field={shown}"


def test_an_error_has_its_traceback(log, caplog):
    """Given as it was caught, or none."""
    error = ValueError("x")
    log.error("it-failed", error=error)
    log.error("it-failed-too")
    try:
        raise error
    except ValueError:
        log.exception("it-failed-as-well")
    found = [record.exc_info and record.exc_info[1] for record in caplog.records]
    assert found == [error, None, error]


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


def test_ids_travel_in_a_header():
    """Those of the request and the upload, as the next process binds them."""
    assert correlation_header() == {}
    with bound_ids(client="c", request="r-1", upload="u1"):
        assert correlation_header() == {HEADER: "request=r-1,upload=u1"}
    assert ids_of_header("request=r-1, upload = u1") == {"request": "r-1", "upload": "u1"}


@pytest.mark.parametrize(
    "value",
    [
        "",
        "upload",
        "upload=",
        "client=c",
        "upload=a b",
        "upload=\u0661",
        "upload=" + "a" * 65,
        "upload=a;b",
    ],
)
def test_what_is_no_id_of_ours_is_ignored(value):
    """Anybody may send anything: it must not forge a line, nor fill the log."""
    assert ids_of_header(value) == {}
    assert ids_of_header(f"upload=u1,{'x' * 600}") == {}
    assert ids_of_header(f"{value},upload=u1").get("upload") == "u1"


def test_programs_without_structlog_have_lines_with_the_same_fields():
    """Time in UTC, level, module, event, ids, fields."""
    record = logging.LogRecord(
        "client_sdk.chunks", 10, "", 0, Event("chunk-sent", {"upload": "u"}), (), None
    )
    record.created, record.msecs = 0.0, 5.0
    line = EventFormatter().format(record)
    assert line == "1970-01-01T00:00:00.005Z [DEBUG] client_sdk.chunks chunk-sent upload=u"


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
