"""Outcomes of speech by version: results, failures and ratings.

Only voices with trained versions are counted; others have nothing to compare.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, delete, func, insert, select, update

from mynah.server.access.keys import Caller
from mynah.server.access.ownership import owned_by
from mynah.server.errors import AudioNotFoundError
from mynah.storage.database import now
from mynah.storage.tables import answers

KEPT_SECONDS = 30 * 86_400


@dataclass(frozen=True, slots=True)
class SpeechOutcome:
    """A speech result.

    Attributes:
        id: for its caller's rating.
        version: that spoke.
        rating: from 1 to 5, if there is one.
        similarity: to the speaker, if it was measured.
    """

    id: str
    voice_id: str
    version: int
    rating: int | None
    similarity: float | None


@dataclass(frozen=True, slots=True)
class Tally:
    """Statistics of a version.

    Attributes:
        answers: number of speech results.
        failed: of them.
        ratings: number of rated results.
        rating: mean of these.
        measured: number of results with a measured similarity.
        similarity: mean of these.
    """

    answers: int = 0
    failed: int = 0
    ratings: int = 0
    rating: float | None = None
    measured: int = 0
    similarity: float | None = None


_TALLIED = (
    func.count(),
    func.count().filter(answers.c.failed),
    func.count(answers.c.rating),
    func.avg(answers.c.rating),
    func.count(answers.c.similarity),
    func.avg(answers.c.similarity),
)


class Outcomes:
    """The speech results of a database, kept for a month."""

    def __init__(self, records: Engine) -> None:
        self._records = records

    def begin(
        self, audio_id: str, caller: Caller, voice_id: str, version: int, trusted: bool
    ) -> None:
        """Record a speech result; only a trusted one is among those that a version is judged by."""
        row = {
            "id": audio_id,
            "caller": caller.id,
            "voice_id": voice_id,
            "version": version,
            "failed": False,
            "created_at": now(),
            "owner": caller.owner,
            "trusted": trusted,
        }
        with self._records.begin() as connection:
            connection.execute(insert(answers).values(row))

    def fail(self, audio_id: str) -> None:
        """Mark a result as failed."""
        with self._records.begin() as connection:
            connection.execute(update(answers).where(answers.c.id == audio_id).values(failed=True))

    def rate(
        self, caller: Caller, audio_id: str, rating: int | None, similarity: float | None
    ) -> SpeechOutcome:
        """Store a rating or a measured similarity; a second one replaces the first.

        Raises:
            AudioNotFoundError: the caller has no such result, or it is not counted.
        """
        given = {"rating": rating, "similarity": similarity}
        facts = {name: value for name, value in given.items() if value is not None}
        columns = [answers.c[name] for name in SpeechOutcome.__slots__]
        rating_it = (
            update(answers).where(owned_by(answers, caller), answers.c.id == audio_id).values(facts)
        )
        with self._records.begin() as connection:
            row = connection.execute(rating_it.returning(*columns)).mappings().first()
        if row is None:
            raise AudioNotFoundError(
                "No such audio can be rated: only yours can, of the last month, by voices with "
                "trained versions; use the id of `X-Audio-Id`."
            )
        return SpeechOutcome(**row)

    def tallies(self, voice_id: str) -> Mapping[int, Tally]:
        """Statistics of a voice's versions."""
        query = select(answers.c.version, *_TALLIED).where(answers.c.voice_id == voice_id)
        with self._records.connect() as connection:
            rows = connection.execute(query.group_by(answers.c.version)).all()
        return {version: _tally(*rest) for version, *rest in rows}

    def tally_after(self, voice_id: str, version: int, mark: str, limit: int) -> Tally:
        """Statistics of a version's last trusted results after an id."""
        its = _of(voice_id, version) & answers.c.trusted & (answers.c.id > mark)
        last = select(answers.c.id).where(its).order_by(answers.c.id.desc()).limit(limit)
        with self._records.connect() as connection:
            row = connection.execute(select(*_TALLIED).where(answers.c.id.in_(last))).one()
        return _tally(*row)

    def purge(self) -> None:
        """Delete results older than a month."""
        old = answers.c.created_at < now() - KEPT_SECONDS
        with self._records.begin() as connection:
            connection.execute(delete(answers).where(old))


def _of(voice_id: str, version: int) -> ColumnElement[bool]:
    return (answers.c.voice_id == voice_id) & (answers.c.version == version)


def _tally(
    number: int,
    failed: int,
    ratings: int,
    rating: float | None,
    measured: int,
    similarity: float | None,
) -> Tally:
    # PostgreSQL's mean of integers is a decimal number.
    mean = None if rating is None else round(float(rating), 3)
    return Tally(number, failed, ratings, mean, measured, similarity)
