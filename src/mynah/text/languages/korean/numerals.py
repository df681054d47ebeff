"""Numbers in Korean words."""

_DIGITS = "영일이삼사오육칠팔구"
_PLACES = ("", "십", "백", "천")
_GROUPS = ("", "만", "억", "조", "경")
_ONES = ("", *str.split("한 두 세 네 다섯 여섯 일곱 여덟 아홉"))
_TENS = ("", *str.split("열 스물 서른 마흔 쉰 예순 일흔 여든 아흔"))
_TWENTY = 20
_HUNDRED = 100


def digits(figures: str, zero: str = "영") -> str:
    """Digit by digit."""
    return "".join(zero if each == "0" else _DIGITS[int(each)] for each in figures)


def sino(figures: str) -> str:
    """A number in Sino-Korean: ``1024.5`` is 천이십사점오; too long a one digit by digit."""
    whole, point, decimals = figures.partition(".")
    if len(whole) > len(_PLACES) * len(_GROUPS) or (len(whole) > 1 and whole[0] == "0"):
        spoken = digits(whole)
    else:
        spoken = _whole(whole)
    return spoken + (f"점{digits(decimals)}" if point else "")


def _whole(figures: str) -> str:
    padded = f"{figures:0>{-len(figures) // 4 * -4}}"
    groups = [padded[at : at + 4] for at in range(0, len(padded), 4)]
    spoken = ""
    for power, group in zip(range(len(groups) - 1, -1, -1), groups, strict=True):
        part = "".join(map(_place, group, reversed(_PLACES)))
        if part:
            spoken += part + _GROUPS[power]
    # 10,000 is 만, where 100,000,000 is 일억.
    return spoken.removeprefix("일") if spoken.startswith("일만") else spoken or "영"


def _place(digit: str, place: str) -> str:
    if digit == "0":
        return ""
    return place if digit == "1" and place else _DIGITS[int(digit)] + place


def native(figures: str) -> str:
    """A number before what is counted: 한, 두, 스무; from a hundred on Sino-Korean."""
    value = int(figures)
    if not 0 < value < _HUNDRED:
        return sino(figures)
    if value == _TWENTY:
        return "스무"
    tens, ones = divmod(value, 10)
    return _TENS[tens] + _ONES[ones]
