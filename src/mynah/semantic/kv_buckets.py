"""Where rows keep their keys and values: memory in length buckets.

A row begins in the shortest bucket that it fits and moves to the next when it outgrows it, so
that a step reads little beyond what is there: one row that goes on and on costs the others
nothing. Within a bucket the rows are packed to the front; when one leaves, the last takes
its place.
"""

from collections.abc import Sequence

from mynah.semantic.gpt import GPT
from mynah.semantic.kv_cache import AppendedSlots, KVCache
from mynah.semantic.sequence import TokenSequence

BUCKETS = (512, 1024, 2048, 4096)
"""Lengths in phonemes and tokens; most sentences with their prompt stay within the first."""


class KVBuckets:
    """Buckets and who is where.

    Args:
        gpt: the model.
        rows: for which every bucket has room; it doubles when there are more.
        buckets: the buckets' lengths, ascending.
    """

    def __init__(self, gpt: GPT, rows: int, buckets: Sequence[int]) -> None:
        self._gpt = gpt
        self._caches = [gpt.new_cache(rows, length) for length in buckets]
        self._seated: list[list[TokenSequence]] = [[] for _ in buckets]
        self.longest = buckets[-1]
        self.device = self._caches[0].device

    @property
    def rows(self) -> list[TokenSequence]:
        """All rows, in the order in which a step takes and gives them."""
        return [row for seated in self._seated for row in seated]

    def allocate(
        self, rows: Sequence[TokenSequence]
    ) -> list[tuple[int, KVCache, list[TokenSequence]]]:
        """Gives new rows their places.

        Returns:
            For each bucket that gets rows: the first of their places, the cache, and the rows,
            whose places follow one another.
        """
        groups: list[tuple[int, KVCache, list[TokenSequence]]] = []
        for bucket, seated in enumerate(self._seated):
            group = [row for row in rows if self._bucket_of(row) == bucket]
            if group:
                groups.append((len(seated), self._with_room(bucket, len(group)), group))
                seated.extend(group)
        return groups

    def free(self, row: TokenSequence) -> None:
        """Takes a row out."""
        for cache, seated in zip(self._caches, self._seated, strict=True):
            if row in seated:
                self._unseat(cache, seated, seated.index(row))

    def make_room(self) -> bool:
        """Moves rows that are full to the next bucket; whether there were any."""
        moved = False
        for bucket in range(len(self._caches) - 1):
            cache, here, longer = self._caches[bucket], *self._seated[bucket : bucket + 2]
            for place in reversed(cache.full(len(here))):
                cache.copy(place, self._with_room(bucket + 1, 1), len(longer))
                longer.append(here[place])
                self._unseat(cache, here, place)
                moved = True
        return moved

    def grow(self, rows: int) -> list[AppendedSlots]:
        """Makes every row one place longer; which, of each cache that has any."""
        assert rows == len(self.rows), (rows, len(self.rows))
        return [
            grown
            for cache, seated in zip(self._caches, self._seated, strict=True)
            if seated
            for grown in cache.grow(len(seated))
        ]

    def _with_room(self, bucket: int, rows: int) -> KVCache:
        """A bucket's cache, which has room for some more rows."""
        cache, seated = self._caches[bucket], self._seated[bucket]
        need = len(seated) + rows
        if need > cache.rows:
            wider = self._gpt.new_cache(max(need, 2 * cache.rows), cache.capacity)
            for place in range(len(seated)):
                cache.copy(place, wider, place)
            self._caches[bucket] = wider
        return self._caches[bucket]

    def _bucket_of(self, row: TokenSequence) -> int:
        # One place more than is read: a row always has room for its next token.
        need = row.request.prefill_length + 1
        return next(at for at, cache in enumerate(self._caches) if cache.capacity >= need)

    @staticmethod
    def _unseat(cache: KVCache, seated: list[TokenSequence], place: int) -> None:
        if seated[place].error:
            cache.wipe(place)
        last = len(seated) - 1
        if place != last:
            cache.copy(last, cache, place)
        seated[place] = seated[last]
        seated.pop()
