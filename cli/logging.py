"""Log lines of the server programs: structlog, to standard error."""

import contextlib
import logging
import sys
from collections.abc import Iterator
from typing import Literal

import structlog
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from structlog.typing import Processor

from common.log_events import add_correlation_ids, unpack_event


class LogSettings(BaseSettings):
    """Settings of the log, for every server program."""

    model_config = SettingsConfigDict(
        env_prefix="LOG_", env_file=".env", extra="ignore", frozen=True
    )

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Lowest level that is logged: debug, info, warning or error."
    )
    format: Literal["console", "json"] = Field(
        "console", description="`console` for people, `json` for machines (one object per line)."
    )


@contextlib.contextmanager
def logging_to_stderr(settings: LogSettings) -> Iterator[None]:
    """Sends everything that is logged, by us and by libraries, to standard error.

    Afterwards the log is as it was before: whoever runs a command within a program of its own has
    another standard error then.
    """
    shared: list[Processor] = [
        add_correlation_ids,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(settings, shared))
    root, ours = logging.getLogger(), structlog.get_config()
    before = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    try:
        yield
    finally:
        structlog.configure(**ours)
        root.handlers[:], level = before
        root.setLevel(level)


def _formatter(settings: LogSettings, shared: list[Processor]) -> logging.Formatter:
    rendering: list[Processor]
    if settings.format == "json":
        rendering = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        # The default traceback shows local variables, among them tokens and passwords.
        rendering = [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[unpack_event, *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    )
