"""Sounds of Korean: words as they are written, and as they would be written by ear."""

import pytest

from language_extras import needs
from mynah.text.frontend import pronounce

pytestmark = needs("ko")


def phones(text: str) -> tuple[str, ...]:
    return pronounce(text, "ko").phones


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("옷이", "오시"),
        ("닭을", "달글"),
        ("값이", "갑씨"),
        ("읽는", "잉는"),
        ("없는", "엄는"),
        ("독립", "동닙"),
        ("신라", "실라"),
        ("칼날", "칼랄"),
        ("종로", "종노"),
        ("좋다", "조타"),
        ("좋아", "조아"),
        ("싫어", "시러"),
        ("놓는", "논는"),
        ("잃는", "일른"),
        ("축하", "추카"),
        ("앉히다", "안치다"),
        ("닫혀", "다처"),
        ("맏형", "마텽"),
        ("같이", "가치"),
        ("끝이", "끄치"),
        ("굳이", "구지"),
        ("무릎을", "무르플"),
        ("밟다", "밥따"),
        ("밟으며", "발브며"),
        ("밟는", "밤는"),
        ("넓다", "널따"),
        ("맑게", "말께"),
        ("닭과", "닥꽈"),
        ("국밥", "국빱"),
        ("희망", "히망"),
        ("가져", "가저"),
        ("꽃잎", "꼰닙"),
        ("서울역", "서울력"),
        ("갈등", "갈뜽"),
        ("맛없다", "마덥따"),
        ("디귿이", "디그시"),
        ("할 일이", "할 리리"),
        ("할 일정", "할 일쩡"),
        ("복 많이", "봉 마니"),
        ("못 하다", "모 타다"),
        ("낮 한때", "나 탄때"),
        ("옷 안", "옫 안"),
        ("먹을 것", "머글 껃"),
        ("제가 할게요", "제가 할께요"),
        ("먹을게요", "머글께요"),
        ("갈수록 길게", "갈쑤록 길게"),
        ("볼걸 그랬다", "볼껄 그랟따"),
        ("물걸레", "물걸레"),
        ("물을 넣어", "무를 너어"),
    ],
)
def test_sounds_as_it_would_be_written_by_ear(written: str, heard: str) -> None:
    assert phones(written) == phones(heard)


def test_a_stem_makes_tense_and_a_noun_does_not() -> None:
    assert phones("신발을 신고 갔다") == phones("신바를 신꼬 갇따")
    assert phones("신고를 했다") == ("ㅅ", "ㅣ", "ㄴ", "ㄱ", "ㅗ", *phones("를 핻따"))


def test_words_and_blanks_own_their_phonemes() -> None:
    sentence = pronounce("값이 비싸, 참 비싸.", "ko")
    assert [span.text for span in sentence.spans] == [
        "값이",
        " ",
        "비싸",
        ",",
        " ",
        "참",
        " ",
        "비싸",
        ".",
    ]
    first, blank, *_ = sentence.spans
    assert sentence.phones[first.start : first.end] == ("ㄱ", "ㅏ", "ㅂ", "ㅆ", "ㅣ")
    assert sentence.phones[blank.start : blank.end] == ("空",)
