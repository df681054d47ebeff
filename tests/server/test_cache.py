"""Equal calls get equal bytes and cost one synthesis, whatever keeps them."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import httpx
import pytest

from mynah.audio.encoding import AudioFormat
from mynah.engine.folder import model_id
from mynah.errors import OptionError
from mynah.options import SpeechOptions
from mynah.server.speech.audio_stream import AudioStream
from mynah.server.speech.cache import CacheKey, SpeechCache
from mynah.storage.result_cache import MemoryStore, open_store
from mynah.text.frontend import analyse

SPEECH = "/v1/audio/speech"
BODY = {"input": "How are you? I am well.", "voice": "ljspeech", "seed": 7}
SENTENCES = 2


@pytest.fixture(params=["memory", "redis", "memcached"])
def cached(request, start):
    """A server for each kind of store."""
    urls = {"redis": "redis_url", "memcached": "memcached_url"}
    name = urls.get(request.param)
    return start(cache_url=request.getfixturevalue(name) if name else "")


def unlike_any(body: dict, request) -> dict:
    """An input that no other test has put into a store that they share."""
    return body | {"input": f"{body['input']} {request.node.callspec.id}."}


def test_the_second_equal_call_is_a_hit_with_the_same_bytes(cached, request):
    client, body = cached.client(), unlike_any(BODY, request)
    first, second = client.post(SPEECH, json=body), client.post(SPEECH, json=body)
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("miss", "hit")
    assert first.content == second.content
    assert second.headers["content-type"] == "audio/mpeg"
    assert len(cached.model.hummed) == SENTENCES + 1


def test_a_hit_tells_the_same_usage(cached, request):
    client, body = cached.client(), unlike_any(BODY, request) | {"stream_format": "sse", "seed": 8}
    said = [client.post(SPEECH, json=body).text.strip().split("\n\n")[-1] for _ in range(2)]
    assert said[0] == said[1]
    assert json.loads(said[0].removeprefix("data: "))["usage"]["output_tokens"] > 0
    assert len(cached.model.hummed) == SENTENCES + 1


def test_the_models_default_and_the_same_value_given_are_equal_calls(start):
    client = start().client()
    for own in ({}, {"temperature": 0.6}, {"top_k": 15, "top_p": None}):
        answer = client.post(SPEECH, json=BODY | own)
        assert answer.headers["x-cache"] == ("hit" if own else "miss")
    assert client.post(SPEECH, json=BODY | {"temperature": 1}).headers["x-cache"] == "miss"


def test_a_hundred_equal_calls_cost_one_synthesis(start):
    server = start()
    body = BODY | {"input": "Here I am. A slow end.", "response_format": "wav"}
    limits = httpx.Limits(max_connections=100)
    headers = {"authorization": f"Bearer {server.secret}"}

    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(headers=headers, timeout=30, limits=limits) as client:
            calls = [client.post(server.url + SPEECH, json=body) for _ in range(100)]
            asking = asyncio.gather(*calls)
            await asyncio.sleep(0.5)
            server.model.gate.set()
            return await asking

    answers = asyncio.run(ask())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sorted(answer.headers["x-cache"] for answer in answers) == ["hit"] * 99 + ["miss"]
    assert len(server.model.hummed) == SENTENCES


def test_who_joins_hears_the_beginning_at_once(start):
    server = start()
    body = BODY | {"input": "Here I am. A slow end.", "response_format": "wav"}
    with server.client().stream("POST", SPEECH, json=body) as first:
        leading = first.iter_raw()
        begun = next(leading)
        with server.client().stream("POST", SPEECH, json=body) as second:
            following = second.iter_raw()
            assert next(following)[:4] == begun[:4] == b"RIFF"
            server.model.gate.set()
            assert b"".join(leading)[-100:] == b"".join(following)[-100:]
    assert len(server.model.hummed) == SENTENCES


@pytest.mark.parametrize(
    "change",
    [
        {"input": "How are you? I am fine."},
        {"voice": "mandarin"},
        {"seed": 8},
        {"speed": 1.1},
        {"top_k": 5},
        {"temperature": 0.9},
        {"pause": 0.5},
        {"response_format": "wav"},
    ],
)
def test_what_changes_the_sound_is_a_miss(server, change):
    client = server.client()
    client.post(SPEECH, json=BODY)
    assert client.post(SPEECH, json=BODY).headers["x-cache"] == "hit"
    changed = BODY | change
    assert client.post(SPEECH, json=changed).headers["x-cache"] == "miss"
    assert client.post(SPEECH, json=changed).headers["x-cache"] == "hit"


def test_only_deterministic_or_explicit_calls_are_kept(server):
    client = server.client()
    plain = {"input": "Nobody asked to keep this.", "voice": "ljspeech"}
    for _ in range(2):
        assert "x-cache" not in client.post(SPEECH, json=plain).headers
    assert "x-cache" not in client.post(SPEECH, json=plain | {"seed": 1, "cache": False}).headers
    asked = plain | {"cache": True}
    assert [client.post(SPEECH, json=asked).headers["x-cache"] for _ in range(2)] == ["miss", "hit"]


def test_other_families_keep_what_has_a_seed(server):
    client, call = server.client(), "/elevenlabs/v1/text-to-speech/ljspeech"
    key, body = {"xi-api-key": server.secret}, {"text": "How are you, eleven?", "seed": 3}
    answers = [client.post(call, json=body, headers=key) for _ in range(2)]
    assert [answer.headers["x-cache"] for answer in answers] == ["miss", "hit"]
    del body["seed"]
    assert "x-cache" not in client.post(call, json=body, headers=key).headers


def test_a_server_told_so_keeps_nothing(start):
    client = start(cache_bytes=0).client()
    assert "x-cache" not in client.post(SPEECH, json=BODY).headers


def test_what_breaks_off_is_not_kept(start):
    server = start()
    client, body = server.client(), BODY | {"input": "Here I am. A broken end."}
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            client.post(SPEECH, json=body)
    assert server.model.hummed == ["Here I am."] * 2


def test_an_error_before_the_sound_reaches_all_who_wait(start, error_of):
    server = start(speech_seconds=0.3)
    body = BODY | {"input": "A slow one."}
    with ThreadPoolExecutor(3) as threads:
        clients = [server.client() for _ in range(3)]
        answers = list(threads.map(lambda client: client.post(SPEECH, json=body), clients))
    assert [answer.status_code for answer in answers] == [504] * 3
    assert {error_of(answer)["code"] for answer in answers} == {"deadline_exceeded"}


def test_the_work_stops_when_the_last_reader_leaves_and_not_before(start):
    server = start()
    body = BODY | {"input": "Here I am. A slow end."}
    with server.client().stream("POST", SPEECH, json=body) as staying:
        rest = staying.iter_raw()
        next(rest)
        with server.client().stream("POST", SPEECH, json=body) as leaving:
            next(leaving.iter_raw())
        server.model.gate.set()
        assert b"".join(rest)
    assert server.client().post(SPEECH, json=body).headers["x-cache"] == "hit"


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1", "memcached://127.0.0.1:1"])
def test_a_store_that_is_away_harms_nobody(start, url, caplog):
    server = start(cache_url=url)
    for _ in range(2):
        answer = server.client().post(SPEECH, json=BODY)
        assert (answer.status_code, answer.headers["x-cache"]) == (200, "miss")
    assert "cache failed" in caplog.text


def test_memory_forgets_what_was_used_longest_ago():
    store = MemoryStore(100, 60)
    store.put("a", b"a" * 40)
    store.put("b", b"b" * 40)
    assert store.get("a")
    store.put("c", b"c" * 40)
    assert (store.get("a"), store.get("b"), store.get("c")) == (b"a" * 40, None, b"c" * 40)
    store.put("d", b"d" * 101)
    assert store.get("d") is None


def test_what_memcached_does_not_take_is_spoken_anew(memcached_url):
    store = open_store(memcached_url, 0, 60)
    with pytest.raises(Exception, match="too large"):
        store.put("large", b"0" * (1 << 20))
    assert store.get("large") is None
    store.close()


def test_an_unknown_or_unreadable_url_is_refused_without_telling_it():
    with pytest.raises(OptionError, match="redis://"):
        open_store("ftp://secret@x", 0, 60)
    for kind in ("redis", "memcached"):
        with pytest.raises(OptionError) as raised:
            open_store(f"{kind}://:secret@x:port", 0, 60)
        assert "secret" not in str(raised.value)


def test_a_key_changes_with_voice_version_and_model(tmp_path):
    cache_key = CacheKey("a", "voice_1/1", analyse("你好。"), SpeechOptions(), AudioFormat("mp3"))
    newer = replace(cache_key, speaker="voice_1/2")
    (tmp_path / "gpt.ckpt").write_bytes(b"weights")
    before = model_id(tmp_path)
    (tmp_path / "gpt.ckpt").write_bytes(b"other weights")
    after = model_id(tmp_path)
    assert model_id(tmp_path) == after
    keys = {cache_key.key(before), cache_key.key(after), newer.key(before), newer.key(after)}
    assert len(keys) == 4
    assert model_id(None) == model_id(None)


class Endless(AudioStream):
    """Gives bytes for as long as anybody takes them."""

    def __init__(self) -> None:
        super().__init__([])
        self.given = 0

    @property
    def chunk_seconds(self) -> list[float]:
        return []

    async def more(self) -> bytes:
        self.given += 1
        return b"\0"


def test_nothing_runs_ahead_of_the_fastest_reader_or_on_without_one():
    endless = Endless()

    async def spoken() -> AudioStream:
        return endless

    async def listen() -> None:
        cache = SpeechCache(MemoryStore(100, 60), "model")
        cache_key = CacheKey("a", "speaker", [], SpeechOptions(), AudioFormat("pcm"))
        audio, _ = await cache.open(cache_key, spoken)
        with closing(audio):
            for read in (1, 2, 3):
                await anext(audio)
                await asyncio.sleep(0.01)
                assert endless.given <= read + 5
        given = endless.given
        await asyncio.sleep(0.01)
        assert endless.given == given
        again, hit = await cache.open(cache_key, spoken)
        assert not hit
        again.close()

    asyncio.run(listen())
