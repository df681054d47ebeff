"""Abbreviations, addresses, names of files, Roman numerals and codes in English."""

import re

from mynah.text.languages.english.numerals import cardinal, digits, ordinal, year
from mynah.text.languages.english.patterns import Rule, any_of, before, keep_stop, rule
from mynah.text.languages.english.tables import ABBREVIATIONS, STREETS, TITLES

_DOMAINS = (
    "com|org|net|edu|gov|io|ai|cn|uk|de|fr|jp|eu|us|ca|au|tv|me|co|app|dev|info|xyz"
    "|html?|txt|py|js|ts|jsx|tsx|css|json|ya?ml|toml|xml|csv|tsv|md|pdf|docx?|xlsx?|pptx?|png|jpe?g|gif"
    "|svg|webp|mp[34]|wav|flac|ogg|opus|m4a|avi|mov|mkv|webm|zip|tar|gz|rar|7z|exe|dmg|apk|msi|iso|bin"
    "|sh|bat|rs|go|java|cpp|hpp|php|sql|db|log|ini|cfg|conf|env|lock|bak|tmp|psd|ttf|srt|epub|ckpt|pth|NET"
)
_ROMAN_NUMERAL = r"(?=[IVXL]{2})(?:X{0,3}L|L?X{0,3})(?:IX|IV|V?I{0,3})(?![A-Za-z'])"
_STRUCTURE = (
    "[Ww]ars?|[Cc]hapters?|[Pp]arts?|[Vv]olumes?|[Aa]cts?|[Ss]cenes?|[Pp]hases?|[Ss]ections?|[Bb]ooks?"
    "|[Ee]pisodes?|[Tt]ypes?|[Aa]rticles?|[Tt]itles?|[Ll]evels?|[Cc]lass|[Gg]rades?|[Ss]tages?|[Aa]ppendix"
    "|[Ff]igures?|[Tt]ables?|[Bb]owl"
)
_MONARCHS = (
    "Henry|Louis|Elizabeth|George|Charles|Edward|Richard|William|James|Paul|Pius|Benedict|John|Leo"
    "|Gregory|Alexander|Nicholas|Catherine|Peter|Philip|Frederick|Napoleon|Ramses|Ivan|Francis"
    "|Clement|Urban|Innocent|Boniface|Felipe|Carlos|Mary|Victor|Umberto|Haakon|Harald|Gustav"
    "|Christian|Otto|Ptolemy|Darius|Xerxes|Cleopatra|Mehmed|Murad|Selim|Wilhelm|Ferdinand|Leopold"
    "|Albert|Baudouin|Margrethe|Juan|Maximilian|Joseph|Sixtus|Julius|Adrian|Celestine|Thutmose"
    "|Amenhotep|Constantine|Theodosius|Justinian|Suleiman|Tutankhamun|Akihito|Rama|Norodom"
)
_TITLED = (
    r"(?:King|Queen|Pope|Emperor|Empress|Tsar|Czar|Sultan|Prince|Princess|Pharaoh|Duke|Kaiser)"
)
_NAME = re.compile(r"(?:\b[A-Z][a-z]+|\d(?:st|nd|rd|th)) $")
_FUNCTION_WORD = re.compile(
    r"\b(?:Mount|Mt|Port|Fort|Lake|East|West|North|South|In|At|The|To|From|Near|And|Of|Sir|Lord|Lady"
    r"|City|On|For|With|By|Visit|See) $"
)
_SAINT = re.compile(r" [A-Z]")


def _saint_or_street(match: re.Match[str]) -> str:
    """St is a street after a name, a saint before one."""
    behind, rest = before(match), match.string[match.end() : match.end() + 2]
    named = _NAME.search(behind) and not _FUNCTION_WORD.search(behind)
    if _SAINT.match(rest) and not named:
        return "saint"
    return keep_stop(match, "street")


def _drive_or_doctor(match: re.Match[str]) -> str:
    behind, rest = before(match), match.string[match.end() : match.end() + 2]
    named = _NAME.search(behind) and not _FUNCTION_WORD.search(behind)
    return "doctor" if _SAINT.match(rest) or not named else keep_stop(match, "drive")


