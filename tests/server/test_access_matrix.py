"""Every route, WebSocket and gRPC method, called by everybody who might call it.

The routes come from the app's own table, and those without an expectation here fail the test.
"""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import httpx
import loopback
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import Mount, WebSocketRoute
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from mynah.server.access.keys import Caller
from mynah.server.grpc.methods import SERVICE
from mynah.server.voices.access import VoiceAccess
from mynah.server.voices.store import NewRecording
from mynah.server.voices.uploads import CheckedRecording
from mynah.v1 import speech_pb2 as pb
from mynah.v1.speech_pb2_grpc import SpeechStub

OWNER, SPEAKER, MANAGER, OTHER = "school-a", "school-b", "school-c", "school-d"
SCOPES = ("speak", "train")
CALLERS = (
    "no key", "wrong scope", "revoked", "expired", "owner", "other owner", "shared to speak",
    "shared to manage", "admin",
)  # fmt: skip
LEAST = {"speak": VoiceAccess.SPEAK, "manage": VoiceAccess.MANAGE, "own": VoiceAccess.OWN}


@dataclass(frozen=True)
class Expected:
    """Access rule of a route, and an example of a request.

    Attributes:
        scope: that is needed; None if not even a key is.
        access: to the voice in the request that is needed; `mine` if it names another thing of the
            owner's instead, None if it names nothing.
        status: of who may; a refusal that comes after those of access is one, too.
        sent: the request, of which braces are filled in as in the path.
    """

    scope: str | None = "speak"
    access: str | None = None
    status: int = 200
    sent: dict[str, Any] = field(default_factory=dict)

    def status_for(self, caller: str) -> int:
        """The status that a caller gets."""
        if self.scope is None or caller == "admin":
            return self.status
        if caller in ("no key", "revoked", "expired"):
            return 401
        if caller == "wrong scope" or self.scope == "admin":
            return 403
        return self._status_by_access(caller)

    def _status_by_access(self, caller: str) -> int:
        if self.access is None or caller == "owner":
            return self.status
        if caller == "other owner" or self.access == "mine":
            return 404
        has = {"shared to speak": VoiceAccess.SPEAK, "shared to manage": VoiceAccess.MANAGE}
        return self.status if has[caller] >= LEAST[self.access] else 403


def sending(**body: Any) -> dict[str, Any]:
    return {"json": body}


APPS = ("", "/elevenlabs", "/gpt-sovits")
FORM = {"files": {"language": (None, "en")}}
NEW_VOICE = {"files": {"name": (None, "new {number}"), "recordings": ("a.wav", b"RIFF")}}
REFERENCE = {"refer_wav_path": "none.wav", "prompt_text": "Hello.", "prompt_language": "en"}
FIRST_TTS = {"text": "Hello.", "text_language": "en", **REFERENCE}
MODELS = {"gpt_model_path": "a.ckpt", "sovits_model_path": "a.pth"}
TTS = {"text": "Hello.", "text_lang": "en", "ref_audio_path": "none.wav", "prompt_lang": "en"}
SAID = {"input": "Hello.", "voice": "{voice}", "response_format": "pcm"}

