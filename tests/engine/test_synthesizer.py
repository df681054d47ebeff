"""Text and a voice become speech, by the engine's door, with a tiny model."""

import threading

import numpy as np
import pytest

import mynah
from mynah.acoustic.decode_stream import FIRST_CHUNKS
from mynah.audio.recording import Recording
from mynah.errors import LanguageError, OptionError, TextError
from mynah.options import SpeechOptions
from mynah.semantic.sampling import SamplingOptions
from mynah.voice.voice import Voice

TEXT = "Hello, world, how are you?"
LONG = "The weather is fine today. 我们一起去公园散步吧。 Then we shall see 3 old friends!"


def options(**chosen) -> SpeechOptions:
    return SpeechOptions(**{"split": "cut0"} | chosen)


@pytest.fixture
def say(synthesizer, voice):
    return lambda text=TEXT, **chosen: synthesizer.speak(text, voice, options(**chosen))


def test_speech_is_sound_of_the_models_rate(say):
    speech = say()
    assert speech.sample_rate == 32_000
    assert speech.text == TEXT
    assert speech.samples.dtype == np.float32
    assert 0.44 <= speech.seconds < 60
    assert 0 < np.abs(speech.samples).max() <= 1


def test_equal_seeds_give_equal_sound(say):
    first = say(LONG, seed=7, split="cut5").samples
    np.testing.assert_array_equal(say(LONG, seed=7, split="cut5").samples, first)


def test_another_seed_gives_another_reading(say):
    readings = [say(seed=seed).samples for seed in range(3)]
    assert not any(np.array_equal(readings[0], other) for other in readings[1:])


def test_callers_at_once_get_what_each_gets_alone(say):
    alone = {seed: say(seed=seed).samples for seed in range(4)}
    together = {}

    def speak(seed: int) -> None:
        together[seed] = say(seed=seed).samples

    threads = [threading.Thread(target=speak, args=(seed,)) for seed in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, samples in alone.items():
        np.testing.assert_array_equal(together[seed], samples)


def test_what_nobody_chose_is_the_models_own(say, synthesizer, monkeypatch):
    gpt = synthesizer._models.gpt
    calm = say(LONG, temperature=0.3, top_k=4).samples
    monkeypatch.setattr(gpt, "sampling", SamplingOptions(temperature=0.3, top_k=4))
    np.testing.assert_array_equal(say(LONG).samples, calm)
    resolved = synthesizer._models.resolve(options(top_k=9))
    assert (resolved.top_k, resolved.temperature, resolved.top_p) == (9, 0.3, 1.0)
    assert resolved.repetition_penalty == 1.35


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.25, 2.0])
def test_speed_changes_the_duration_alone(say, speed):
    assert say(speed=speed).seconds == pytest.approx(say().seconds / speed, abs=0.05)


def joined(chunks) -> np.ndarray:
    return np.concatenate([chunk.samples for chunk in chunks])


def sentences(synthesizer, voice, chosen) -> list[np.ndarray]:
    """Sound of each sentence of a long text, with the pause after it."""
    spoken = []
    for chunk in synthesizer.stream(LONG, voice, chosen):
        if chunk.text:
            spoken.append([])
        spoken[-1].append(chunk)
    return [joined(chunks) for chunks in spoken]


def test_a_stream_is_the_text_in_parts(synthesizer, voice):
    chosen = SpeechOptions(seed=3)
    chunks = list(synthesizer.stream(LONG, voice, chosen))
    assert len(chunks) > 3
    texts = [chunk.text for chunk in chunks if chunk.text]
    assert len(texts) == 3
    assert "".join(texts).replace(" ", "") == LONG.replace(" ", "")
    again = joined(synthesizer.stream(LONG, voice, chosen))
    np.testing.assert_array_equal(joined(chunks), again)


def test_sentences_are_decoded_as_wholes_for_who_waits_for_all_of_them(synthesizer, voice):
    streamed = list(synthesizer.stream(LONG, voice, SpeechOptions(seed=3)))
    chosen = SpeechOptions(seed=3, whole_sentences=True)
    chunks = list(synthesizer.stream(LONG, voice, chosen))
    assert all(chunk.text for chunk in chunks)  # one each
    assert len(joined(chunks)) == len(joined(streamed))
    whole = synthesizer.speak(LONG, voice, SpeechOptions(seed=3))
    np.testing.assert_array_equal(joined(chunks), whole.samples)


def test_a_pause_stands_between_sentences_and_not_at_the_end(synthesizer, voice):
    without, paused = (
        sentences(synthesizer, voice, SpeechOptions(pause=pause)) for pause in (0, 0.5)
    )
    for bare, padded in zip(without[:-1], paused[:-1], strict=True):
        np.testing.assert_array_equal(padded[: len(bare)], bare)
        np.testing.assert_array_equal(padded[len(bare) :], np.zeros(16_000))
    np.testing.assert_array_equal(paused[-1], without[-1])


