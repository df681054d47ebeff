"""Errors as ElevenLabs writes them."""

from collections.abc import Mapping

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from mynah.errors import QueueFullError
from mynah.runtime.logging import current_request_id
from mynah.server.problems import problem_of


class FieldError(BaseModel):
    """An invalid field, without its value, which may be anybody's text."""

    loc: list[str | int]
    msg: str
    type: str


class Detail(BaseModel):
    """Any other error. Older clients read the code as `status`."""

    type: str
    code: str
    status: str
    message: str
    param: str | None
    request_id: str | None


class ErrorBody(BaseModel):
    """Body of every error response."""

    detail: Detail | list[FieldError]


def answer(error: Exception) -> Response:
    """Write an exception as ElevenLabs' response.

    `{"detail": [{"loc", "msg", "type"}]}` with 422 if a field is invalid, as the client's
    `UnprocessableEntityError` takes it, and `{"detail": {"status", "message", …}}` otherwise.
    """
    problem = problem_of(error)
    if isinstance(error, RequestValidationError):
        fields = [FieldError.model_validate(each) for each in error.errors()]
        return _written(fields, 422)
    busy = isinstance(error, QueueFullError)
    status, code = (429, "system_busy") if busy else (problem.status, problem.code)
    detail = Detail(
        type=problem.type,
        code=code,
        status=code,
        message=problem.message,
        param=problem.param,
        request_id=current_request_id(),
    )
    return _written(detail, status, problem.headers)


def _written(
    detail: Detail | list[FieldError], status: int, headers: Mapping[str, str] | None = None
) -> Response:
    return JSONResponse(ErrorBody(detail=detail).model_dump(), status, dict(headers or {}))
