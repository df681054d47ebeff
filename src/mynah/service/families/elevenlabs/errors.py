"""Errors as ElevenLabs writes them."""

from collections.abc import Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response

from mynah.errors import QueueFullError
from mynah.service.errors import Problem, problem_of
from mynah.service.request_id import current_request_id


def answer(error: Exception) -> Response:
    """The family's answer to an exception.

    `{"detail": [{"loc", "msg", "type"}]}` with 422 if a field is wrong, as the client's
    `UnprocessableEntityError` takes it, and `{"detail": {"status", "message", …}}` otherwise.
    """
    problem = problem_of(error)
    if isinstance(error, RequestValidationError):
        return JSONResponse({"detail": _fields(error.errors())}, 422)
    if isinstance(error, QueueFullError):
        return _written(problem, 429, "system_busy")
    return _written(problem, problem.status, problem.code)


def _fields(errors: Sequence[Any]) -> list[dict[str, Any]]:
    # Without what was sent: it may be anybody's text, and not even JSON.
    return [{name: each[name] for name in ("loc", "msg", "type")} for each in errors]


def _written(problem: Problem, status: int, code: str) -> Response:
    detail = {
        "type": problem.type,
        "code": code,
        # Older clients read the code under this name.
        "status": code,
        "message": problem.message,
        "param": problem.param,
        "request_id": current_request_id(),
    }
    return JSONResponse({"detail": detail}, status, dict(problem.headers))
