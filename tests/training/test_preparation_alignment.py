"""Words are found where they were said, by scores that leave no doubt and by noisy ones."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mynah.encoders.viterbi import viterbi_path
from mynah.training.prepare.alignment import LEAST_MARGIN, align

CLASSES = 12
BLANK = CLASSES - 1
labels = st.lists(st.integers(0, CLASSES - 2), min_size=3, max_size=8)
sentences = st.lists(labels, min_size=1, max_size=5)


def heard(rng, classes: list[int], doubt: float = 0.02) -> np.ndarray:
    """Scores of frames in which these classes are heard."""
    scores = np.log(rng.uniform(0.5, 1.0, (len(classes), CLASSES)) * doubt)
    scores[np.arange(len(classes)), classes] = np.log(1 - doubt)
    return scores


def spoken(rng, sentences: list[list[int]]) -> tuple[list[int], list[tuple[int, int]]]:
    """Frames as CTC hears sentences, and where each begins and ends."""
    frames: list[int] = [BLANK] * rng.integers(0, 5)
    places = []
    for sentence in sentences:
        start = len(frames)
        for label in sentence:
            frames += [label] * rng.integers(1, 3) + [BLANK] * rng.integers(1, 4)
        while frames[-1] == BLANK:
            frames.pop()
        places.append((start, len(frames)))
        frames += [BLANK] * rng.integers(1, 12)
    return frames, places


@given(sentences, st.integers(0, 2**32 - 1))
def test_sentences_are_found_where_they_are(sentences, seed):
    rng = np.random.default_rng(seed)
    frames, places = spoken(rng, sentences)
    found = align(heard(rng, frames), sentences)
    assert [(each.span.start, each.span.end) for each in found] == places


@given(sentences, st.integers(0, 60), st.integers(0, 2**32 - 1))
def test_whatever_is_heard_spans_are_in_order_and_hold_their_labels(sentences, more, seed):
    rng = np.random.default_rng(seed)
    least = 2 * sum(map(len, sentences)) + more
    scores = np.log(rng.dirichlet(np.ones(CLASSES), least))
    found = align(scores, sentences)
    spans = [each.span for each in found]
    assert all(span.frames >= len(each) for span, each in zip(spans, sentences, strict=True))
    edges = [0, *(edge for span in spans for edge in (span.start, span.end)), least]
    assert edges == sorted(edges)


@given(sentences, st.integers(0, 2**32 - 1))
def test_the_path_goes_through_every_label_in_order(sentences, seed):
    rng = np.random.default_rng(seed)
    classes = np.array([BLANK, *(c for s in sentences for label in s for c in (label, BLANK))])
    skippable = classes == BLANK
    skippable[2:-2:2] &= classes[1:-3:2] != classes[3:-1:2]
    path = viterbi_path(rng.normal(size=(2 * len(classes), CLASSES)), classes, skippable)
    assert (np.diff(path) >= 0).all()
    assert set(np.flatnonzero(~skippable)) <= set(path.tolist())


@given(st.integers(0, 2**32 - 1))
def test_no_other_path_is_likelier(seed):
    """Against all paths of a small case."""
    rng = np.random.default_rng(seed)
    scores, classes = rng.normal(size=(5, 4)), np.array([3, 0, 3, 1, 3])
    skippable = classes == 3
    path = viterbi_path(scores, classes, skippable)
    ways = [[state] for state in (0, 1)]
    for _ in range(4):
        ways = [
            [*way, state]
            for way in ways
            for state in range(way[-1], min(way[-1] + 3, 5))
            if state < way[-1] + 2 or skippable[way[-1] + 1]
        ]
    ways = [way for way in ways if way[-1] >= 3]
    worth = [scores[np.arange(5), classes[way]].sum() for way in ways]
    assert np.isclose(scores[np.arange(5), classes[path]].sum(), max(worth))


def test_words_that_are_said_fit_better_than_others():
    rng = np.random.default_rng(0)
    said, other = rng.integers(0, CLASSES - 1, (2, 30)).tolist()
    scores = heard(rng, spoken(rng, [said])[0], doubt=0.05)
    (right,), (wrong,) = (align(scores, [each]) for each in (said, other))
    assert right.margin > LEAST_MARGIN > wrong.margin


def test_what_was_said_besides_moves_nothing():
    rng = np.random.default_rng(0)
    first, extra, second = ([0, 1, 2, 3, 4], [8, 9, 10] * 9, [5, 6, 7, 6, 5])
    frames, places = spoken(rng, [first, extra, second])
    found = align(heard(rng, frames), [first, second])
    assert [(each.span.start, each.span.end) for each in found] == [places[0], places[2]]


def test_too_little_time_for_the_words_is_no_alignment():
    scores = heard(np.random.default_rng(0), [BLANK] * 5)
    assert align(scores, [[1, 2, 3], [1, 2, 3]]) is None
