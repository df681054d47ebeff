"""The gRPC server: speech, health and reflection on a port of their own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
from fastapi.concurrency import run_in_threadpool
from grpc_health.v1 import health, health_pb2
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server
from grpc_reflection.v1alpha import reflection

from mynah.errors import OptionError
from mynah.server.grpc.admission import AdmissionInterceptor
from mynah.server.grpc.methods import SERVICE, largest_message
from mynah.server.grpc.servicer import SpeechCalls
from mynah.server.services import Services
from mynah.v1.speech_pb2_grpc import add_SpeechServicer_to_server

_SERVICE = SERVICE.full_name
_OPTIONS = [
    # Without it a second server on the port would get every other call.
    ("grpc.so_reuseport", 0),
    # Most bytes received of a message that is not read yet.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", 1 << 16),
    ("grpc.max_concurrent_streams", 100),
]


READINESS_SECONDS = 1.0
"""Between two looks at whether calls can be served."""


@asynccontextmanager
async def grpc_server(services: Services, port: int) -> AsyncIterator[None]:
    """Serve while the context is open; then wait for calls in progress as long as the settings say.

    Raises:
        OptionError: the port is taken.
    """
    settings = services.settings
    options = [("grpc.max_receive_message_length", largest_message(settings)), *_OPTIONS]
    server = grpc.aio.server(interceptors=[AdmissionInterceptor(services)], options=options)
    add_SpeechServicer_to_server(SpeechCalls(services), server)  # type: ignore[no-untyped-call]
    state = health.aio.HealthServicer()  # type: ignore[attr-defined]
    add_HealthServicer_to_server(state, server)
    names = (_SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
    try:
        server.add_insecure_port(f"{settings.host}:{port}")
    except RuntimeError:
        raise OptionError(f"Port {port} is taken; choose another MYNAH_GRPC_PORT.") from None
    for name in ("", _SERVICE):
        await state.set(name, await _health(services))
    await server.start()
    following = asyncio.create_task(_follow(services, state))
    try:
        yield
    finally:
        following.cancel()
        await state.enter_graceful_shutdown()
        await server.stop(settings.shutdown_seconds)


async def _follow(services: Services, state: health.aio.HealthServicer) -> None:  # type: ignore[name-defined]
    """Tell by the health service what `/health/ready` tells."""
    while True:
        status = await _health(services)
        for name in ("", _SERVICE):
            await state.set(name, status)
        await asyncio.sleep(READINESS_SECONDS)


async def _health(services: Services) -> health_pb2.HealthCheckResponse.ServingStatus:
    try:
        await run_in_threadpool(services.check_ready)
    except Exception:  # whatever it is, no call can be served
        return health_pb2.HealthCheckResponse.NOT_SERVING
    return health_pb2.HealthCheckResponse.SERVING
