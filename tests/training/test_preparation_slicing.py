"""Slices last 2 to 10 s, lie in their recording in order, and every second is accounted for.

Those of a clip with less speech than two seconds are as short as it is.
"""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynah.training.prepare.activity import halved, loudness, runs, speech_frames
from mynah.training.prepare.alignment import AlignedText, TextLine
from mynah.training.prepare.frames import PER_SECOND, SAMPLES, Span
from mynah.training.prepare.segmentation import (
    KEPT,
    LEAST_UNWRITTEN,
    MISMATCH,
    UNWRITTEN,
    segment_with_words,
    segment_without_words,
)
from mynah.training.prepare.sound import Sound

parts = st.lists(
    st.tuples(st.integers(4, 800), st.integers(8, 120)), min_size=1, max_size=12
)  # frames of speech, frames of pause


def sound(parts: list[tuple[int, int]]) -> Sound:
    """Speech and pauses of these lengths; speech swells every 0.2 s."""
    speech = np.concatenate([np.arange(sum(part)) < part[0] for part in parts])
    swell = 12 * np.sin(np.arange(len(speech)) * 2 * np.pi / 10)
    levels = np.where(speech, -20 + swell, -70.0)
    return Sound(np.zeros(len(speech) * SAMPLES, np.float32), levels, speech, 0.0, 50.0)


def check(segmented, frames: int) -> None:
    spoken = np.flatnonzero(segmented.sound.speech)
    shortest = 2.0 if np.ptp(spoken) + 1 >= 2 * PER_SECOND else 0.3
    edges = [
        0,
        *(edge for cut in segmented.cuts for edge in (cut.span.start, cut.span.end)),
        frames,
    ]
    assert edges == sorted(edges)
    for cut in segmented.cuts:
        assert shortest <= cut.span.seconds <= 10
        assert cut.span.frames % 2 == 0
    kept = sum(cut.span.seconds for cut in segmented.cuts)
    assert segmented.seconds.get(KEPT, 0.0) == pytest.approx(kept)
    assert sum(segmented.seconds.values()) == pytest.approx(frames / PER_SECOND)


@given(parts)
def test_slices_without_words(parts):
    recording = sound(parts)
    check(segment_without_words(recording), len(recording.speech))


@given(parts, st.data())
def test_slices_with_words(parts, data):
    recording = sound(parts)
    spans = [Span(run.start, run.end) for run in runs(recording.speech)]
    heard = [
        AlignedText(TextLine(f"line {number}.", (1,)), span, data.draw(st.booleans()))
        for number, span in enumerate(spans)
        if data.draw(st.integers(0, 4))
    ]
    segmented = segment_with_words(recording, heard)
    check(segmented, len(recording.speech))
    for cut in segmented.cuts:
        inside = [
            each
            for each in heard
            if cut.span.start <= each.span.start < each.span.end - 1 < cut.span.end
        ]
        assert all(each.matches for each in inside)
        assert cut.text == " ".join(each.line.text for each in inside)
        spoken = sum(each.span.frames for each in inside)
        most_unwritten = (len(inside) - 1) * (LEAST_UNWRITTEN - 1)
        assert recording.speech[cut.span.start : cut.span.end].sum() <= spoken + most_unwritten


def test_nothing_is_lost_that_can_be_kept():
    segmented = segment_without_words(sound([(150, 30)] * 20))
    assert segmented.seconds[KEPT] > 60
    assert "too_short" not in segmented.seconds


def test_a_short_clip_is_a_slice_as_a_whole():
    (cut,) = segment_without_words(sound([(40, 10)])).cuts
    assert cut.span.seconds == pytest.approx(0.9, abs=0.1)
    assert not segment_without_words(sound([(10, 20)])).cuts


def test_cuts_are_made_at_long_pauses_rather_than_at_short_ones():
    recording = sound([(100, 10), (100, 60), (100, 10), (100, 60), (100, 10), (100, 10)])
    spans = [cut.span for cut in segment_without_words(recording).cuts]
    assert [round(span.seconds) for span in spans] == [4, 4, 4]


def test_speech_that_never_pauses_is_cut_where_it_is_quietest():
    recording = sound([(1600, 10)])
    recording.loudness[[400, 800, 1200]] -= 30
    spans = [cut.span for cut in segment_without_words(recording).cuts]
    assert sum(span.seconds for span in spans) > 31
    assert [span.start for span in spans] == [0, 400, 800, 1200]


def test_lines_that_do_not_match_and_speech_in_no_line_say_why_they_are_left_out():
    recording = sound([(200, 20)] * 4)
    heard = [
        AlignedText(TextLine("one.", (1,)), Span(0, 200), True),
        AlignedText(TextLine("two.", (1,)), Span(220, 420), False),
        AlignedText(TextLine("four.", (1,)), Span(660, 860), True),
    ]
    segmented = segment_with_words(recording, heard)
    assert [cut.text for cut in segmented.cuts] == ["one.", "four."]
    assert segmented.seconds[MISMATCH] == 4.0
    assert segmented.seconds[UNWRITTEN] == 4.0


@given(st.integers(0, 2000), st.integers(1, 3000), st.integers(0, 2**32 - 1))
def test_a_stretch_is_cut_into_parts_that_are_neither_long_nor_short(start, frames, seed):
    levels = np.random.default_rng(seed).normal(size=start + frames)
    found = halved(Span(start, start + frames), levels, 500, 50)
    assert found[0].start == start and found[-1].end == start + frames
    assert all(a.end == b.start for a, b in pairwise(found))
    assert all(part.frames <= 500 for part in found)
    assert len(found) == 1 or all(part.frames >= 50 for part in found)


@pytest.mark.parametrize("noise_db", [-80, -60, -45])
def test_pauses_are_found_whatever_the_noise_in_them(noise_db):
    rng = np.random.default_rng(0)
    speech = np.concatenate([np.arange(80) < 60] * 8)
    swell = np.repeat(0.2 + 0.2 * np.sin(np.arange(len(speech)) * 0.6) ** 2, SAMPLES)
    wave = rng.normal(size=len(speech) * SAMPLES) * swell * np.repeat(speech, SAMPLES)
    wave += rng.normal(size=len(wave)) * 10 ** (noise_db / 20)
    assert (speech_frames(loudness(wave.astype(np.float32))) == speech).mean() > 0.95
