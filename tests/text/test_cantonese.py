"""Cantonese: readings, and the symbols that every syllable has."""

import pytest

from language_extras import needs
from mynah.text.frontend import pronounce
from mynah.text.symbols import SymbolTable

pytestmark = needs("yue")


def spelled(text: str) -> str:
    return " ".join(pronounce(text, "yue").phones)


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("廣東話", "Ygw Yong2 Yd Yung1 Yw Yaa2"),
        ("呀", "Yaa Ya3"),
        ("五", "Yng Yg5"),
        ("唔", "Ym Ym4"),
        ("屋", "Yuk Yk1"),
        ("我", "Yng Yo5"),
        ("掉", "Yd Yiu6"),
        ("甕", "Yng Yung3"),
    ],
)
def test_a_syllable_is_an_initial_and_a_final(text: str, phones: str) -> None:
    assert spelled(text) == phones


def test_every_reading_has_symbols() -> None:
    from ToJyutping import get_jyutping_candidates

    from mynah.text.languages.cantonese.pronounce import phones_of

    table = SymbolTable.of("v2")
    characters = "".join(map(chr, range(0x3400, 0xA000)))
    readings = {each for _, found in get_jyutping_candidates(characters) for each in found}
    assert len(readings) > 2000
    lacking = {each for each in readings if not all(map(table.__contains__, phones_of(each)))}
    assert not lacking


def test_traditional_characters_are_read_as_they_stand() -> None:
    assert spelled("醫院").split()[:2] == ["Yj", "Yi1"]
    assert spelled("一隻貓") == spelled("一只猫") == "Yj Yat1 Yz Yek3 Ym Yaau1"


def test_characters_own_their_phonemes() -> None:
    sentence = pronounce("飲3杯茶。", "yue")
    assert [span.text for span in sentence.spans] == [*"飲三杯茶."]
    assert sentence.phones[2:4] == ("Ys", "Yaam1")


def test_pauses_are_symbols_of_their_own() -> None:
    assert "SP2" in pronounce("你好￥我哋^走啦", "yue").phones
