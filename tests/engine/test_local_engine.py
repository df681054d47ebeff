"""Many callers on one model: turns, places, deadlines and errors."""

import asyncio
import threading
import time

import pytest

import fakes
from mynah.acoustic.decode_stream import AHEAD_TOKENS, FIRST_CHUNKS, LATER_CHUNKS
from mynah.engine.local.local_engine import LocalEngine
from mynah.engine.local.schedule import Limits
from mynah.engine.local.semantic_stage import READ_AT_ONCE
from mynah.engine.request import SynthesisRequest, VoiceRef
from mynah.errors import DeadlineError, ModelError, QueueFullError, TextError, UnavailableError
from mynah.options import SpeechOptions
from mynah.runtime.preemption import give_way
from mynah.text.sentence import Sentence


class Reciter(fakes.Model):
    """A model that notes what it says, one sentence for each permission."""

    sample_rate = 100
    tokens = FIRST_CHUNKS[0]

    def __init__(self) -> None:
        self.decoded: list[str] = []
        self.read_voices: list[object] = []
        self.prepared: list[str] = []
        self.sounded: list[str] = []
        self.decoding = ""
        self.permits = threading.Semaphore(0)
        self.soundings = threading.Semaphore(1_000_000)

    def read(self, voice):
        self.read_voices.append(voice)
        return fakes.PreparedVoice(voice)

    def prepare(self, sentence, prompt, options, seed, *, first):
        sequence, stream = super().prepare(sentence, prompt, options, seed, first=first)
        stream.timbre = sentence.text
        self.prepared.append(sentence.text)
        return sequence, stream

    def may_decode(self, sequence) -> bool:
        if not self.permits.acquire(blocking=False):
            return False
        if sequence.sentence.text == "bad":
            sequence.error = ValueError(sequence.sentence.text)
        self.decoded.append(sequence.sentence.text)
        return True

    def wave(self, text, seconds):
        self.decoding = text
        self.soundings.acquire()
        if text == "crash":
            raise ValueError(text)
        self.sounded.append(text)
        return super().wave(text, seconds) + (float("nan") if text == "nan" else 0)

    def allow(self, count: int = 1000) -> None:
        self.permits.release(count)


class Voices(fakes.Voices):
    def voice(self, ref):
        if ref.key == "broken/1":
            raise TextError("no words")
        return super().voice(ref)


@pytest.fixture
def model() -> Reciter:
    return Reciter()


@pytest.fixture
def run():
    """Runs a model; what waits in it must be let go by its own fixture."""
    made = []

    def run(model, **options) -> LocalEngine:
        made.append(LocalEngine(model, Voices(), **options))
        return made[-1]

    yield run
    for engine in made:
        engine.close()


@pytest.fixture
def make(run, model):
    def make(**options) -> LocalEngine:
        return run(model, **options)

    yield make
    model.allow()
    model.soundings.release(1000)


def request(*texts: str, caller: str = "one", voice: str = "v/1") -> SynthesisRequest:
    sentences = tuple(Sentence(text, text, (), ()) for text in texts)
    return SynthesisRequest(caller, sentences, VoiceRef(voice), SpeechOptions(pause=0))


async def heard(stream) -> list[str]:
    return [chunk.text async for chunk in stream if chunk.text]


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


def test_chunks_arrive_in_order_and_the_place_is_free_after(make, model):
    engine = make()
    model.allow()

    async def scene():
        stream = engine.submit(request("a", "b", "c"))
        assert await heard(stream) == ["a", "b", "c"]
        assert await heard(stream) == []
        assert stream.busy_seconds > 0

    asyncio.run(scene())
    assert engine.stats().requests == 0


