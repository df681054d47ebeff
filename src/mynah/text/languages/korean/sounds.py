"""Sound changes between syllables, after the Standard Pronunciation rules (표준 발음법).

Between words they go on where one follows the other without a pause, but an initial vowel does
not take the consonant before it.
"""

from dataclasses import dataclass

from mynah.text.languages.korean.morphemes import Ending

_ONSETS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_CODAS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
_FIRST = ord("가")

_PARTS = {
    "ㅑ": "ㅣㅏ", "ㅒ": "ㅣㅐ", "ㅕ": "ㅣㅓ", "ㅖ": "ㅣㅔ", "ㅛ": "ㅣㅗ", "ㅠ": "ㅣㅜ",
    "ㅘ": "ㅗㅏ", "ㅙ": "ㅗㅐ", "ㅚ": "ㅗㅣ", "ㅝ": "ㅜㅓ", "ㅞ": "ㅜㅔ", "ㅟ": "ㅜㅣ",
    "ㅢ": "ㅡㅣ",
}  # fmt: skip
_CLUSTERS = {
    parts[0]: (parts[1], parts[2])
    for parts in str.split("ㄳㄱㅅ ㄵㄴㅈ ㄺㄹㄱ ㄻㄹㅁ ㄼㄹㅂ ㄽㄹㅅ ㄾㄹㅌ ㄿㄹㅍ ㅄㅂㅅ")
}
_NEUTRAL = {
    "ㄲ": "ㄱ", "ㅋ": "ㄱ", "ㄳ": "ㄱ", "ㄺ": "ㄱ", "ㅅ": "ㄷ", "ㅆ": "ㄷ", "ㅈ": "ㄷ", "ㅊ": "ㄷ",
    "ㅌ": "ㄷ", "ㅎ": "ㄷ", "ㅍ": "ㅂ", "ㅄ": "ㅂ", "ㄿ": "ㅂ", "ㄼ": "ㄹ", "ㄽ": "ㄹ", "ㄾ": "ㄹ",
    "ㅀ": "ㄹ", "ㄻ": "ㅁ", "ㄵ": "ㄴ", "ㄶ": "ㄴ",
}  # fmt: skip
_WITHOUT_H = {"ㅎ": "", "ㄶ": "ㄴ", "ㅀ": "ㄹ"}
_AFTER_H = {"ㄱ": "ㅋ", "ㄷ": "ㅌ", "ㅈ": "ㅊ", "ㅅ": "ㅆ"}
_BEFORE_H = {
    **dict.fromkeys("ㄱㄲㅋㄳ", ("", "ㅋ")),
    **dict.fromkeys("ㄷㅅㅆㅊㅌ", ("", "ㅌ")),
    **dict.fromkeys("ㅂㅍㅄ", ("", "ㅍ")),
    **dict.fromkeys("ㄼㄿ", ("ㄹ", "ㅍ")),
    "ㄺ": ("ㄹ", "ㅋ"),
    "ㅈ": ("", "ㅊ"),
    "ㄵ": ("ㄴ", "ㅊ"),
}
_TENSE = {"ㄱ": "ㄲ", "ㄷ": "ㄸ", "ㅂ": "ㅃ", "ㅅ": "ㅆ", "ㅈ": "ㅉ"}
_NASAL = {"ㄱ": "ㅇ", "ㄷ": "ㄴ", "ㅂ": "ㅁ"}
_PALATAL = {"ㄷ": "ㅈ", "ㅌ": "ㅊ"}
# 닫혀 and 닫혔다, but not 맏형.
_PALATAL_ENDS = frozenset([("ㅕ", ""), ("ㅕ", "ㅆ")])
_STOPS = frozenset(_NASAL)
_TENSING_STEMS = frozenset("ㄴㅁㄵㄻㄾ")
_TENSING_CLUSTERS = frozenset("ㄼㄽ")
# The one stem in ㄼ of which ㅂ is heard.
_HEARD_AS_B = "밟"


@dataclass(slots=True)
class Syllable:
    """A syllable whose sounds change in place.

    Attributes:
        onset: ``ㅇ`` where there is none.
        vowel: As it is written, at first.
        coda: Empty where there is none.
        written: The character that is written.
        ending: Of the morpheme that ends with it.
    """

    onset: str
    vowel: str
    coda: str
    written: str
    ending: Ending | None

    @classmethod
    def of(cls, said: str, written: str, ending: Ending | None) -> "Syllable":
        """Take a character apart."""
        number, coda = divmod(ord(said) - _FIRST, len(_CODAS))
        onset, vowel = divmod(number, len(_VOWELS))
        plain = "ㅣ" if _VOWELS[vowel] == "ㅢ" and _ONSETS[onset] != "ㅇ" else _VOWELS[vowel]
        return cls(_ONSETS[onset], plain, _CODAS[coda], written, ending)

    @property
    def phones(self) -> tuple[str, ...]:
        """Symbols of the released models."""
        vowel = "ㅓ" if self.vowel == "ㅕ" and self.onset in "ㅈㅉㅊ" else self.vowel
        return (self.onset, *_PARTS.get(vowel, vowel), *self.coda)


