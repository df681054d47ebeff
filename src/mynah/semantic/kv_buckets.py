"""KV cache of a batch: slots in length buckets.

A sequence begins in the shortest bucket that it fits and moves to the next when it outgrows it,
so that a step reads little beyond what is there: one very long sequence costs the others nothing.
Within a bucket the used slots are packed to the front; when a sequence leaves, the last one takes
its slot.
"""

from collections.abc import Sequence

from mynah.semantic.gpt import GPT
from mynah.semantic.kv_cache import AppendedSlots, KVCache
from mynah.semantic.sequence import TokenSequence

BUCKETS = (512, 1024, 2048, 4096)
"""Lengths in phonemes and tokens; most sentences with their prompt stay within the first."""


class KVBuckets:
    """Caches of several lengths, and the sequences in their slots.

    Args:
        gpt: the model.
        rows: slots of every bucket; they double when there are more sequences.
        buckets: the buckets' lengths, ascending.
    """

    def __init__(self, gpt: GPT, rows: int, buckets: Sequence[int]) -> None:
        self._gpt = gpt
        self._caches = [gpt.new_cache(rows, length) for length in buckets]
        self._slots: list[list[TokenSequence]] = [[] for _ in buckets]
        self.longest = buckets[-1]
        self.device = self._caches[0].device

    @property
    def sequences(self) -> list[TokenSequence]:
        """All sequences, in the order of a step's rows."""
        return [sequence for slots in self._slots for sequence in slots]

    def allocate(
        self, sequences: Sequence[TokenSequence]
    ) -> list[tuple[int, KVCache, list[TokenSequence]]]:
        """Allocate slots for new sequences.

        Returns:
            For each bucket that gets some: the first slot, the cache, and the sequences, whose
            slots follow one another.
        """
        groups: list[tuple[int, KVCache, list[TokenSequence]]] = []
        for bucket, slots in enumerate(self._slots):
            group = [each for each in sequences if self._bucket_of(each) == bucket]
            if group:
                groups.append((len(slots), self._reserve(bucket, len(group)), group))
                slots.extend(group)
        return groups

    def free(self, sequence: TokenSequence) -> None:
        """Free a sequence's slot."""
        for cache, slots in zip(self._caches, self._slots, strict=True):
            if sequence in slots:
                self._vacate(cache, slots, slots.index(sequence))

    def move_full(self) -> bool:
        """Move sequences whose slots are full to the next bucket; true if there were any."""
        moved = False
        for bucket in range(len(self._caches) - 1):
            cache, here, longer = self._caches[bucket], *self._slots[bucket : bucket + 2]
            for slot in reversed(cache.full(len(here))):
                cache.copy(slot, self._reserve(bucket + 1, 1), len(longer))
                longer.append(here[slot])
                self._vacate(cache, here, slot)
                moved = True
        return moved

    def grow(self, rows: int) -> list[AppendedSlots]:
        """Append a place to every used slot, of each cache that has any."""
        assert rows == len(self.sequences), (rows, len(self.sequences))
        return [
            grown
            for cache, slots in zip(self._caches, self._slots, strict=True)
            if slots
            for grown in cache.grow(len(slots))
        ]

    def _reserve(self, bucket: int, rows: int) -> KVCache:
        """A bucket's cache, made larger unless it has so many free slots."""
        cache, slots = self._caches[bucket], self._slots[bucket]
        need = len(slots) + rows
        if need > cache.rows:
            wider = self._gpt.new_cache(max(need, 2 * cache.rows), cache.capacity)
            for slot in range(len(slots)):
                cache.copy(slot, wider, slot)
            self._caches[bucket] = wider
        return self._caches[bucket]

    def _bucket_of(self, sequence: TokenSequence) -> int:
        # One place more than is prefilled: there is always room for the next token.
        need = sequence.request.prefill_length + 1
        return next(at for at, cache in enumerate(self._caches) if cache.capacity >= need)

    @staticmethod
    def _vacate(cache: KVCache, slots: list[TokenSequence], slot: int) -> None:
        if slots[slot].error:
            cache.wipe(slot)
        last = len(slots) - 1
        if slot != last:
            cache.copy(last, cache, slot)
        slots[slot] = slots[last]
        slots.pop()