def test_callers_take_turns_however_many_requests_each_has(make, model):
    model.rows = 1
    engine = make()

    async def scene():
        streams = [engine.submit(request("0"))]
        await until(lambda: model.prepared == ["0"])
        streams += [engine.submit(request(f"a{n}1", f"a{n}2", caller="a")) for n in range(9)]
        streams.append(engine.submit(request("b1", "b2", "b3", caller="b")))
        await until(lambda: len(model.prepared) == 11)
        hearing = asyncio.gather(*map(heard, streams))
        for decoded in range(1, 11):
            model.allow(1)
            await until(lambda: len(model.decoded) >= decoded)  # noqa: B023
            follows = {"b1": "b2", "b2": "b3"}.get(model.decoded[-1], "0")
            await until(lambda: follows in model.prepared)  # noqa: B023
            await asyncio.sleep(0.01)
        model.allow()
        await hearing

    asyncio.run(scene())
    assert model.decoded[:3] == ["0", "a01", "b1"]
    assert model.decoded.index("b3") < 10


def test_first_sounds_go_before_those_of_who_is_heard_already(make, model):
    engine = make()
    model.allow()
    model.soundings = threading.Semaphore(1)

    async def scene():
        long = asyncio.create_task(heard(engine.submit(request("a", "b", "c", "d", caller="a"))))
        await until(lambda: model.decoding == "b")
        late = [engine.submit(request(text, caller=text)) for text in ("x", "y")]
        await until(lambda: {"x", "y"} <= set(model.decoded))
        model.soundings.release(9)
        await asyncio.gather(long, *map(heard, late))

    asyncio.run(scene())
    assert set(model.sounded[2:4]) == {"x", "y"}


@pytest.mark.parametrize(("other", "preempts"), [("b", True), ("a", False)])
def test_a_chunk_gives_way_to_the_first_sound_of_another_owner(make, model, other, preempts):
    engine, wave, begun = make(), model.wave, threading.Event()

    def slow(text, seconds):
        if text == "long":
            begun.set()
            for _ in range(2000 if preempts else 50):
                give_way()
                if "late" in model.sounded:
                    break
                time.sleep(0.005)
        return wave(text, seconds)

    model.wave = slow
    model.allow()

    async def scene():
        stream = engine.submit(request("first", "long", caller="a"))
        long = asyncio.create_task(heard(stream))
        await asyncio.to_thread(begun.wait, 5)
        await asyncio.gather(long, heard(engine.submit(request("late", caller=other))))

    asyncio.run(scene())
    assert model.sounded == ["first", *(["late", "long"] if preempts else ["long", "late"])]


def test_a_sentence_is_heard_before_all_of_it_is_drawn(make, model):
    """The gate of the fake opens for tokens; a long sentence comes in growing chunks."""
    model.tokens = sum(FIRST_CHUNKS) + 30
    engine = make()
    model.allow()

    async def scene():
        chunks = [chunk async for chunk in engine.submit(request("a", "b"))]
        tokens = [round(len(chunk.samples) / 4) for chunk in chunks]
        later = sum(FIRST_CHUNKS) + 30 - sum(LATER_CHUNKS)
        assert tokens == [*FIRST_CHUNKS, 30, *LATER_CHUNKS, later]
        silent = [[""] * len(sizes) for sizes in (FIRST_CHUNKS, LATER_CHUNKS)]
        assert [chunk.text for chunk in chunks] == ["a", *silent[0], "b", *silent[1]]

    asyncio.run(scene())


def test_a_full_queue_refuses_and_says_when_to_come_back(make, model):
    engine = make(size=2)

    async def scene():
        streams = [engine.submit(request("a")), engine.submit(request("b"))]
        with pytest.raises(QueueFullError) as refused:
            engine.submit(request("c"))
        assert 1 <= refused.value.retry_after <= 60
        model.allow()
        await asyncio.gather(*map(heard, streams))
        assert await heard(engine.submit(request("c"))) == ["c"]

    asyncio.run(scene())


def test_an_owner_with_all_places_keeps_nobody_else_out(make, model):
    engine = make(size=4)

    async def scene():
        many = [engine.submit(request("a", caller="A")) for _ in range(4)]
        with pytest.raises(QueueFullError):
            engine.submit(request("a", caller="A"))
        few = [engine.submit(request("b", caller="B")) for _ in range(2)]
        for caller in "AB":
            with pytest.raises(QueueFullError):
                engine.submit(request("b", caller=caller))
        third = engine.submit(request("c", caller="C"))
        model.allow()
        await asyncio.gather(*map(heard, [*many, *few, third]))

    asyncio.run(scene())


