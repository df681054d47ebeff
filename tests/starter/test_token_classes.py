"""Tokens whose class is known are aligned with the words."""

from itertools import groupby

import torch
from hypothesis import given
from hypothesis import strategies as st

from mynah.starter.token_classes import PAUSE, TokenClasses

# Token n sounds like n // 4; phoneme n like n, the mark 7 like a pause.
CLASSES = TokenClasses(tuple(n // 4 for n in range(24)), (0, 1, 2, 3, 4, 5, 1, PAUSE))


def distances(tokens, doubt=0.0):
    """As far from the tokens that were said as doubt, from the others by 1 or more."""
    generator = torch.Generator().manual_seed(0)
    far = 1 + torch.rand(len(tokens), 24, generator=generator)
    far[range(len(tokens)), tokens] = doubt
    return far


def said(tokens):
    """The sounds that tokens say, without pauses."""
    return [sound for sound in runs(CLASSES.of_tokens[token] for token in tokens) if sound]


def runs(sounds):
    return [sound for sound, _ in groupby(sounds)]


def test_what_is_clear_is_read_as_it_is():
    tokens = [0, 1, 5, 6, 9, 8, 3]
    assert CLASSES.assign(distances(tokens), [1, 2]).tolist() == tokens


def test_what_is_unclear_is_read_as_the_words_have_it():
    heard = distances([5, 6, 13, 9, 8])  # 13 sounds like 3, which the words do not have
    read = CLASSES.assign(heard, [1, 2])
    assert said(read.tolist()) == [1, 2]
    assert read[[0, 1, 3, 4]].tolist() == [5, 6, 9, 8]


def test_marks_may_be_passed_over_and_equal_phonemes_may_not():
    heard = distances([5, 5, 5, 9])
    assert said(CLASSES.assign(heard, [1, 7, 2]).tolist()) == [1, 2]
    read = CLASSES.assign(distances([5, 5, 0, 5]), [1, 7, 1]).tolist()
    assert read == [5, 5, 0, 5]


def test_without_time_for_the_words_the_nearest_tokens_are_read():
    tokens = [5, 9]
    assert CLASSES.assign(distances(tokens), [1, 2, 3]).tolist() == tokens


@given(
    st.lists(st.integers(1, 7), min_size=1, max_size=12),
    st.lists(st.integers(0, 23), min_size=12, max_size=40),
)
def test_the_words_are_said_in_their_order_whatever_was_heard(phones, tokens):
    read = CLASSES.assign(distances(tokens), phones).tolist()
    words = [sound for sound in (CLASSES.of_phones[phone] for phone in phones) if sound]
    # Equal phonemes side by side may be heard as one long sound.
    assert runs(said(read)) == runs(words)
