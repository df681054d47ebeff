"""English names of currencies and signs, and words of abbreviations."""

# Sign: unit, units, hundredth, hundredths.
CURRENCIES: dict[str, tuple[str, str, str, str]] = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "US$": ("US dollar", "US dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yuan", "yuan", "fen", "fen"),
    "￥": ("yuan", "yuan", "fen", "fen"),
    "₩": ("won", "won", "jeon", "jeon"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "HK$": ("Hong Kong dollar", "Hong Kong dollars", "cent", "cents"),
    "NT$": ("New Taiwan dollar", "New Taiwan dollars", "cent", "cents"),
    "A$": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "AU$": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "C$": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "CA$": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "S$": ("Singapore dollar", "Singapore dollars", "cent", "cents"),
    "NZ$": ("New Zealand dollar", "New Zealand dollars", "cent", "cents"),
    "R$": ("real", "reais", "centavo", "centavos"),
}
CURRENCY_CODES: dict[str, tuple[str, str, str, str]] = {
    "USD": CURRENCIES["US$"],
    "EUR": CURRENCIES["€"],
    "GBP": CURRENCIES["£"],
    "RMB": CURRENCIES["¥"],
    "CNY": CURRENCIES["¥"],
    "JPY": ("yen", "yen", "sen", "sen"),
    "HKD": CURRENCIES["HK$"],
    "TWD": CURRENCIES["NT$"],
    "AUD": CURRENCIES["A$"],
    "CAD": CURRENCIES["C$"],
    "SGD": CURRENCIES["S$"],
    "INR": CURRENCIES["₹"],
    "KRW": CURRENCIES["₩"],
}
SCALES = {
    "k": "thousand",
    "m": "million",
    "mn": "million",
    "bn": "billion",
    "b": "billion",
    "t": "trillion",
}

# After a slash: for each of these.
PER = {
    "s": "second",
    "sec": "second",
    "min": "minute",
    "hr": "hour",
    "h": "hour",
    "wk": "week",
    "mo": "month",
    "yr": "year",
    "kg": "kilogram",
    "lb": "pound",
    "gal": "gallon",
    "L": "liter",
    "km": "kilometer",
} | {
    word: word
    for word in str.split(
        "second minute hour day night week month quarter year person head user seat unit piece item"
        " page share ton pound ounce gallon mile game match visit request token share student"
    )
}

MONTHS = str.split(
    "January February March April May June July August September October November December"
)
MONTH_FORMS = {form: month for month in MONTHS for form in (month, month[:3], month[:4])}
DAY_FORMS = {
    day[:3]: day for day in str.split("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
}

# Before a name, without a full stop too.
TITLES = {
    "Mr": "mister",
    "Mrs": "missus",
    "Ms": "miz",
    "Prof": "professor",
    "Mt": "mount",
    "Ft": "fort",
    "Sgt": "sergeant",
    "Capt": "captain",
    "Lt": "lieutenant",
    "Gen": "general",
    "Gov": "governor",
    "Sen": "senator",
    "Rev": "reverend",
}
# After a name.
STREETS = {
    "Ave": "avenue",
    "Blvd": "boulevard",
    "Rd": "road",
    "Ln": "lane",
    "Pkwy": "parkway",
    "Hwy": "highway",
    "Sq": "square",
    "Jr": "junior",
    "Sr": "senior",
    "Inc": "incorporated",
    "Ltd": "limited",
    "Corp": "corporation",
}

# Case matters; the final full stop is part of the form.
ABBREVIATIONS = {
    "Mr.": "mister",
    "Mrs.": "missus",
    "Ms.": "miz",
    "Prof.": "professor",
    "Jr.": "junior",
    "Sr.": "senior",
    "vs.": "versus",
    "Inc.": "incorporated",
    "Ltd.": "limited",
    "Co.": "company",
    "Corp.": "corporation",
    "Ave.": "avenue",
    "Blvd.": "boulevard",
    "Rd.": "road",
    "Mt.": "mount",
    "Gen.": "general",
    "Col.": "colonel",
    "Capt.": "captain",
    "Lt.": "lieutenant",
    "Sgt.": "sergeant",
    "Rev.": "reverend",
    "Hon.": "honorable",
    "Gov.": "governor",
    "Sen.": "senator",
    "Rep.": "representative",
    "Fig.": "figure",
    "Apt.": "apartment",
    "Ste.": "suite",
    "Univ.": "university",
    "max.": "maximum",
    "Vol.": "volume",
    "Hwy.": "highway",
    "Ph.D.": "PhD",
    "etc.": "et cetera",
    "approx.": "approximately",
    "dept.": "department",
    "est.": "established",
    "e.g.": "for example",
    "E.g.": "for example",
    "i.e.": "that is",
    "I.e.": "that is",
    "w/o": "without",
    "w/": "with",
}

SIGNS = {
    "&": " and ",
    "@": " at ",
    "+": " plus ",
    "=": " equals ",
    "×": " times ",
    "÷": " divided by ",
    "±": " plus or minus ",
    "≈": " approximately ",
    "≠": " is not equal to ",
    "≤": " is at most ",
    "≥": " is at least ",
    "<": " is less than ",
    ">": " is greater than ",
    "Ω": " ohms ",
    "%": " percent",
    "°": " degrees",
    "/": " ",
    "\\": " ",
    "_": " ",
    "|": " ",
}

MARKS = {
    ";": ",",
    ":": ",",
    "，": ",",
    "、": ",",
    "；": ",",
    "：": ",",
    "·": ",",
    "—": ",",
    "。": ".",
    "\n": ".",
    "！": "!",
    "？": "?",
}
