"""Speech by every door, and the form in which each one says that it cannot speak."""

from collections.abc import Callable
from dataclasses import dataclass

import grpc
import httpx

from mynah.v1 import speech_pb2 as pb
from mynah.v1.speech_pb2_grpc import SpeechStub

SAID = "Hello there."
REFERENCE = "teacher.wav"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in the terms of HTTP.

    Attributes:
        status: of HTTP; of gRPC its name.
        form: names at the top of an error's body; empty for speech.
        retry_after: seconds, as the answer has them.
    """

    status: int | str
    form: frozenset[str]
    retry_after: str | None


Door = Callable[[], Answer]


def speaking_doors(client: httpx.Client, grpc_port: int, secret: str) -> dict[str, Door]:
    """Calls that have a short text spoken, by the name of their API."""
    bodies = {
        "v1": ("/v1/audio/speech", {"voice": "ljspeech", "input": SAID}),
        "elevenlabs": ("/elevenlabs/v1/text-to-speech/ljspeech", {"text": SAID}),
        "api_v2": (
            "/gpt-sovits/tts",
            {"text": SAID, "text_lang": "en", "ref_audio_path": REFERENCE, "prompt_lang": "en"},
        ),
    }
    client.headers["xi-api-key"] = secret

    def by_http(path: str, body: dict) -> Door:
        return lambda: _of_http(client.post(path, json=body))

    doors = {name: by_http(*call) for name, call in bodies.items()}
    return {**doors, "grpc": lambda: _by_grpc(grpc_port, secret)}


ERROR_FORMS = {
    "v1": frozenset({"error"}),
    "elevenlabs": frozenset({"detail"}),
    "api_v2": frozenset({"message", "Exception"}),
    "grpc": frozenset(),
}


def _of_http(answer: httpx.Response) -> Answer:
    form = frozenset() if answer.is_success else frozenset(answer.json())
    return Answer(answer.status_code, form, answer.headers.get("retry-after"))


def _by_grpc(port: int, secret: str) -> Answer:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        request = pb.SynthesizeRequest(input=SAID, manner=pb.Manner(voice="ljspeech"))
        try:
            SpeechStub(channel).Synthesize(
                request, metadata=(("authorization", f"Bearer {secret}"),), timeout=30
            )
        except grpc.RpcError as error:
            sent = dict(error.trailing_metadata() or ())
            return Answer(error.code().name, frozenset(), sent.get("retry-after"))
    return Answer("OK", frozenset(), None)
