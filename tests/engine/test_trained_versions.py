"""Trained versions of voices: each with its own sound, and no more of them in memory than fit."""

import asyncio
import gc
import random
import shutil
import threading
import weakref
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

import fakes
from mynah.engine.local.local_engine import LocalEngine
from mynah.engine.models import Models
from mynah.engine.request import SynthesisRequest, VoiceRef
from mynah.engine.voice_source import HeldVoices
from mynah.errors import CheckpointError
from mynah.options import SpeechOptions
from mynah.text.frontend import analyse
from mynah.text.sentence import Sentence

TEXT = "Hello."
VERSIONS = 50


@pytest.fixture
def held() -> HeldVoices:
    """Voices and weights that a test has made."""
    return HeldVoices({}, {})


@pytest.fixture
def make(held):
    made = []

    def make(model, voices=held, **options) -> LocalEngine:
        made.append(LocalEngine(model, voices, **options))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def speaker(voice, adapt, held):
    """Makes a version of a voice, of the same number as its weights; 0 has none."""

    def speaker(number: int, **stages) -> VoiceRef:
        key = f"voice/{number}/{sorted(stages)}"
        held.voices[key] = voice
        if number:
            held.folders[key] = adapt(number, **stages)
        return VoiceRef(key, weights=key if number else None)

    return speaker


async def say(engine: LocalEngine, speaker: VoiceRef, text: str = TEXT) -> np.ndarray:
    sentences = tuple(analyse(text, "en", "cut0"))
    request = SynthesisRequest(speaker.key, sentences, speaker, SpeechOptions(seed=1))
    return np.concatenate([chunk.samples async for chunk in engine.submit(request)])


def spoken(engine: LocalEngine, *speakers: VoiceRef, text: str = TEXT) -> list[np.ndarray]:
    """Sound of each speaker, all at the same time."""

    async def scene():
        return await asyncio.gather(*(say(engine, each, text) for each in speakers))

    return asyncio.run(scene())


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    return len(one) == len(other) and np.allclose(one, other, atol=1e-4)


def test_each_version_sounds_its_own_way_and_the_model_as_before(make, models, speaker):
    engine = make(models)
    both, acoustic, semantic = {}, {"semantic": False}, {"acoustic": False}
    kinds = [(0, both), (1, both), (1, acoustic), (1, semantic), (2, both)]
    alone = [spoken(engine, speaker(number, **stages))[0] for number, stages in kinds]
    for at, sound in enumerate(alone):
        assert not any(alike(sound, other) for other in alone[:at])
    again = spoken(engine, *(speaker(number, **stages) for number, stages in kinds))
    assert all(map(alike, again, alone))


@pytest.fixture
def alive(monkeypatch):
    """Counts the acoustic networks of versions that are in memory."""
    networks, trained = weakref.WeakSet(), Models.trained

    def loading(self, folder):
        version = trained(self, folder)
        networks.add(version.sovits)
        alive.loads.append(folder)
        alive.most = max(alive.most, len(networks))
        return version

    @dataclass
    class Alive:
        most: int = 0
        loads: list[Path] = field(default_factory=list)

        @property
        def now(self) -> int:
            return len(networks)

    alive = Alive()
    monkeypatch.setattr(Models, "trained", loading)
    return alive


def test_many_voices_at_a_time_within_some_memory(make, models, speaker, adapt, alive):
    """Each says what it says alone, though the memory is only for four of them."""
    room = 4 * models.trained(adapt(1)).size
    speakers = [speaker(number) for number in range(VERSIONS + 1)]
    plain = make(models, version_bytes=1)
    expected = {each.key: spoken(plain, each)[0] for each in speakers}
    gc.collect()
    alive.most = 0
    engine = make(models, version_bytes=room, size=200)
    asked = random.Random(0).choices(speakers, k=10) + speakers
    for each, sound in zip(asked, spoken(engine, *asked), strict=True):
        assert alike(sound, expected[each.key]), each.key
    # One may be loaded when there is nearly room, and one be on its way out of a stage.
    assert alive.most <= 4 + 2
    assert engine.stats().requests == 0


def test_a_version_is_loaded_once_while_it_is_kept(make, models, speaker, alive):
    first, second = speaker(1), speaker(2)
    engine = make(models)
    for each in (first, second, first, second):
        spoken(engine, each, each)
    assert len(alive.loads) == 2


def test_what_gives_way_is_gone_at_once(make, models, speaker, alive):
    engine = make(models, version_bytes=1)
    gc.disable()
    try:
        for number in (1, 2, 3):
            spoken(engine, speaker(number))
            assert alive.now <= 2
    finally:
        gc.enable()