def test_streams_that_nobody_reads_leave_room_for_another_owner(make, model):
    """Their sentences wait in the batch until their tokens are wanted."""
    model.rows = 8
    engine = make(size=64)

    async def scene():
        stalled = [engine.submit(request("a", caller="A")) for _ in range(20)]
        await until(lambda: engine.stats().decoding_tokens >= 7)
        other = engine.submit(request("b", caller="B"))
        await until(lambda: engine.stats().decoding_tokens == 8)
        assert engine.stats().decoding_tokens == 8
        model.allow()
        assert await heard(other) == ["b"]
        for stream in stalled:
            stream.close()

    asyncio.run(scene())


def test_closing_a_stream_frees_its_place_at_once_and_stops_its_work(make, model):
    model.rows = 1
    engine = make(size=1)

    async def scene():
        stream = engine.submit(request("a", "b", "c"))
        model.allow(1)
        assert (await anext(stream)).text == "a"
        await until(lambda: "b" in model.prepared)
        stream.close()
        other = engine.submit(request("x"))
        model.allow()
        assert await heard(other) == ["x"]
        assert await heard(stream) == []

    asyncio.run(scene())
    assert "c" not in model.prepared
    assert "b" not in model.sounded


def test_an_error_reaches_only_its_own_caller(make, model):
    engine = make()
    model.allow()

    async def scene():
        good, bad = engine.submit(request("a", "b")), engine.submit(request("a", "bad", "c"))
        with pytest.raises(ValueError, match="bad"):
            await heard(bad)
        assert await heard(good) == ["a", "b"]

    asyncio.run(scene())
    assert engine.stats().requests == 0


@pytest.mark.parametrize(("text", "error"), [("crash", ValueError), ("nan", ModelError)])
def test_sound_that_fails_fails_for_its_own_caller(make, model, text, error):
    engine = make()
    model.allow()

    async def scene():
        good, bad = engine.submit(request("a", "b")), engine.submit(request("a", text, "c"))
        with pytest.raises(error):
            await heard(bad)
        assert await heard(good) == ["a", "b"]

    asyncio.run(scene())
    assert engine.stats().requests == 0
    assert engine.alive


def test_a_step_that_fails_fails_who_took_part_and_nobody_after(make, model, monkeypatch):
    engine = make()

    async def scene():
        def crash(*_):
            raise RuntimeError("out of memory")

        monkeypatch.setattr(model, "may_decode", crash)
        with pytest.raises(RuntimeError, match="out of memory"):
            await heard(engine.submit(request("a")))
        monkeypatch.undo()
        model.allow()
        assert await heard(engine.submit(request("b"))) == ["b"]

    asyncio.run(scene())


def test_the_cores_are_left_to_the_first_sound(make, model):
    engine = make()
    model.allow()
    model.soundings = threading.Semaphore(0)

    async def scene():
        stream = engine.submit(request("a", "b"))
        await until(lambda: model.decoded == ["a"])
        await asyncio.sleep(0.05)
        assert model.prepared == ["a"]
        model.soundings.release(9)
        assert [chunk.text async for chunk in stream] == ["a", "b"]

    asyncio.run(scene())


def test_what_comes_before_an_error_is_heard_first(make, model):
    """A sentence fails in the semantic stage while the one before it waits for its sound."""
    engine = make()
    model.allow()
    model.soundings = threading.Semaphore(0)

    async def scene():
        stream = engine.submit(request("a", "b", "bad", "c"))
        model.soundings.release()
        assert (await anext(stream)).text == "a"
        await until(lambda: "bad" in model.decoded)
        await asyncio.sleep(0.02)
        model.soundings.release(9)
        assert (await anext(stream)).text == "b"
        with pytest.raises(ValueError, match="bad"):
            await anext(stream)

    asyncio.run(scene())
    assert engine.stats().requests == 0


