"""The dictionary, homographs, acronyms, word formation and spelling."""

from pathlib import Path

import pytest

from mynah.text.languages.english import phonemize


def spoken(text: str) -> str:
    return " | ".join(" ".join(word.phones) for word in phonemize(text))


def sound(text: str, word: str) -> str:
    return next(" ".join(w.phones) for w in phonemize(text) if w.text == word)


@pytest.mark.parametrize(
    ("text", "word", "phones"),
    [
        ("I have read it.", "read", "R EH1 D"),
        ("I like to read.", "read", "R IY1 D"),
        ("He wants to record it.", "record", "R IH0 K AO1 R D"),
        ("He broke the record.", "record", "R EH1 K ER0 D"),
        ("We will lead the team.", "lead", "L IY1 D"),
        ("The lead pipe is old.", "lead", "L EH1 D"),
        ("They live in London.", "live", "L IH1 V"),
        ("We watched a live show.", "live", "L AY1 V"),
        ("Do not tear the paper.", "tear", "T EH1 R"),
        ("The wind is strong.", "wind", "W IH1 N D"),
        ("I used a pen.", "used", "Y UW1 Z D"),
        ("I used to sing.", "used", "Y UW1 S T"),
        ("Please close the door.", "close", "K L OW1 Z"),
        ("It is close to us.", "close", "K L OW1 S"),
        ("I object to that.", "object", "AH0 B JH EH1 K T"),
        ("He learned it.", "learned", "L ER1 N D"),
    ],
)
def test_homographs_go_by_part_of_speech(text: str, word: str, phones: str) -> None:
    assert sound(text, word) == phones


LINES = (Path(__file__).parent.parent / "data" / "text" / "english_words.txt").read_text("utf-8")


@pytest.mark.parametrize(("text", "word", "phones"), [x.split("|") for x in LINES.splitlines()])
def test_words_go_by_the_words_around_them(text: str, word: str, phones: str) -> None:
    assert sound(text, word) == phones


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("USA", "Y UW1 EH1 S EY1"),
        ("XML", "EH1 K S EH1 M EH1 L"),
        ("NASA", "N AE1 S AH0"),
        ("CEOs", "S IY1 IY1 OW1 Z"),
        ("AI", "EY1 AY1"),
        ("OpenAI's", "OW1 P AH0 N EY1 AY1 Z"),
        ("A", "EY1"),
        ("a", "AH0"),
        ("NOT", "N AA1 T"),
    ],
)
def test_capitals_tell_letters_from_words(text: str, phones: str) -> None:
    assert spoken(text) == phones


def test_a_shouted_sentence_is_said_in_words() -> None:
    assert sound("GET OUT OF IT NOW", "IT") == "IH1 T"


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("brother's", "B R AH1 DH ER0 Z"),
        ("zorp's", "Z AO1 R P S"),
        ("lampfish", "L AE1 M P F IH1 SH"),
        ("bluetoothing", "B L UW1 T UW2 TH IH0 NG"),
        ("armless", "AA1 R M L AH0 S"),
        ("twenty-four", "T W EH1 N T IY0 F AO2 R"),
        ("xyz", "EH1 K S W AY1 Z IY1"),
    ],
)
def test_words_outside_the_dictionary_are_taken_apart(text: str, phones: str) -> None:
    assert spoken(text) == phones


def test_an_unknown_word_is_spelt_by_the_model() -> None:
    assert spoken("blorptastic") == "B L AO2 R P T AE1 S T IH0 K"
