"""Scheduling: what the stages may do next, read from states and counts and nothing else.

Fair queues decide whose turn it is among all that may go on, and each stage how many it takes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from mynah.engine.local.active_request import ActiveRequest, ActiveSentence, SentenceState

# Looked up once: members of an enumeration are slow to come by, and this runs at every step.
_WAITING, _PREFILL, _DONE = SentenceState.WAITING, SentenceState.PREFILL, SentenceState.DONE
_HAVE_TOKENS = (SentenceState.DECODING, SentenceState.DRAINING)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of working ahead on one request.

    Attributes:
        sentences_ahead: sentences that are worked on at a time.
        chunks_ahead: chunks that are decoded before the caller takes them; a slow caller holds no
            more memory. The first is decoded and taken alone: until the caller has it, the cores
            are better left to delivering it.
    """

    sentences_ahead: int = 3
    chunks_ahead: int = 4


def has_place(requests: Mapping[str, int], owner: str, size: float) -> bool:
    """True if one more request of an owner is admitted.

    One owner may have all the places. When they are taken, another still gets an equal share of
    them beside, so that nobody's requests, however long they are held, keep others out.

    Args:
        requests: number of each owner's requests that are admitted.
        owner: of the next one.
        size: number of places.
    """
    share = size / len({*requests, owner})
    return sum(requests.values()) < size or requests.get(owner, 0) < max(1, share)


class Actions(NamedTuple):
    """Actions that may be taken next.

    Attributes:
        prepare: sentences for the preparation stage.
        prefill: sentences for the semantic stage.
        decode: sentences of which the acoustic stage may decode a chunk.
        fail: requests that end with their error.
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
        begun = _begun(request)
        if begun and _may_decode(begun[0], limits):
            actions.decode.append(begun[0])
        actions.prefill.extend(each for each in begun if each.state is _PREFILL)
        if _may_prepare(request, begun, limits):
            actions.prepare.append(request.sentences[len(begun)])
    return actions


def may_rest(sentence: ActiveSentence) -> bool:
    """True if nobody needs tokens of a sentence in the semantic batch soon.

    There are tokens for two more chunks, or only the first chunk of its request is pending.
    """
    if sentence.state is _DONE:
        return False  # its slot is to be freed
    request = sentence.request
    under_way = request.chunks_decoding or request.chunks_ahead
    first_chunk_pending = under_way and not request.chunks_taken
    return bool(first_chunk_pending or sentence.prepared.stream.has_lookahead)


def _begun(request: ActiveRequest) -> list[ActiveSentence]:
    return list(takewhile(lambda sentence: sentence.state is not _WAITING, request.sentences))


def _may_prepare(request: ActiveRequest, begun: list[ActiveSentence], limits: Limits) -> bool:
    """True if work on the next sentence may begin.

    It waits until the caller has taken a chunk, and the sentence before it has tokens for its
    first chunk, so that it does not delay the first sound.
    """
    more = len(begun) < min(len(request.sentences), limits.sentences_ahead)
    if not more or request.error:
        return False
    return not begun or (request.chunks_taken > 0 and _has_first_chunk(begun[-1]))


def _has_first_chunk(sentence: ActiveSentence) -> bool:
    """True if there are, or were, tokens for its first chunk."""
    return sentence.chunks > 0 or (sentence.state in _HAVE_TOKENS and sentence.chunk_ready)


def _may_decode(sentence: ActiveSentence, limits: Limits) -> bool:
    """True if a chunk can be decoded that the caller has room for."""
    request = sentence.request
    room = limits.chunks_ahead if request.chunks_taken else 1
    free = not request.chunks_decoding and request.chunks_ahead < room
    return free and sentence.state in _HAVE_TOKENS and sentence.chunk_ready