V1 = {
    "POST /v1/audio/speech": Expected("speak", "speak", sent=sending(**SAID)),
    "WEBSOCKET /v1/audio/speech/stream": Expected("speak", "speak"),
    "GET /v1/models": Expected(),
    "GET /v1/models/{model}": Expected(),
    "GET /v1/audio/models": Expected(),
    "GET /v1/audio/voices": Expected(),
    "GET /v1/languages": Expected(),
    "GET /v1/scripts": Expected(sent={"params": {"language": "en"}}),
    "POST /v1/text/phonemes": Expected(sent=sending(input="Hello.")),
    "GET /v1/audio/{audio_id}": Expected(None, sent={"params": {"expires": "1", "signature": "x"}},
                                         status=403),
    "HEAD /v1/audio/{audio_id}": Expected(None, sent={"params": {"expires": "1", "signature": "x"}},
                                          status=403),
    "DELETE /v1/audio/{audio_id}": Expected("speak", "mine"),
    "POST /v1/audio/{audio_id}/rating": Expected("speak", "mine", sent=sending(rating=5)),
    "POST /v1/voices": Expected("train", None, 400, NEW_VOICE),
    "GET /v1/voices": Expected(),
    "GET /v1/voices/{voice}": Expected("speak", "speak"),
    "PATCH /v1/voices/{voice}": Expected("train", "manage", sent=sending(labels={"a": "b"})),
    "DELETE /v1/voices/{voice}": Expected("train", "manage"),
    "GET /v1/voices/{voice}/preview": Expected("speak", "manage"),
    "GET /v1/voices/{voice}/embedding": Expected("speak", "manage", 501),
    "HEAD /v1/voices/{voice}/preview": Expected("speak", "manage"),
    "PUT /v1/voices/{voice}/shares/{owner}": Expected("train", "own", sent=sending(access="speak")),
    "DELETE /v1/voices/{voice}/shares/{owner}": Expected("train", "own"),
    "POST /v1/voices/{voice}/train": Expected("train", "manage", 202, FORM),
    "GET /v1/voices/{voice}/versions": Expected("speak", "manage"),
    "GET /v1/voices/{voice}/versions/{version}/{file}": Expected("train", "manage", 409),
    "POST /v1/voices/{voice}/versions/{version}/promote": Expected("train", "manage"),
    "POST /v1/voices/{voice}/rollback": Expected("train", "manage", 409),
    "PUT /v1/voices/{voice}/traffic": Expected("train", "manage", sent=sending(weights={"1": 1})),
    "GET /v1/jobs": Expected("train"),
    "GET /v1/jobs/{job}": Expected("train", "mine"),
    "GET /v1/jobs/{job}/events": Expected("train", "mine"),
    "POST /v1/jobs/{job}/cancel": Expected("train", "mine", 409),
    "POST /v1/jobs/{job}/retry": Expected("train", "mine", 202),
    "POST /v1/webhooks/secret": Expected("train", None, 201),
    "GET /v1/webhooks/deliveries": Expected("train"),
    "POST /v1/webhooks/deliveries/{delivery}/replay": Expected("train", "mine", 202),
}  # fmt: skip
DOCS = ("/docs", *(f"{app}/openapi.json" for app in APPS))
KEYLESS = {
    f"GET {path}": Expected(None)
    for path in ("/", "/health/live", "/health/ready", "/metrics", *DOCS)
} | {f"HEAD {path}": Expected(None) for path in ("/", "/health/live", "/health/ready")}
ELEVENLABS = {
    "POST /elevenlabs/v1/text-to-speech/{voice_id}": Expected(
        "speak", "speak", sent=sending(text="Hello.")
    ),
    "POST /elevenlabs/v1/text-to-speech/{voice_id}/stream": Expected(
        "speak", "speak", sent=sending(text="Hello.")
    ),
    "POST /elevenlabs/v1/text-to-speech/{voice_id}/with-timestamps": Expected(
        "speak", "speak", sent=sending(text="Hello.")
    ),
    "POST /elevenlabs/v1/text-to-speech/{voice_id}/stream/with-timestamps": Expected(
        "speak", "speak", sent=sending(text="Hello.")
    ),
    "GET /elevenlabs/v1/voices": Expected(),
    "POST /elevenlabs/v1/voices/add": Expected(
        "train", None, 400, {"files": {"name": (None, "new {number}"), "files": ("a.wav", b"RIFF")}}
    ),
    "GET /elevenlabs/v1/voices/{voice_id}": Expected("speak", "speak"),
    "DELETE /elevenlabs/v1/voices/{voice_id}": Expected("train", "manage"),
    "GET /elevenlabs/v1/models": Expected(),
    "GET /elevenlabs/v2/voices": Expected(),
    "POST /elevenlabs/v1/voices/{voice_id}/edit": Expected(
        "train", "manage", sent={"files": {"name": (None, "edited {number}")}}
    ),
    "GET /elevenlabs/v1/voices/settings/default": Expected(),
    "GET /elevenlabs/v1/voices/{voice_id}/settings": Expected("speak", "speak"),
    "POST /elevenlabs/v1/voices/{voice_id}/settings/edit": Expected(
        "train", "manage", sent=sending(speed=1.1)
    ),
    "GET /elevenlabs/v1/user": Expected(),
    "GET /elevenlabs/v1/user/subscription": Expected(),
    "GET /elevenlabs/v1/history": Expected(),
    "WEBSOCKET /elevenlabs/v1/text-to-speech/{voice_id}/stream-input": Expected("speak", "speak"),
    "WEBSOCKET /elevenlabs/v1/text-to-speech/{voice_id}/multi-stream-input": Expected(
        "speak", "speak"
    ),
}
GPT_SOVITS = {
    "GET /gpt-sovits/tts": Expected("speak", None, 400, {"params": TTS}),
    "POST /gpt-sovits/tts": Expected("speak", None, 400, {"json": TTS}),
    "POST /gpt-sovits/": Expected("speak", None, 400, {"json": TTS}),
    "GET /gpt-sovits/": Expected("speak", None, 400, {"params": FIRST_TTS}),
    "GET /gpt-sovits/change_refer": Expected("speak", None, 400, {"params": REFERENCE}),
    "POST /gpt-sovits/change_refer": Expected("speak", None, 400, {"json": REFERENCE}),
    "GET /gpt-sovits/set_model": Expected("admin", None, 501, {"params": MODELS}),
    "POST /gpt-sovits/set_model": Expected("admin", None, 501, {"json": MODELS}),
    "GET /gpt-sovits/character_list": Expected(),
    "GET /gpt-sovits/set_refer_audio": Expected(
        "speak", None, 400, {"params": {"refer_audio_path": "none.wav"}}
    ),
    "GET /gpt-sovits/speakers": Expected(),
    "GET /gpt-sovits/control": Expected("admin", None, 501, {"params": {"command": "restart"}}),
    "POST /gpt-sovits/control": Expected("admin", None, 501, sending(command="restart")),
    "GET /gpt-sovits/set_gpt_weights": Expected(
        "admin", None, 501, {"params": {"weights_path": "a.ckpt"}}
    ),
    "GET /gpt-sovits/set_sovits_weights": Expected(
        "admin", None, 501, {"params": {"weights_path": "a.pth"}}
    ),
}
MANNER = {"voice": "{voice}", "response_format": "pcm"}
RPC = {
    "RPC Synthesize": Expected("speak", "speak", sent={"manner": MANNER, "input": "Hello."}),
    "RPC SynthesizeStream": Expected("speak", "speak", sent={"manner": MANNER, "input": "Hello."}),
    "RPC Converse": Expected("speak", "speak", sent={"manner": MANNER, "input": "Hello."}),
    "RPC CreateVoice": Expected("train", None, 400, {"name": "new {number}"}),
    "RPC GetVoice": Expected("speak", "speak", sent={"voice": "{voice}"}),
    "RPC ListVoices": Expected(),
    "RPC UpdateVoice": Expected("train", "manage", sent={"voice": "{voice}", "consent": "yes"}),
    "RPC DeleteVoice": Expected("train", "manage", sent={"voice": "{voice}"}),
}
EXPECTED = {**V1, **KEYLESS, **ELEVENLABS, **GPT_SOVITS, **RPC}

