"""Tone sandhi and neutral tones inside one word group.

The rules are those of PaddleSpeech's ``tone_sandhi``, which made the data that the released
models learnt from, less the cases where it breaks a word (行 in 银行行长, 的 in 目的).
"""

from functools import cache
from importlib.resources import files

from mynah.text.languages.mandarin.words import ChineseWord, subwords

NEUTRAL = 5

_DOUBLED_IN_FULL = frozenset(
    str.split(
        "人人 佼佼 冉冉 吵吵 哈哈 娃哈哈 家家户户 幺幺 恳恳 想想 打打 攘攘"
        " 数数 整整 死死 熙熙 处处 考考 花花草草 莘莘 虎虎 袅袅 青青"
    )
)
_CHILD_IN_FULL = frozenset(
    str.split(
        "男子 女子 分子 原子 量子 莲子 石子 瓜子 电子 学子 卵子 算子 离子 质子 中子 粒子 光子"
        " 因子 精子 公子 太子 王子 弟子 君子 才子 游子 母子 父子 孔子"
    )
)
_SIDE_IN_FULL = frozenset({"以下", "以上"})
_PARTICLES = frozenset("吧呢哈啊呐噻嘛吖嗨哦哒哩哟喽啰耶喔诶")
_STRUCTURAL = {"的": "de", "地": "de", "得": "de"}
_ASPECT = {"了": "ul", "着": "uz", "过": "ug"}
_LIGHT = frozenset({"le", "zhe", "guo"})
_BEFORE_DIRECTION = frozenset("上下进出回过起开")
_BEFORE_GE = frozenset("几有两半多各整每做是")


def change_tones(word: ChineseWord, syllables: list[str], tones: list[int]) -> list[int]:
    """Apply sandhi to a group.

    Args:
        word: The group as :func:`mynah.text.languages.mandarin.words.segment` made it.
        syllables: Pinyin without tones, one per character.
        tones: Dictionary tones, one per character; 0 for a character that is no syllable.
    """
    tones = _bu(word.text, tones)
    tones = _yi(word.text, tones)
    tones = [
        NEUTRAL if tone and at in _neutral(word, syllables) else tone
        for at, tone in enumerate(tones)
    ]
    return _third(word.text, tones)


def _bu(word: str, tones: list[int]) -> list[int]:
    """不 is neutral inside a three-character word (看不懂) and rises before a fourth tone."""
    if len(word) == 3 and word[1] == "不":
        return [tones[0], NEUTRAL, tones[2]]
    return [
        2 if character == "不" and following == 4 else tone
        for character, tone, following in zip(word, tones, [*tones[1:], 0], strict=True)
    ]


def _yi(word: str, tones: list[int]) -> list[int]:
    """一 keeps its tone in numbers and ordinals, is neutral in 看一看, else 2 before 4, else 4."""
    if word.startswith("第一"):
        return [tones[0], 1, *tones[2:]]
    if all(map(str.isnumeric, word)):
        return tones
    if len(word) == 3 and word[1] == "一" and word[0] == word[2]:
        return [tones[0], NEUTRAL, tones[2]]
    return [
        (2 if following == 4 else 4) if character == "一" and following else tone
        for character, tone, following in zip(word, tones, [*tones[1:], 0], strict=True)
    ]


def _neutral(word: ChineseWord, syllables: list[str]) -> set[int]:
    """Positions whose tone is neutral by rule or by custom."""
    last = len(word.text) - 1
    positions = _doubled(word)
    measure = _measure_ge(word.text)
    if _ends_neutral(word, syllables):
        positions.add(last)
    elif measure is not None:
        positions.add(measure)
    elif _customary(word.text):
        positions.add(last)
    if last > 0:
        first, _ = parts = subwords(word.text)
        ends = (len(first) - 1, last)
        positions |= {end for part, end in zip(parts, ends, strict=True) if _customary(part)}
    return positions


def _doubled(word: ChineseWord) -> set[int]:
    """The second of two equal characters in a noun, verb or adjective, unless two words meet."""
    text = word.text
    if word.tag[0] not in "nva" or text in _DOUBLED_IN_FULL or len(text) < 2:
        return set()
    seam = len(subwords(text)[0]) if len(text) > 2 else 0
    return {at for at in range(1, len(text)) if text[at] == text[at - 1] and at != seam}


def _ends_neutral(word: ChineseWord, syllables: list[str]) -> bool:
    text, tag, end = word.text, word.tag, word.text[-1]
    if len(text) == 1:
        return end in _PARTICLES or (_ASPECT.get(end) == tag and syllables[-1] in _LIGHT)
    before = text[-2]
    return (
        (end in _PARTICLES and end != before)
        or syllables[-1] == _STRUCTURAL.get(end)
        or (end in "们子" and tag in {"r", "n"} and text not in _CHILD_IN_FULL)
        or (end in "上下里" and tag in {"s", "l", "f"} and text not in _SIDE_IN_FULL)
        or (end in "来去" and before in _BEFORE_DIRECTION)
    )


def _measure_ge(word: str) -> int | None:
    """True where 个 counts something (两个, 每个) or stands alone."""
    at = word.find("个")
    counts = at > 0 and (word[at - 1].isnumeric() or word[at - 1] in _BEFORE_GE)
    return at if counts or word == "个" else None


def _customary(word: str) -> bool:
    words = _neutral_words()
    return word in words or word[-2:] in words


@cache
def _neutral_words() -> frozenset[str]:
    table = files("mynah.text.languages.mandarin").joinpath("data/neutral_words.txt")
    return frozenset(table.read_text(encoding="utf-8").split())


def _third(word: str, tones: list[int]) -> list[int]:
    """A third tone rises before another; in longer groups the inner structure decides."""
    match len(word):
        case 2:
            return _rise(tones)
        case 3:
            return _third_of_three(word, tones)
        case 4:
            return _rise(tones[:2]) + _rise(tones[2:])
        case _:
            return tones


def _rise(tones: list[int]) -> list[int]:
    return [2, 3] if tones == [3, 3] else tones


def _third_of_three(word: str, tones: list[int]) -> list[int]:
    seam = len(subwords(word)[0])
    if tones == [3, 3, 3]:
        return [2, 2, 3] if seam == 2 else [3, 2, 3] if seam == 1 else tones
    tones = _rise(tones[:seam]) + _rise(tones[seam:])
    if seam < 3 and tones[seam - 1] == tones[seam] == 3:
        tones[seam - 1] = 2
    return tones
