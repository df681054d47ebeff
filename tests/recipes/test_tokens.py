"""The written alphabet of tokens: what each means, and how recordings are told in it."""

import json
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from recipes.starter.corpus import Clip
from recipes.starter.frames import SMOOTH_CHANNELS
from recipes.starter.reader import Reader
from recipes.starter.sounds import PAUSE, Sounds, sound_of
from recipes.starter.tokens import (
    PITCH,
    VOICING,
    Tokens,
    read_alphabet,
    token_edges,
    write_alphabet,
)

from mynah.acoustic.sovits.quantizer import Quantizer
from mynah.text.symbols import SymbolTable

WORDS = ["n", "i3", ",", "s", "i01", "."]
FRAMES = [(0, 10), (1, 20), (2, 10), (3, 10), (4, 20), (5, 10)]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A work folder with one recording of two syllables, the pitch of each rising."""
    ids = SymbolTable.of("v2").encode(WORDS)
    sounds = Sounds([ids])
    places = np.repeat(*np.array(FRAMES).T).astype(np.int16)
    heard = np.array([max(sounds.of_phone[ids[place]], 0) for place in places], np.int16)
    rows = np.zeros((80, SMOOTH_CHANNELS), np.float16)
    rows[:, PITCH] = 5.0
    for start in (10, 50):
        rows[start : start + 20, PITCH] = np.linspace(4.8, 5.2, 20)
    rows[:, VOICING] = np.isin(places, (0, 1, 4))
    np.save(tmp_path / "smooth.npy", rows)
    np.save(tmp_path / "sounds.npy", heard)
    np.save(tmp_path / "alignment.npy", places)
    np.save(tmp_path / "halves.npy", np.zeros(80, np.bool_))
    clip = Clip("one", "zh", "你，思。", "someone", 1.0, 0, 80 * 640)
    (tmp_path / "clips.jsonl").write_text(json.dumps(asdict(clip)) + "\n")
    (tmp_path / "phones.json").write_text(json.dumps([WORDS]))
    for rate in (16, 32):
        np.zeros(1, np.int16).tofile(tmp_path / f"track{rate}.i16")
    write_alphabet(tmp_path)
    return tmp_path


CLIP = Clip("one", "zh", "你，思。", "someone", 1.0, 0, 80 * 640)


@pytest.mark.parametrize("slower", [1.0, 1.3])
def test_tokens_say_the_sounds_in_order_and_for_how_long(work: Path, slower: float):
    told = Tokens(work).of(CLIP, slower)
    tokens, places = told.tokens, told.places
    alphabet = read_alphabet(work)
    names = [alphabet.sounds[alphabet.sound_of[token]] for token in tokens]
    runs = [(name, len(list(run))) for name, run in groupby(names)]
    wanted = [("n", 5), ("i#", 10), (PAUSE, 5), ("s", 5), ("i0#", 10), (PAUSE, 5)]
    assert [name for name, _ in runs] == [name for name, _ in wanted]
    for (_, length), (_, usual) in zip(runs, wanted, strict=True):
        assert abs(length - usual * slower) <= 1
    assert places == sorted(places)
    assert len(places) == len(tokens)


@pytest.mark.parametrize("slower", [0.93, 1.0, 1.27])
def test_a_phoneme_begins_and_ends_with_its_tokens(work: Path, slower: float):
    told = Tokens(work).of(CLIP, slower)
    recorded = np.repeat(*np.array(FRAMES).T)
    assert len(told.times) == 2 * len(told.tokens)
    assert (np.diff(told.times) > 0).all()
    assert recorded[np.round(told.times).astype(int)].tolist() == np.repeat(told.places, 2).tolist()


def test_both_halves_of_a_phoneme_get_the_same_time(work: Path):
    # The s, frames 40 to 49, is a short hiss after a long silence.
    halves = np.zeros(80, np.bool_)
    halves[47:50] = True
    np.save(work / "halves.npy", halves)
    told = Tokens(work).of(CLIP)
    times = told.times[np.repeat(told.places, 2) == 3]
    assert len(times) == 10
    assert (np.round(times) < 47).tolist() == [True] * 5 + [False] * 5
    assert times[0] == pytest.approx(40.2)
    assert times[-1] == pytest.approx(49.2)
    others = np.repeat(told.places, 2) != 3
    assert told.times[others].tolist() == np.arange(80)[others].tolist()


def test_tokens_tell_how_the_pitch_moves(work: Path):
    told = Tokens(work).of(CLIP)
    tokens, places = told.tokens, told.places
    vowel = [token for token, place in zip(tokens, places, strict=True) if place == 1]
    assert vowel == sorted(vowel)
    assert len(set(vowel)) > 2


def test_every_token_is_the_nearest_code_of_its_own_vector(work: Path):
    alphabet = read_alphabet(work)
    quantizer = Quantizer()
    quantizer.codebook.embed.copy_(alphabet.vectors())
    used = sum(alphabet.steps)
    codes = torch.arange(used)[None]
    assert torch.equal(quantizer.distances(quantizer.decode(codes)).argmin(2), codes)
    # What is left over would be heard as a pause.
    rest = torch.arange(used, 1024)[None]
    assert (quantizer.distances(quantizer.decode(rest)).argmin(2) == 0).all()


def test_attempts_are_kept_only_when_they_say_every_phoneme(work: Path):
    reader, ids = Reader(work), SymbolTable.of("v2").encode(WORDS)
    told = Tokens(work).of(CLIP)
    tokens, places = told.tokens, told.places
    spoken = reader.read(ids, tokens)
    assert spoken is not None
    assert spoken.places == places
    without_s = [t for t, place in zip(tokens, places, strict=True) if place != 3]
    assert reader.read(ids, without_s) is None
    assert reader.read(ids, [*tokens, tokens[0]]) is None
    assert reader.read(ids, []) is None


def test_tones_are_no_part_of_a_sound_and_stress_is():
    assert sound_of("a1") == sound_of("a4") != sound_of("AA1")
    assert sound_of("AH1") == sound_of("AH2") != sound_of("AH0")


RUNS = st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=30)


@given(RUNS, st.floats(0.9, 1.5))
def test_every_run_with_a_sound_keeps_a_token(runs: list[tuple[int, bool]], slower: float):
    lengths, silent = np.array(runs).T
    edges = token_edges(np.cumsum(lengths), silent.astype(bool), slower)
    counts = np.diff(np.concatenate([[0], edges]))
    assert (counts >= 0).all()
    assert (counts[~silent.astype(bool)] >= 1).all()
    assert edges[-1] == max(int(lengths.sum() * slower) // 2, int((~silent.astype(bool)).sum()))