STATUS_OF_RPC = {
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
}
STATUS_OF_CODE = {"voice_not_found": 404, "invalid_api_key": 401}


def routes(app: FastAPI, prefix: str = "") -> Iterator[str]:
    """Every route of an app and of those mounted in it, as `METHOD path`."""
    for route in iter_route_contexts(app.routes):
        original = route.original_route
        if isinstance(original, Mount):
            # Files of the documentation page have nothing of anybody's.
            if isinstance(original.app, FastAPI):
                yield from routes(original.app, prefix + original.path)
        elif isinstance(original, WebSocketRoute):
            yield f"WEBSOCKET {prefix}{route.path}"
        else:
            # Starlette's own routes answer HEAD wherever they answer GET.
            ignored = set() if isinstance(original, APIRoute) else {"HEAD"}
            yield from (f"{method} {prefix}{route.path}" for method in route.methods - ignored)


class World:
    """A server with keys of every kind, and things of an owner's that are made anew on demand."""

    def __init__(self, server, port: int, flac: bytes) -> None:
        self.server = server
        self.stores = server.services.stores
        self.clip = NewRecording(CheckedRecording(flac, 4.0), None)
        self.numbers = itertools.count()
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.rpc = SpeechStub(self.channel)
        self.http = httpx.Client(base_url=server.url, timeout=20)
        self.owner = self._caller(self._key(OWNER))
        self.secrets = self._secrets()

    def close(self) -> None:
        self.http.close()
        self.channel.close()

    def secret(self, caller: str, scope: str | None) -> str:
        """The key of a caller; a wrong scope is any but the right one."""
        if caller == "wrong scope":
            return self.secrets[f"only {'train' if scope == 'speak' else 'speak'}"]
        return self.secrets[caller]

    def things(self) -> dict[str, str]:
        """Values for the parameters of paths and bodies: a voice, and all else of its owner's."""
        number = next(self.numbers)
        stores, services, owner = self.stores, self.server.services, self.owner
        voice = stores.voices.create(owner, f"ann {number}", [self.clip], "en", {}, "yes")
        stores.sharing.share(voice, SPEAKER, VoiceAccess.SPEAK)
        stores.sharing.share(voice, MANAGER, VoiceAccess.MANAGE)
        with stores.records.begin() as connection:
            job = stores.jobs.add(connection, owner, "train", voice.id, {}, "https://example.org")
        stores.jobs.cancel(owner, job)
        audio = services.audio_store.keep(f"audio_{number}", owner, b"hum", "audio/mpeg").id
        services.outcomes.begin(audio, owner, voice.id, 1, trusted=True)
        return {
            "voice": voice.id, "voice_id": voice.id, "job": job, "audio_id": audio,
            "model": "mynah", "version": "1", "file": "gpt.ckpt", "owner": SPEAKER,
            "number": str(number),
            "delivery": services.deliveries.page(owner, limit=1)[0].id,
        }  # fmt: skip

    def call(self, route: str, secret: str, given: dict[str, str]) -> tuple[int, str]:
        """Status and body of a call."""
        method, _, path = route.partition(" ")
        sent = filled(EXPECTED[route].sent, given)
        if method == "RPC":
            return self._call_rpc(path, secret, sent)
        path = path.format_map(given)
        if method == "WEBSOCKET":
            return self._call_socket(path, secret, given)
        answer = self.http.request(method, path, headers=self._header(path, secret), **sent)
        return answer.status_code, answer.text

    def _header(self, path: str, secret: str) -> dict[str, str]:
        if not secret:
            return {}
        return {"xi-api-key": secret} if path.startswith("/eleven") else bearer(secret)

    def _call_socket(self, path: str, secret: str, given: dict[str, str]) -> tuple[int, str]:
        url = self.server.url.replace("http", "ws", 1) + path
        try:
            with connect(url, additional_headers=self._header(path, secret)) as socket:
                # A message of Mynah's socket, or of ElevenLabs'.
                said = filled(SAID, given) | {"context_id": ""}
                said = {"text": "Hello. ", "flush": True} if path.startswith("/eleven") else said
                socket.send(json.dumps(said))
                message = str(socket.recv(timeout=10))
        except InvalidStatus as refused:
            return refused.response.status_code, refused.response.body.decode()
        error = json.loads(message).get("error")
        code = error["code"] if isinstance(error, dict) else error
        return (STATUS_OF_CODE[code] if code else 200), message

    def _call_rpc(self, name: str, secret: str, sent: dict[str, Any]) -> tuple[int, str]:
        kind = SERVICE.methods_by_name[name].input_type.name
        message = getattr(pb, kind)(**sent)
        streaming = SERVICE.methods_by_name[name].client_streaming
        metadata = (("authorization", f"Bearer {secret}"),) if secret else ()
        try:
            answer = getattr(self.rpc, name)(
                iter([message]) if streaming else message, metadata=metadata, timeout=10
            )
            return 200, str(answer if not hasattr(answer, "__iter__") else list(answer))
        except grpc.RpcError as error:
            return STATUS_OF_RPC[error.code()], error.details()

    def _secrets(self) -> dict[str, str]:
        keys = self.stores.keys
        revoked, secret_of_revoked = keys.create("revoked", SCOPES, owner=OWNER)
        keys.revoke(revoked.id)
        return {
            "no key": "",
            "revoked": secret_of_revoked,
            "expired": self._key(OWNER, days=1e-9),
            "owner": self._key(OWNER),
            "other owner": self._key(OTHER),
            "shared to speak": self._key(SPEAKER),
            "shared to manage": self._key(MANAGER),
            "admin": keys.create("admin", ["admin"], owner="operators")[1],
            "only speak": keys.create("speak", ["speak"], owner=OWNER)[1],
            "only train": keys.create("train", ["train"], owner=OWNER)[1],
        }

    def _key(self, owner: str, days: float | None = None) -> str:
        return self.stores.keys.create(owner, SCOPES, days, owner)[1]

    def _caller(self, secret: str) -> Caller:
        return self.stores.keys.find(secret).caller()


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def filled(value: Any, given: dict[str, str]) -> Any:
    """A request with its braces filled in."""
    if isinstance(value, str):
        return value.format_map(given)
    if isinstance(value, dict):
        return {name: filled(each, given) for name, each in value.items()}
    return type(value)(filled(each, given) for each in value) if isinstance(value, tuple) else value