def test_voices_with_the_models_own_gpt_are_decoded_together(make, models, speaker, monkeypatch):
    engine, step, prepare, rows = make(models), models.gpt.step, Models.prepare, []
    prepared = threading.Semaphore(0)

    def counted(*given, **named):
        try:
            return prepare(*given, **named)
        finally:
            prepared.release()

    def step_together(last, cache):
        if not rows:
            assert all(prepared.acquire(timeout=60) for _ in speakers)
        rows.append(len(last))
        return step(last, cache)

    monkeypatch.setattr(Models, "prepare", counted)
    monkeypatch.setattr(models.gpt, "step", step_together)
    speakers = [speaker(0), *(speaker(number, semantic=False) for number in (1, 2, 3))]
    spoken(engine, *speakers)
    assert len(speakers) in rows


def truncated(folder: Path) -> None:
    path = folder / "acoustic.adapter"
    path.write_bytes(path.read_bytes()[:-9])


@pytest.mark.parametrize("break_it", [truncated, shutil.rmtree], ids=["truncated", "deleted"])
def test_weights_that_cannot_be_used_harm_nobody_else(
    make, models, voice, speaker, adapt, break_it, held
):
    folder = adapt(7)
    break_it(folder)
    held.voices["broken"], held.folders["broken"] = voice, folder
    broken = VoiceRef("broken", weights="broken")
    engine, good = make(models), [speaker(0), speaker(1)]
    expected = spoken(engine, *good)

    async def scene():
        return await asyncio.gather(
            *(say(engine, each) for each in (broken, *good, broken)), return_exceptions=True
        )

    first, *heard, last = asyncio.run(scene())
    for error in (first, last):
        assert isinstance(error, CheckpointError)
        assert "\n" not in str(error)
    assert all(map(alike, heard, expected))
    assert engine.alive
    assert engine.stats().requests == 0


class Troupe(fakes.Model):
    """A model whose versions take a byte each, and speak when `gate` is open."""

    sample_rate = 100
    tokens = 8

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.loaded: list[str] = []

    def trained(self, folder):
        self.loaded.append(folder)
        if folder == "bad":
            raise CheckpointError("bad")
        version = Troupe()
        version.size, version.gate = 1, self.gate
        return version

    def read(self, voice):
        return fakes.PreparedVoice(voice)

    def may_decode(self, sequence) -> bool:
        return self.gate.is_set()


@pytest.fixture
def troupe():
    troupe = Troupe()
    yield troupe
    troupe.gate.set()


def ask(engine: LocalEngine, version: str, text: str = "a"):
    voice, sentence = (
        VoiceRef(version or "plain", weights=version or None),
        Sentence(text, text, (), ()),
    )
    return engine.submit(SynthesisRequest("one", (sentence,), voice, SpeechOptions()))


async def heard(stream) -> list[str]:
    return [chunk.text async for chunk in stream]


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


def test_what_speaks_stays_and_further_versions_wait(make, troupe):
    engine = make(troupe, fakes.Voices(), version_bytes=2)

    async def scene():
        streams = [ask(engine, name) for name in ("a", "b", "a", "c", "d")]
        await until(lambda: troupe.loaded == ["a", "b"])
        plain = ask(engine, "")
        await asyncio.sleep(0.05)
        assert troupe.loaded == ["a", "b"]
        streams[0].close()
        await asyncio.sleep(0.02)
        assert troupe.loaded == ["a", "b"]  # "a" speaks to somebody else, too
        streams[1].close()
        await until(lambda: len(troupe.loaded) == 3)
        troupe.gate.set()
        assert await asyncio.gather(*map(heard, [plain, *streams[2:]])) == [["a"]] * 4
        assert sorted(troupe.loaded) == ["a", "b", "c", "d"]

    asyncio.run(scene())


def test_a_version_at_hand_does_not_keep_others_out(make, troupe):
    engine = make(troupe, fakes.Voices(), version_bytes=1)

    async def scene():
        streams = [ask(engine, "a")]
        await until(lambda: troupe.loaded == ["a"])
        streams += [ask(engine, "b"), ask(engine, "a")]
        await asyncio.sleep(0.05)
        streams[0].close()
        await until(lambda: troupe.loaded == ["a", "b"])
        troupe.gate.set()
        assert await asyncio.gather(*map(heard, streams[1:])) == [["a"]] * 2
        assert troupe.loaded == ["a", "b", "a"]

    asyncio.run(scene())


def test_who_waits_may_leave_and_what_fails_holds_no_room(make, troupe):
    engine = make(troupe, fakes.Voices(), version_bytes=1)

    async def scene():
        first, second, third = ask(engine, "a"), ask(engine, "b"), ask(engine, "c")
        await until(lambda: troupe.loaded == ["a"])
        second.close()
        first.close()
        await until(lambda: troupe.loaded == ["a", "c"])
        troupe.gate.set()
        assert await heard(third) == ["a"]
        for _ in range(3):
            with pytest.raises(CheckpointError):
                await heard(ask(engine, "bad"))
        assert await heard(ask(engine, "d")) == ["a"]
        assert engine.stats().requests == 0

    asyncio.run(scene())
