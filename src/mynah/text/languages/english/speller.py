"""Pronunciations for words outside the dictionary, from their letters.

A GRU encoder and decoder of 256 units. Weights and alphabets are g2p_en's (Kyubyong Park and
Jongseok Kim, ``checkpoint20.npz``), kept here in half precision.
"""

import string
from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_LETTERS = ["<pad>", "<unk>", "</s>", *string.ascii_lowercase]
_VOWELS = str.split("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW")
_CONSONANTS = str.split("B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH")
# "UW" without stress stands in the model's alphabet beside its three stresses.
_SOUNDS = sorted(
    [f"{vowel}{stress}" for vowel in _VOWELS for stress in "012"] + _CONSONANTS + ["UW"]
)
_PHONES = ["<pad>", "<unk>", "<s>", "</s>", *_SOUNDS]
_START, _END = _PHONES.index("<s>"), _PHONES.index("</s>")
_LONGEST = 20


def spell_out(word: str) -> tuple[str, ...]:
    """Pronounce a word of lower-case letters; letters are all it needs to know."""
    weights = _weights()
    state = np.zeros(weights["enc_w_hh"].shape[1], np.float32)
    for letter in [*word, "</s>"]:
        state = _gru(weights, "enc", _LETTERS.index(letter), state)
    phones: list[str] = []
    heard = _START
    while len(phones) < max(_LONGEST, len(word)):
        state = _gru(weights, "dec", heard, state)
        heard = int(np.argmax(weights["fc_w"] @ state + weights["fc_b"]))
        if heard == _END:
            break
        phones.append(_PHONES[heard])
    return tuple("UW0" if phone == "UW" else phone for phone in phones if phone[0] != "<")


@cache
def _weights() -> dict[str, Array]:
    data = files("mynah.text.languages.english").joinpath("data/speller.npz").read_bytes()
    with np.load(BytesIO(data)) as arrays:
        return {name: arrays[name].astype(np.float32) for name in arrays.files}


def _gru(weights: dict[str, Array], side: str, token: int, state: Array) -> Array:
    embedded = weights[f"{side}_emb"][token]
    new = weights[f"{side}_w_ih"] @ embedded + weights[f"{side}_b_ih"]
    old = weights[f"{side}_w_hh"] @ state + weights[f"{side}_b_hh"]
    reset, update, candidate = np.split(new, 3)
    reset_old, update_old, candidate_old = np.split(old, 3)
    reset = 1 / (1 + np.exp(-(reset + reset_old)))
    update = 1 / (1 + np.exp(-(update + update_old)))
    mixed: Array = (1 - update) * np.tanh(candidate + reset * candidate_old) + update * state
    return mixed
