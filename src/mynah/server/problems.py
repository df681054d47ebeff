"""Mapping of exceptions to statuses and error codes, for all protocols."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from mynah.errors import MynahError, StorageFullError, UnavailableError
from mynah.runtime.files import is_disk_full
from mynah.runtime.logging import current_request_id, encodable
from mynah.server.errors import RequestError

Given = TypeVar("Given")
Result = TypeVar("Result")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as a response has it; each API layer writes it in its own format.

    Attributes:
        status: of HTTP.
        type: class of errors.
        code: of the error.
        message: cause and remedy, for people.
        param: the invalid field of the request.
        headers: of the response.
    """

    status: int
    type: str
    code: str
    message: str
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


_INVALID, _UNAUTHENTICATED = "invalid_request_error", "authentication_error"
_FORBIDDEN, _BUSY, _DEFECT = "permission_error", "overloaded_error", "server_error"
_LIMITED = "rate_limit_error"
# code: (status, type, field of API v1 that is to blame)
_OF_CODE: dict[str, tuple[int, str, str | None]] = {
    "invalid_request": (400, _INVALID, None),
    "invalid_text": (400, _INVALID, "input"),
    "unknown_language": (400, _INVALID, "language"),
    "invalid_option": (400, _INVALID, None),
    "invalid_recording": (400, _INVALID, "recordings"),
    "invalid_api_key": (401, _UNAUTHENTICATED, None),
    "missing_scope": (403, _FORBIDDEN, None),
    "origin_not_allowed": (403, _FORBIDDEN, None),
    "built_in_voice": (403, _FORBIDDEN, None),
    "voice_access_denied": (403, _FORBIDDEN, "voice"),
    "ambiguous_voice": (409, _INVALID, "voice"),
    "share_not_found": (404, _INVALID, "owner"),
    "invalid_recording_url": (400, _INVALID, "recording_urls"),
    "voice_not_found": (404, _INVALID, "voice"),
    "voice_version_not_found": (404, _INVALID, "version"),
    "nothing_trained": (409, _INVALID, "version"),
    "reference_not_found": (404, _INVALID, "references"),
    "model_not_found": (404, _INVALID, "model"),
    "audio_not_found": (404, _INVALID, None),
    "job_not_found": (404, _INVALID, None),
    "job_ended": (409, _INVALID, None),
    "job_not_retryable": (409, _INVALID, None),
    "too_many_jobs": (429, _LIMITED, None),
    "no_earlier_version": (409, _INVALID, None),
    "invalid_callback_url": (400, _INVALID, "callback_url"),
    "delivery_not_found": (404, _INVALID, None),
    "invalid_link": (403, _FORBIDDEN, None),
    "link_expired": (410, _INVALID, None),
    "quota_exceeded": (429, _LIMITED, None),
    "voice_exists": (409, _INVALID, "name"),
    "content_refused": (400, _INVALID, "input"),
    "request_in_progress": (409, _INVALID, "Idempotency-Key"),
    "idempotency_key_reused": (422, _INVALID, "Idempotency-Key"),
    "rate_limit_exceeded": (429, _LIMITED, None),
    "not_supported": (501, _INVALID, None),
    "unavailable": (503, _BUSY, None),
    "queue_full": (503, _BUSY, None),
    "database_unavailable": (503, _BUSY, None),
    "blobs_unavailable": (503, _BUSY, None),
    "storage_full": (507, _BUSY, None),
    "deadline_exceeded": (504, _BUSY, None),
}
# Of errors that FastAPI raises. Python's own names of statuses change from version to version.
_OF_STATUS = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "content_too_large",
    416: "range_not_satisfiable",
    431: "headers_too_large",
}

_FULL = "The server's disk is full; its operator must free some space."


def _ignore(_: str) -> None:
    pass


_count: ContextVar[Callable[[str], None]] = ContextVar("count", default=_ignore)


@contextmanager
def counting(count: Callable[[str], None]) -> Iterator[None]:
    """Call a function with the code of each error in the block."""
    before = _count.set(count)
    try:
        yield
    finally:
        _count.reset(before)


def problem_of(error: Exception) -> Problem:
    """The problem of an exception; an unexpected one has no details."""
    problem = _described(error)
    _count.get()(problem.code)
    # Messages quote input and file names, which may not be UTF-8.
    return replace(problem, message=encodable(problem.message))


def _described(error: Exception) -> Problem:
    if isinstance(error, MynahError):
        return _expected(error)
    if isinstance(error, RequestValidationError):
        return _invalid(error.errors())
    if isinstance(error, HTTPException):
        return _of_status(error)
    if is_disk_full(error):
        return _expected(StorageFullError(_FULL))
    return Problem(500, _DEFECT, "internal_error", "The server failed; the error is in its log.")


def validated(validate: Callable[[Given], Result], given: Given) -> Result:
    """Validate input that FastAPI does not check, with FastAPI's own error.

    Raises:
        RequestValidationError: naming places as in a body.
    """
    try:
        return validate(given)
    except ValidationError as error:
        errors = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise RequestValidationError(errors) from None


def error_body(problem: Problem) -> dict[str, str | None]:
    """API v1's JSON of an error, in a response or an event."""
    return {
        "type": problem.type,
        "code": problem.code,
        "message": problem.message,
        "param": problem.param,
        "request_id": current_request_id(),
    }


def _expected(error: MynahError) -> Problem:
    status, kind, param = _OF_CODE.get(error.code, (500, _DEFECT, None))
    problem = Problem(status, kind, error.code, str(error), param)
    if isinstance(error, RequestError):
        return replace(problem, param=error.param)
    if isinstance(error, UnavailableError):
        return replace(problem, headers={"retry-after": str(error.retry_after)})
    if status == HTTPStatus.UNAUTHORIZED:
        return replace(problem, headers={"www-authenticate": "Bearer"})
    return problem


def _invalid(errors: Sequence[Any]) -> Problem:
    """The first error of a body, a form or a query."""
    first = errors[0]
    # The place is ("body", "voice", "id"), or ("body", 7) where JSON breaks off.
    names = [name for name in first["loc"][1:] if isinstance(name, str)]
    param = names[0] if names else None
    if first["type"] == "json_invalid":
        message = f"{param or 'The body'} is not JSON ({first['ctx']['error']}); correct it."
        return Problem(400, _INVALID, "invalid_json", message, param)
    if first["type"] == "extra_forbidden":
        message = f"Unknown field {param}; leave it out or correct its name."
        return Problem(400, _INVALID, "unknown_field", message, param)
    message = f"{param or 'The body'}: {first['msg']}."
    return Problem(400, _INVALID, "invalid_request", message, param)


def _of_status(error: HTTPException) -> Problem:
    kinds = {401: _UNAUTHENTICATED, 403: _FORBIDDEN}
    kind = kinds.get(error.status_code, _INVALID if error.status_code < 500 else _DEFECT)
    code = _OF_STATUS.get(error.status_code, f"http_{error.status_code}")
    message = _reason_of(error.__cause__) or error.detail
    return Problem(error.status_code, kind, code, message, None, error.headers or {})


def _reason_of(cause: BaseException | None) -> str | None:
    """The reason that a body cannot be read; FastAPI's own message leaves it out."""
    if isinstance(cause, UnicodeError):
        return "The body is not UTF-8; encode it so."
    if isinstance(cause, RecursionError):
        return "The body is nested too deeply; send what the API describes."
    if type(cause) is ValueError:  # of `int`; those of parsers are of kinds of their own
        return "A number of the body has too many digits; send a smaller one."
    return None
