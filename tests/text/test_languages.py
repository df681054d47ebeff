"""Language codes and Mandarin with English in one sentence."""

import sys

import pytest

from language_extras import PACKAGES, needs
from mynah.errors import LanguageError
from mynah.text.frontend import analyse, pronounce
from mynah.text.languages.registry import LANGUAGES


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


@pytest.mark.parametrize("code", ["jp", "", "ZH", "english"])
def test_an_unknown_code_lists_those_that_exist(code: str) -> None:
    with pytest.raises(LanguageError, match="auto, zh, en, all_zh, ja"):
        pronounce("好", code)


@pytest.mark.parametrize("language", sorted(PACKAGES))
def test_a_missing_extra_is_named(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, PACKAGES[language], None)
    folder = LANGUAGES[language].folder
    for name in [name for name in sys.modules if f".languages.{folder}" in name]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(LanguageError, match=rf"mynah\[{language}\]"):
        pronounce("日本 한국", language)


@needs("ja")
@needs("ko")
def test_scripts_show_the_languages_of_sentences() -> None:
    text = "今日は良い天気ですね。今天天气很好。오늘 날씨가 좋네요. It is fine."
    assert [language for language, _ in languages(text, "auto")] == ["ja", "zh", "ko", "en"]


@needs("ja")
@pytest.mark.parametrize(
    "text",
    [
        "東京、大阪、京都へ行く。",
        "はい。了解。失礼します。",
        "大丈夫！ありがとう。",
        "髙橋さん、内閣、徳島。",
    ],
)
@pytest.mark.parametrize("split", ["cut0", "cut5"])
def test_characters_that_kana_surround_are_japanese(text: str, split: str) -> None:
    spans = [span for sentence in analyse(text, "auto", split) for span in sentence.spans]
    assert {span.language for span in spans} == {"ja"}


@needs("ja")
@pytest.mark.parametrize(
    ("text", "japanese"),
    [
        ("他说「ありがとう」就走了。", "ありがとう"),
        ("他是日本人，他的名字叫做さくら。", "さくら ."),
        ("我在家。ありがとう。", "ありがとう ."),
    ],
)
def test_chinese_with_japanese_words_stays_chinese(text: str, japanese: str) -> None:
    found = languages(text, "auto")
    assert [words for language, words in found if language == "ja"] == [japanese]
    assert {language for language, _ in found} == {"zh", "ja"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("优の良品很好吃", "优的良品很好吃"),
        ("好的ヽ(^o^)ノ我们走吧", "好的"),
        ("你好呀ツ", "你好呀"),
    ],
)
def test_a_kana_in_chinese_is_no_japanese(text: str, said: str) -> None:
    sentence = pronounce(text, "auto")
    assert sentence.normalised.startswith(said)
    assert "ja" not in {span.language for span in sentence.spans}


@needs("ja")
def test_a_kana_alone_is_japanese_elsewhere() -> None:
    assert languages("え？本当ですか。", "auto")[0][0] == "ja"
    assert languages("え？", "auto")[0][0] == "ja"


@needs("ja")
@needs("yue")
def test_auto_yue_takes_chinese_for_cantonese() -> None:
    assert [each for each, _ in languages("我哋去日本玩。ありがとう！", "auto_yue")] == [
        "yue",
        "ja",
    ]
    assert languages("你好。It is late.", "auto_yue")[1] == ("en", "It is late .")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        pytest.param("ja", "今日はnew songを3回聞いた", marks=needs("ja")),
        pytest.param("ko", "오늘 new song을 3번 들었다", marks=needs("ko")),
        pytest.param("yue", "今日聽咗new song三次", marks=needs("yue")),
    ],
)
@pytest.mark.parametrize("whole", [False, True])
def test_english_words_stay_english_in_every_language(code: str, text: str, whole: bool) -> None:
    found = languages(text, f"all_{code}" if whole else code)
    assert [language for language, _ in found] == [code, "en", code]
    assert found[1][1] == "new song"