def test_a_voice_that_cannot_be_loaded_fails_its_request(make, model):
    engine = make()
    model.allow()

    async def scene():
        with pytest.raises(TextError):
            await heard(engine.submit(request("a", voice="broken/1")))

    asyncio.run(scene())


def test_a_deadline_ends_a_request_and_frees_its_place(make, model):
    engine = make(deadline=0.05)

    async def scene():
        stream = engine.submit(request("a"))
        with pytest.raises(DeadlineError):
            await heard(stream)
        assert engine.stats().requests == 0

    asyncio.run(scene())


def test_a_caller_who_does_not_take_chunks_gets_no_more_made(make, model):
    model.tokens = 1500
    engine = make()
    model.allow()

    async def scene():
        stream = engine.submit(request(*"abcdefghij"))
        await until(lambda: model.sounded)
        await asyncio.sleep(0.05)
        assert len(model.sounded) == len(model.prepared) == 1
        first = await anext(stream)
        await until(lambda: len(model.sounded) == 1 + Limits().chunks_ahead)
        await until(lambda: len(model.prepared) == Limits().sentences_ahead)
        await asyncio.sleep(0.05)
        assert len(model.sounded) == 1 + Limits().chunks_ahead
        assert len(model.prepared) == Limits().sentences_ahead
        assert [first.text, *await heard(stream)] == list("abcdefghij")

    asyncio.run(scene())


def test_a_thousand_requests_are_all_answered(make, model):
    engine = make(size=1000)

    async def scene():
        streams = [engine.submit(request("a", caller=str(n % 7))) for n in range(1000)]
        with pytest.raises(QueueFullError):
            engine.submit(request("a", caller="1"))
        model.allow(2000)
        assert await asyncio.gather(*map(heard, streams)) == [["a"]] * 1000

    asyncio.run(scene())


def test_a_voice_is_read_once_while_it_is_kept(make, model):
    engine = make(prompt_bytes=2)
    model.allow()

    async def scene():
        for voice in ("a/1", "b/1", "a/1", "c/1", "a/1", "b/1"):
            await heard(engine.submit(request("x", voice=voice)))

    asyncio.run(scene())
    assert model.read_voices == ["a/1", "b/1", "c/1", "b/1"]


def test_a_closed_queue_fails_what_it_holds_and_takes_nothing(make, model):
    engine = make()

    async def scene():
        streams = [engine.submit(request("a", "b")) for _ in range(3)]
        model.allow(1)
        closing = asyncio.create_task(asyncio.to_thread(engine.close))
        await asyncio.sleep(0.02)
        model.allow()
        await closing
        for stream in streams:
            with pytest.raises(UnavailableError):
                await heard(stream)
        with pytest.raises(UnavailableError):
            engine.submit(request("c"))
        assert not engine.alive

    asyncio.run(scene())


def test_stats_tell_what_each_stage_has_in_its_hands(make, model):
    engine = make()
    model.soundings = threading.Semaphore(0)

    async def scene():
        hearing = [asyncio.create_task(heard(engine.submit(request(text)))) for text in "abc"]
        await until(lambda: engine.stats().decoding_tokens == 3)
        model.allow()
        await until(lambda: engine.stats().decoding_chunks)
        model.soundings.release(9)
        await asyncio.gather(*hearing)
        assert (engine.stats().decoding_tokens, engine.stats().decoding_chunks) == (0, 0)

    asyncio.run(scene())


def test_stats_count_requests_and_sentences(make, model):
    engine = make(size=9)

    async def scene():
        streams = [engine.submit(request("a", "b")), engine.submit(request("c"))]
        stats = engine.stats()
        assert (stats.requests, engine.size, stats.sentences) == (2, 9, 3)
        model.allow()
        await asyncio.gather(*map(heard, streams))
        assert engine.stats().seconds_per_sentence > 0

    asyncio.run(scene())