@pytest.fixture(scope="module")
def world(serve_in, tmp_path_factory, recording) -> Iterator[World]:
    port = loopback.free_port()
    server = serve_in(
        tmp_path_factory.mktemp("matrix"), grpc_port=port, gpt_sovits_control=True,
        trainer="slow_trainer:SlowTrainer", train_shortest_seconds=3, job_workers=0,
        jobs_per_key=10_000,
    )  # fmt: skip
    server.model.gate.set()
    made = World(server, port, recording(kind="FLAC"))
    yield made
    made.close()


def test_every_route_has_an_expectation(world):
    methods = {f"RPC {method.name}" for method in SERVICE.methods}
    found = {*routes(world.server.app), *methods}
    assert found - EXPECTED.keys() == set(), "say who may call it, in EXPECTED"
    assert EXPECTED.keys() - found == set(), "these are no longer there"


@pytest.mark.parametrize("route", EXPECTED)
def test_a_route_answers_those_alone_who_may_call_it(world, route):
    expected, found = EXPECTED[route], {}
    wanted = {caller: expected.status_for(caller) for caller in CALLERS}
    kept = world.things()
    changing = not route.startswith("GET") and expected.access not in (None, "speak")
    for caller in CALLERS:
        given = world.things() if changing and wanted[caller] == expected.status else kept
        found[caller] = world.call(route, world.secret(caller, expected.scope), given)[0]
    assert found == wanted


@pytest.mark.parametrize(
    "route", [each for each in EXPECTED if EXPECTED[each].status_for("other owner") == 404]
)
def test_what_is_another_owners_is_answered_as_if_it_were_not_there(world, route):
    given = world.things()
    absent = {name: value[:-4] + "zzzz" for name, value in given.items()}
    absent |= {name: given[name] for name in ("file", "version", "owner", "model")}
    secret = world.secrets["other owner"]
    there, not_there = (world.call(route, secret, each) for each in (given, absent))
    assert there[0] == not_there[0] == 404
    assert anonymous(there[1], given) == anonymous(not_there[1], absent)


def anonymous(body: str, given: dict[str, str]) -> str:
    """A body without the id that was asked for, and without that of the request."""
    for value in sorted(given.values(), key=len, reverse=True):
        if len(value) > 4:
            body = body.replace(value, "?")
    try:
        error = json.loads(body)
    except ValueError:
        return body
    for inner in error.values():
        if isinstance(inner, dict):
            inner.pop("request_id")
    return json.dumps(error)
