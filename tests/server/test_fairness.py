"""The benchmark of fairness, with small numbers: one owner's load, and another owner's speech."""

import asyncio
import os

import pytest
from benchmarks.fairness.__main__ import Measured, measure
from benchmarks.fairness.attacks import fractions, long_texts, sockets, unread
from benchmarks.load.callers import Heard
from benchmarks.load.server import Served


@pytest.fixture
def owners(start):
    server = start(queue_size=4)
    server.model.gate.set()
    keys = (server.key("speak", owner=owner) for owner in "AB")
    return [Served(server.url, key, os.getpid()) for key in keys]


@pytest.mark.parametrize("attack", [fractions, long_texts, sockets, unread])
def test_an_owner_is_answered_beside_anothers_attack(owners, attack):
    measured = asyncio.run(measure(attack, 8, *owners, calls=3, grow_seconds=0.5))
    assert [each.outcome for each in measured.beside] == ["200"] * 3
    assert measured.refused == 0


def test_a_row_tells_medians_their_ratio_and_refusals():
    alone = [Heard("200", seconds, 1.0, 1) for seconds in (0.1, 0.2, 0.9)]
    beside = [Heard("200", 0.3, 1.0, 1), Heard("200", 0.1, 1, 1), Heard("503", None, 1.0, 0)]
    row = Measured(alone, beside).row("12 texts")
    assert row == "| 12 texts | 200 ms | 300 ms | 1.50 x | 1 |"