class Trickler(fakes.Model):
    """A model that decodes a token of each sentence in a step, and sounds when it is let."""

    sample_rate = 100
    tokens = 200
    prefill = 1

    def __init__(self) -> None:
        self.steps = 0
        self.joined: list[int] = []
        self.may_join = threading.Event()
        self.soundings = threading.Semaphore(0)
        self.may_join.set()

    def read(self, voice):
        return fakes.PreparedVoice(voice)

    def prepare(self, sentence, prompt, options, seed, *, first):
        if sentence.text == "unprepared":
            raise TextError("no phonemes")
        sequence, stream = super().prepare(sentence, prompt, options, seed, first=first)
        sequence.prefill_length = self.prefill
        return sequence, stream

    def batch(self):
        return TricklingBatch(self)

    def wave(self, timbre, seconds):
        self.soundings.acquire()
        return super().wave(timbre, seconds)


class TricklingBatch(fakes.Batch):
    def join(self, requests):
        self.model.may_join.wait()
        self.model.joined.append(len(requests))
        return super().join(requests)

    def step(self):
        self.model.steps += 1
        for sequence in list(self.sequences):
            sequence.tokens.append(0)
            sequence.ended = len(sequence.tokens) == self.model.tokens
            if sequence.ended:
                self.sequences.remove(sequence)


@pytest.fixture
def trickler():
    model = Trickler()
    yield model
    model.may_join.set()
    model.soundings.release(1000)


def test_tokens_rest_while_the_first_chunk_is_on_its_way(run, trickler):
    engine = run(trickler)

    async def scene():
        stream = engine.submit(request("a"))
        await until(lambda: trickler.steps >= FIRST_CHUNKS[0] + AHEAD_TOKENS)
        await asyncio.sleep(0.05)
        at_rest = trickler.steps
        assert at_rest < trickler.tokens
        await asyncio.sleep(0.05)
        assert trickler.steps == at_rest
        trickler.soundings.release(1)
        await until(lambda: engine.stats().decoding_chunks == 0)
        await asyncio.sleep(0.05)
        assert trickler.steps == at_rest  # until it is taken
        trickler.soundings.release(99)
        assert await heard(stream) == ["a"]
        assert trickler.steps == trickler.tokens

    asyncio.run(scene())


def test_tokens_are_not_decoded_far_ahead_of_the_sound(run, trickler):
    """Behind the chunk that is decoded last are tokens for two more; then the stage rests."""
    trickler.tokens = 1000
    engine = run(trickler)

    async def scene():
        stream = engine.submit(request("a"))
        trickler.soundings.release(1)
        assert (await anext(stream)).text == "a"
        at_least, at_most = (sum(FIRST_CHUNKS[:n]) + AHEAD_TOKENS for n in (3, 4))
        await until(lambda: trickler.steps >= at_least)
        await asyncio.sleep(0.05)
        assert trickler.steps <= at_most
        trickler.soundings.release(99)
        assert await heard(stream) == []

    asyncio.run(scene())


def test_only_so_much_is_read_between_two_steps(run, trickler):
    trickler.prefill = 1 + READ_AT_ONCE // 2
    trickler.may_join.clear()
    trickler.soundings.release(99)
    engine = run(trickler)

    async def scene():
        streams = [engine.submit(request("a"))]
        await until(lambda: engine.stats().sentences == 1)
        await asyncio.sleep(0.05)
        streams += [engine.submit(request("b", caller=str(n))) for n in range(4)]
        await asyncio.sleep(0.1)
        trickler.may_join.set()
        await asyncio.gather(*map(heard, streams))

    asyncio.run(scene())
    assert trickler.joined == [1, 2, 2]


def test_a_sentence_that_cannot_be_prepared_fails_after_those_before_it(run, trickler):
    trickler.soundings.release(99)
    engine = run(trickler)

    async def scene():
        stream = engine.submit(request("a", "b", "unprepared", "c"))
        said = []
        with pytest.raises(TextError):
            async for chunk in stream:
                said.append(chunk.text)
        assert [text for text in said if text] == ["a", "b"]

    asyncio.run(scene())
    assert engine.stats().requests == 0
