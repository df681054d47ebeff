"""Sampling of the next token on a GPU: what `Sampler` does, in one kernel without a device sync.

Nothing is sorted. The least logit that is among the likeliest, by number or by share of
probability, is found bit by bit from the highest: 32 sums over the vocabulary. Tokens that tie
are kept or dropped together. The noise is counter-based (Salmon et al. 2011, "Parallel random
numbers: as easy as 1, 2, 3"): it depends on the slot's seed and step alone, and so not on the
batch.
"""

import triton
import triton.language as tl

NOTHING, BROKEN = -2, -1
"""Codes in place of a token: of a row that has ended, and of one whose logits are not finite."""


@triton.jit
def ordered(x):
    """Whole numbers, 0 to 2**32 - 1, in the order of float32 numbers."""
    bits = x.to(tl.int32, bitcast=True)
    return (bits ^ ((bits >> 31) & 0x7FFFFFFF)).to(tl.int64) + 2147483648


@triton.jit
def sample(
    logits,
    slots,
    lengths,
    tokens,
    steps,
    limits,
    ended,
    seen,
    seeds,
    counts,
    shares,
    temperatures,
    penalties,
    sampled,
    VOCABULARY: tl.constexpr,
    BLOCK: tl.constexpr,
    LEAST: tl.constexpr,
    NOTHING: tl.constexpr,
    BROKEN: tl.constexpr,
):
    """Sample a token for each row that has not ended, and update its slot's state.

    All but `logits`, `slots` and `sampled` are of each slot.

    Args:
        logits: (rows, VOCABULARY); the last is of EOS.
        slots: (rows,) numbers of the rows' slots.
        lengths: filled places, which become one more.
        tokens: the last token, which becomes the one that is sampled.
        steps: number of tokens sampled.
        limits: number of tokens after which a row ends.
        ended: 1 if it has.
        seen: (slots, BLOCK), 1 for tokens that are repetitions.
        seeds: of the noise.
        counts: `top_k`.
        shares: `top_p`.
        temperatures: `temperature`.
        penalties: `repetition_penalty`.
        sampled: (rows,) the tokens, NOTHING or BROKEN.
        VOCABULARY: tokens, EOS among them.
        BLOCK: power of two that they fit in.
        LEAST: tokens before EOS may be sampled.
        NOTHING: see there.
        BROKEN: see there.
    """
    row, ids = tl.program_id(0), tl.arange(0, BLOCK)
    slot = tl.load(slots + row)
    number, goes = tl.load(steps + slot), tl.load(ended + slot) == 0
    eos: tl.constexpr = VOCABULARY - 1
    raw = tl.load(logits + row * VOCABULARY + ids, mask=ids < VOCABULARY, other=0.0)
    finite = tl.abs(raw) < float("inf")
    broken = tl.min(finite.to(tl.int32), 0) == 0
    hidden = (ids >= VOCABULARY) | ((ids == eos) & (number < LEAST))
    raw = tl.where(hidden, float("-inf"), raw)
    penalty = tl.load(penalties + slot)
    repeated = tl.load(seen + slot * BLOCK + ids) != 0
    penalised = tl.where(repeated, tl.where(raw < 0, raw * penalty, raw / penalty), raw)
    likeliest = tl.argmax(penalised, 0)
    kept = likely(penalised, tl.load(shares + slot)) / tl.load(temperatures + slot)
    kept = largest(kept, tl.load(counts + slot))
    # Never zero, which nothing may be divided by.
    noise = -tl.log(1.0 - tl.rand(tl.load(seeds + slot), number * BLOCK + ids)) + 1e-20
    token = tl.argmax(tl.exp(kept - tl.max(kept, 0)) / noise, 0)
    # A broken row has no likeliest token, and its next step must decode one that exists.
    token = tl.where((likeliest == eos) | broken, eos, token)
    over = (token == eos) | (number + 1 >= tl.load(limits + slot))
    tl.store(sampled + row, tl.where(goes, tl.where(broken, BROKEN, token), NOTHING))
    tl.store(tokens + slot, token, mask=goes)
    tl.store(seen + slot * BLOCK + token, 1, mask=goes)
    tl.store(steps + slot, number + 1, mask=goes)
    tl.store(lengths + slot, tl.load(lengths + slot) + 1, mask=goes)
    tl.store(ended + slot, 1, mask=goes & over)


@triton.jit
def likely(logits, share):
    """Logits of the likeliest tokens whose probabilities sum to at most `share`, at least one."""
    order, most = ordered(logits), tl.max(logits, 0)
    probabilities = tl.exp(logits - most)
    enough, least = share * tl.sum(probabilities, 0), tl.full((), 0, tl.int64)
    # None but those who ask for it pay for the search.
    for bit in range(0, tl.where(share < 1.0, 32, 0)):
        higher = least | (tl.full((), 1, tl.int64) << (31 - bit))
        too_many = tl.sum(tl.where(order >= higher, probabilities, 0.0), 0) > enough
        least = tl.where(too_many, higher, least)
    # No number comes before the first, so that nothing is dropped without a search.
    return tl.where((order > least) | (logits == most), logits, float("-inf"))


@triton.jit
def largest(logits, count):
    """The `count` largest logits, and those that tie with the last of them."""
    order, least = ordered(logits), tl.full((), 0, tl.int64)
    for bit in range(0, 32):
        higher = least | (tl.full((), 1, tl.int64) << (31 - bit))
        enough = tl.sum((order >= higher).to(tl.int32), 0) >= count
        least = tl.where(enough, higher, least)
    return tl.where(order >= least, logits, float("-inf"))
