"""Rollout of a voice's versions: promotion, rollback and traffic split."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlalchemy import Connection, Engine, RowMapping, delete, insert, select, update

from mynah.server.errors import NoEarlierVersionError
from mynah.server.voices.row_lock import hold_voice
from mynah.storage.database import new_id, now
from mynah.storage.tables import rollout_steps, rollouts, voices

Kind = Literal["promoted", "rolled_back", "traffic", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Rollout:
    """The routing of a voice's requests.

    Attributes:
        default: the version of callers without a traffic split.
        earlier: former defaults, the last one last.
        traffic: weights by version of the traffic split; empty if there is none.
    """

    default: int
    earlier: Sequence[int] = ()
    traffic: Mapping[int, float] = field(default_factory=dict)

    def promote(self, version: int) -> "Rollout":
        """Make a version the default for everyone."""
        if version == self.default:
            return Rollout(version, self.earlier)
        return Rollout(version, (*self.earlier, self.default))

    def roll_back(self) -> "Rollout":
        """Restore the former default.

        Raises:
            NoEarlierVersionError: there is none.
        """
        if not self.earlier:
            raise NoEarlierVersionError(
                "No version spoke before this one; promote the one that you want."
            )
        return Rollout(self.earlier[-1], self.earlier[:-1])

    def without(self, version: int) -> "Rollout":
        """Remove a version from the routing, unless there is no other."""
        earlier = tuple(each for each in self.earlier if each != version)
        traffic = {each: weight for each, weight in self.traffic.items() if each != version}
        if not any(traffic.values()):
            traffic = {}
        if version == self.default and earlier:
            return Rollout(earlier[-1], earlier[:-1], traffic)
        return Rollout(self.default, earlier, traffic)


@dataclass(frozen=True, slots=True)
class RolloutStep:
    """A change of a voice's routing.

    Attributes:
        version: concerned.
        kind: of change.
        reason: of an automatic change.
        mark: audio ids greater than it came later.
        created_at: seconds since 1970.
    """

    version: int
    kind: Kind
    reason: str | None
    mark: str
    created_at: int


class Rollouts:
    """The rollouts of a database."""

    def __init__(self, records: Engine) -> None:
        self._records = records

    def of(self, voice_id: str) -> Rollout | None:
        """The rollout of a voice; None if only its zero-shot version has ever spoken."""
        with self._records.connect() as connection:
            return _read(connection, voice_id)

    def promote(self, voice_id: str, version: int) -> Rollout:
        """Make a version the default for everyone, from the next request on.

        Raises:
            VoiceNotFoundError: there is no such voice.
        """
        with self._changing(voice_id) as connection:
            return promote_in(connection, voice_id, version)

    def roll_back(self, voice_id: str) -> Rollout:
        """Restore the former default, from the next request on.

        Raises:
            VoiceNotFoundError: there is no such voice.
            NoEarlierVersionError: there is no former default.
        """
        with self._changing(voice_id) as connection:
            rollout = _current(connection, voice_id).roll_back()
            return _write(connection, voice_id, rollout, rollout.default, "rolled_back")

    def split(self, voice_id: str, traffic: Mapping[int, float]) -> Rollout:
        """Split callers among existing versions by weights; without any, everyone gets the default.

        Raises:
            VoiceNotFoundError: there is no such voice.
        """
        with self._changing(voice_id) as connection:
            rollout = replace(_current(connection, voice_id), traffic=traffic)
            newest = max(traffic, default=rollout.default)
            return _write(connection, voice_id, rollout, newest, "traffic")

    def withdraw(self, voice_id: str, version: int, reason: str) -> Rollout:
        """Remove a version from the routing, if there is another.

        Raises:
            VoiceNotFoundError: there is no such voice.
        """
        with self._changing(voice_id) as connection:
            rollout = _current(connection, voice_id).without(version)
            return _write(connection, voice_id, rollout, version, "withdrawn", reason)

    def steps(self, voice_id: str, limit: int = 50) -> Sequence[RolloutStep]:
        """The changes of a voice's routing, the latest first."""
        table = rollout_steps.c
        columns = table.version, table.kind, table.reason, table.mark, table.created_at
        query = (
            select(*columns).where(table.voice_id == voice_id).order_by(table.id.desc())
        ).limit(limit)
        with self._records.connect() as connection:
            return [RolloutStep(**row) for row in connection.execute(query).mappings()]

    @contextmanager
    def _changing(self, voice_id: str) -> Iterator[Connection]:
        with self._records.begin() as connection:
            hold_voice(connection, voice_id)
            yield connection


def promote_in(connection: Connection, voice_id: str, version: int) -> Rollout:
    """Promote a version in a transaction that holds the voice."""
    rollout = _current(connection, voice_id).promote(version)
    return _write(connection, voice_id, rollout, version, "promoted")


def _current(connection: Connection, voice_id: str) -> Rollout:
    default = select(voices.c.default_version).where(voices.c.id == voice_id)
    return _read(connection, voice_id) or Rollout(int(connection.execute(default).scalar_one()))


def _read(connection: Connection, voice_id: str) -> Rollout | None:
    query = (
        select(voices.c.default_version, rollouts.c.earlier, rollouts.c.traffic)
        .join(rollouts, rollouts.c.voice_id == voices.c.id)
        .where(voices.c.id == voice_id)
    )
    found = connection.execute(query).mappings().first()
    return None if found is None else _rollout(found)


def _rollout(row: RowMapping) -> Rollout:
    traffic = {int(version): weight for version, weight in row["traffic"].items()}
    return Rollout(int(row["default_version"]), tuple(row["earlier"]), traffic)


def _write(
    connection: Connection,
    voice_id: str,
    rollout: Rollout,
    version: int,
    kind: Kind,
    reason: str | None = None,
) -> Rollout:
    traffic = {str(each): weight for each, weight in rollout.traffic.items()}
    row: dict[str, Any] = {"voice_id": voice_id, "traffic": traffic, "earlier": [*rollout.earlier]}
    connection.execute(delete(rollouts).where(rollouts.c.voice_id == voice_id))
    connection.execute(insert(rollouts).values(row))
    speaking = update(voices).where(voices.c.id == voice_id)
    connection.execute(speaking.values(default_version=str(rollout.default)))
    step = {"voice_id": voice_id, "version": version, "kind": kind, "reason": reason}
    connection.execute(insert(rollout_steps).values(**step, mark=new_id("audio"), created_at=now()))
    return rollout
