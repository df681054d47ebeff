"""Numbers in Chinese characters."""

_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "万亿", "亿亿")
_LONGEST_CARDINAL = 4 * len(_GROUPS)


def digits(number: str, phone: bool = False) -> str:
    """Digit by digit; on the phone and in codes 一 is 幺."""
    spoken = "".join(_DIGITS[int(digit)] for digit in number)
    return spoken.replace("一", "幺") if phone else spoken


def cardinal(number: str) -> str:
    """A whole number in words: ``1024`` is 一千零二十四; too long a one is read digit by digit."""
    figure = number.lstrip("0")
    if len(figure) > _LONGEST_CARDINAL:
        return digits(figure)
    places = f"{figure:0>{-len(figure) // 4 * -4}}"
    groups = [places[at : at + 4] for at in range(0, len(places), 4)]
    spoken = "".join(_group(group, len(groups) - 1 - at) for at, group in enumerate(groups))
    spoken = spoken.strip("零") or "零"
    if spoken.startswith("二") and spoken[1:2] in ("千", "万", "亿"):
        return "两" + spoken[1:]
    return spoken[1:] if spoken.startswith("一十") else spoken


def _group(group: str, power: int) -> str:
    """Four digits with their power of ten thousand; a leading 零 marks a gap to what precedes."""
    spoken = ""
    for place, digit in zip(reversed(_PLACES), group, strict=True):
        if digit != "0":
            spoken += _DIGITS[int(digit)] + place
        elif not spoken.endswith("零"):
            spoken += "零"
    spoken = spoken.rstrip("零")
    return spoken + _GROUPS[power] if spoken else "零"


def number(figure: str) -> str:
    """A number with sign or decimals: ``-1,024.50`` is 负一千零二十四点五零."""
    sign = "负" if figure.startswith("-") else ""
    whole, point, decimals = figure.lstrip("-").replace(",", "").partition(".")
    if not point or not decimals:
        return sign + cardinal(whole)
    kept = decimals.rstrip("0") + "0" * decimals.endswith("0")
    return f"{sign}{cardinal(whole)}点{digits(kept)}"
