"""Context of a gRPC call: authentication, request id, tracing, log line and error status."""

import logging
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import grpc

from mynah.runtime.logging import log_unexpected, new_request_id
from mynah.server.access.keys import Caller
from mynah.server.http.middleware.request_id import HEADER
from mynah.server.problems import Problem, counting, problem_of
from mynah.server.response_headers import collect
from mynah.server.services import Services

Context = grpc.aio.ServicerContext[Any, Any]

_STATUS = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    409: grpc.StatusCode.ALREADY_EXISTS,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    422: grpc.StatusCode.INVALID_ARGUMENT,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    501: grpc.StatusCode.UNIMPLEMENTED,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
    507: grpc.StatusCode.RESOURCE_EXHAUSTED,
}
"""gRPC's code for a status of HTTP."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def answering(
    call: str, services: Services, context: Context, scope: str
) -> AsyncIterator[Caller]:
    """Authenticate one call and yield its caller; log and count its outcome, and send its error."""
    sent = {key: str(value) for key, value in context.invocation_metadata() or () if value}
    name = new_request_id(sent.get(HEADER))
    began = time.perf_counter()
    status = "CANCELLED"
    headers = collect()
    try:
        with (
            _traced(call, services, sent),
            counting(lambda code: services.metrics.errors.labels(code).inc()),
        ):
            secret = _secret(sent.get("authorization", ""))
            caller = await services.authenticator.authenticate(secret, scope)
            async with services.open_calls.opened(caller):
                yield caller
        status = "OK"
        context.set_trailing_metadata((*headers.items(), (HEADER, name)))
    except Exception as error:
        with counting(lambda code: services.metrics.errors.labels(code).inc()):
            problem = problem_of(error)
        code = _STATUS.get(problem.status, grpc.StatusCode.INTERNAL)
        status = code.name
        if code is grpc.StatusCode.INTERNAL:
            log_unexpected(error)
        # `abort` would raise an error that the context keeps: a cycle with the message in it, which
        # only the collector frees. A future may keep this error in the same way.
        error.__traceback__ = None
        context.set_code(code)
        context.set_details(problem.message)
        context.set_trailing_metadata(_metadata(problem, name))
    finally:
        milliseconds = round((time.perf_counter() - began) * 1000, 1)
        facts = {"method": "GRPC", "status": status, "call": call, "milliseconds": milliseconds}
        _log.info("answered", extra=facts)
        services.metrics.requests.labels(call, status).inc()


@contextmanager
def _traced(call: str, services: Services, sent: Mapping[str, str]) -> Iterator[None]:
    if services.traces is None:
        yield
        return
    from mynah.server.tracing import traced_call  # noqa: PLC0415 - an extra

    with traced_call(services.traces, sent) as span:
        span.update_name(call)
        yield


def _secret(authorization: str) -> str | None:
    scheme, _, secret = authorization.partition(" ")
    return secret if scheme.lower() == "bearer" else None


def _metadata(problem: Problem, request_id: str) -> tuple[tuple[str, str], ...]:
    metadata = {**problem.headers, HEADER: request_id, "error-code": problem.code}
    if problem.param is not None:
        metadata["error-param"] = problem.param
    return tuple(metadata.items())
