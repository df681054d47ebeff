"""Times of characters by ElevenLabs' own client and on its sockets."""

import base64
from itertools import pairwise

import pytest
from elevenlabs.client import ElevenLabs

TEXT = "I paid 5 dollars. Thank you!"
SENTENCES = ["I paid 5 dollars. ", "Thank you!"]
SPOKEN = ["I paid five dollars. ", "Thank you!"]
FORM = "pcm_16000"
RATE = 16_000


@pytest.fixture
def speech(server):
    return ElevenLabs(base_url=server.url + "/elevenlabs", api_key=server.secret).text_to_speech


def seconds_of(audio: str) -> float:
    return len(base64.b64decode(audio)) / 2 / RATE


def check_times(alignment, seconds: float) -> None:
    starts = alignment.character_start_times_seconds
    ends = alignment.character_end_times_seconds
    assert len(starts) == len(ends) == len(alignment.characters)
    assert all(start <= end for start, end in zip(starts, ends, strict=True))
    assert all(before <= after for before, after in pairwise(starts))
    assert starts[0] >= 0
    assert ends[-1] <= seconds + 0.01


def test_a_call_tells_the_times_of_all_characters(speech):
    answer = speech.convert_with_timestamps("ljspeech", text=TEXT, output_format=FORM)
    seconds = seconds_of(answer.audio_base_64)
    assert "".join(answer.alignment.characters) == TEXT
    assert "".join(answer.normalized_alignment.characters) == "".join(SPOKEN)
    check_times(answer.alignment, seconds)
    check_times(answer.normalized_alignment, seconds)
    # The first sentence ends with a pause, which is before the second one.
    second = TEXT.index("Thank")
    assert answer.alignment.character_start_times_seconds[second] == pytest.approx(
        seconds_of_first(speech), abs=0.05
    )


def seconds_of_first(speech) -> float:
    lines = list(speech.stream_with_timestamps("ljspeech", text=TEXT, output_format=FORM))
    second = next(n for n, line in enumerate(lines) if n and line.alignment)
    return sum(seconds_of(line.audio_base_64) for line in lines[:second])


def test_a_stream_tells_a_sentences_times_with_its_first_audio(speech):
    lines = list(speech.stream_with_timestamps("ljspeech", text=TEXT, output_format=FORM))
    told = [line for line in lines if line.alignment]
    assert ["".join(line.alignment.characters) for line in told] == SENTENCES
    assert ["".join(line.normalized_alignment.characters) for line in told] == SPOKEN
    whole = sum(seconds_of(line.audio_base_64) for line in lines)
    assert told[0].alignment.character_start_times_seconds[0] < 0.1
    assert 0.2 < told[1].alignment.character_start_times_seconds[0] < whole
    check_times(told[1].alignment, whole)


def test_chinese_sentences_are_not_parted_by_blanks(speech):
    text = "今天是3号。明天见。"
    answer = speech.convert_with_timestamps("ljspeech", text=text, output_format=FORM)
    assert "".join(answer.alignment.characters) == text
    assert "三" in answer.normalized_alignment.characters
    check_times(answer.alignment, seconds_of(answer.audio_base_64))


def test_breaks_are_silent_and_keep_no_time_from_the_words(speech):
    text = 'Good morning. <break time="1.5s" /> How are you today?'
    plain = speech.convert_with_timestamps(
        "ljspeech", text="Good morning. How are you today?", output_format=FORM
    )
    answer = speech.convert_with_timestamps("ljspeech", text=text, output_format=FORM)
    longer = seconds_of(answer.audio_base_64) - seconds_of(plain.audio_base_64)
    assert longer == pytest.approx(1.5, abs=0.01)  # this server leaves out usual pauses
    assert "".join(answer.alignment.characters) == "Good morning. How are you today?"
