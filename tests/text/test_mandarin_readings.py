"""Polyphones, tone sandhi, neutral tones, erhua."""

import json
from pathlib import Path

import pytest

from mynah.text.frontend import pronounce
from mynah.text.languages.mandarin import phonemize
from mynah.text.languages.mandarin.syllable import phones_of


def spoken(text: str) -> str:
    return " ".join("".join(word.phones) for word in phonemize(text))


@pytest.mark.parametrize(
    ("text", "character", "reading"),
    [
        ("重庆", "重", "chong2"),
        ("重量", "重", "zhong4"),
        ("重写一遍", "重", "chong2"),
        ("音乐", "乐", "yve4"),
        ("快乐", "乐", "le4"),
        ("银行", "行", "hang2"),
        ("行走", "行", "xing2"),
        ("第三行字", "行", "hang2"),
        ("会计", "会", "kuai4"),
        ("三只猫", "只", "zhir1"),
        ("只有", "只", "zhir2"),
        ("他在学校教音乐", "教", "jiao1"),
        ("你得去", "得", "dei3"),
        ("跑得很快", "得", "de5"),
        ("得了一百分", "得", "de2"),
        ("高兴地跑", "地", "de5"),
        ("在地上", "地", "di4"),
        ("土地", "地", "di4"),
        ("目的", "的", "di4"),
        ("把书还给他", "还", "huan2"),
        ("还没吃", "还", "hai2"),
        ("面积为一百平方米", "为", "wei2"),
        ("为我们做饭", "为", "wei4"),
        ("头发很长", "长", "chang2"),
        ("孩子长高了", "长", "zhang3"),
        ("嗯", "嗯", "EEen1"),
    ],
)
def test_polyphones_follow_their_context(text: str, character: str, reading: str) -> None:
    readings = ["".join(word.phones) for word in phonemize(text) if word.text == character]
    assert readings == [reading]


POLYPHONES = [
    json.loads(line)
    for line in (Path(__file__).parent.parent / "data" / "text" / "polyphones.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]


@pytest.mark.parametrize("case", POLYPHONES, ids=lambda case: case["text"])
def test_reads_polyphones(case: dict) -> None:
    sentence = pronounce(case["text"], "zh")
    for character, nth, readings in case["want"]:
        span = [span for span in sentence.spans if span.text == character][nth]
        wanted = {phones_of(reading[:-1], int(reading[-1])) for reading in readings}
        assert sentence.phones[span.start : span.end] in wanted, (character, nth)


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("十一点", "shir2 yi1 dian3"),
        ("一楼", "yi1 lou2"),
        ("五月一日", "wu3 yve4 yi1 rir4"),
        ("一九九八年", "yi1 jiu3 jiu3 ba1 nian2"),
        ("一日三餐", "yi2 rir4 san1 can1"),
        ("老板很好", "lao2 ban3 hen2 hao3"),
        ("不要", "bu2 yao4"),
        ("不行", "bu4 xing2"),
        ("看不懂", "kan4 bu5 dong3"),
        ("一段", "yi2 duan4"),
        ("一天", "yi4 tian1"),
        ("看一看", "kan4 yi5 kan4"),
        ("第一遍", "di4 yi1 bian4"),
        ("第一名", "di4 yi1 ming2"),
        ("二一零", "EEer4 yi1 ling2"),
        ("这一概念", "zhe4 yi2 gai4 nian4"),
        ("你好", "ni2 hao3"),
        ("纸老虎", "zhir3 lao2 hu3"),
        ("展览馆", "zhan2 lan2 guan3"),
        ("岂有此理", "qi2 you3 ci02 li3"),
    ],
)
def test_tones_change_in_company(text: str, phones: str) -> None:
    assert spoken(text) == phones


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("妈妈", "ma1 ma5"),
        ("银行行长", "yin2 hang2 hang2 zhang3"),
        ("想想", "xiang2 xiang3"),
        ("孩子们", "hai2 zi05 men5"),
        ("男子", "nan2 zi03"),
        ("屋里", "wu1 li5"),
        ("上来", "shang4 lai5"),
        ("两个", "liang3 ge5"),
        ("朋友", "peng2 you5"),
        ("小朋友", "xiao3 peng2 you5"),
        ("好吧", "hao3 ba5"),
    ],
)
def test_unstressed_syllables_are_neutral(text: str, phones: str) -> None:
    assert spoken(text) == phones


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("一点儿", "yi4 dian3 EEer3"),
        ("女儿", "nv3 EEer2"),
        ("媳妇儿", "xi2 fu5 EEer5"),
    ],
)
def test_er_takes_the_tone_it_colours(text: str, phones: str) -> None:
    assert spoken(text) == phones


@pytest.mark.parametrize(
    ("syllable", "phones"),
    [
        ("zhi", ("zh", "ir1")),
        ("zi", ("z", "i01")),
        ("yan", ("y", "En1")),
        ("ye", ("y", "E1")),
        ("yuan", ("y", "van1")),
        ("xue", ("x", "ve1")),
        ("lüe", ("l", "ve1")),
        ("jun", ("j", "vn1")),
        ("wu", ("w", "u1")),
        ("ai", ("AA", "ai1")),
        ("er", ("EE", "er1")),
        ("ou", ("OO", "ou1")),
        ("ng", ("EE", "en1")),
    ],
)
def test_syllables_become_onset_and_final(syllable: str, phones: tuple[str, str]) -> None:
    assert phones_of(syllable, 1) == phones


@pytest.mark.parametrize("syllable", ["", "xyz", "k", "b̥"])
def test_no_syllable_has_no_phones(syllable: str) -> None:
    assert phones_of(syllable, 1) is None


def test_a_character_without_a_reading_is_left_out() -> None:
    assert [word.text for word in phonemize("好\u3402好")] == ["好", "好"]
