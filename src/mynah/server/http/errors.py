"""Errors as JSON responses of the HTTP API."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from mynah.errors import MynahError
from mynah.runtime.logging import log_unexpected
from mynah.server.problems import Problem, error_body, problem_of

ErrorWriter = Callable[[Exception], Response]
"""How a family of the API answers an exception."""
ErrorWriterAt = Callable[[str], ErrorWriter]
"""How an exception is answered at a path, for what surrounds all families."""


def envelope(problem: Problem) -> JSONResponse:
    """API v1's answer to an error."""
    return JSONResponse({"error": error_body(problem)}, problem.status, dict(problem.headers))


def error_response(error: Exception) -> Response:
    """API v1's answer to an exception."""
    return envelope(problem_of(error))


def add_error_handlers(app: FastAPI, write: ErrorWriter = error_response) -> None:
    """Makes an app answer every error raised on purpose in its own way."""

    def handle(_: Request, error: Exception) -> Response:
        response = write(error)
        if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
            log_unexpected(error)
        return response

    for kind in (MynahError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, handle)


def error_responses(body: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """What the description of an API says of its errors, which all have one body."""
    return {
        "4XX": {"model": body, "description": "The request is wrong."},
        "5XX": {"model": body, "description": "The server cannot answer it, or not now."},
    }


class ErrorBody(BaseModel):
    """What went wrong."""

    type: str
    code: str
    message: str
    param: str | None
    request_id: str


class ErrorEnvelope(BaseModel):
    """Every answer that is not a success."""

    error: ErrorBody
