"""Automatic rollback: withdraw a version whose error rate or similarity crosses its bound."""

import logging
from dataclasses import dataclass

from mynah.errors import VoiceNotFoundError
from mynah.server.versions.outcomes import Outcomes, Tally
from mynah.server.versions.rollout import Rollout, Rollouts, RolloutStep
from mynah.server.versions.store import ZERO_SHOT_NUMBER

WINDOW = 100
"""Number of latest results that a version is judged by."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RollbackRules:
    """Bounds of a version's statistics.

    Attributes:
        answers: results, or measurements, after which a version is judged by them.
        errors: share of results that may fail.
        similarity: least mean similarity.
    """

    answers: int
    errors: float
    similarity: float

    def fault(self, tally: Tally) -> str | None:
        """The bound that a version crosses, as a sentence; None if there is none."""
        if tally.answers >= self.answers and tally.failed > self.errors * tally.answers:
            return f"{tally.failed} of its last {tally.answers} answers failed"
        likeness = tally.similarity
        measured = tally.measured >= self.answers and likeness is not None
        if measured and likeness is not None and likeness < self.similarity:
            return f"its similarity is {likeness:.3f}, below {self.similarity:.3f}"
        return None


class AutoRollback:
    """Automatic rollback of new versions."""

    def __init__(self, rollouts: Rollouts, answers: Outcomes, rules: RollbackRules) -> None:
        self._rollouts = rollouts
        self._answers = answers
        self._rules = rules

    def judge(self, voice_id: str, version: int) -> None:
        """Withdraw a version that crosses a bound, if another can replace it."""
        rollout = self._rollouts.of(voice_id)
        if rollout is None or not _replaceable(rollout, version):
            return
        last = _last_step(self._rollouts, voice_id, version)
        mark = last.mark if last else ""
        fault = self._rules.fault(self._answers.tally_after(voice_id, version, mark, WINDOW))
        if fault is None:
            return
        try:
            self._rollouts.withdraw(voice_id, version, fault)
        except VoiceNotFoundError:
            return
        _log.warning("version withdrawn", extra={"voice": voice_id, "version": version})


def _replaceable(rollout: Rollout, version: int) -> bool:
    """True if a version is in use, and another may replace it."""
    if version == ZERO_SHOT_NUMBER:
        return False
    if version in rollout.traffic:
        return True
    return version == rollout.default and any(each != version for each in rollout.earlier)


def _last_step(rollouts: Rollouts, voice_id: str, version: int) -> RolloutStep | None:
    """The last change that began the version's present use; earlier results do not count."""
    its = (step for step in rollouts.steps(voice_id) if step.version == version)
    return next(its, None)
