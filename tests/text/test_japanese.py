"""Japanese by OpenJTalk: pitch, words, and a dictionary that may be missing."""

from pathlib import Path

import pytest

from language_extras import needs
from mynah.errors import LanguageError
from mynah.text.frontend import MAX_CHARACTERS, pronounce

pytestmark = needs("ja")


def spelled(text: str) -> str:
    return " ".join(pronounce(text, "ja").phones)


def test_words_of_equal_sounds_differ_in_pitch() -> None:
    assert spelled("雨が降る").startswith("a ] m e g a UNK")
    assert spelled("飴を買う").startswith("a [ m e o UNK")


def test_devoiced_vowels_are_plain() -> None:
    assert spelled("好きです") == "s u [ k i ] d e s u"


def test_a_bracket_ends_a_phrase() -> None:
    assert "h a ] i UNK k a" in spelled("「はい」か「いいえ」で答えて")
    assert "UNK UNK" not in spelled("「はい」「いいえ」")


@pytest.mark.parametrize(
    ("old", "today"),
    [
        ("髙橋さんと﨑山さん", "高橋さんと崎山さん"),
        ("臺灣の體驗", "台湾の体験"),
        ("𠮷野家", "吉野家"),
    ],
)
def test_old_forms_of_characters_are_read(old: str, today: str) -> None:
    assert spelled(old) == spelled(today)


def test_words_own_their_phonemes() -> None:
    sentence = pronounce("今日は、AIと3人で。", "ja")
    words = [(span.text, sentence.phones[span.start : span.end]) for span in sentence.spans]
    assert [text for text, _ in words] == ["今日", "は", ",", "AI", "と", "三", "人", "で", "."]
    assert words[0][1] == ("ky", "o", "]", "o")
    assert words[1][1] == ("w", "a")


def test_the_longest_text_without_a_mark_is_read() -> None:
    sentence = pronounce("すもももももももものうち" * (MAX_CHARACTERS // 12), "ja")
    assert sentence.spans[-1].end == len(sentence.phones) > MAX_CHARACTERS


def test_a_missing_dictionary_is_named_and_not_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pronounce("はい", "ja")
    from mynah.text.languages.japanese import openjtalk

    monkeypatch.setattr(openjtalk.pyopenjtalk, "OPEN_JTALK_DICT_DIR", bytes(tmp_path / "none"))
    monkeypatch.setattr(openjtalk, "DEBIAN_DICTIONARY", tmp_path / "none")
    openjtalk._find_dictionary.cache_clear()
    with pytest.raises(LanguageError, match="open-jtalk-mecab-naist-jdic"):
        pronounce("はい", "ja")
    monkeypatch.undo()
    assert pronounce("はい", "ja").phones
