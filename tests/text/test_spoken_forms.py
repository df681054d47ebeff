"""Figures, units, signs and lists, whole and in the pieces that are spoken one by one."""

import json
import re
from pathlib import Path

import pytest

from language_extras import needs
from mynah.text.frontend import analyse, pronounce

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent.parent / "data" / "text" / "spoken_forms.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]


def plain(text: str) -> str:
    """Lower case with blanks for hyphens and one mark for a run of marks."""
    text = text.lower().replace("-", " ")
    text = re.sub(r"\s*([,.?!])[,.?! ]*", r"\1", " ".join(text.split()))
    return text.strip(".")


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=needs(case["language"].removeprefix("all_"))) for case in CASES],
    ids=lambda case: case["text"],
)
def test_says(case: dict) -> None:
    whole = pronounce(case["text"], case["language"]).normalised
    pieces = " ".join(s.normalised for s in analyse(case["text"], case["language"]))
    for heard in (whole, pieces):
        assert any(plain(says) in plain(heard) for says in case["says"]), heard
