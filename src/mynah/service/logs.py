"""Log lines as JSON objects, each with the id of its request. No text or audio of callers."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from mynah.service.plain_text import encodable
from mynah.service.request_id import current_request_id

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "color_message"}


class JsonFormatter(logging.Formatter):
    """Writes a record, and whatever was given as `extra`, on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
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


def log_config() -> dict[str, Any]:
    """For `logging.config.dictConfig`: everything as JSON on standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        # Its lines have the query in them, and ours tell the rest.
        "loggers": {name: {"level": "WARNING"} for name in ("uvicorn.access", "httpx", "alembic")},
    }
