"""Spliced sentences: every token stays with its phoneme, and cuts are where syllables begin."""

import numpy as np
import pytest
from recipes.starter.sounds import UNKNOWN
from recipes.starter.splices import Example, Splicer, joined

from mynah.text.symbols import SymbolTable

MANDARIN = ["n", "i3", "h", "ao3", ",", "w", "o3", "j", "iao4", "x", "iao3", "m", "ing2", "."]
ENGLISH = ["G", "UH1", "D", "M", "AO1", "R", "N", "IH0", "NG", ",", "EH1", "V", "R", "IY0", "."]


def recording(phones: list[str], first_token: int) -> Example:
    """A recording whose tokens tell which of its phonemes they belong to: two each."""
    heard = [place for place, phone in enumerate(phones) if phone not in ",."]
    places = [place for place in heard for _ in range(2)]
    return Example(SymbolTable.of("v2").encode(phones), [first_token + p for p in places], places)


@pytest.fixture
def splicer() -> Splicer:
    return Splicer({"zh": [recording(MANDARIN, 100)], "en": [recording(ENGLISH, 500)]})


@pytest.mark.parametrize("seed", range(40))
def test_every_token_stays_with_the_phoneme_that_it_was_spoken_for(splicer: Splicer, seed: int):
    sentence = splicer.sentence(np.random.default_rng(seed))
    names = [SymbolTable.of("v2").symbols[phone] for phone in sentence.phones]
    assert len(sentence.tokens) == len(sentence.places) > 0
    for token, place in zip(sentence.tokens, sentence.places, strict=True):
        spoken = MANDARIN[token - 100] if token < 500 else ENGLISH[token - 500]
        assert names[place] == spoken


@pytest.mark.parametrize("seed", range(40))
def test_a_sentence_begins_and_ends_as_recordings_do(splicer: Splicer, seed: int):
    sentence = splicer.sentence(np.random.default_rng(seed))
    names = [SymbolTable.of("v2").symbols[phone] for phone in sentence.phones]
    assert names[0] in ("n", "G")
    assert names[-1] == "."
    assert sentence.places == sorted(sentence.places)


def test_some_sentences_change_their_language():
    splicer = Splicer({"zh": [recording(MANDARIN, 100)], "en": [recording(ENGLISH, 500)]})
    rng = np.random.default_rng(0)
    sentences = [splicer.sentence(rng) for _ in range(200)]
    mixed = sum(min(s.tokens) < 500 <= max(s.tokens) for s in sentences)
    assert 5 < mixed < 60


def test_a_recording_without_alignment_is_left_out():
    unknown = Example([1, 2, 3], [7, 8], [UNKNOWN, UNKNOWN])
    splicer = Splicer({"zh": [unknown, recording(MANDARIN, 100)]})
    rng = np.random.default_rng(0)
    assert all(min(splicer.sentence(rng).tokens) >= 100 for _ in range(50))


def test_joining_moves_the_places_behind_what_is_there():
    whole = joined(recording(MANDARIN, 100), recording(ENGLISH, 500), 0, 3)
    assert len(whole.phones) == len(MANDARIN) + 3
    assert whole.places[-6:] == [len(MANDARIN) + place for place in (0, 0, 1, 1, 2, 2)]
    assert whole.tokens[-6:] == [500, 500, 501, 501, 502, 502]
