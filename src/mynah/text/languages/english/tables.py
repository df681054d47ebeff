"""What English calls units, currencies, signs and abbreviations."""

# Unit: singular, plural.
UNITS: dict[str, tuple[str, str]] = {
    unit: (singular, plural)
    for line in """
        km/h  = kilometer per hour    = kilometers per hour
        kph   = kilometer per hour    = kilometers per hour
        mph   = mile per hour         = miles per hour
        m/s   = meter per second      = meters per second
        km²   = square kilometer      = square kilometers
        m²    = square meter          = square meters
        cm²   = square centimeter     = square centimeters
        m³    = cubic meter           = cubic meters
        sq ft = square foot           = square feet
        km    = kilometer             = kilometers
        cm    = centimeter            = centimeters
        mm    = millimeter            = millimeters
        m     = meter                 = meters
        mi    = mile                  = miles
        ft    = foot                  = feet
        yd    = yard                  = yards
        kg    = kilogram              = kilograms
        mg    = milligram             = milligrams
        g     = gram                  = grams
        lb    = pound                 = pounds
        lbs   = pound                 = pounds
        oz    = ounce                 = ounces
        L     = liter                 = liters
        ml    = milliliter            = milliliters
        mL    = milliliter            = milliliters
        tbsp  = tablespoon            = tablespoons
        tsp   = teaspoon              = teaspoons
        h     = hour                  = hours
        hr    = hour                  = hours
        hrs   = hour                  = hours
        min   = minute                = minutes
        mins  = minute                = minutes
        s     = second                = seconds
        sec   = second                = seconds
        ms    = millisecond           = milliseconds
        Hz    = hertz                 = hertz
        kHz   = kilohertz             = kilohertz
        MHz   = megahertz             = megahertz
        GHz   = gigahertz             = gigahertz
        KB    = kilobyte              = kilobytes
        MB    = megabyte              = megabytes
        GB    = gigabyte              = gigabytes
        TB    = terabyte              = terabytes
        kW    = kilowatt              = kilowatts
        kWh   = kilowatt hour         = kilowatt hours
        dB    = decibel               = decibels
        °C    = degree Celsius        = degrees Celsius
        ℃     = degree Celsius        = degrees Celsius
        °F    = degree Fahrenheit     = degrees Fahrenheit
        ℉     = degree Fahrenheit     = degrees Fahrenheit
        °     = degree                = degrees
        %     = percent               = percent
    """.strip().splitlines()
    for unit, singular, plural in [map(str.strip, line.split("="))]
}

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
}
SCALES = {"k": "thousand", "m": "million", "bn": "billion", "b": "billion", "t": "trillion"}

MONTHS = str.split(
    "January February March April May June July August September October November December"
)
MONTH_FORMS = {form: month for month in MONTHS for form in (month, month[:3], month[:4])}

# Case matters; the final full stop is part of the form.
ABBREVIATIONS = {
    "Mr.": "mister",
    "Mrs.": "missus",
    "Ms.": "miz",
    "Dr.": "doctor",
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
