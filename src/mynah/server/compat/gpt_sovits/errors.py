"""Errors as GPT-SoVITS's two APIs write them."""

from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from mynah.server.http.errors import ErrorWriter
from mynah.server.problems import Problem, problem_of

_FIRST_API = ("", "change_refer", "set_model")
"""Last segments of the paths of `api.py`."""


class ErrorBody(BaseModel):
    """Message and code of an error; the paths of `api.py` have the status as `code`, too."""

    message: str
    Exception: str
    code: int | None = None


def write_at(path: str) -> ErrorWriter:
    """The error writer of a path."""
    return answer_first_api if path.rpartition("/")[2] in _FIRST_API else answer


def answer(error: Exception) -> Response:
    """Write an exception as `api_v2`'s response: `{"message", "Exception"}`.

    An invalid parameter gets 400, as in `api_v2`; errors without a status there get HTTP's own.
    """
    return _written(problem_of(error))


def answer_first_api(error: Exception) -> Response:
    """Write an exception as `api.py`'s response: `{"code", "message"}`, and `Exception`."""
    problem = problem_of(error)
    return _written(problem, problem.status)


def _written(problem: Problem, code: int | None = None) -> Response:
    body = ErrorBody(message=problem.message, Exception=problem.code, code=code)
    content = body.model_dump(exclude_none=True)
    return JSONResponse(content, problem.status, dict(problem.headers))
