import json
import string
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mynah.cli.phonemize import phonemize
from mynah.errors import MynahError, OptionError, TextError
from mynah.text.frontend import FEWEST_PHONES, MAX_CHARACTERS, analyse, pronounce
from mynah.text.languages.registry import CODES
from mynah.text.sentence import Sentence, Span
from mynah.text.splitting import METHODS
from mynah.text.symbols import MARKS, SymbolTable

SYMBOLS = SymbolTable.of("v2")


def test_a_sentence_knows_its_text_its_words_and_their_phones() -> None:
    (sentence,) = analyse("今天去了3家shops。", "zh")
    assert sentence.text == "今天去了3家shops。"
    assert sentence.normalised == "今天去了三家shops."
    words = [(span.text, sentence.phones[span.start : span.end]) for span in sentence.spans]
    assert words[4:] == [
        ("三", ("s", "an1")),
        ("家", ("j", "ia1")),
        ("shops", ("SH", "AA1", "P", "S")),
        (".", (".",)),
    ]


def test_a_short_opening_gets_a_leading_full_stop() -> None:
    first, second = analyse("你好，世界很大很大。后来呢，我们去了上海。", "zh", "cut3")
    assert first.phones[0] == "." and first.normalised.startswith(".你好,")
    assert second.phones[0] == "h"


def test_a_piece_of_few_phones_gets_a_leading_full_stop() -> None:
    sentences = analyse("We went there together, a b c d.", "en")
    assert sentences[0].phones[0] == "W"
    assert all(len(s.phones) >= FEWEST_PHONES or s.phones[0] == "." for s in sentences)


def test_a_piece_without_a_closing_mark_gets_one() -> None:
    assert analyse("他走了进来", "zh")[-1].phones[-1] == "."


def test_pauses_are_symbols_of_their_own() -> None:
    assert pronounce("你好￥世界，^再见", "zh").phones == (
        *("n", "i2", "h", "ao3", "SP2", "sh", "ir4", "j", "ie4", "SP3", "z", "ai4", "j", "ian4"),
    )


def test_pronounce_adds_nothing() -> None:
    assert pronounce("Hi", "en").phones == ("HH", "AY1")


@pytest.mark.parametrize("text", ["", " \n\t", "！？。……", "😀👍🏽", "\x00\x07\u200b", "——"])
@pytest.mark.parametrize("speak", [analyse, pronounce])
def test_a_text_without_words_is_refused_with_a_remedy(text: str, speak) -> None:
    with pytest.raises(TextError, match="give it letters, characters or figures"):
        speak(text)


def test_a_text_in_no_spoken_script_is_refused_with_a_remedy() -> None:
    with pytest.raises(TextError, match="code of the text's own language"):
        analyse("ありがとう", "zh")
    with pytest.raises(TextError, match="nothing in the text can be said in 'en'"):
        analyse("你好", "en")


def test_a_text_beyond_the_limit_is_refused() -> None:
    with pytest.raises(TextError, match=f"100000 characters, more than {MAX_CHARACTERS}"):
        analyse("好" * 100_000)


def test_emoji_and_control_characters_are_dropped() -> None:
    assert analyse("今天\u200b很\x07开心😀！") == analyse("今天很开心！")


def test_an_unknown_split_method_is_refused() -> None:
    with pytest.raises(OptionError, match="cut5"):
        analyse("好", "zh", "cut6")


@pytest.mark.parametrize("unit", ["1", "a", "好", "1-", "a.a", "1:", "好，", "$1 ", "('", "-1/"])
def test_monotonous_texts_take_linear_time(unit: str) -> None:
    text = "好a" + unit * (4000 // len(unit))
    for code in ("zh", "en"):
        analyse(text, code, "cut0")


FRAGMENTS = st.sampled_from(
    str.split(
        "你好 银行行长 一 不 儿 3.14 1,024 2025年 10:30 -5℃ 3~5 50% ￥8 $9.99 ^ 13800138000 1/2 ½"
        " 5km Dr. U.S. A1024 iPhone don't NASA 1990s 3rd e.g. 。 ， … —— “ ） 😀 こ 한 é α ① Ⅲ"
        " 今日は ティー っ 090-1234-5678 값이 읽는다 닭 ㅋㅋ 喺度 隻 ng AI 3人 5명"
    )
) | st.sampled_from("\ue000\n\t ")
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(FRAGMENTS, max_size=12).map("".join),
    st.lists(FRAGMENTS, max_size=12).map(" ".join),
    st.text(alphabet=string.printable, max_size=60),
    st.text(alphabet=st.characters(min_codepoint=0x3400, max_codepoint=0x9FFF), max_size=30),
)

OPENINGS = MARKS | {"SP2", "SP3"}
"""A mark or a pause already gives the models the start that a short piece lacks."""


def unknown(sentence: Sentence, span: Span) -> bool:
    """True if the symbol for unknown ones is among a word's; Japanese phrases end with it."""
    return "UNK" in sentence.phones[span.start : span.end]


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from(sorted(CODES)), st.sampled_from(sorted(METHODS)))
def test_any_text_is_spoken_or_refused(text: str, language: str, split: str) -> None:
    try:
        sentences = analyse(text, language, split)
    except MynahError as refusal:
        assert "\n" not in str(refusal)
        return
    assert sentences
    for sentence in sentences:
        assert set(sentence.phones) <= set(SYMBOLS.symbols)
        assert all(span.language == "ja" for span in sentence.spans if unknown(sentence, span))
        edges = [0, *(span.end for span in sentence.spans)]
        assert [span.start for span in sentence.spans] == edges[:-1]
        assert edges[-1] == len(sentence.phones)
        assert all(span.start < span.end for span in sentence.spans)
        assert len(sentence.phones) >= FEWEST_PHONES or sentence.phones[0] in OPENINGS


def test_mandarin_spans_are_single_characters_of_the_normalised_text() -> None:
    (sentence,) = analyse("2025年，他来了。", "zh", "cut0")
    assert "".join(span.text for span in sentence.spans) == sentence.normalised
    assert all(len(span.text) == 1 for span in sentence.spans)


def test_phonemize_gives_one_row_per_text() -> None:
    rows = list(phonemize("zh", ["你好。", "3天"]))
    assert rows == [
        {"text": "你好。", "normalised": "你好.", "phones": ["n", "i2", "h", "ao3", "."]},
        {"text": "3天", "normalised": "三天", "phones": ["s", "an1", "t", "ian1"]},
    ]
    assert json.dumps(rows)


def test_importing_the_door_loads_no_dictionary() -> None:
    code = (
        "import sys, mynah.text.frontend\n"
        "loaded = {'pypinyin', 'rjieba', 'nltk', 'opencc', 'numpy', 'torch'} & set(sys.modules)\n"
        "assert not loaded | {'pyopenjtalk', 'MeCab', 'ToJyutping'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
