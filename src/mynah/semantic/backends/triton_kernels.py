"""Kernels of a step on a GPU: as few as there are points where all programs must wait.

A step of one row reads 150 MB of weights, 40 us' work, in a chain of products each of which needs
all of the one before it. So its time is the number of kernels times the few microseconds that
the shortest one takes, and a layer is five: the products of queries, keys and values; attention;
and three more products. Norms are fused into the products: each program normalises the row that
it reads, which costs nothing for 512 numbers.

A program computes its numbers of one row by itself and always in the same order, so a row's results
do not depend by a bit on which others are there. Rows come first in grids: programs that read the
same weights then run at the same time. Sums are of float32, whatever weights and memory are of.

Sources: Tillet et al. 2019, "Triton"; Milakov and Gimelshein 2018, "Online normalizer calculation
for softmax" (arXiv:1805.02867).
"""

import triton
import triton.language as tl


@triton.jit
def embed(
    tokens,
    slots,
    lengths,
    texts,
    table,
    alpha,
    positions,
    out,
    K: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """The last token of each row and its position among the tokens: `out` (rows, K).

    Args:
        tokens: last token of each slot.
        slots: (rows,) numbers of the rows' slots.
        lengths: filled places of each slot.
        texts: phonemes among them.
        table: (vocabulary, K).
        alpha: (1,) weight of positions.
        positions: (positions, K).
        out: (rows, K).
        K: hidden size.
        BLOCK: power of two that K fits in.
    """
    row = tl.program_id(0)
    slot = tl.load(slots + row)
    token, place = tl.load(tokens + slot), tl.load(lengths + slot) - tl.load(texts + slot)
    k = tl.arange(0, BLOCK)
    there = k < K
    vector = tl.load(table + token * K + k, mask=there, other=0.0).to(tl.float32)
    position = tl.load(positions + place * K + k, mask=there, other=0.0).to(tl.float32)
    tl.store(out + row * K + k, vector + tl.load(alpha).to(tl.float32) * position, mask=there)


@triton.jit
def spread(x, there, K: tl.constexpr, EPSILON: tl.constexpr):
    """Mean and reciprocal standard deviation of a row (K,)."""
    mean = tl.sum(x, 0) / K
    centred = tl.where(there, x - mean, 0.0)
    return mean, tl.rsqrt(tl.sum(centred * centred, 0) / K + EPSILON)


@triton.jit
def product(
    x,
    gain,
    shift,
    weight,
    bias,
    beside,
    beside_gain,
    beside_shift,
    out,
    K: tl.constexpr,
    N: tl.constexpr,
    BLOCK_K: tl.constexpr,
    BLOCK_N: tl.constexpr,
    BLOCK_BESIDE: tl.constexpr,
    RELU: tl.constexpr,
    EPSILON: tl.constexpr,
):
    """Rows times a matrix, with all that comes before and after: `out` (rows, N).

    Args:
        x: (rows, K).
        gain: (K,) of the layer norm that x goes through first; None is without.
        shift: (K,) of the same.
        weight: (N, K).
        bias: (N,), or None.
        beside: (rows, N) that is added, or None.
        beside_gain: (N,) of the layer norm that it goes through first; None is without.
        beside_shift: (N,) of the same.
        out: (rows, N).
        K: numbers of a row.
        N: numbers that become of it.
        BLOCK_K: power of two that K fits in.
        BLOCK_N: how many of N a program computes.
        BLOCK_BESIDE: power of two that N fits in, where something is added.
        RELU: true to clamp negative results to zero.
        EPSILON: of layer norms.
    """
    row, n = tl.program_id(0), tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)
    k = tl.arange(0, BLOCK_K)
    # Asked for first, so that they come while the row is normalised.
    mask = (n < N)[:, None] & (k < K)[None, :]
    matrix = tl.load(weight + n[:, None] * K + k[None, :], mask=mask, other=0.0)
    vector = tl.load(x + row * K + k, mask=k < K, other=0.0)
    if gain is not None:
        mean, scale = spread(vector, k < K, K, EPSILON)
        gains = tl.load(gain + k, mask=k < K, other=0.0).to(tl.float32)
        shifts = tl.load(shift + k, mask=k < K, other=0.0).to(tl.float32)
        vector = (vector - mean) * scale * gains + shifts
    result = tl.sum(matrix.to(tl.float32) * vector[None, :], axis=1)
    if bias is not None:
        result += tl.load(bias + n, mask=n < N, other=0.0).to(tl.float32)
    if RELU:
        result = tl.maximum(result, 0.0)
    if beside is not None:
        added = tl.load(beside + row * N + n, mask=n < N, other=0.0)
        if beside_gain is not None:
            every = tl.arange(0, BLOCK_BESIDE)
            whole = tl.load(beside + row * N + every, mask=every < N, other=0.0)
            mean, scale = spread(whole, every < N, N, EPSILON)
            gains = tl.load(beside_gain + n, mask=n < N, other=0.0).to(tl.float32)
            shifts = tl.load(beside_shift + n, mask=n < N, other=0.0).to(tl.float32)
            added = (added - mean) * scale * gains + shifts
        result += added
    tl.store(out + row * N + n, result, mask=n < N)


