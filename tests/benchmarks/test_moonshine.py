"""Moonshine's vocabulary file is read as it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("onnxruntime", reason="needs the extra `quality`")

from benchmarks.quality.moonshine import read_vocabulary, text_of


def stored(piece):
    length = len(piece)
    prefix = [length] if length < 128 else [128 + length % 128, length // 128]
    return bytes(prefix) + piece


@given(st.lists(st.binary(max_size=300)))
def test_every_piece_comes_back(pieces):
    assert list(read_vocabulary(b"".join(map(stored, pieces)))) == pieces


def test_pieces_join_into_words():
    assert text_of(["▁two".encode(), "▁caf".encode(), b"\xc3", b"\xa9", b"s"]) == "two cafés"


def test_half_a_character_is_no_reason_to_fail():
    assert text_of([b"caf", b"\xc3"]).startswith("caf")