def final(syllable: Syllable) -> None:
    """Change the coda of a syllable before a pause."""
    syllable.coda = _neutral(syllable)


def _neutral(syllable: Syllable) -> str:
    if syllable.written == _HEARD_AS_B:
        return "ㅂ"
    return _NEUTRAL.get(syllable.coda, syllable.coda)


def join(left: Syllable, right: Syllable, *, apart: bool) -> None:
    """Change the coda of a syllable and the onset of the next one.

    Args:
        left: Its onset and vowel are final.
        right: The next.
        apart: There is a blank between them.
    """
    if right.onset == "ㅇ":
        if apart:
            final(left)
        else:
            _link(left, right)
    elif right.onset == "ㅎ":
        _aspirate(left, right, apart=apart)
    elif left.coda in _WITHOUT_H:
        _drop_h(left, right)
    else:
        _meet(left, right, apart=apart)


def _link(left: Syllable, right: Syllable) -> None:
    """Move a consonant to the vowel that follows it."""
    if left.coda in {"", "ㅇ"}:
        return
    if left.coda in _WITHOUT_H:
        left.coda, right.onset = "", _WITHOUT_H[left.coda] or "ㅇ"
        return
    stays, moves = _CLUSTERS.get(left.coda, ("", left.coda))
    left.coda = stays
    if right.vowel in "ㅣㅕ" and moves in _PALATAL:
        right.onset = _PALATAL[moves]
    else:
        right.onset = "ㅆ" if stays and moves == "ㅅ" else moves


def _aspirate(left: Syllable, right: Syllable, *, apart: bool) -> None:
    """Merge a stop with the ㅎ after it."""
    if left.coda == "ㄷ" and (right.vowel == "ㅣ" or (right.vowel, right.coda) in _PALATAL_ENDS):
        left.coda, right.onset = "", "ㅊ"
    elif left.coda in _BEFORE_H:
        coda = _NEUTRAL[left.coda] if apart and left.coda == "ㅈ" else left.coda
        left.coda, right.onset = _BEFORE_H[coda]
    else:
        left.coda = _WITHOUT_H.get(left.coda, _neutral(left))


def _drop_h(left: Syllable, right: Syllable) -> None:
    """Merge ㅎ with the consonant after it."""
    rest = _WITHOUT_H[left.coda]
    if right.onset == "ㄴ":
        left.coda = rest or "ㄴ"
        right.onset = left.coda
    else:
        left.coda = rest
        right.onset = _AFTER_H.get(right.onset, right.onset)


def _meet(left: Syllable, right: Syllable, *, apart: bool) -> None:
    """Change a coda and an onset that are both consonants, neither of them ㅎ."""
    stem = left.ending is Ending.STEM and not apart
    if stem and left.coda == "ㄺ" and right.onset in {"ㄱ", "ㄲ"}:
        left.coda, right.onset = "ㄹ", "ㄲ"
        return
    if _tenses(left, right, stem=stem):
        right.onset = _TENSE.get(right.onset, right.onset)
    left.coda = _neutral(left)
    if left.coda in _STOPS and right.onset in {"ㄴ", "ㅁ", "ㄹ"}:
        left.coda = _NASAL[left.coda]
        right.onset = "ㄴ" if right.onset == "ㄹ" else right.onset
    elif left.coda in {"ㅁ", "ㅇ"} and right.onset == "ㄹ":
        right.onset = "ㄴ"
    elif (left.coda, right.onset) == ("ㄴ", "ㄹ") or _flows(left, right, apart=apart):
        left.coda = right.onset = "ㄹ"


def _tenses(left: Syllable, right: Syllable, *, stem: bool) -> bool:
    if _NEUTRAL.get(left.coda, left.coda) in _STOPS or left.coda in _TENSING_CLUSTERS:
        return True
    if left.ending is Ending.FUTURE and left.coda == "ㄹ":
        return True
    return stem and left.coda in _TENSING_STEMS and right.onset != "ㅂ"


def _flows(left: Syllable, right: Syllable, *, apart: bool) -> bool:
    """ㄹ before ㄴ, but not after the particles 을 and 를, as the models were trained."""
    particle = apart and left.vowel == "ㅡ" and left.onset in {"ㅇ", "ㄹ"}
    return left.coda == "ㄹ" and right.onset == "ㄴ" and not particle
