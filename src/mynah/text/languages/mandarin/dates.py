"""Dates, years, spans of years and times of day in Mandarin."""

import re

from mynah.text.languages.mandarin.numerals import cardinal, digits, number
from mynah.text.languages.mandarin.patterns import TO, Rule, after, before, rule

_SEASON = "赛季|学年|财年|年度|年"
_FESTIVALS = (
    "劳动节|妇女节|青年节|儿童节|建党节|建军节|教师节|国庆|光棍节|购物节|圣诞|元旦|情人节|愚人节|植树节|平安夜"
    "|消费者|晚会|大促|促销|狂欢|黄金周|小长假|长假|假期|假日|放假|运动|起义|惨案|事变|事件|事故|地震|暴雨|大火"
)
_LASTS_BEFORE = re.compile(
    r"(?:[有约近达满过了用花需要历隔每共整超逾足判]|距今|长达|大约|至少|最多|仅仅?|不到|[上下这那]|[未过]来?去?的?|服刑|连续"
    r"|质保|保修|寿命|有期徒刑|工龄|任期|为期|存活|持续|坚持|等待|等|活|守|干|住|学|做) *$"
)
_LASTS_AFTER = re.compile(
    r"(?:多|余|来(?!自|到|临|华|京|访)|左右|以上|以内|之内|之久|之前|之后|间(?!隔)|内|的?历史|的?时间|的?经验|的?时光|的?岁月"
    r"|的?光阴|时间|文明|如一日|老|寿命|工龄|有期|期|质保|保修|免|前(?!后|夕|年))"
)
_NAMED_AFTER = re.compile(
    r"(?:底|初|末|春|夏|秋|冬|上半|下半|第|[一二三四]季|\d\d?月|元旦|出生|毕业|入|级|款|版|生)"
)
_DURATION_BEFORE = re.compile(
    r"(?:用时|耗时|时长|历时|成绩|纪录|记录|片长|全长|跑出|游出|跑进|完赛|配速)[^\d。！？]{0,6}$"
)
_ROUND_SPAN = 500


def _year(match: re.Match[str]) -> str:
    """Years are read digit by digit, spans of years as numbers: 2025年, 98年, but 500年, 10年."""
    since, figure = match.groups()
    spoken = digits(figure) if since or _names_a_year(match, figure) else number(figure)
    return f"{digits(since)}到{spoken}年" if since else f"{spoken}年"


def _names_a_year(match: re.Match[str], figure: str) -> bool:
    rest = after(match)
    lasts_before, lasts_after = _LASTS_BEFORE.search(before(match)), _LASTS_AFTER.match(rest)
    if len(figure) == 4:
        lasts = lasts_before if int(figure) % _ROUND_SPAN else lasts_before or lasts_after
        history = re.match(r"多|余|的?历史|之久", rest)
        return 1000 < int(figure) < 3000 and not (history or (lasts and not rest[:1].isdigit()))
    if lasts_before or lasts_after:
        return figure[0] == "0"
    return bool(figure[0] in "06789" and figure[1] != "0") or bool(
        figure[0] == "0" or _NAMED_AFTER.match(rest)
    )


def _date(match: re.Match[str]) -> str:
    year, _, month, day = match.groups()
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return match[0]
    return f"{digits(year)}年{cardinal(month)}月{cardinal(day)}日"


def _festival(match: re.Match[str]) -> str:
    month, day = match.groups()
    return cardinal(month) + (digits(day) if int(month) < 10 else cardinal(day))


def _clock(match: re.Match[str]) -> str:
    hour, minute, second = match.groups()
    if _DURATION_BEFORE.search(before(match)):
        return _duration(hour, minute, second)
    spoken = ("两" if int(hour) == 2 else cardinal(hour)) + "点"
    if minute == "30" and not second:
        return spoken + "半"
    if int(minute) or int(second or 0):
        spoken += _padded(minute) + "分"
    return spoken + _padded(second) + "秒" if int(second or 0) else spoken


def _duration(hour: str, minute: str, second: str | None) -> str:
    first = "两" if int(hour) == 2 else cardinal(hour)
    if second is None:
        return f"{first}分{_padded(minute)}秒"
    return f"{first}小时{_padded(minute)}分{_padded(second)}秒"


def _padded(figure: str) -> str:
    return "零" * (figure[0] == "0" and figure != "00") + cardinal(figure)


DATES: tuple[Rule, ...] = (
    rule(r"(?<!\d)(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)", _date),
    rule(
        r"(?<!\d)((?:19|20)\d\d)[-/](0[1-9]|1[0-2])(?![\d/.-])",
        lambda match: f"{digits(match[1])}年{cardinal(match[2])}月",
    ),
    rule(
        rf"(?<!\d)((?:19|20)\d\d)([-/~])((?:19|20)?\d\d)(?={_SEASON})",
        lambda match: digits(match[1]) + ("" if match[2] == "/" else "到") + digits(match[3]),
    ),
    rule(rf"(?:(?<!\d)(\d{{4}}){TO})?(?<!\d)(\d{{4}}|\d\d)年(?!级)", _year),
    rule(rf"(?<=[年月日号]){TO}(?=[零一二三四五六七八九十\d])", lambda _: "到"),
    rule(r"(?<!\d)([05-9]0)(?=后|[、,，][05-9]0后)", lambda match: digits(match[1])),
    rule(rf"(?<![\d.])(1[0-2]|[1-9])[.·]([12]\d|3[01]|[1-9])(?= ?(?:{_FESTIVALS}))", _festival),
    rule(r"(?<![\d.])(1[0-2]|[1-9])·([12]\d|3[01]|[1-9])(?!\d)", _festival),
)

TIMES: tuple[Rule, ...] = (
    rule(rf"(?<=:\d\d){TO}(?=\d?\d:\d\d)", lambda _: "至"),
    rule(r"(?<![\d:])([01]?\d|2[0-4])[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?![\d:])", _clock),
    rule(r"(?<=\d[点时])0(\d)(?=分)", lambda match: "零" + cardinal(match[1])),
)
