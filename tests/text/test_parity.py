"""Agreement with GPT-SoVITS's front end, whose phonemes the released models were trained on."""

import json
from pathlib import Path

import pytest

from mynah.text.frontend import pronounce

DATA = Path(__file__).parent.parent / "data" / "text"

# Every sentence that differs: what differs, and why ours is right or equally good.
REASONS = {
    "银行行长在行业大会上发了言。": (
        "hang2 hang2, not hang2 hang5: 银行 and 行长 are two words, 行行 is no doubled noun"
    ),
    "编号为A1024的包裹已经寄出，预计3~5天到达。": (
        "编号为 is to be numbered, wei2; the letter A is said, there it is dropped"
    ),
    "We shipped 1,024 packages in 2024, up 12.5% from last year.": (
        "a figure with a thousands separator is an amount, not the year ten twenty-four"
    ),
    "Doctor Smith arrived at 10:30 and left before noon.": (
        "a.m. is said as two letters, EY1 EH1 M, without the full stops of its spelling"
    ),
}


def distance(ours: list[str], theirs: list[str]) -> int:
    row = list(range(len(theirs) + 1))
    for i, ours_phone in enumerate(ours, start=1):
        diagonal, row[0] = row[0], i
        for j, their_phone in enumerate(theirs, start=1):
            substituted = diagonal + (ours_phone != their_phone)
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, substituted)
    return row[-1]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_agrees_with_the_reference_but_for_reasons(language: str) -> None:
    cases = json.loads((DATA / f"phones_{language}.json").read_text(encoding="utf-8"))
    edits = {
        case["text"]: distance(list(pronounce(case["text"], language).phones), case["phones"])
        for case in cases
    }
    assert 1 - sum(edits.values()) / sum(len(case["phones"]) for case in cases) >= 0.98
    assert {text for text, count in edits.items() if count} <= REASONS.keys()


def test_no_reason_outlives_its_difference() -> None:
    cases = [
        (case, language)
        for language in ("zh", "en")
        for case in json.loads((DATA / f"phones_{language}.json").read_text(encoding="utf-8"))
    ]
    differing = {
        case["text"]
        for case, language in cases
        if list(pronounce(case["text"], language).phones) != case["phones"]
    }
    assert differing == set(REASONS)
