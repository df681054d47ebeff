"""Log lines as JSON objects, each with the id of its request. No text or audio of callers."""

import json
import logging
import re
import secrets
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from mynah.errors import UnavailableError

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "color_message"}


def encodable(text: str) -> str:
    """The text with `?` for whatever has no UTF-8."""
    return text.encode(errors="replace").decode()


class JsonFormatter(logging.Formatter):
    """Format a record and its `extra` fields on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "logger": record.name,
            "request_id": current_request_id(),
        }
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            extra["traceback"] = self.formatException(record.exc_info)
        return encodable(json.dumps(line | extra, ensure_ascii=False, default=str))


class PlainFormatter(JsonFormatter):
    """Format a record and its `extra` fields on one line for people, who watch a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = json.loads(super().format(record))
        at = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        level = "" if line["level"] == "info" else f"{line['level']}: "
        more = [f"{name}={value}" for name, value in line.items() if name not in _PLAIN]
        trace = line.get("traceback")
        return " ".join([at, f"{level}{line['event']}", *more]) + (f"\n{trace}" if trace else "")


_PLAIN = frozenset({"time", "level", "event", "logger", "request_id", "traceback"})
"""Fields that a plain line has otherwise, or not at all."""


def log_config(*, plain: bool = False) -> dict[str, Any]:
    """Configuration for `logging.config.dictConfig`: everything on standard error.

    Lines are JSON, or `plain` text for a terminal.
    """
    formatter = PlainFormatter if plain else JsonFormatter
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        # Their lines hold queries, and are redundant.
        "loggers": {name: {"level": "WARNING"} for name in ("uvicorn.access", "httpx", "alembic")},
    }


_current: ContextVar[str | None] = ContextVar("request_id", default=None)
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,128}")


def current_request_id() -> str | None:
    """The id of the current request; None outside of one."""
    return _current.get()


def new_request_id(given: str | None) -> str:
    """Set the id of the current request: the caller's if it is valid, otherwise a new one."""
    sound = given is not None and _GIVEN.fullmatch(given)
    name = given if given and sound else f"req_{secrets.token_hex(12)}"
    _current.set(name)
    return name


_log = logging.getLogger(__name__)


def log_unexpected(error: BaseException) -> None:
    """Log an unexpected exception; an outage of what the server depends on is a warning.

    Its message may quote a caller's text, so only its type and place are logged.
    """
    if isinstance(error, UnavailableError):
        _log.warning("outage", extra={"error": error.code, "reason": str(error)})
        return
    cause = error.__cause__ or error
    frames = traceback.extract_tb(cause.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    _log.error("defect", extra={"error": type(cause).__name__, "places": places})
