"""Scheduling: what may be done next in each state, without threads, models or a clock."""

from dataclasses import dataclass

import pytest

from mynah.engine.local.active_request import ActiveRequest, PreparedSentence, SentenceState
from mynah.engine.local.schedule import Actions, Limits, may_rest, schedule
from mynah.engine.request import SynthesisRequest, VoiceRef
from mynah.options import SpeechOptions
from mynah.text.sentence import Sentence

WAITING, PREPARING, PREFILL, DECODING, DRAINING, DONE = SentenceState
LIMITS = Limits()


@dataclass
class Stream:
    """Tokens of a sentence: of a chunk, of two more behind it, or of neither."""

    chunk: object = None
    has_lookahead: bool = False


READY, AHEAD, FEW = Stream("chunk"), Stream("chunk", has_lookahead=True), Stream()


def request(*works, waiting: int = 0, taken: int = 1, **counts) -> ActiveRequest:
    """A request with sentences in the works, each a state and its tokens, and some that wait."""
    total = len(works) + waiting
    asked = SynthesisRequest(
        "one", (Sentence("a", "a", (), ()),) * total, VoiceRef("v/1"), SpeechOptions()
    )
    made = ActiveRequest(asked, voices=None, deliver=lambda _: None, chunks_taken=taken, **counts)
    for sentence, (state, stream) in zip(made.sentences, works, strict=False):
        sentence.enter(state)
        sentence.prepared = PreparedSentence(None, None, stream)
    return made


def actions(*requests: ActiveRequest) -> dict[str, list[int]]:
    """Numbers of the sentences in each action that is not empty."""
    found = schedule(requests, LIMITS)
    named = {"prepare": found.prepare, "prefill": found.prefill, "decode": found.decode}
    return {name: [each.number for each in acted] for name, acted in named.items() if acted}


def test_a_new_request_is_prepared_and_nothing_else():
    assert actions(request(waiting=3, taken=0)) == {"prepare": [0]}


def test_one_sentence_is_prepared_at_a_time():
    assert actions(request((PREPARING, FEW), waiting=3)) == {}


def test_a_prepared_sentence_is_prefilled():
    assert actions(request((PREFILL, FEW), waiting=3, taken=0)) == {"prefill": [0]}


@pytest.mark.parametrize(
    ("state", "stream", "taken", "prepares"),
    [
        (DECODING, READY, 0, False),  # the cores are left to the first chunk
        (DECODING, FEW, 1, False),
        (DECODING, READY, 1, True),
        (DRAINING, READY, 1, True),
        (PREFILL, FEW, 1, False),
    ],
)
def test_the_next_sentence_waits_for_tokens_of_the_one_before(state, stream, taken, prepares):
    found = actions(request((state, stream), waiting=2, taken=taken))
    assert found.get("prepare") == ([1] if prepares else None)


def test_a_sentence_that_was_heard_has_begun_whatever_tokens_there_are():
    asked = request((DECODING, FEW), waiting=1)
    asked.sentences[0].chunks = 1
    assert actions(asked) == {"prepare": [1]}


@pytest.mark.parametrize("works", range(1, 6))
def test_so_many_sentences_are_in_the_works_at_a_time(works):
    found = actions(request(*[(DRAINING, READY)] * works, waiting=9))
    assert found.get("prepare") == ([works] if works < LIMITS.sentences_ahead else None)


def test_nothing_is_prepared_where_no_sentence_waits():
    assert "prepare" not in actions(request((DRAINING, READY)))


def test_chunks_are_those_of_the_first_sentence():
    assert actions(request((DECODING, FEW), (DRAINING, READY), (DRAINING, READY))) == {}
    assert actions(request((DRAINING, READY), (DRAINING, READY)))["decode"] == [0]


@pytest.mark.parametrize("state", SentenceState)
def test_chunks_are_decoded_of_sentences_with_tokens_alone(state):
    if state in (WAITING, DONE):
        pytest.skip("not in the works")
    decodes = "decode" in actions(request((state, READY)))
    assert decodes == (state in (DECODING, DRAINING))


@pytest.mark.parametrize(("taken", "room"), [(0, 1), (1, LIMITS.chunks_ahead)])
@pytest.mark.parametrize("ahead", range(6))
def test_chunks_are_made_while_the_caller_has_room(taken, room, ahead):
    asked = request((DECODING, READY), taken=taken, chunks_ahead=ahead)
    assert ("decode" in actions(asked)) == (ahead < room)


def test_one_chunk_of_a_request_is_decoded_at_a_time():
    assert actions(request((DECODING, READY), chunks_decoding=1)) == {}


def test_an_error_is_told_after_the_sentences_before_it():
    failing = request((DRAINING, READY), waiting=2, error=ValueError())
    assert actions(failing) == {"decode": [0]}
    assert schedule([failing], LIMITS).fail == []
    failing.sentences.clear()
    assert schedule([failing], LIMITS) == Actions([], [], [], [failing])


def test_a_request_without_sentences_needs_nothing():
    spoken = request((DRAINING, READY))
    spoken.sentences.clear()
    assert schedule([spoken], LIMITS) == Actions([], [], [], [])


def test_requests_are_scheduled_in_their_order_and_nothing_is_changed():
    asked = [request(waiting=1), request((DECODING, READY)), request((PREFILL, FEW), waiting=1)]
    first = schedule(asked, LIMITS)
    assert [each.request for each in first.prepare] == [asked[0]]
    assert [each.request for each in first.decode] == [asked[1]]
    assert [each.request for each in first.prefill] == [asked[2]]
    assert schedule(asked, LIMITS) == first
    assert [[each.state for each in one.sentences] for one in asked] == [
        [WAITING], [DECODING], [PREFILL, WAITING],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("stream", "counts", "rests"),
    [
        (FEW, {}, False),
        (READY, {}, False),
        (AHEAD, {}, True),
        (READY, {"taken": 0}, False),
        (READY, {"taken": 0, "chunks_decoding": 1}, True),
        (READY, {"taken": 0, "chunks_ahead": 1}, True),
        (READY, {"chunks_decoding": 1, "chunks_ahead": 1}, False),
    ],
)
def test_tokens_rest_while_there_are_enough_or_the_first_chunk_is_pending(stream, counts, rests):
    (sentence,) = request((DECODING, stream), **counts).sentences
    assert may_rest(sentence) == rests


def test_a_sentence_that_nobody_waits_for_does_not_rest():
    (sentence,) = request((DECODING, AHEAD)).sentences
    sentence.enter(DONE)
    assert not may_rest(sentence)


def test_a_state_is_not_entered_twice_nor_left_backwards():
    (sentence,) = request((DECODING, FEW)).sentences
    for state in (WAITING, PREFILL, DECODING):
        with pytest.raises(AssertionError):
            sentence.enter(state)
