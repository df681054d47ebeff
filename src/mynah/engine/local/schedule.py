"""Scheduling: what the stages may do next, read from states and counts and nothing else.

Fair queues decide whose turn it is among all that may go on, and each stage how many it takes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from mynah.engine.local.active_request import ActiveRequest, ActiveSentence, SentenceState

# Looked up once: members of an enumeration are slow to come by, and this runs at every step.
_WAITING, _PREFILL, _DONE = SentenceState.WAITING, SentenceState.PREFILL, SentenceState.DONE
_HAVE_TOKENS = (SentenceState.DECODING, SentenceState.DRAINING)


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a request may run ahead.

    Attributes:
        sentences_ahead: sentences of a request that are in the works at a time.
        chunks_ahead: chunks that are made before the caller takes them; a slow one holds no more
            memory. The first is made and taken alone: until the caller has it, the cores are
            better left to bringing it there.
    """

    sentences_ahead: int = 3
    chunks_ahead: int = 4


class Actions(NamedTuple):
    """What may be done next.

    Attributes:
        prepare: sentences for the preparation stage.
        prefill: sentences for the semantic stage.
        decode: sentences of which the acoustic stage may decode a chunk.
        fail: requests whose error is to be told.
    """

    prepare: list[ActiveSentence]
    prefill: list[ActiveSentence]
    decode: list[ActiveSentence]
    fail: list[ActiveRequest]


def schedule(requests: Iterable[ActiveRequest], limits: Limits) -> Actions:
    """The next actions for some requests; equal states give equal actions.

    It runs after every step of the batch for every request in it.
    """
    actions = Actions([], [], [], [])
    for request in requests:
        if not request.sentences:
            if request.error:
                actions.fail.append(request)
            continue
        works = _in_the_works(request)
        if works and _may_decode(works[0], limits):
            actions.decode.append(works[0])
        actions.prefill.extend(each for each in works if each.state is _PREFILL)
        if _may_prepare(request, works, limits):
            actions.prepare.append(request.sentences[len(works)])
    return actions


def may_rest(sentence: ActiveSentence) -> bool:
    """True if nobody needs tokens of a sentence in the semantic batch soon.

    There are tokens for two more chunks, or its request waits for nothing but its first chunk to
    be made and taken.
    """
    if sentence.state is _DONE:
        return False  # its slot is to be freed
    request = sentence.request
    under_way = request.chunks_decoding or request.chunks_ahead
    first_chunk_pending = under_way and not request.chunks_taken
    return bool(first_chunk_pending or sentence.prepared.stream.has_lookahead)


def _in_the_works(request: ActiveRequest) -> list[ActiveSentence]:
    works = []
    for sentence in request.sentences:
        if sentence.state is _WAITING:
            break
        works.append(sentence)
    return works


def _may_prepare(request: ActiveRequest, works: list[ActiveSentence], limits: Limits) -> bool:
    """True if the next sentence may come into the works.

    It waits until the caller has taken something, and the sentence before it has tokens for
    its first chunk, so that it does not slow down what the caller hears first.
    """
    more = len(works) < min(len(request.sentences), limits.sentences_ahead)
    if not more or request.error:
        return False
    return not works or (request.chunks_taken > 0 and _has_begun(works[-1]))


def _has_begun(sentence: ActiveSentence) -> bool:
    """True if there are, or were, tokens for its first chunk."""
    return sentence.chunks > 0 or (sentence.state in _HAVE_TOKENS and sentence.chunk_ready)


def _may_decode(sentence: ActiveSentence, limits: Limits) -> bool:
    """True if a chunk can be decoded that the caller has room for."""
    request = sentence.request
    room = limits.chunks_ahead if request.chunks_taken else 1
    free = not request.chunks_decoding and request.chunks_ahead < room
    return free and sentence.state in _HAVE_TOKENS and sentence.chunk_ready
