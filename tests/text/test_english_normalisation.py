import pytest

from mynah.text.cleaning import clean
from mynah.text.languages.english import normalise

SPOKEN = {
    "1,024 packages": "one thousand twenty-four packages",
    "8848": "eight thousand eight hundred forty-eight",
    "in 1905": "in nineteen oh five",
    "in 2005": "in two thousand five",
    "in 2024": "in twenty twenty-four",
    "the 1990s": "the nineteen nineties",
    "in her 20s": "in her twenties",
    "the 2nd and 21st": "the second and twenty-first",
    "0.5": "zero point five",
    "-5": "negative five",
    "007": "zero zero seven",
    "12.5%": "twelve point five percent",
    "3/4 cup": "three fourths cup",
    "2 1/2": "two and a half",
    "3-5 days": "three to five days",
    "$5": "five dollars",
    "$1.01": "one dollar and one cent",
    "$3.5 million": "three point five million dollars",
    "£20": "twenty pounds",
    "5km": "five kilometers",
    "1 kg": "one kilogram",
    "60 mph": "sixty miles per hour",
    "-12.5°C": "minus twelve point five degrees Celsius",
    "98.6°F": "ninety-eight point six degrees Fahrenheit",
    "at 10:05": "at ten oh five",
    "at 15:20": "at three twenty P M",
    "at 7:45 p.m.": "at seven forty-five P M.",
    "dinner at 7:30": "dinner at seven thirty",
    "at 5 pm": "at five P M",
    "9:00": "nine o'clock",
    "Dec. 25, 2024": "December twenty-fifth, twenty twenty-four",
    "the 4th of July": "the fourth of July",
    "2024-12-25": "December twenty-fifth, twenty twenty-four",
    "555-1234": "five five five, one two three four",
    "(555) 123-4567": "five five five, one two three, four five six seven",
    "Dr. Smith and Mr. Lee": "doctor Smith and mister Lee",
    "e.g. this": "for example this",
    "the U.S. army": "the U S army",
    "No. 5": "number five",
    "World War II": "World War two",
    "Henry VIII": "Henry the eighth",
    "R&D": "R and D",
    "C#": "C sharp",
    "me@example.com": "me at example dot com",
    "naïve café": "naive cafe",
    "well — yes; no: “maybe”": "well, yes, no, maybe",
    "Wait... what?!": "Wait. what?",
}


@pytest.mark.parametrize(("written", "spoken"), SPOKEN.items())
def test_writes_out(written: str, spoken: str) -> None:
    assert normalise(clean(written)) == spoken
