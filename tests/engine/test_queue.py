"""Many callers on one model: turns, places, deadlines and errors."""

import asyncio
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from mynah.engine.prompts import Speaker
from mynah.engine.queue import AHEAD, SpeechQueue, SpeechRequest
from mynah.engine.speech import Speech
from mynah.errors import DeadlineError, QueueFullError, TextError, UnavailableError
from mynah.options import SpeechOptions
from mynah.text.sentence import Sentence

RATE = 100


class Reciter:
    """A model that notes what it says, one sentence for each permission."""

    sample_rate = RATE

    def __init__(self) -> None:
        self.said: list[str] = []
        self.read_voices: list[object] = []
        self.permits = threading.Semaphore(0)

    def read(self, voice):
        self.read_voices.append(voice)
        return voice

    def stream_prompted(self, sentences, prompt, options) -> Iterator[Speech]:
        for sentence in sentences:
            self.permits.acquire()
            if sentence.text == "bad":
                raise ValueError(sentence.text)
            self.said.append(sentence.text)
            yield Speech(np.zeros(RATE, np.float32), RATE, sentence.text)

    def allow(self, count: int = 1000) -> None:
        self.permits.release(count)


@pytest.fixture
def model() -> Reciter:
    return Reciter()


@pytest.fixture
def make(model):
    made = []

    def make(**options) -> SpeechQueue:
        made.append(SpeechQueue(model, **options))
        return made[-1]

    yield make
    model.allow()
    for queue in made:
        queue.close()


def request(*texts: str, caller: str = "one", voice: str = "v/1") -> SpeechRequest:
    sentences = [Sentence(text, text, (), ()) for text in texts]
    return SpeechRequest(caller, sentences, Speaker(voice, lambda: voice), SpeechOptions())


async def heard(stream) -> list[str]:
    return [chunk.text async for chunk in stream]


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


def test_chunks_arrive_in_order_and_the_place_is_free_after(make, model):
    queue = make()
    model.allow()

    async def scene():
        stream = queue.submit(request("a", "b", "c"))
        assert await heard(stream) == ["a", "b", "c"]
        assert await heard(stream) == []
        assert stream.busy_seconds > 0

    asyncio.run(scene())
    assert queue.stats().requests == 0


def test_callers_take_turns_however_many_requests_each_has(make, model):
    queue = make()

    async def scene():
        streams = [queue.submit(request("0"))]
        await until(lambda: not queue._turns)  # the worker holds it and waits for a permit
        streams += [queue.submit(request(f"a{n}1", f"a{n}2", caller="a")) for n in (1, 2, 3)]
        streams.append(queue.submit(request("b1", "b2", "b3", caller="b")))
        model.allow()
        await asyncio.gather(*map(heard, streams))

    asyncio.run(scene())
    assert model.said == ["0", "a11", "b1", "a21", "b2", "a31", "b3", "a12", "a22", "a32"]


def test_a_full_queue_refuses_and_says_when_to_come_back(make, model):
    queue = make(size=2)

    async def scene():
        streams = [queue.submit(request("a")), queue.submit(request("b"))]
        with pytest.raises(QueueFullError) as refused:
            queue.submit(request("c"))
        assert 1 <= refused.value.retry_after <= 60
        model.allow()
        await asyncio.gather(*map(heard, streams))
        assert await heard(queue.submit(request("c"))) == ["c"]

    asyncio.run(scene())


def test_closing_a_stream_frees_its_place_at_once_and_stops_its_work(make, model):
    queue = make(size=1)

    async def scene():
        stream = queue.submit(request("a", "b", "c"))
        model.allow(1)
        assert (await anext(stream)).text == "a"
        stream.close()
        other = queue.submit(request("x"))
        model.allow()
        assert await heard(other) == ["x"]
        assert await heard(stream) == []

    asyncio.run(scene())
    assert "c" not in model.said


def test_an_error_reaches_only_its_own_caller(make, model):
    queue = make()
    model.allow()

    async def scene():
        good, bad = queue.submit(request("a", "b")), queue.submit(request("a", "bad", "c"))
        with pytest.raises(ValueError, match="bad"):
            await heard(bad)
        assert await heard(good) == ["a", "b"]

    asyncio.run(scene())
    assert queue.stats().requests == 0


def test_a_voice_that_cannot_be_loaded_fails_its_request(make, model):
    queue = make()
    model.allow()

    def load():
        raise TextError("no words")

    broken = SpeechRequest(
        "one", request("a").sentences, Speaker("broken/1", load), SpeechOptions()
    )

    async def scene():
        with pytest.raises(TextError):
            await heard(queue.submit(broken))

    asyncio.run(scene())


def test_a_deadline_ends_a_request_and_frees_its_place(make, model):
    queue = make(deadline=0.05)

    async def scene():
        stream = queue.submit(request("a"))
        with pytest.raises(DeadlineError):
            await heard(stream)
        assert queue.stats().requests == 0

    asyncio.run(scene())


def test_a_caller_who_does_not_take_chunks_gets_no_more_made(make, model):
    queue = make()
    model.allow()

    async def scene():
        stream = queue.submit(request(*"abcdefghij"))
        await until(lambda: len(model.said) == AHEAD)
        await asyncio.sleep(0.05)
        assert len(model.said) == AHEAD
        assert await heard(stream) == list("abcdefghij")

    asyncio.run(scene())


def test_a_voice_is_read_once_while_it_is_kept(make, model):
    queue = make(prompts=2)
    model.allow()

    async def scene():
        for voice in ("a/1", "b/1", "a/1", "c/1", "a/1", "b/1"):
            await heard(queue.submit(request("x", voice=voice)))

    asyncio.run(scene())
    assert model.read_voices == ["a/1", "b/1", "c/1", "b/1"]


def test_a_closed_queue_fails_what_it_holds_and_takes_nothing(make, model):
    queue = make()

    async def scene():
        streams = [queue.submit(request("a", "b")) for _ in range(3)]
        model.allow(1)
        closing = asyncio.create_task(asyncio.to_thread(queue.close))
        await asyncio.sleep(0.02)
        model.allow()
        await closing
        for stream in streams:
            with pytest.raises(UnavailableError):
                await heard(stream)
        with pytest.raises(UnavailableError):
            queue.submit(request("c"))
        assert not queue.alive

    asyncio.run(scene())


def test_stats_count_requests_and_sentences(make, model):
    queue = make(size=9)

    async def scene():
        streams = [queue.submit(request("a", "b")), queue.submit(request("c"))]
        stats = queue.stats()
        assert (stats.requests, stats.size, stats.sentences) == (2, 9, 3)
        model.allow()
        await asyncio.gather(*map(heard, streams))
        assert queue.stats().seconds_per_sentence > 0

    asyncio.run(scene())
