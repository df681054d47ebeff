"""Outcome tracking: each answer of a version is counted, and a bad version is withdrawn."""

import asyncio
from collections.abc import Awaitable
from functools import partial

from fastapi.concurrency import run_in_threadpool

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
from mynah.storage.outages import DATABASE_ERRORS


class OutcomeTracker:
    """Counts outcomes of the speech of versions."""

    def __init__(self, outcomes: Outcomes, auto_rollback: AutoRollback, metrics: Metrics) -> None:
        self._outcomes = outcomes
        self._auto_rollback = auto_rollback
        self._metrics = metrics

    async def watch(
        self, voice: ResolvedVoice, caller: Caller, opening: Awaitable[AudioStream]
    ) -> AudioStream:
        """Await the audio of a version, and count its outcome.

        Args:
            voice: that speaks.
            caller: of the request.
            opening: the audio, until its first sound.

        Raises:
            MynahError: whatever opening it raised.
        """
        set_response_headers(x_voice=voice.voice_id, x_voice_version=str(voice.version))
        if not voice.counted:
            return await opening
        try:
            audio = await opening
        except Exception as error:
            if _is_failure(error):
                await run_in_threadpool(self._count, voice, caller, new_id("audio"), failed=True)
            raise
        await run_in_threadpool(self._count, voice, caller, audio.id)
        set_response_headers(x_audio_id=audio.id)
        audio.at_failure(partial(self._note, voice, audio.id))
        return audio

    def _count(
        self, voice: ResolvedVoice, caller: Caller, audio_id: str, failed: bool = False
    ) -> None:
        self._metrics.count_answer(voice.voice_id, voice.version)
        try:
            self._outcomes.begin(audio_id, caller, voice.voice_id, voice.version, voice.trusted)
        except DATABASE_ERRORS as error:  # counting is not worth an answer
            log_unexpected(error)
            return
        if failed:
            self._fail(voice, audio_id)

    def _note(self, voice: ResolvedVoice, audio_id: str, error: Exception) -> None:
        if _is_failure(error):
            asyncio.get_running_loop().run_in_executor(None, self._fail, voice, audio_id)

    def _fail(self, voice: ResolvedVoice, audio_id: str) -> None:
        self._metrics.count_failure(voice.voice_id, voice.version)
        try:
            self._outcomes.fail(audio_id)
            self._auto_rollback.judge(voice.voice_id, voice.version)
        except DATABASE_ERRORS as error:
            log_unexpected(error)


def _is_failure(error: Exception) -> bool:
    """True if a version is to blame, and not the caller, the hour or the queue."""
    return isinstance(error, CheckpointError) or not isinstance(error, MynahError)
