"""Pauses that a text asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynah.errors import TextError
from mynah.text.breaks import LONGEST_BREAK
from mynah.text.frontend import analyse, pronounce


def pauses(text: str) -> list[tuple[str, float | None, float]]:
    return [(each.text, each.before, each.after) for each in analyse(text)]


def test_a_break_is_a_pause_between_sentences():
    assert pauses('Let me see <break time="1.5s" /> certainly. That is fine.') == [
        ("Let me see", None, 0.0),
        ("certainly.", 1.5, 0.0),
        ("That is fine.", None, 0.0),
    ]


@pytest.mark.parametrize(
    ("tag", "seconds"),
    [
        ('<break time="500ms"/>', 0.5),
        ("<break time='2s' />", 2.0),
        ('<break time="2.25s">', 2.25),
        ("<BREAK/>", 1.0),
        ('<break time="90s" />', LONGEST_BREAK),
        ('<break time="3s" /> <break time="1s" />', 4.0),
        ('<break time="4s" /> … <break time="3s" />', 4.0),
        ("<break time=“1s” />", 1.0),
    ],
)
def test_breaks_in_the_ways_they_are_written(tag, seconds):
    assert pauses(f"你好{tag}再见") == [("你好", None, 0.0), ("再见", seconds, 0.0)]


def test_breaks_before_and_after_all_words():
    assert pauses('<break time="1s"/>Hello there.<break time="2s"/>') == [
        ("Hello there.", 1.0, 2.0)
    ]


def test_the_language_of_figures_is_told_by_the_words_across_a_break():
    sentences = analyse('The numbers are <break time="1s" /> 10, 20.')
    assert [each.normalised for each in sentences[1:]] == ["ten, twenty."]


def test_a_break_alone_is_no_text():
    with pytest.raises(TextError, match="no words"):
        analyse('<break time="1s" />')


def test_a_prompts_words_have_no_breaks():
    assert pronounce('Good <break time="1s" /> morning').normalised == "Good morning"


@given(st.text(max_size=60))
def test_a_text_that_opens_no_tag_has_no_breaks(text):
    text = text.replace("<", "")
    try:
        sentences = analyse("Hello. " + text)
    except TextError:
        return
    assert all(each.before is None and not each.after for each in sentences)
