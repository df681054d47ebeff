"""Chinese words and their parts of speech, grouped as tone sandhi needs them.

Segmentation and tags come from jieba's dictionary. A segmenter cuts for meaning; sandhi acts on
what is said in one breath, so 不, 一, 儿, doubled words and neighbouring third tones are joined
first. The steps and their order are those of PaddleSpeech's ``tone_sandhi``, which made the data
that the released models learnt from.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import rjieba
from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PHRASES_DICT

_LONGEST_THIRD_TONE_GROUP = 3
_SHORTEST_IDIOM = 4
_DEGREES = frozenset("很挺好也最")
_POINTING = frozenset("这那此每某哪")


@dataclass(frozen=True, slots=True)
class ChineseWord:
    """A word with jieba's part-of-speech tag (ICTCLAS set: ``n`` noun, ``v`` verb, …)."""

    text: str
    tag: str

    def __add__(self, other: "ChineseWord") -> "ChineseWord":
        return replace(self, text=self.text + other.text)


def segment(text: str) -> list[ChineseWord]:
    """Cut a clause into words and group them for sandhi."""
    words = [
        part
        for word, tag in rjieba.tag(text)
        for tagged in _free_de(ChineseWord(word, tag))
        for part in _free_yi(tagged)
    ]
    for step in (_join_bu, _join_yi, _join_doubled):
        words = step(words)
    words = _join_third_tones(words, _all_third)
    words = _join_third_tones(words, _meet_in_third)
    return _join_er(words)


def subwords(word: str) -> tuple[str, str]:
    """The two parts of a word: its shortest subword, and the rest on the other side of it."""
    shortest = min(rjieba.cut_for_search(word), key=len)
    if word.startswith(shortest):
        return shortest, word[len(shortest) :]
    return word[: -len(shortest)], shortest


def spell(word: str) -> list[str]:
    """Pinyin with tone digits, one item per character; other characters stand for themselves."""
    return lazy_pinyin(
        word,
        style=Style.TONE3,
        neutral_tone_with_five=True,
        errors=list,  # type: ignore[arg-type]  # its stub leaves out the list it documents
    )


def is_idiom(word: str) -> bool:
    """True for a phrase so long that the dictionary's reading of it is certain."""
    return len(word) >= _SHORTEST_IDIOM and word in PHRASES_DICT


def _free_de(word: ChineseWord) -> list[ChineseWord]:
    """Part the particle 地 from a verb that the segmenter's guess of unknown words adds to it."""
    if word.text[0] == "地" and len(word.text) > 1 and len(rjieba.cut(word.text, False)) > 1:
        return [
            ChineseWord("地", "uv"),
            *(ChineseWord(*pair) for pair in rjieba.tag(word.text[1:])),
        ]
    return [word]


def _free_yi(word: ChineseWord) -> list[ChineseWord]:
    """Part 这一 and its like, so that 一 can go by the tone of the word after it."""
    if len(word.text) == 2 and word.text[0] in _POINTING and word.text[1] == "一":
        return [ChineseWord(word.text[0], "r"), ChineseWord("一", "m")]
    return [word]


def _join_bu(words: list[ChineseWord]) -> list[ChineseWord]:
    """不 joins the word after it, whose tag the pair takes."""
    joined: list[ChineseWord] = []
    for word in words:
        if joined and joined[-1].text == "不":
            joined[-1] = replace(word, text="不" + word.text)
        else:
            joined.append(word)
    return joined


def _join_yi(words: list[ChineseWord]) -> list[ChineseWord]:
    """一 joins a verb repeated around it (看一看), else the word after it; 第 joins 一."""
    joined: list[ChineseWord] = []
    for word in words:
        asks_more = len(joined) > 1 and joined[-1].text == "一"
        if asks_more and joined[-2] == word and word.tag == "v":
            joined[-2:] = [joined[-2] + joined[-1] + word]
        elif joined and (
            joined[-1].text == "一" or (joined[-1].text, word.text[0]) == ("第", "一")
        ):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _join_doubled(words: list[ChineseWord]) -> list[ChineseWord]:
    joined: list[ChineseWord] = []
    for word in words:
        if joined and joined[-1].text == word.text:
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _join_er(words: list[ChineseWord]) -> list[ChineseWord]:
    joined: list[ChineseWord] = []
    for word in words:
        if joined and word.text == "儿":
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _join_third_tones(
    words: list[ChineseWord], meet: Callable[[list[str], list[str]], bool]
) -> list[ChineseWord]:
    """Join a word to the one before when their third tones meet and the pair stays short."""
    spellings = [spell(word.text) for word in words]
    joined: list[ChineseWord] = []
    just_joined = False
    for at, word in enumerate(words):
        before = words[at - 1].text
        just_joined = (
            at > 0
            and not just_joined
            and meet(spellings[at - 1], spellings[at])
            and not _is_doubled(before)
            and len(before) + len(word.text) <= _LONGEST_THIRD_TONE_GROUP
            and not (len(before) > 1 and word.text in _DEGREES and _meets(spellings, at, meet))
        )
        if just_joined:
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _meets(
    spellings: list[list[str]], at: int, meet: Callable[[list[str], list[str]], bool]
) -> bool:
    return at + 1 < len(spellings) and meet(spellings[at], spellings[at + 1])


def _all_third(left: list[str], right: list[str]) -> bool:
    return all(syllable.endswith("3") for syllable in left + right)


def _meet_in_third(left: list[str], right: list[str]) -> bool:
    return left[-1].endswith("3") and right[0].endswith("3")


def _is_doubled(word: str) -> bool:
    return len(word) == 2 and word[0] == word[1]
