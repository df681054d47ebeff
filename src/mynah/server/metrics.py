"""Prometheus metrics of a server, one registry an app, without data of callers.

Ids of voices are their owners' and are told only where the settings say so.
"""

from functools import partial

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

from mynah.engine.engine import Engine

_SECONDS = (0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10, 30)
_LAGS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_FACTORS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 4)


class Metrics:
    """The metrics of one server.

    Attributes:
        registry: of all metrics.
        requests: calls, by name and status.
        errors: by code.
        first_audio: seconds from a speech request to its first bytes.
        queue_wait: seconds from a request's admission to its first step.
        real_time_factor: seconds of work for a second of audio.
        audio: seconds of audio made.
        underruns: gaps in playback at real time.
        loop_lag: seconds by which the event loop is late.
        cache: speech requests looked up in the cache, by `hit` or `miss`.
    """

    def __init__(self, engine: Engine, *, name_voices: bool) -> None:
        self._name_voices = name_voices
        self.registry = registry = CollectorRegistry()
        counter = partial(Counter, registry=registry)
        histogram = partial(Histogram, registry=registry)
        seconds = partial(histogram, buckets=_SECONDS)
        its = ["voice", "version"]
        self.requests = counter("mynah_requests", "Calls, by name and status.", ["call", "status"])
        self.errors = counter("mynah_errors", "Error responses, by code.", ["code"])
        self.first_audio = seconds(
            "mynah_first_audio_seconds", "From a speech request to its first bytes of audio."
        )
        self.queue_wait = seconds(
            "mynah_queue_wait_seconds", "From a request's admission to its first step."
        )
        self.real_time_factor = histogram(
            "mynah_real_time_factor", "Seconds of work for a second of audio.", buckets=_FACTORS
        )
        self.audio = counter("mynah_audio_seconds", "Audio made.")
        self.underruns = counter("mynah_stream_underruns", "Gaps in playback at real time.")
        self.loop_lag = histogram(
            "mynah_event_loop_lag_seconds", "Delay of a sleep on the event loop.", buckets=_LAGS
        )
        self.cache = counter("mynah_cache", "Speech requests looked up in the cache.", ["result"])
        self._version_answers = counter(
            "mynah_version_answers", "Speech results of trained voices.", its
        )
        self._version_failures = counter(
            "mynah_version_failures", "Failed speech results of trained voices.", its
        )
        _watch(engine, registry)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)

    def count_answer(self, voice_id: str, version: int) -> None:
        """Count a speech result of a voice with trained versions."""
        self._version_answers.labels(self._name_of(voice_id), version).inc()

    def count_failure(self, voice_id: str, version: int) -> None:
        """Count such a result as failed."""
        self._version_failures.labels(self._name_of(voice_id), version).inc()

    def _name_of(self, voice_id: str) -> str:
        return voice_id if self._name_voices else ""


def _watch(engine: Engine, registry: CollectorRegistry) -> None:
    """Register gauges that read the engine's statistics."""
    requests = Gauge("mynah_queue_requests", "Requests in flight.", registry=registry)
    requests.set_function(lambda: engine.stats().requests)
    size = Gauge("mynah_queue_size", "Most requests in flight.", registry=registry)
    size.set_function(lambda: engine.size)
    sentences = Gauge("mynah_queue_sentences", "Sentences not spoken yet.", registry=registry)
    sentences.set_function(lambda: engine.stats().sentences)
    batch = Gauge("mynah_batch_size", "Sentences in a stage's batch.", ["stage"], registry=registry)
    batch.labels("semantic").set_function(lambda: engine.stats().decoding_tokens)
    batch.labels("acoustic").set_function(lambda: engine.stats().decoding_chunks)
