"""Admission of gRPC callers: key, scope and limits are checked before the first message is read.

gRPC reads the message of a unary call before it calls the handler. Handlers of streams read when
they ask for a message, and on the wire both are the same; so every method is served as a stream.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from contextvars import ContextVar
from inspect import isawaitable
from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message
from starlette.exceptions import HTTPException

from mynah.server.access.keys import Caller
from mynah.server.access.open_calls import current_call
from mynah.server.errors import RequestError
from mynah.server.grpc.call import Context, answering
from mynah.server.grpc.methods import MethodRule, method_rules
from mynah.server.grpc.wire import check_fields
from mynah.server.services import Services

Handler = Any
"""`grpc.RpcMethodHandler`, which gRPC's types have for servers with threads only."""
Messages = AsyncIterator[bytes]

KEYLESS_READS = 4
"""Concurrent reads of messages without a key, those of health checks and reflection."""
KEYLESS_SECONDS = 0.5
"""Time in which such a message must have arrived."""

_KEYLESS = MethodRule("", 1 << 12, None)
"""Rule of health checks and reflection, whose messages are a name."""

_caller: ContextVar[Caller] = ContextVar("rpc_caller")


def admitted() -> Caller:
    """The caller of the current call."""
    return _caller.get()


class AdmissionInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]
    """Admit callers to the methods that have a rule, and limit the messages of all others."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._rules: Mapping[str, MethodRule] = method_rules(services.settings)
        self._reads = asyncio.Semaphore(KEYLESS_READS)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Return a handler that reads nothing before its admission."""
        handler = await continuation(details)
        if handler is None:
            return None
        rule = self._rules.get(details.method)
        if rule is None:
            return _streaming(handler, self._keyless(handler))
        name = details.method.rpartition("/")[2]
        return _streaming(handler, self._admitting(name, rule, handler))

    def _admitting(self, name: str, rule: MethodRule, handler: Handler) -> Any:  # noqa: ANN401
        async def answer(messages: Messages, context: Context) -> AsyncGenerator[Any, None]:
            async with answering(name, self._services, context, rule.scope) as caller:
                _caller.set(caller)
                call = current_call()
                parsed = _parsed(messages, handler, rule)
                async with aclosing(_answers(handler, parsed, context)) as answers:
                    async for each in answers:
                        # gRPC sends it; a cancellation there would be the client's own.
                        with call.shielded():
                            yield each

        return answer

    def _keyless(self, handler: Handler) -> Any:  # noqa: ANN401
        async def answer(messages: Messages, context: Context) -> AsyncGenerator[Any, None]:
            read = self._read_in_turn(messages, context)
            parsed = _parsed(read, handler, _KEYLESS)
            async with aclosing(_answers(handler, parsed, context)) as answers:
                async for each in answers:
                    yield each

        return answer

    async def _read_in_turn(self, messages: Messages, context: Context) -> AsyncIterator[bytes]:
        while True:
            try:
                async with self._reads, asyncio.timeout(KEYLESS_SECONDS):
                    message = await anext(messages, None)
            except TimeoutError:
                late = "The message did not arrive in time."
                await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, late)
            if message is None:
                return
            yield message


def _streaming(handler: Handler, answer: Any) -> Handler:  # noqa: ANN401
    """Convert a handler to one that reads messages as bytes on demand."""

    async def several(messages: Messages, context: Context) -> None:
        # gRPC would leave a generator of a cancelled call to be closed in another context.
        async with aclosing(answer(messages, context)) as answers:
            async for each in answers:
                await context.write(each)

    if handler.response_streaming:
        return grpc.stream_stream_rpc_method_handler(
            several, response_serializer=handler.response_serializer
        )

    async def single(messages: Messages, context: Context) -> Any:  # noqa: ANN401
        async with aclosing(answer(messages, context)) as answers:
            results = [each async for each in answers]
        return results[0] if results else None  # after an error its status is set

    return grpc.stream_unary_rpc_method_handler(
        single, response_serializer=handler.response_serializer
    )


async def _answers(
    handler: Handler, messages: AsyncIterator[Message], context: Context
) -> AsyncGenerator[Any, None]:
    """Yield the responses of a handler of any kind."""
    if handler.request_streaming:
        answers = handler.stream_stream(messages, context)
    else:
        message = await anext(messages, None)
        if message is None:
            raise RequestError("The call has no message; send one.")
        call = handler.unary_stream if handler.response_streaming else handler.unary_unary
        answers = call(message, context)
    if isawaitable(answers):
        # The one answer, or None of a handler that writes to the context.
        answer = await answers
        if answer is not None:
            yield answer
        return
    async with aclosing(answers) as stream:
        async for each in stream:
            yield each


async def _parsed(messages: Messages, handler: Handler, rule: MethodRule) -> AsyncIterator[Message]:
    """Parse messages within the limits of a rule.

    Raises:
        HTTPException: 413, one is larger.
        RequestError: one has too many fields, or is none.
    """
    async for message in messages:
        if len(message) > rule.message_bytes:
            large = f"The message is larger than {rule.message_bytes} bytes; send a smaller one."
            raise HTTPException(413, large)
        if rule.kind is not None:
            check_fields(rule.kind, message)
        try:
            yield handler.request_deserializer(message)
        except DecodeError:
            unread = "The message cannot be read; send one as the proto has it."
            raise RequestError(unread) from None
