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
"""Converts an exception to a response of one API layer."""
ErrorWriterAt = Callable[[str], ErrorWriter]
"""Returns the `ErrorWriter` of a path, for what is outside of all API layers."""


def envelope(problem: Problem) -> JSONResponse:
    """Write a problem as API v1's JSON response."""
    return JSONResponse({"error": error_body(problem)}, problem.status, dict(problem.headers))


def error_response(error: Exception) -> Response:
    """Write an exception as API v1's JSON response."""
    return envelope(problem_of(error))


def add_error_handlers(app: FastAPI, write_at: ErrorWriterAt) -> None:
    """Register handlers for the expected errors of an app."""

    def handle(request: Request, error: Exception) -> Response:
        response = write_at(request.scope["path"])(error)
        if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
            log_unexpected(error)
        return response

    for kind in (MynahError, RequestValidationError, HTTPException, OSError):
        app.add_exception_handler(kind, handle)


def error_responses(body: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """The error responses in an API's description; all have one body."""
    return {
        "4XX": {"model": body, "description": "The request is wrong."},
        "5XX": {"model": body, "description": "The server cannot answer it, or not now."},
    }


class ErrorBody(BaseModel):
    """Description of an error."""

    type: str
    code: str
    message: str
    param: str | None
    request_id: str


class ErrorEnvelope(BaseModel):
    """Body of every error response."""

    error: ErrorBody
