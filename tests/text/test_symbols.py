import pytest
from hypothesis import given
from hypothesis import strategies as st

from language_extras import needs
from mynah.errors import LanguageError
from mynah.text.frontend import pronounce
from mynah.text.symbols import SymbolTable


def test_the_released_sets_have_their_sizes_and_order() -> None:
    v1, v2 = SymbolTable.of("v1"), SymbolTable.of("v2")
    assert (len(v1), len(v2)) == (322, 732)
    assert v2.encode(["!", ",", "_"]) == [0, 1, v2.symbols.index("_")]


def test_an_unknown_symbol_becomes_unk() -> None:
    table = SymbolTable.of("v2")
    assert table.encode(["no such symbol"]) == [table.symbols.index("UNK")]


def test_mandarin_and_english_need_only_the_first_set() -> None:
    sentence = pronounce("儿子说￥他^要学NASA的英语……Really? Yes, pleasure!", "zh")
    assert set(sentence.phones) <= set(SymbolTable.of("v1").symbols)


@given(st.lists(st.sampled_from(SymbolTable.of("v2").symbols)))
def test_ids_lead_back_to_their_symbols(phones: list[str]) -> None:
    table = SymbolTable.of("v2")
    assert [table.symbols[row] for row in table.encode(phones)] == phones


@needs("ko")
def test_a_language_that_a_version_does_not_speak_is_refused() -> None:
    korean = pronounce("네, 좋아요.", "ko")
    assert SymbolTable.of("v2").encode_sentences([korean])
    with pytest.raises(
        LanguageError, match=r"Mandarin, English and Japanese only: Korean needs .* v2 or"
    ):
        SymbolTable.of("v1").encode_sentences([korean])


@needs("ja")
def test_a_table_can_be_limited_to_languages() -> None:
    table = SymbolTable.of("v2").limited_to(("en", "zh"))
    assert table.encode_sentences([pronounce("你好, world", "zh")])
    with pytest.raises(LanguageError, match=r"speaks Mandarin and English only: Japanese .* v1 or"):
        table.encode_sentences([pronounce("はい", "ja")])
