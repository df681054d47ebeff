"""Errors as `api_v2` writes them."""

from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from mynah.server.problems import problem_of


class ErrorBody(BaseModel):
    """Message and code of an error."""

    message: str
    Exception: str


def answer(error: Exception) -> Response:
    """Write an exception as `api_v2`'s response: `{"message", "Exception"}`.

    An invalid parameter gets 400, as in `api_v2`; errors without a status there get HTTP's own.
    """
    problem = problem_of(error)
    body = ErrorBody(message=problem.message, Exception=problem.code)
    return JSONResponse(body.model_dump(), problem.status, dict(problem.headers))
