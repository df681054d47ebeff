"""Text in pieces gives what the whole text gives, and none of it is scanned anew."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mynah.text import splitting
from mynah.text.sentence_buffer import SentenceBuffer
from mynah.text.splitting import LONGEST_PIECE, complete_sentences

LETTERS = st.text(st.sampled_from("ab1 .,?!。？！…\n\t中文\u3000"), max_size=40)
WORDS = st.lists(
    st.sampled_from(
        [
            "Dr",
            "No. 5 ",
            ". ",
            ".",
            "3.5",
            "\n",
            "?",
            " e.g. ",
            "U.S. ",
            "hi",
            "。",
            "，",
            "x" * 200,
        ]
    ),
    max_size=30,
).map("".join)
PIECES = st.lists(st.one_of(LETTERS, WORDS, st.just("")), max_size=30)


@given(PIECES)
@example(["\n" * 4000] * 3)
@example(["a", "\n" * 600, "bcde"])
@example(["He met Dr", ". ", "L", "ee", ". Then", "?!", "."])
@example([", " + "x" * 600, "y", " z", "w" * 600])
def test_any_cutting_gives_what_a_scan_of_all_that_is_held_gives(pieces):
    buffer, held = SentenceBuffer(), ""
    for piece in pieces:
        ready, rest = complete_sentences(held + piece) if piece else ("", held)
        assert buffer.add(piece) == ready
        held = rest
    assert buffer.flush() == held
    assert buffer.flush() == ""


@given(PIECES)
def test_no_character_is_lost_or_said_twice(pieces):
    buffer = SentenceBuffer()
    given_out = [buffer.add(piece) for piece in pieces]
    assert "".join([*given_out, buffer.flush()]) == "".join(pieces)


@pytest.fixture
def judged(monkeypatch) -> list[str]:
    """The marks that were judged so far."""
    marks, ends = [], splitting._ends

    def noted(text: str, at: int, kinds: str) -> bool:
        marks.append(text[at])
        return ends(text, at, kinds)

    monkeypatch.setattr(splitting, "_ends", noted)
    return marks


@pytest.mark.parametrize(
    "pieces",
    [
        ["\n" * 4000] * 12 + [""] * 1000,
        ["a"] + ["\n"] * 20_000,
        ["a", *["." * 4000] * 12],
        [". "] * 10_000,
        ["x"] * 20_000,
        [", x"] * 10_000,
        ["Dr. "] * 10_000,
        [", " + "x" * 4000, *["y"] * 2000],
    ],
)
def test_each_mark_is_judged_only_a_few_times(judged, pieces):
    buffer = SentenceBuffer()
    for piece in pieces:
        buffer.add(piece)
    buffer.flush()
    # A cut of what is too long looks at every character once more, and at a few twice.
    assert len(judged) <= 3 * sum(map(len, pieces)) + LONGEST_PIECE
