"""Slots of sequences on a GPU: KV cache and sampler state.

A sequence keeps its slot from its first token to its last. A step gets the numbers of its slots,
so that nothing moves when sequences join and leave.
"""

import torch

from mynah.runtime.cuda import copy_async, next_power_of_two
from mynah.semantic.config import SemanticConfig
from mynah.semantic.kv_cache import TorchKVCache
from mynah.semantic.sequence import TokenSequence


class CudaSlots:
    """Slots for sequences of all GPTs of the same layout.

    Args:
        config: the layout.
        rows: number of slots.
        capacity: phonemes and tokens of each.
        dtype: of keys and values.
        device: of all of it.

    Attributes:
        cache: keys and values; one slot more, see `spare`.
        spare: number of a slot that has always ended, for padding of batches.
        tokens: the last token of each slot, int32, as are the following unless stated.
        steps: number of tokens sampled.
        limits: number of tokens after which a sequence ends.
        ended: 1 if it has.
        counts: `top_k`.
        shares: `top_p`, float32.
        temperatures: `temperature`, float32.
        penalties: `repetition_penalty`, float32.
        seeds: of the noise, int64.
        seen: 1 for tokens that are repetitions, int8, (slots, a power of two).
    """

    def __init__(
        self,
        config: SemanticConfig,
        rows: int,
        capacity: int,
        *,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        self.cache = TorchKVCache(config, rows + 1, capacity, dtype=dtype, device=device)
        self.rows = self.spare = rows
        self._free = list(reversed(range(rows)))
        self._vocabulary = config.vocabulary
        shape, whole = (rows + 1,), torch.int32
        self.tokens, self.steps, self.limits, self.counts = (
            torch.zeros(shape, dtype=whole, device=device) for _ in range(4)
        )
        self.shares, self.temperatures, self.penalties = (
            torch.ones(shape, device=device) for _ in range(3)
        )
        self.ended = torch.ones(shape, dtype=whole, device=device)
        self.seeds = torch.zeros(shape, dtype=torch.int64, device=device)
        width = next_power_of_two(config.vocabulary)
        self.seen = torch.zeros((rows + 1, width), dtype=torch.int8, device=device)

    @property
    def device(self) -> torch.device:
        """The GPU."""
        return self.cache.device

    @property
    def free(self) -> int:
        """Number of free slots."""
        return len(self._free)

    def acquire(self) -> int:
        """Take a free slot."""
        return self._free.pop()

    def release(self, slot: int) -> None:
        """Free a slot; what it holds is overwritten later."""
        self._free.append(slot)

    def assign(self, sequence: TokenSequence, slot: int) -> None:
        """Set the sampler state of a sequence whose prefill is in the slot's cache."""
        sampler, options = sequence.sampler, sequence.sampler.options
        for state, value in (
            (self.steps, 0),
            (self.ended, 0),
            (self.limits, sequence.request.max_tokens),
            (self.counts, options.top_k),
            (self.shares, options.top_p),
            (self.temperatures, options.temperature),
            (self.penalties, options.repetition_penalty),
            (self.seeds, sampler.generator.initial_seed() & (2**63 - 1)),
        ):
            state[slot].fill_(value)
        copy_async(sampler.seen, self.seen[slot, : self._vocabulary])
        # A sample makes its slot a place longer, for the token that was decoded before. The
        # first sample follows the prefill, which has its places already.
        self.cache.lengths[slot].sub_(1)

    def set_token(self, slot: int, token: int) -> None:
        """Replace the token that the next step decodes."""
        self.tokens[slot].fill_(token)