@triton.jit
def attend(
    projected,
    keys,
    values,
    slots,
    lengths,
    out,
    scale,
    HEADS: tl.constexpr,
    SIZE: tl.constexpr,
    BLOCK_SIZE: tl.constexpr,
    CAPACITY: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Attention of each row's new place to itself and all before it, which it then joins.

    Args:
        projected: (rows, 3, HEADS, SIZE): queries, keys and values of the new places.
        keys: (slots, HEADS, CAPACITY, SIZE).
        values: the same.
        slots: (rows,) numbers of the rows' slots.
        lengths: filled places of each slot.
        out: (rows, HEADS, SIZE).
        scale: of the scores.
        HEADS: heads.
        SIZE: of a head.
        BLOCK_SIZE: power of two that SIZE fits in.
        CAPACITY: places of a slot.
        BLOCK: places that are read together.
    """
    row, head = tl.program_id(0), tl.program_id(1)
    slot = tl.load(slots + row)
    length = tl.load(lengths + slot).to(tl.int32)
    d = tl.arange(0, BLOCK_SIZE)
    own = projected + (row * 3 * HEADS + head) * SIZE + d
    query = tl.load(own, mask=d < SIZE, other=0.0) * scale
    key = tl.load(own + HEADS * SIZE, mask=d < SIZE, other=0.0)
    mixed = tl.load(own + 2 * HEADS * SIZE, mask=d < SIZE, other=0.0)
    memory = (slot.to(tl.int64) * HEADS + head) * CAPACITY * SIZE
    new = memory + length * SIZE + d
    tl.store(keys + new, key.to(keys.dtype.element_ty), mask=d < SIZE)
    tl.store(values + new, mixed.to(values.dtype.element_ty), mask=d < SIZE)
    most, total = tl.sum(query * key, 0), 1.0
    for start in range(0, length, BLOCK):
        place = start + tl.arange(0, BLOCK)
        # What lies behind a row's end is left of an earlier sequence, and may be NaN.
        there = (place < length)[:, None] & (d < SIZE)[None, :]
        at = memory + place[:, None] * SIZE + d[None, :]
        cached_keys = tl.load(keys + at, mask=there, other=0.0).to(tl.float32)
        cached_values = tl.load(values + at, mask=there, other=0.0).to(tl.float32)
        scores = tl.sum(cached_keys * query[None, :], axis=1)
        scores = tl.where(place < length, scores, float("-inf"))
        more = tl.maximum(most, tl.max(scores, 0))
        fade, weights = tl.exp(most - more), tl.exp(scores - more)
        mixed = mixed * fade + tl.sum(weights[:, None] * cached_values, axis=0)
        total = total * fade + tl.sum(weights, 0)
        most = more
    tl.store(out + (row * HEADS + head) * SIZE + d, mixed / total, mask=d < SIZE)