def test_the_first_chunk_comes_while_tokens_are_still_drawn(synthesizer, voice, monkeypatch):
    """As soon as the tokens for it are there, of a sentence that would go on for long."""
    gpt, steps = synthesizer._models.gpt, []
    step = gpt.step
    monkeypatch.setattr(gpt, "step", lambda *given: steps.append(1) or step(*given))
    stream = synthesizer.stream(TEXT * 9, voice, options())
    first = next(stream)
    assert first.seconds == pytest.approx(FIRST_CHUNKS[0] / 25)
    assert len(steps) < 400
    stream.close()


def test_a_stream_that_is_left_stops_the_work(synthesizer, voice):
    stream = synthesizer.stream(LONG, voice)
    next(stream)
    stream.close()
    assert synthesizer._scheduler.stats().requests == 0


def test_a_sentence_sounds_the_same_whatever_follows_it(synthesizer, voice):
    first = next(synthesizer.stream(LONG, voice)).samples
    other = next(synthesizer.stream("The weather is fine today. So we stay.", voice)).samples
    np.testing.assert_array_equal(first, other)


def test_a_voice_without_words_speaks_with_its_timbre(synthesizer, voice):
    wordless = Voice("hum", voice.recordings)
    assert synthesizer.speak(TEXT, wordless, options()).seconds >= 0.44


def test_a_prompt_that_is_too_long_gives_its_timbre(synthesizer, voice):
    samples = np.tile(voice.recordings[0].samples, 5)
    long = Voice("hum", (Recording(samples, 16_000),), voice.texts)
    wordless = Voice("hum", long.recordings)
    np.testing.assert_array_equal(
        synthesizer.speak(TEXT, long, options()).samples,
        synthesizer.speak(TEXT, wordless, options()).samples,
    )


def test_a_second_recording_changes_the_sound_and_not_the_words(synthesizer, voice, hum):
    two = Voice("hum", (*voice.recordings, hum(260)), voice.texts)
    one, both = (synthesizer.speak(TEXT, who, options()).samples for who in (voice, two))
    assert len(one) == len(both)
    assert not np.array_equal(one, both)


@pytest.mark.parametrize("text", ["", "   ", "……！？", "🎉🎉", "\x00\x07\x1b"])
def test_text_that_cannot_be_spoken_is_refused_before_any_sound(synthesizer, voice, text):
    with pytest.raises(TextError) as caught:
        synthesizer.stream(text, voice)
    assert "\n" not in str(caught.value)


def test_a_hundred_thousand_characters_are_refused(synthesizer, voice):
    with pytest.raises(TextError, match=r"50[,_]?000"):
        synthesizer.stream("很" * 100_000, voice)


def test_emoji_and_control_characters_are_passed_over(say):
    plain = say().samples
    np.testing.assert_array_equal(say(f"\x07{TEXT[:5]}\u200b{TEXT[5:]}🎉").samples, plain)


def test_an_unknown_language_is_refused_with_those_there_are(synthesizer, voice):
    with pytest.raises(LanguageError, match="zh"):
        synthesizer.stream(TEXT, voice, SpeechOptions(language="tlh"))


def test_an_unknown_split_is_refused(synthesizer, voice):
    with pytest.raises(OptionError, match="cut0"):
        synthesizer.stream(TEXT, voice, SpeechOptions(split="cut9"))


def test_words_of_a_voice_that_cannot_be_pronounced_are_refused(synthesizer, voice):
    with pytest.raises(TextError):
        synthesizer.speak(TEXT, Voice("hum", voice.recordings, ("…",)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("speed", 0.2),
        ("speed", 4.1),
        ("speed", float("nan")),
        ("top_k", 0),
        ("top_p", 0.0),
        ("temperature", 0.0),
        ("repetition_penalty", 0.9),
        ("pause", -1.0),
        ("seed", -1),
        ("seed", 2**63),
    ],
)
def test_an_option_out_of_range_is_named_with_its_range(name, value):
    with pytest.raises(OptionError, match=rf"{name} is .* between .* and "):
        SpeechOptions(**{name: value})


def test_the_packages_own_names():
    for name in mynah.__all__:
        assert getattr(mynah, name) is not None
    assert [sample.name for sample in mynah.samples()] == ["ljspeech", "mandarin"]
    assert [sample.name for sample in mynah.samples()] == ["ljspeech", "mandarin"]
    with pytest.raises(AttributeError, match="sing"):
        mynah.sing  # noqa: B018
