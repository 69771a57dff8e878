"""Log lines of the server programs: structlog, to standard error."""

import logging
import sys
from typing import Literal

import structlog
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from structlog.typing import Processor


class LogSettings(BaseSettings):
    """Settings of the log, for every server program."""

    model_config = SettingsConfigDict(
        env_prefix="LOG_", env_file=".env", extra="ignore", frozen=True
    )

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least serious lines that are written: debug, info, warning or error."
    )
    format: Literal["console", "json"] = Field(
        "console", description="`console` for people, `json` for machines (one object per line)."
    )


def configure(settings: LogSettings) -> None:
    """Sends everything that is logged, by us and by libraries, to standard error."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(settings, shared))
    # Replaces what was configured before: the command may be called twice in one process.
    logging.basicConfig(handlers=[handler], level=settings.level.upper(), force=True)


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
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    )
