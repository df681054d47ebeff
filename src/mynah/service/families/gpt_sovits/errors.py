"""Errors as `api_v2` writes them."""

from fastapi.responses import JSONResponse, Response

from mynah.service.errors import problem_of


def answer(error: Exception) -> Response:
    """The family's answer to an exception: `{"message", "Exception"}`.

    A wrong parameter gets 400, as in `api_v2`; what that has no status for gets HTTP's own.
    """
    problem = problem_of(error)
    body = {"message": problem.message, "Exception": problem.code}
    return JSONResponse(body, problem.status, dict(problem.headers))
