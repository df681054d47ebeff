import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynah.errors import OptionError
from mynah.text.splitting import LONGEST_PIECE, METHODS, complete_sentences, first_clause, split

TEXT = "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少？白日依山尽，黄河入海流。"


@pytest.mark.parametrize(
    ("method", "pieces"),
    [
        ("cut0", [TEXT]),
        (
            "cut1",
            [
                "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少？",
                "白日依山尽，黄河入海流。",
            ],
        ),
        ("cut2", [TEXT]),
        (
            "cut3",
            [
                "春眠不觉晓，处处闻啼鸟。",
                "夜来风雨声，花落知多少？白日依山尽，黄河入海流。",
            ],
        ),
        ("cut4", [TEXT]),
        (
            "cut5",
            [
                "春眠不觉晓，",
                "处处闻啼鸟。",
                "夜来风雨声，",
                "花落知多少？",
                "白日依山尽，",
                "黄河入海流。",
            ],
        ),
    ],
)
def test_each_method_cuts_its_own_way(method: str, pieces: list[str]) -> None:
    assert split(TEXT, method) == pieces


def test_cut2_gathers_fifty_characters_and_keeps_no_short_rest() -> None:
    clause = "一二三四五六七八九，"
    assert [len(piece) for piece in split(clause * 16, "cut2")] == [60, 100]
    assert [len(piece) for piece in split(clause * 17, "cut2")] == [60, 60, 50]


def test_cut4_cuts_at_full_stops_of_english() -> None:
    text = "Pi is 3.14. Dr. Smith knows it. So do I."
    assert split(text, "cut4") == ["Pi is 3.14.", "Dr. Smith knows it.", "So do I."]


@pytest.mark.parametrize(
    "text",
    [
        "It costs 1,024.50 dollars",
        "Dr. Smith and Mr. Lee met the U.S. team",
        "See No. 5 at example.com",
        "On Dec. 25, 2024 at 10:30 a.m. sharp",
        "大约3~5天的时间",
    ],
)
def test_no_cut_inside_a_word_or_number(text: str) -> None:
    assert split(text, "cut5") == [text]


def test_pieces_under_five_characters_join_the_next_and_the_last_one_before() -> None:
    assert split("是的，我知道了。好。", "cut5") == ["是的，我知道了。好。"]
    assert split("Yes. I will come. No.", "cut5") == ["Yes. I will come. No."]


def test_methods_that_cut_at_marks_also_cut_at_line_ends() -> None:
    text = "第一行没有标点\n第二行也没有"
    for method in ("cut3", "cut4", "cut5"):
        assert split(text, method) == ["第一行没有标点", "第二行也没有"]


def test_an_unknown_method_lists_those_that_exist() -> None:
    with pytest.raises(OptionError, match="cut0, cut1, cut2, cut3, cut4, cut5"):
        split("好", "cut9")


def test_first_clause_has_no_marks() -> None:
    assert first_clause("你好，世界。") == "你好"
    assert first_clause("……然后") == ""


@given(st.text(alphabet="字好。，！… .,\n1a", max_size=1600), st.sampled_from(sorted(METHODS)))
def test_nothing_spoken_is_lost_and_no_piece_is_too_long(text: str, method: str) -> None:
    pieces = split(text, method)
    spoken = [c for c in text if c.isalnum()]
    assert [c for piece in pieces for c in piece if c.isalnum()] == spoken
    assert all(len(piece) <= LONGEST_PIECE for piece in pieces)


@pytest.mark.parametrize(
    ("text", "ready"),
    [
        ("How are you? I", "How are you?"),
        ("How are you", ""),
        ("你好世界。", "你好世界。"),
        ("It is 3.", ""),
        ("It is 3.5 metres. An", "It is 3.5 metres."),
        ("Ask Dr. Lee", ""),
        ("Ja. ", ""),
        ("First line\nsecond", "First line\n"),
    ],
)
def test_a_growing_text_is_spoken_up_to_its_last_certain_end(text, ready):
    assert complete_sentences(text) == (ready, text.removeprefix(ready))


@given(st.text(alphabet="ab 好3.,?!。\n", max_size=1200))
def test_nothing_of_a_growing_text_is_lost_or_kept_for_ever(text):
    ready, rest = complete_sentences(text)
    assert ready + rest == text
    assert len(rest) <= 510 or len(rest) < len(text)
