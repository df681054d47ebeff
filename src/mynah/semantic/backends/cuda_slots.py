"""Seats: what a GPU knows of the rows that are decoded on it, so that it need not be told again.

A row keeps its seat from its first token to its last; which seats a step is for is told by their
numbers, so that nothing moves when others come and go.
"""

import torch

from mynah.runtime.cuda import copy_async, next_power_of_two
from mynah.semantic.config import SemanticConfig
from mynah.semantic.kv_cache import TorchKVCache
from mynah.semantic.sequence import TokenSequence


class CudaSlots:
    """Memory for rows of all GPTs of the same layout.

    Args:
        config: the layout.
        rows: how many may be decoded at a time.
        capacity: phonemes and tokens of each.
        dtype: of keys and values.
        device: where all of it is.

    Attributes:
        cache: keys and values; one row more than there are seats, see `spare`.
        spare: a seat that is nobody's and has always ended: it fills up batches.
        tokens: the last token of each seat, int32; so all that follow, where nothing is said.
        drawn: number of draws.
        limits: number of draws after which a row ends.
        ended: whether it has.
        counts: `top_k`.
        shares: `top_p`, float32.
        temperatures: `temperature`, float32.
        penalties: `repetition_penalty`, float32.
        seeds: of the draws, int64.
        seen: which tokens are repetitions, int8, (seats, a power of two).
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
        self.tokens, self.drawn, self.limits, self.counts = (
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
        """Where everything is."""
        return self.cache.device

    @property
    def free(self) -> int:
        """How many rows there is room for."""
        return len(self._free)

    def take(self) -> int:
        """A seat that nobody has."""
        return self._free.pop()

    def give_back(self, seat: int) -> None:
        """Somebody else may have it; what was there is written over."""
        self._free.append(seat)

    def place(self, row: TokenSequence, seat: int) -> None:
        """Sets all that a row's draws depend on, once it has been read into the cache."""
        chance, options = row.sampler, row.sampler.options
        for state, value in (
            (self.drawn, 0),
            (self.ended, 0),
            (self.limits, row.request.max_tokens),
            (self.counts, options.top_k),
            (self.shares, options.top_p),
            (self.temperatures, options.temperature),
            (self.penalties, options.repetition_penalty),
            (self.seeds, chance.generator.initial_seed() & (2**63 - 1)),
        ):
            state[seat].fill_(value)
        copy_async(chance.seen, self.seen[seat, : self._vocabulary])
        # A draw makes its row a place longer, for the token that was read before. The first
        # draw comes after what has its places already.
        self.cache.lengths[seat].sub_(1)

    def token(self, seat: int, token: int) -> None:
        """Has a row go on with a token, whatever it drew."""
        self.tokens[seat].fill_(token)
