"""Lists of clips as GPT-SoVITS's tools and their users write them."""

import pytest

from mynah.errors import OptionError
from mynah.training.clip_list import read_clip_list

WINDOWS = """\ufeffD:\\GPT-SoVITS\\output\\slicer_opt\\vocal_a.wav|slicer_opt|ZH|今天天气不错。\r
D:\\GPT-SoVITS\\output\\slicer_opt\\vocal_b.wav|slicer_opt|EN|It is a fine day, a|b.\r
\r
output/slicer_opt/vocal_c.wav|slicer_opt|zh|\r
"""


def test_a_list_from_windows_is_read():
    listed = read_clip_list(WINDOWS.encode(), most=10)
    assert [(each.name, each.language, each.text) for each in listed.clips] == [
        ("vocal_a.wav", "zh", "今天天气不错。"),
        ("vocal_b.wav", "en", "It is a fine day, a|b."),
        ("vocal_c.wav", "zh", None),
    ]
    assert listed.language == "auto" and not listed.left_out


def test_a_language_that_is_given_goes_before_those_of_the_list():
    assert read_clip_list(WINDOWS.encode(), most=10, language="all_zh").language == "all_zh"
    one = read_clip_list("a.wav|s|ZH|你好。\nb.wav|s|zh|再见。\n".encode(), most=10)
    assert one.language == "zh"


def test_lines_that_cannot_be_used_are_named():
    rows = "a.wav|s|fr|Bonjour.\nb.wav|s|en|…\nc.wav|s|en|Yes.\nx/c.wav|s|en|No.\n"
    listed = read_clip_list(rows.encode(), most=10)
    assert [each.text for each in listed.clips] == ["Yes."]
    reasons = {each.recording: each.reason for each in listed.left_out}
    assert "'fr' is not one of" in reasons["a.wav"]
    assert reasons["b.wav"] and "twice" in reasons["c.wav"]


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"a.wav|s|en|Yes.\nb.wav|Yes.\n", "Line 2 .* is not path"),
        ("a.wav|s|zh|你好。".encode("gbk"), "not UTF-8"),
        (b"a.wav|s|en|Yes.\n" * 11, "has 11 clips, and a training 10"),
    ],
)
def test_what_is_no_such_list_is_refused(data, match):
    with pytest.raises(OptionError, match=match):
        read_clip_list(data, most=10)
