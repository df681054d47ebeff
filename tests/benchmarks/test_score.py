"""Scores forgive what an ear cannot hear, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("whisper_normalizer", reason="needs the extra `quality`")

from benchmarks.quality.score import (
    character_error_rate,
    error_rate,
    mandarin_characters,
    syllable_error_rate,
    word_error_rate,
)


@pytest.mark.parametrize(
    ("reference", "heard"),
    [
        ("今天，天气很好。", "今天天气很好"),
        ("兩個人在看書", "两个人在看书"),
        ("她把书给它", "他把书给他"),
        ("共3,500元", "共三千五百元"),
        ("增长了3.5%", "增长了百分之三点五"),
        ("2024年5月", "二零二四年五月"),
        ("２个苹果", "两个苹果"),
        ("我用APP", "我用 app"),
    ],
)
def test_ways_to_write_the_same_mandarin_are_no_errors(reference, heard):
    assert character_error_rate(reference, heard) == 0


@pytest.mark.parametrize(
    ("reference", "heard"),
    [
        ("Hello, World!", "hello world"),
        ("It was built in 1998.", "it was built in nineteen ninety-eight"),
        ("Tickets cost $15.", "tickets cost fifteen dollars"),
        ("About 45 percent", "about forty-five per cent"),
        ("Well… okay", "well okay"),
        ("I'm sure it's the colour", "i am sure it is the color"),
    ],
)
def test_ways_to_write_the_same_english_are_no_errors(reference, heard):
    assert word_error_rate(reference, heard) == 0


def test_mandarin_errors_count_per_character():
    assert character_error_rate("今天天气很好", "今天天汽好") == pytest.approx(2 / 6)


def test_english_errors_count_per_word():
    assert word_error_rate("the cat sat on the mat", "the bat sat on mat now") == pytest.approx(
        3 / 6
    )


def test_nothing_heard_is_every_word_wrong():
    assert word_error_rate("one cat", "") == 1
    assert character_error_rate("猫", "") == 1


def test_a_recogniser_that_babbles_is_worse_than_silence():
    assert character_error_rate("你好", "你好你好你好") == 2


def test_rates_of_many_texts_weigh_by_length():
    assert error_rate([("a b c", "a b c"), ("d", "e")], "en") == pytest.approx(1 / 4)


def test_homophones_are_character_errors_but_no_syllable_errors():
    pair = ("沃森有能力", "卧森有能力")
    assert character_error_rate(*pair) > 0
    assert syllable_error_rate([pair]) == 0


def test_another_tone_is_a_syllable_error():
    assert syllable_error_rate([("妈妈", "马妈")]) > 0


def test_a_reference_without_words_is_refused():
    with pytest.raises(ValueError, match="nothing to compare"):
        word_error_rate("…", "hello")


@given(st.text(alphabet="0123456789.,%/年月日一二三百万两点-℃第ab ，。", max_size=16))
def test_any_mixture_of_numbers_can_be_normalised_twice(text):
    once = "".join(mandarin_characters(text))
    assert "".join(mandarin_characters(once)) == once