def _value(roman: str) -> str:
    worth = {"I": 1, "V": 5, "X": 10, "L": 50}
    values = [worth[letter] for letter in roman]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return str(sum(-value if value < following else value for value, following in pairs))


def _parts(match: re.Match[str]) -> str:
    return match[1] + re.sub(r"\b[IVXL]+\b", lambda roman: cardinal(_value(roman[0])), match[2])


def _model(figure: str) -> str:
    """Figures of a model's name in pairs: 747 is seven forty-seven, 4090 forty ninety."""
    if figure[0] == "0" or len(figure) > 5:
        return digits(figure)
    if len(figure) == 4 and figure[1:] != "000":
        return year(figure)
    if len(figure) != 3 or figure.endswith("00"):
        return cardinal(figure)
    rest = f"oh {cardinal(figure[1:])}" if figure[1] == "0" else cardinal(figure[1:])
    return f"{cardinal(figure[0])} {rest}"


ABBREVIATED: tuple[Rule, ...] = (
    rule(r"https?://", lambda _: ""),
    rule(r"\bDr\b\.?", _drive_or_doctor),
    rule(rf"\b({any_of(TITLES)})(?= [A-Z])", lambda match: TITLES[match[1]]),
    rule(
        rf"(?<![\w.])(?:{any_of(ABBREVIATIONS)})(?![A-Za-z])",
        lambda match: keep_stop(match, ABBREVIATIONS[match[0]]),
    ),
    rule(r"\bSt\b\.?(?!')", _saint_or_street),
    rule(
        rf"(?<=[a-z\d] )({any_of(STREETS)})\b(?!')\.?",
        lambda match: keep_stop(match, STREETS[match[1]]),
    ),
    rule(r"\b[Nn]o\. ?(?=\d)|#(?=\d)", lambda _: "number "),
    rule(r"\bpp?\. ?(?=\d)", lambda match: "pages " if match[0][1] == "p" else "page "),
    rule(r"\b(?:vs|etc)\b(?!\.)", lambda match: {"vs": "versus", "etc": "et cetera"}[match[0]]),
    rule(
        r"\b(?:[A-Za-z]\.){2,}",
        lambda match: keep_stop(match, " ".join(match[0].upper().split(".")).strip()),
    ),
    rule(r"(?<=\b[A-Z])#", lambda _: " sharp"),
    rule(r"\bwww\.", lambda _: "W W W dot "),
    rule(rf"(?<=\w)\.(?=(?:[\w-]+\.){{0,3}}(?:{_DOMAINS})\b)", lambda _: " dot "),
    rule(r"(?<!\S)\.(?=[A-Za-z]{2})", lambda _: "dot "),
)

ROMANS: tuple[Rule, ...] = (
    rule(
        rf"\b((?:{_STRUCTURE}) )((?:[IVX]|{_ROMAN_NUMERAL})\b"
        r"(?:(?:,| and| or| to| through| ?-) ?[IVX]+\b)*)",
        _parts,
    ),
    rule(
        rf"\b((?:{_MONARCHS})|{_TITLED} [A-Z][a-z]+) (V|X|{_ROMAN_NUMERAL})(?![A-Za-z'])",
        lambda match: f"{match[1]} the {ordinal(_value(match[2]))}",
    ),
    rule(
        rf"(?<=[a-z])(?<!\b[Tt]he)(?<!\b[Aa]n) ({_ROMAN_NUMERAL})",
        lambda match: " " + cardinal(_value(match[1])),
    ),
)

MODELS: tuple[Rule, ...] = (
    rule(r"(?<=[A-Z])-?(\d{3,5})(?![\d.,:%])", lambda match: f" {_model(match[1])} "),
    rule(r"(?<=[A-Z]{2} )(\d{4})(?![\d.,:%])", lambda match: f"{_model(match[1])} "),
    rule(
        r"(?<=[A-Za-z])(\d+)-(\d+)(?=[A-Za-z]?\b)", lambda m: f" {cardinal(m[1])} {_model(m[2])} "
    ),
)
