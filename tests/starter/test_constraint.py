"""A constrained GPT says what is written, however it was trained and however it is sampled."""

from dataclasses import replace
from itertools import groupby

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mynah.semantic.batch import TorchBatch, generate
from mynah.semantic.config import SemanticConfig
from mynah.semantic.gpt import GPT
from mynah.semantic.sampling import SamplingOptions
from mynah.semantic.sequence import SemanticRequest
from mynah.starter.constraint import LONGEST_PAUSE, LONGEST_SOUND, PhonemeConstraint
from mynah.starter.token_classes import PAUSE, TokenClasses

SOUNDS = 9
UNSAYABLE = 7
"""A sound of phonemes that no token has."""
TOKENS = tuple(sound for sound in range(SOUNDS) if sound != UNSAYABLE for _ in range(3))
TABLES = TokenClasses(TOKENS, tuple(range(SOUNDS)))
SIZES = SemanticConfig(
    hidden=16, heads=2, layers=2, phoneme_vocabulary=SOUNDS, vocabulary=len(TOKENS) + 1
)


@pytest.fixture(scope="module")
def gpt():
    torch.manual_seed(0)
    return GPT(SIZES).eval()


def request(phones, seed=0, **sampling):
    options = SamplingOptions(**({"top_k": 5, "repetition_penalty": 1.0} | sampling))
    nothing = torch.zeros(0, dtype=torch.long)
    constraint = PhonemeConstraint.of(TABLES, phones)
    return SemanticRequest(
        torch.tensor(phones), nothing, sampling=options, seed=seed, constraint=constraint
    )


def said(tokens):
    """Runs of sounds in tokens, and of how many tokens each is."""
    return [(sound, len(list(run))) for sound, run in groupby(TOKENS[token] for token in tokens)]


def without_pauses(sounds):
    """Sounds in their order; the same one behind a pause is as one that lasts."""
    return [
        sound for sound, _ in groupby(each for each in sounds if each not in (PAUSE, UNSAYABLE))
    ]


@settings(max_examples=40, deadline=None)
@given(
    phones=st.lists(st.integers(0, SOUNDS - 1), min_size=1, max_size=12).filter(without_pauses),
    seed=st.integers(0, 99),
    temperature=st.sampled_from([0.1, 1.0, 5.0]),
    penalty=st.sampled_from([1.0, 1.35]),
)
def test_all_is_said_and_nothing_else(gpt, phones, seed, temperature, penalty):
    asked = request(phones, seed, temperature=temperature, repetition_penalty=penalty)
    runs = said(generate(gpt, asked))
    assert without_pauses(sound for sound, _ in runs) == without_pauses(phones)
    for sound, length in runs:
        # The pause between two that are alike may be left out, and both are one run then.
        assert length <= (LONGEST_PAUSE if sound == PAUSE else LONGEST_SOUND * phones.count(sound))


def test_pauses_are_only_where_marks_are(gpt):
    phones = [1, 2, PAUSE, 3, 4]
    for seed in range(20):
        sounds = [sound for sound, _ in said(generate(gpt, request(phones, seed)))]
        inside = sounds[sounds.index(1) : sounds.index(4)]
        assert inside in ([1, 2, 3], [1, 2, PAUSE, 3])


def test_a_row_without_a_constraint_decodes_as_it_does_alone(gpt):
    free = SemanticRequest(
        torch.tensor([1, 2, 3]), torch.zeros(0, dtype=torch.long), seed=5, max_tokens=30
    )
    alone = list(generate(gpt, free))
    batch = TorchBatch(gpt, rows=2, buckets=(64,))
    row, _ = batch.join([free, replace(request([4, 5]), max_tokens=30)])
    while batch.sequences:
        batch.step()
    assert row.tokens == alone


def test_what_cannot_be_said_has_no_constraint():
    assert PhonemeConstraint.of(TABLES, [PAUSE, UNSAYABLE]) is None


def lasting(chance):
    """Logits that give a token of sound 1, then of 2, these chances; any other has none."""
    logits = torch.full((len(TOKENS) + 1,), -50.0)
    logits[TOKENS.index(1)], logits[TOKENS.index(2)] = chance, 1 - chance
    return logits.clamp(min=1e-9).log().where(logits > -50, -50.0)


@pytest.mark.parametrize("chance, tokens", [(0.1, 1), (0.6, 2), (0.8, 4), (0.99, LONGEST_SOUND)])
def test_a_sound_lasts_for_the_median_of_what_is_likely(chance, tokens):
    state = PhonemeConstraint.of(TABLES, [1, 2]).start()
    state.advance(TOKENS.index(1))
    drawn = 1
    while state.allowed(lasting(chance))[TOKENS.index(1)]:
        state.advance(TOKENS.index(1))
        drawn += 1
    assert drawn == tokens


def test_the_end_comes_only_when_all_is_said():
    eager = torch.zeros(len(TOKENS) + 1)
    eager[-1] = 50.0
    state = PhonemeConstraint.of(TABLES, [1, 2]).start()
    assert not state.allowed(eager)[-1]
    for sound in (1, 2):
        assert not state.allowed(eager)[-1]
        state.advance(TOKENS.index(sound))
    assert state.allowed(eager)[-1]
