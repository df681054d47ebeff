"""Callers in a circle, urgent items first, though never at others' cost for long."""

from mynah.runtime.fair_queue import FairQueue


def taken(turns) -> str:
    order = ""
    while item := turns.take():
        order += item
    return order


def test_callers_go_round_whatever_each_has():
    turns = FairQueue()
    for caller, items in {"a": "1234", "b": "5", "c": "67"}.items():
        for item in items:
            turns.add(caller, item)
    assert taken(turns) == "1562734"


def test_an_urgent_item_goes_before_others():
    turns = FairQueue()
    turns.add("a", "1")
    turns.add("b", "2")
    turns.add("c", "3", urgent=True)
    assert taken(turns) == "312"


def test_a_caller_with_ever_more_urgent_items_gets_one_extra_turn_a_round():
    turns = FairQueue()
    for item in "abcd":
        turns.add("one", item)
    for item in "UVWXYZ":
        turns.add("flood", item, urgent=True)
    assert taken(turns) == "UaVWbXYcZd"


def test_owners_can_be_passed_over_and_keep_their_place():
    turns = FairQueue()
    turns.add("a", "1", urgent=True)
    turns.add("b", "2")
    assert turns.take({"a"}) == "2"
    assert turns.take({"a"}) is None
    assert turns.take() == "1"
    assert turns.take() is None


def test_an_item_waits_once_and_can_be_taken_back():
    turns = FairQueue()
    turns.add("a", "1")
    turns.add("a", "1", urgent=True)
    turns.add("a", "2", urgent=True)
    turns.discard("a", "2")
    turns.discard("a", "9")
    turns.discard("b", "1")
    assert taken(turns) == "1"
