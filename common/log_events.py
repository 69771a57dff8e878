"""Log lines as events with fields, and the ids that tie the lines of one upload together.

A line is an event (a stable name in kebab case, which `grep` finds) and fields. Lines also have
*correlation ids*, which are bound to the context of the task that logs and of the tasks that it starts:
`client` and `service` (the ids that the manager gave its peers), `connection` (a WebSocket of the
manager), `request` (a packet that is answered, or an HTTP request), `slot` (of an upload service) and
`upload`. The server programs log with structlog; what a client needs as well logs with an
`EventLogger`, since clients are installed without structlog and a library must not configure the log of
its program. Both kinds of lines have the same fields.
"""

import contextlib
import json
import logging
import re
import sys
import time
from collections.abc import Iterator, Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any, Final

HEADER: Final = "Baggage"
"""Takes the ids of a request and of an upload to another process (https://www.w3.org/TR/baggage/)."""
_TRAVELLING: Final = ("request", "upload")
_MEMBER: Final = re.compile(r"\s*(request|upload)\s*=\s*([0-9A-Za-z-]{1,64})\s*", re.ASCII)
_WORD: Final = re.compile(r"[!#-<>-~]+", re.ASCII)
_LONGEST_HEADER: Final = 512
_EMPTY: Final[Mapping[str, str]] = {}
_ids: ContextVar[Mapping[str, str]] = ContextVar("correlation_ids", default=_EMPTY)


def correlation_ids() -> Mapping[str, str]:
    """The ids that are bound in this context."""
    return _ids.get()


def bind_ids(**ids: object) -> None:
    """Binds ids until the task ends; an id that is None is no longer bound."""
    _ids.set(_with(ids))


@contextlib.contextmanager
def bound_ids(**ids: object) -> Iterator[None]:
    """Binds ids within a block; an id that is None is not bound there."""
    token = _ids.set(_with(ids))
    try:
        yield
    finally:
        _ids.reset(token)


def correlation_header() -> dict[str, str]:
    """The header that tells another process the ids of the request and the upload; {} without any."""
    ids = correlation_ids()
    value = ",".join(f"{name}={ids[name]}" for name in _TRAVELLING if name in ids)
    return {HEADER: value} if value else {}


def ids_of_header(value: str) -> dict[str, str]:
    """The ids that a peer sends along. They are for the log alone, since any peer may send any."""
    if len(value) > _LONGEST_HEADER:
        return {}
    members = (_MEMBER.fullmatch(member) for member in value.split(","))
    return {member[1]: member[2] for member in members if member is not None}


def _with(ids: Mapping[str, object]) -> Mapping[str, str]:
    merged = {**_ids.get(), **ids}
    return {name: str(value) for name, value in merged.items() if value is not None}


class Event:
    """The message of a standard log record: a name and fields; as text, `name field=value`."""

    __slots__ = ("fields", "name")

    def __init__(self, name: str, fields: Mapping[str, object]) -> None:
        self.name = name
        self.fields = fields

    def __str__(self) -> str:
        fields = (f"{key}={_as_word(str(value))}" for key, value in self.fields.items())
        return " ".join([self.name, *fields])


def _as_word(text: str) -> str:
    # A peer's text must not end the line, nor look like another field.
    return text if _WORD.fullmatch(text) else json.dumps(text)


class EventFormatter(logging.Formatter):
    """Lines of programs without structlog: time, level and what the record says, ids first."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03dZ [%(levelname)s] %(name)s %(message)s")
        self.converter = time.gmtime
        self.default_time_format = "%Y-%m-%dT%H:%M:%S"
        self.datefmt = self.default_time_format


class EventLogger:
    """Logs events with the standard library, in the format of structlog.

    Args:
        name: That of the module that logs.
    """

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, **fields: object) -> None:
        """Logs what only helps to find a defect."""
        self._log(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Logs what an operator may want to know."""
        self._log(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Logs what went wrong and may be over by itself."""
        self._log(logging.WARNING, event, fields)

    def error(self, event: str, *, error: BaseException | None = None, **fields: object) -> None:
        """Logs what needs an operator, with the traceback of `error` if there is one."""
        self._log(logging.ERROR, event, fields, error)

    def exception(self, event: str, **fields: object) -> None:
        """Logs an error with the traceback of the exception that is being handled."""
        self._log(logging.ERROR, event, fields, sys.exception())

    def _log(
        self,
        level: int,
        event: str,
        fields: Mapping[str, object],
        error: BaseException | None = None,
    ) -> None:
        if self._logger.isEnabledFor(level):
            message = Event(event, {**correlation_ids(), **fields})
            self._logger.log(level, message, exc_info=error, stacklevel=3)


def add_correlation_ids(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A processor of structlog: adds the bound ids, unless the line names others itself."""
    for name, value in correlation_ids().items():
        line.setdefault(name, value)
    return line


def unpack_event(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A processor of structlog for lines of the standard library: fields of an `Event`."""
    record = line.get("_record")
    if isinstance(record, logging.LogRecord) and isinstance(record.msg, Event):
        line.update(record.msg.fields)
        line["event"] = record.msg.name
    return line
