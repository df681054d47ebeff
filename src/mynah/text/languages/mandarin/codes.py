"""Figures that name rather than count, in Mandarin: numbers of phones, rooms, models, addresses."""

import re

from mynah.text.languages.mandarin.numerals import cardinal, digits, number
from mynah.text.languages.mandarin.patterns import MEASURE, NUMBER, UNIT, Rule, before, rule
from mynah.text.languages.mandarin.tables import NAMED_FIGURES
from mynah.text.sentence import EMBEDDED

_ROMAN = {
    n: str(v) for v, n in enumerate(str.split("I II III IV V VI VII VIII IX X XI XII"), start=1)
}
_LONGEST_COUNT = 8
_CODE_BEFORE = re.compile(
    r"(?:号码|[电编账帐卡工学单证车机户型批期序]号|尾号|编码|代码|密码|验证码|识别码|邀请码|提取码|邮编|口令|电话|手机|热线|专线|座机|传真"
    r"|拨打|致电|呼叫|客服|短信|房间|会议|航班|车次|车牌|代号|番号|频率?道|[QＱ群]群?|京[A-Z]?|错误|国道|省道|县道)"
    rf"(?:[是为:：，,“\" —-]|{EMBEDDED}|\d[\d、，-]*[、，和或]){{0,4}}$"
)
_CODE_AFTER = re.compile(
    r" ?(?:室|房|号房|路(?!人|程|费|口)|次(?:列车|航班|高铁|动车)|国道|省道|县道|高速|航班"
    r"|教室|宿舍|寝室|病房|包厢|客机|飞机|客舱"
    r"|轰炸机|战机|报警|火警|急救|热线|专线|电话|客服|平台|网站|法庭|团$)"
)
_AMOUNT_BEFORE = re.compile(
    r"(?:[共约近达超足满逾值到至为于是有用花费付收额价量数率距高重长宽增涨降跌少多]|超过|大约|总计|合计|共计|一共|只要|仅|金额|价格|收入|售价)"
    r"(?:[是为了:：， ]|到|至){0,2}$"
)
_NAME_BEFORE_MINUS = re.compile(r"[㐀-鿿]$")
_MEASURE_BEFORE_MINUS = re.compile(r"[\d零一二三四五六七八九十百千万亿][㐀-鿿]{1,3}$")
_VALUE_BEFORE_MINUS = re.compile(
    r"(?:[是为于得到至从在数值温率比差和或与以跌降涨增减负余额约达即成乘除加])$"
)
_CENTURIES = re.compile(r"(?:19|20)\d\d")


def _phone(match: re.Match[str]) -> str:
    groups = re.split(r"[- ]+", match[0].removeprefix("+"))
    return "，".join(digits(group, phone=True) for group in groups)


def _address(match: re.Match[str]) -> str:
    return "杠".join(_short(group) for group in match[0].split("-"))


def _short(figure: str) -> str:
    return cardinal(figure) if len(figure) < 3 and figure[0] != "0" else digits(figure)


def _model(match: re.Match[str]) -> str:
    """歼-20 is a name; 气温-3 is a value below zero."""
    behind = before(match)
    counted = _VALUE_BEFORE_MINUS.search(behind) or _MEASURE_BEFORE_MINUS.search(behind)
    if counted or not _NAME_BEFORE_MINUS.search(behind):
        return match[0]
    figure = match[1]
    return cardinal(figure) if len(figure) < 3 else digits(figure, phone=True)


def _section(match: re.Match[str]) -> str:
    return "第" + "点".join(map(cardinal, match[1].split(".")))


def _version(match: re.Match[str]) -> str:
    return "点".join(map(digits, match[0].split(".")))


def _before_letters(match: re.Match[str]) -> str:
    figure = match[0]
    coded = figure.isdigit() and (len(figure) > 4 or (figure[0] == "0" and len(figure) > 1))
    return digits(figure, phone=True) if coded else number(figure)


