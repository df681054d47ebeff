"""Words that an operator does not let be spoken, whatever disguise they come in."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC

from mynah.errors import OptionError
from mynah.server.access.unicode_folding import fold
from mynah.server.access.word_lists import Entry, WordLists, Words

SPEECH = "/v1/audio/speech"
CHINESE, LATIN = "违禁词汇", "badword"
WORDS = Words([Entry(CHINESE, "a.txt:1"), Entry(LATIN, "a.txt:2"), Entry("禁词", "a.txt:3")])

separators = st.text(" \t.,*-_·，。!…\u200b\u00ad\u0301😀", max_size=3)
plain_text = st.text("的一是了我 abcdefg,.，。0123", max_size=20)
any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="薴苧"))


def full_width(text: str) -> str:
    return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)


disguises = st.sampled_from([str, full_width, str.upper, str.title, OpenCC("s2t").convert])


@st.composite
def disguised(draw, word: str) -> str:
    between = [draw(separators) for _ in word[1:]]
    spread = word[0] + "".join(map(str.__add__, between, word[1:]))
    return draw(disguises)(spread)


@given(disguised(CHINESE) | disguised(LATIN), plain_text, plain_text, st.sampled_from(" ，的\n"))
def test_no_disguise_hides_a_word(hidden, before, after, edge):
    text = f"{before}{edge}{hidden}{edge}{after}"
    start = len(before) + 1
    places = {(match.start, match.end) for match in WORDS.find(text)}
    # Marks that sound nothing may stand at its end.
    assert any(at == start and end >= start + 4 for at, end in places)
    assert not WORDS.find(WORDS.masked(text))


@given(st.lists(st.sampled_from([CHINESE, LATIN, "禁", "词", "bad", " ", "x", "，", "的"])))
def test_a_masked_text_has_no_words_and_keeps_the_rest(parts):
    text = "".join(parts)
    masked = WORDS.masked(text)
    assert not WORDS.find(masked)
    assert masked.count("的") == text.count("的")
    if not WORDS.find(text):
        assert masked == text


@given(any_text, any_text)
def test_what_is_found_is_the_word(before, after):
    text = before + CHINESE + after
    found = [match for match in WORDS.find(text) if match.place == "a.txt:1"]
    assert any(match.start == len(before) for match in found)
    for match in found:
        assert fold(text[match.start : match.end]).text == CHINESE


@given(any_text)
def test_folding_a_second_time_changes_nothing(text):
    folded = fold(text)
    assert fold(folded.text).text == folded.text
    assert len(folded.places) == len(folded.text)
    assert list(folded.places) == sorted(folded.places)


@pytest.mark.parametrize("text", ["badwords", "abadword", "a badwordy day", "2badword3", "Bad"])
def test_a_word_of_letters_is_not_found_in_another(text):
    assert not WORDS.find(text)


@pytest.mark.parametrize("text", ["BÀDWÖRD!", "b a d w o r d", "是badword的", "ⓑⓐⓓⓦⓞⓡⓓ"])
def test_a_word_of_letters_is_found_by_itself(text):
    assert WORDS.find(text)


def screened(start, tmp_path, words: str, **settings):
    folder = tmp_path / "words"
    folder.mkdir()
    (folder / "list.txt").write_text(words, "utf-8")
    return start(screen_words=folder, **settings), folder


def say(server, text: str, **options):
    return server.client().post(SPEECH, json={"input": text, "voice": "mandarin"} | options)


def audits(caplog) -> list[dict]:
    return [vars(record) for record in caplog.records if record.msg == "screened"]


def test_a_text_with_a_word_is_refused_and_noted_without_it(start, tmp_path, error_of, caplog):
    server, _ = screened(start, tmp_path, "# insults\n\n违禁词\n")
    answer = say(server, "这是違 禁*词吗。")
    assert answer.status_code == 400
    error = error_of(answer)
    assert (error["code"], error["param"]) == ("content_refused", "input")
    assert not server.model.hummed
    (audit,) = audits(caplog)
    assert (audit["mode"], audit["entries"]) == ("reject", ["list.txt:3"])
    assert audit["caller"].startswith("key_")
    assert not any("禁" in str(vars(record)) for record in caplog.records)
    assert say(server, "这是可以的。").status_code == 200


def test_a_word_is_masked(start, tmp_path, caplog):
    server, _ = screened(start, tmp_path, "违禁词", screen_mode="mask")
    assert say(server, "你好，这是違禁詞，再见。", split="cut0").status_code == 200
    (hummed,) = server.model.hummed
    assert "你好" in hummed
    assert "再见" in hummed
    assert "禁" not in hummed
    assert audits(caplog)[0]["mode"] == "mask"


def test_a_text_of_nothing_else_is_refused(start, tmp_path, error_of):
    server, _ = screened(start, tmp_path, "违禁词", screen_mode="mask")
    assert error_of(say(server, "违禁词。"))["code"] == "invalid_text"


def test_a_word_is_only_reported(start, tmp_path, caplog):
    server, _ = screened(start, tmp_path, "违禁词", screen_mode="report")
    assert say(server, "这是违禁词。").status_code == 200
    assert "".join(server.model.hummed).count("违禁词") == 1
    assert [audit["mode"] for audit in audits(caplog)] == ["report"]


@pytest.mark.parametrize(("mode", "status"), [("reject", 400), ("mask", 400), ("report", 200)])
def test_a_word_that_figures_spell_is_found_as_it_is_said(start, tmp_path, caplog, mode, status):
    server, _ = screened(start, tmp_path, "三百只猫", screen_mode=mode)
    assert say(server, "我有300只猫。", language="zh").status_code == status
    assert len(audits(caplog)) == 1


def test_lists_are_read_again_when_they_change(start, tmp_path, caplog):
    server, folder = screened(start, tmp_path, "违禁词")
    assert say(server, "这是新词。").status_code == 200
    (folder / "more.txt").write_text("\ufeff新词\r\n", "utf-8")
    assert say(server, "这是新词。").status_code == 400
    (folder / "more.txt").write_bytes(b"\xff\xfe")
    assert say(server, "这是新词。").status_code == 400
    assert "word lists failed" in caplog.text
    (folder / "more.txt").unlink()
    assert say(server, "这是新词。").status_code == 200


def test_a_list_that_cannot_be_read_stops_the_start(tmp_path):
    with pytest.raises(OptionError, match="no folder"):
        WordLists(tmp_path / "none")
    (tmp_path / "a.txt").write_text("good\n***\n")
    with pytest.raises(OptionError, match="a.txt:2"):
        WordLists(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"\xff")
    with pytest.raises(OptionError, match="UTF-8"):
        WordLists(tmp_path)


def test_ten_thousand_words_cost_little(tmp_path):
    (tmp_path / "a.txt").write_text("\n".join(f"词{number}语" for number in range(10_000)))
    words = WordLists(tmp_path).current()
    text = "今天天气很好，我们去公园散步吧。" * 250
    words.find(text)
    began = time.perf_counter()
    assert not words.find(text)
    assert time.perf_counter() - began < 0.5
