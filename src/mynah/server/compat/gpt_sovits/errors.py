"""Errors as `api_v2` writes them."""

from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from mynah.server.problems import problem_of


class ErrorBody(BaseModel):
    """What went wrong, and its code."""

    message: str
    Exception: str


def answer(error: Exception) -> Response:
    """The family's answer to an exception: `{"message", "Exception"}`.

    A wrong parameter gets 400, as in `api_v2`; what that has no status for gets HTTP's own.
    """
    problem = problem_of(error)
    body = ErrorBody(message=problem.message, Exception=problem.code)
    return JSONResponse(body.model_dump(), problem.status, dict(problem.headers))
