"""Limit of the number of values in input, checked before it is parsed.

A megabyte of JSON can hold a hundred thousand values, and each that is wrong costs far more than
its bytes: parsing, validation and the list of errors would hold the event loop for seconds.
"""

import re

from mynah.server.errors import RequestError

MOST_VALUES = 1000
"""Of a body, a message or a query; the largest valid one has some hundred."""

_VALUE = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[,\[{]', re.DOTALL)
_MARKS = (b'"', b",", b"[", b"{")


def check_json(text: bytes) -> None:
    """Refuse JSON of too many values; text that is no JSON passes.

    Raises:
        RequestError: there are more than `MOST_VALUES`.
    """
    # Few marks are few values; of many, those within strings do not count.
    if sum(map(text.count, _MARKS)) > MOST_VALUES:
        for number, _ in enumerate(_VALUE.finditer(text)):
            check_values(number)


def check_values(number: int) -> None:
    """Refuse a number of values.

    Raises:
        RequestError: it is more than `MOST_VALUES`.
    """
    if number > MOST_VALUES:
        raise RequestError(f"There are more than {MOST_VALUES} values; send fewer.")
