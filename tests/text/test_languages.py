"""Language codes and Mandarin with English in one sentence."""

import pytest

from mynah.errors import LanguageError
from mynah.text.frontend import pronounce


def languages(text: str, code: str) -> list[tuple[str, str]]:
    """Stretches of one language each, with their words."""
    stretches: list[tuple[str, str]] = []
    for span in pronounce(text, code).spans:
        if stretches and stretches[-1][0] == span.language:
            stretches[-1] = (span.language, f"{stretches[-1][1]} {span.text}")
        else:
            stretches.append((span.language, span.text))
    return stretches


def test_english_inside_mandarin_keeps_its_own_figures() -> None:
    assert languages("他说I have 5 apples对吗", "zh") == [
        ("zh", "他 说"),
        ("en", "I have five apples"),
        ("zh", "对 吗"),
    ]


def test_a_figure_after_an_english_phrase_is_english_unless_it_counts_in_mandarin() -> None:
    assert languages("他说born in 1990，对", "zh")[1] == ("en", "born in nineteen ninety")
    assert languages("买Apple Watch 100元", "zh")[1:] == [("en", "Apple Watch"), ("zh", "一 百 元")]


def test_a_figure_beside_one_english_word_is_mandarin() -> None:
    assert languages("我用iPhone 15和GPT-4", "zh") == [
        ("zh", "我 用"),
        ("en", "iPhone"),
        ("zh", "十 五 和"),
        ("en", "GPT"),
        ("zh", "四"),
    ]


def test_units_belong_to_the_figure() -> None:
    assert languages("跑了5km用了500MB", "zh") == [
        ("zh", "跑 了 五 千 米 用 了 五 百"),
        ("en", "MB"),
    ]


@pytest.mark.parametrize("code", ["auto", "zh"])
def test_a_whole_english_sentence_is_english(code: str) -> None:
    assert languages("I was born in 1990. 他今年35岁。", code) == [
        ("en", "I was born in nineteen ninety ."),
        ("zh", "他 今 年 三 十 五 岁 ."),
    ]


def test_all_zh_reads_every_figure_in_mandarin() -> None:
    assert languages("I have 3 cats", "all_zh") == [
        ("en", "I have"),
        ("zh", "三"),
        ("en", "cats"),
    ]


def test_figures_alone_are_mandarin_unless_english_was_spoken() -> None:
    assert languages("12", "auto") == [("zh", "十 二")]
    assert languages("I count. 12", "auto")[-1] == ("en", "I count . twelve")
    assert languages("12", "en") == [("en", "twelve")]


def test_english_leaves_out_what_is_not_english() -> None:
    assert languages("I love 北京 a lot", "en") == [("en", "I love a lot")]


@pytest.mark.parametrize("code", ["ja", "", "ZH", "english"])
def test_an_unknown_code_lists_those_that_exist(code: str) -> None:
    with pytest.raises(LanguageError, match="auto, zh, en, all_zh"):
        pronounce("好", code)
