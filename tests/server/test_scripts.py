"""Texts to read aloud for a voice."""

import pytest

from language_extras import needs, spoken
from mynah.errors import LanguageError
from mynah.text.frontend import analyse
from mynah.text.reading_scripts import reading_script
from mynah.text.symbols import SymbolTable


def words(text):
    return set(text.split())


INITIALS = words("b p m f d t n l g k h j q x zh ch sh r z c s")
FINALS = words(
    "a ai an ang ao e ei en eng er i ia ian iang iao ie in ing iong ir iu o ong ou "
    "u ua uai uan uang ui un uo v van ve vn"
)
ENGLISH = words(
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW "
    "V W Y Z ZH"
)


def sounds(language):
    read = [analyse(sentence, language) for sentence in reading_script(language).sentences]
    return {phone for parts in read for part in parts for phone in part.phones}


def test_mandarin_has_every_initial_and_final():
    heard = {phone.rstrip("12345") for phone in sounds("zh")}
    assert heard >= INITIALS | FINALS
    assert {phone[-1] for phone in sounds("zh") if phone[-1].isdigit()} == set("12345")


def test_english_has_every_phoneme():
    heard = {phone.rstrip("012") for phone in sounds("en")}
    assert heard >= ENGLISH


@needs("ja")
def test_japanese_has_every_phoneme_and_turn_of_pitch():
    heard = sounds("ja")
    assert heard >= words(
        "a i u e o k g s z t d n h b p m y r w f ky gy sh j ch ts ny hy by py my ry cl N [ ]"
    )


@needs("ko")
def test_korean_has_every_consonant_and_vowel():
    assert sounds("ko") >= {*"ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎㅏㅐㅓㅔㅗㅜㅡㅣ"}


@needs("yue")
def test_cantonese_has_every_initial_final_and_tone():
    table = {symbol.rstrip("123456") for symbol in SymbolTable.of("v2").symbols if symbol[0] == "Y"}
    heard = sounds("yue")
    assert {phone.rstrip("123456") for phone in heard} >= table - {"Y"}
    assert {phone[-1] for phone in heard if phone[-1].isdigit()} == set("123456")


def test_a_script_takes_about_a_minute():
    mandarin = sum(len(sentence) for sentence in reading_script("zh").sentences)
    english = sum(len(sentence.split()) for sentence in reading_script("en").sentences)
    assert 55 < mandarin / 4.8 < 75  # characters in a second, marks among them
    assert 55 < english / 2.6 < 75  # words in a second


@pytest.mark.parametrize("language", spoken("ja", "ko", "yue"))
def test_a_script_in_another_language_takes_about_a_minute(language):
    phones = {"ja": 14, "ko": 12, "yue": 9.5}[language]
    read = [analyse(sentence, language) for sentence in reading_script(language).sentences]
    number = sum(len(part.phones) for parts in read for part in parts)
    assert 55 < number / phones < 75  # phones in a second


def test_a_script_is_fetched(client, error_of):
    for language in ("zh", "en", "ja", "ko", "yue"):
        body = client.get("/v1/scripts", params={"language": language}).json()
        assert body["sentences"] == [*reading_script(language).sentences]
        assert all(sentence in body["text"] for sentence in body["sentences"])
    assert error_of(client.get("/v1/scripts"))["param"] == "language"
    assert client.get("/v1/scripts", params={"language": "fr"}).status_code == 400


def test_other_languages_have_none():
    with pytest.raises(LanguageError, match="zh, en, ja, ko, yue"):
        reading_script("fr")
