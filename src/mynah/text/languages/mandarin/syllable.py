"""A pinyin syllable to the two symbols that the released models know it by.

The symbols follow the Opencpop corpus: an onset, which every syllable has, and a final with its
tone. They can be derived from the spelling, so there is no table of syllables.
"""

import re

_ONSET = re.compile(r"zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]|(?=[aoe])")
_VOWEL_ONSETS = {"a": "AA", "o": "OO", "e": "EE"}
_APICAL = {"zh": "ir", "ch": "ir", "sh": "ir", "r": "ir", "z": "i0", "c": "i0", "s": "i0"}
_PALATAL = frozenset("jqxy")
_Y_FINALS = {"an": "En", "e": "E"}
_FINALS = frozenset(
    str.split(
        "a ai an ang ao e ei en eng er i i0 ir ia ian iang iao ie in ing iong iu o ong ou u ua uai"
        " uan uang ui un uo v van ve vn E En"
    )
)

# Interjections that are written with a nasal alone, and vowels outside the symbol set.
_NASALS = {"n": "en", "ng": "en", "hng": "heng", "m": "mu", "hm": "heng", "ê": "ei", "io": "yo"}


def phones_of(syllable: str, tone: int) -> tuple[str, str] | None:
    """Spell a syllable in symbols.

    Args:
        syllable: Pinyin without tone; ü is ``v`` or ``ü``.
        tone: 1 to 4, or 5 for the neutral tone.

    Returns:
        Onset and final with tone, or None when the syllable has no symbols.
    """
    spelling = _NASALS.get(syllable, syllable).replace("ü", "v")
    match = _ONSET.match(spelling)
    if not match:
        return None
    onset, final = match[0], spelling[match.end() :]
    final = _final(onset, final)
    if final not in _FINALS:
        return None
    return onset or _VOWEL_ONSETS[spelling[0]], f"{final}{tone}"


def _final(onset: str, final: str) -> str:
    if final == "i":
        return _APICAL.get(onset, final)
    if onset == "y" and final in _Y_FINALS:
        return _Y_FINALS[final]
    if onset in _PALATAL and final.startswith("u"):
        final = "v" + final[1:]
    return {"ue": "ve", "vun": "vn"}.get(final, final)
