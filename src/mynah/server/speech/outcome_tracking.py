"""Outcome tracking: each answer of a version is counted, and a bad version is withdrawn."""

import asyncio
from collections.abc import Awaitable
from functools import partial

from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import SQLAlchemyError

from mynah.errors import CheckpointError, MynahError
from mynah.runtime.logging import log_unexpected
from mynah.server.access.keys import Caller
from mynah.server.metrics import Metrics
from mynah.server.response_headers import set_response_headers
from mynah.server.speech.audio_stream import AudioStream
from mynah.server.versions.auto_rollback import AutoRollback
from mynah.server.versions.outcomes import Outcomes
from mynah.server.versions.router import ResolvedVoice
from mynah.storage.database import new_id


class OutcomeTracker:
    """Counts what comes of the speech of versions.

    Args:
        answers: where they are counted.
        guard: withdraws versions.
        metrics: told of them, too.
    """

    def __init__(self, answers: Outcomes, guard: AutoRollback, metrics: Metrics) -> None:
        self._answers = answers
        self._guard = guard
        self._metrics = metrics

    async def watch(
        self, part: ResolvedVoice, caller: Caller, opening: Awaitable[AudioStream]
    ) -> AudioStream:
        """Audio of a part, told of and counted.

        Args:
            part: what speaks.
            caller: to whom.
            opening: the audio, until its first sound.

        Raises:
            MynahError: whatever opening it raised.
        """
        set_response_headers(x_voice_version=str(part.version))
        if not part.counted:
            return await opening
        try:
            audio = await opening
        except Exception as error:
            if _is_failure(error):
                await run_in_threadpool(self._count, part, caller, new_id("audio"), failed=True)
            raise
        await run_in_threadpool(self._count, part, caller, audio.id)
        set_response_headers(x_audio_id=audio.id)
        audio.at_failure(partial(self._note, part, audio.id))
        return audio

    def _count(
        self, part: ResolvedVoice, caller: Caller, audio_id: str, failed: bool = False
    ) -> None:
        self._metrics.version_answers.labels(part.voice_id, part.version).inc()
        try:
            self._answers.begin(audio_id, caller, part.voice_id, part.version)
        except SQLAlchemyError as error:  # counting is not worth an answer
            log_unexpected(error)
            return
        if failed:
            self._fail(part, audio_id)

    def _note(self, part: ResolvedVoice, audio_id: str, error: Exception) -> None:
        if _is_failure(error):
            asyncio.get_running_loop().run_in_executor(None, self._fail, part, audio_id)

    def _fail(self, part: ResolvedVoice, audio_id: str) -> None:
        self._metrics.version_failures.labels(part.voice_id, part.version).inc()
        try:
            self._answers.fail(audio_id)
            self._guard.judge(part.voice_id, part.version)
        except SQLAlchemyError as error:
            log_unexpected(error)


def _is_failure(error: Exception) -> bool:
    """True if a version is to blame, and not the caller, the hour or the queue."""
    return isinstance(error, CheckpointError) or not isinstance(error, MynahError)