def _bare(match: re.Match[str]) -> str:
    """A figure without a measure counts, unless what stands around it makes it a code or a year."""
    figure = match[0]
    behind = before(match)
    if figure[0] == "0" and len(figure) > 1:
        return digits(figure, phone=len(figure) > 2)
    if len(figure) < 3:
        return cardinal(figure)
    amount = _AMOUNT_BEFORE.search(behind)
    rest = match.string[match.end() : match.end() + 4]
    if _CODE_BEFORE.search(behind) or _CODE_AFTER.match(rest) or figure in NAMED_FIGURES:
        named = figure in NAMED_FIGURES and amount and not _CODE_AFTER.match(rest)
        return cardinal(figure) if named else digits(figure, phone=True)
    if len(figure) > _LONGEST_COUNT and not figure.endswith("0000"):
        return digits(figure, phone=True)
    year = _CENTURIES.fullmatch(figure) and not figure.endswith("000")
    quantity = amount and amount[0][0] not in "到至于是为在"
    return digits(figure) if year and not quantity else cardinal(figure)


CODES: tuple[Rule, ...] = (
    rule(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d([- ]?)\d{4}\1\d{4}(?!\d)", _phone),
    rule(r"(?<!\d)(?:0\d{1,3}-\d{3,4}-?\d{4}|[48]00-?\d{3}-?\d{4})(?!\d)", _phone),
    rule(
        r"(?<![\d.-])\d{1,4}(?:-\d{1,4})+(?= ?(?:室|房|户|号房))"
        r"|(?<=[楼栋幢座弄址住牌])\d{1,4}(?:-\d{1,4})+(?![\d.-])|(?<![\d.-])\d{1,2}-\d{1,2}-\d{3,4}(?![\d.-])"
        rf"|(?<![\d.-])\d{{1,2}}-(?!\d\d00)\d\d[0-3]\d(?![\d.-]| ?(?:{UNIT}|{MEASURE}))",
        _address,
    ),
    rule(rf"(?<=[㐀-鿿])-(\d+)(?![\d.%‰°℃]| ?(?:度|{UNIT}))", _model),
    rule(r"第(\d+(?:\.\d+)+)(?=[㐀-鿿])", _section),
    rule(
        rf"第?({'|'.join(sorted(_ROMAN, key=len, reverse=True))})(?![A-Za-z])(?=[㐀-鿿])",
        lambda match: match[0].replace(match[1], cardinal(_ROMAN[match[1]])),
    ),
)

CODES_WITH_LETTERS: tuple[Rule, ...] = (
    rule(rf"(?<={EMBEDDED})\.(\d+)\.(?={EMBEDDED})", lambda match: f"点{digits(match[1])}点"),
    rule(
        rf"(?<![\d.])(\d{{2,}})\.(?={EMBEDDED})",
        lambda match: digits(match[1]) + "点",
    ),
    rule(
        rf"(?<={EMBEDDED})\d{{3,}}(?![\d.,]| ?[元块万亿%])",
        lambda match: digits(match[0], phone=True),
    ),
    rule(r"\d+(?:\.\d+){2,}", _version),
    rule(r"第(\d+)", lambda match: "第" + cardinal(match[1])),
)

BARE: tuple[Rule, ...] = (
    rule(rf"{NUMBER}(?={EMBEDDED}|@)", _before_letters),
    rule(rf"{NUMBER}(?=[多余])", lambda match: number(match[0])),
    rule(rf"(?<={EMBEDDED})[- ]?\d{{3,}}", lambda match: digits(match[0].strip("- "), phone=True)),
    rule(rf"(?<={EMBEDDED})-(?=\d)", lambda _: ""),
    rule(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+", lambda match: number(match[0])),
    rule(r"(?<![\d.])\.(\d+)", lambda match: "零点" + digits(match[1])),
    rule(r"[<>](?= ?\d)", lambda match: {"<": "小于", ">": "大于"}[match[0]]),
    rule(r"(?<=\d)-(?=\d)", lambda _: "杠"),
    rule(r"\d+", _bare),
)
