"""Takes a new version back by itself when it does badly."""

import logging
from dataclasses import dataclass

from mynah.errors import VoiceNotFoundError
from mynah.server.versions.outcomes import Outcomes, Tally
from mynah.server.versions.rollout import Rollout, Rollouts, RolloutStep
from mynah.server.versions.store import ZERO_SHOT_NUMBER

WINDOW = 100
"""Last answers by which a version is judged."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RollbackRules:
    """When a version does badly.

    Attributes:
        answers: after which it is judged, and measurements after which its similarity is.
        errors: share of answers that may fail.
        similarity: mean that it must reach.
    """

    answers: int
    errors: float
    similarity: float

    def fault(self, tally: Tally) -> str | None:
        """What is bad about a version, if anything is."""
        if tally.answers >= self.answers and tally.failed > self.errors * tally.answers:
            return f"{tally.failed} of its last {tally.answers} answers failed"
        likeness = tally.similarity
        measured = tally.measured >= self.answers and likeness is not None
        if measured and likeness is not None and likeness < self.similarity:
            return f"its similarity is {likeness:.3f}, below {self.similarity:.3f}"
        return None


class AutoRollback:
    """Watches over new versions.

    Args:
        rollouts: where they are withdrawn.
        answers: by which they are judged.
        rules: when they do badly.
    """

    def __init__(self, rollouts: Rollouts, answers: Outcomes, rules: RollbackRules) -> None:
        self._rollouts = rollouts
        self._answers = answers
        self._rules = rules

    def judge(self, voice_id: str, version: int) -> None:
        """Withdraws a version if it does badly and another can speak in its place."""
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
    """Whether it is new and speaks, and something else may speak instead."""
    if version == ZERO_SHOT_NUMBER:
        return False
    if version in rollout.traffic:
        return True
    return version == rollout.default and any(each != version for each in rollout.earlier)


def _last_step(rollouts: Rollouts, voice_id: str, version: int) -> RolloutStep | None:
    """When it began to speak, or to speak to others; what it did before is forgiven."""
    its = (step for step in rollouts.steps(voice_id) if step.version == version)
    return next(its, None)
