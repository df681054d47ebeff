"""What Prometheus reads of a server; one registry an app, and nothing of any caller in it."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

from mynah.engine.local.local_engine import LocalEngine

_SECONDS = (0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10, 30)
_LAGS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_FACTORS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 4)


class Metrics:
    """The instruments of one server.

    Attributes:
        registry: holds them all.
        requests: answered, by call and status.
        errors: told to callers, by code.
        first_audio: seconds from an order to its first bytes.
        queue_wait: seconds from an order's admission to its first turn.
        real_time_factor: seconds that the model works for a second of sound.
        audio: seconds of sound that were made.
        underruns: times at which a listener who plays along would have heard a gap.
        loop_lag: seconds by which the event loop is late.
        cache: orders that could be answered from the cache, by `hit` or `miss`.
        version_answers, version_failures: of voices with trained versions, by voice and version.
    """

    def __init__(self, queue: LocalEngine) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "mynah_requests", "Calls that were answered.", ["call", "status"], registry=registry
        )
        self.errors = Counter(
            "mynah_errors", "Errors that callers were told.", ["code"], registry=registry
        )
        self.first_audio = Histogram(
            "mynah_first_audio_seconds",
            "From an order to its first bytes of audio.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.queue_wait = Histogram(
            "mynah_queue_wait_seconds",
            "From an order's admission to its first turn.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.real_time_factor = Histogram(
            "mynah_real_time_factor",
            "Seconds that the model works for a second of sound.",
            buckets=_FACTORS,
            registry=registry,
        )
        self.audio = Counter("mynah_audio_seconds", "Sound that was made.", registry=registry)
        self.underruns = Counter(
            "mynah_stream_underruns", "Gaps that a listener would have heard.", registry=registry
        )
        self.loop_lag = Histogram(
            "mynah_event_loop_lag_seconds",
            "By how much the event loop is late.",
            buckets=_LAGS,
            registry=registry,
        )
        self.cache = Counter(
            "mynah_cache", "Orders that the cache was asked for.", ["result"], registry=registry
        )
        its = ["voice", "version"]
        self.version_answers = Counter(
            "mynah_version_answers", "Pieces of speech by trained voices.", its, registry=registry
        )
        self.version_failures = Counter(
            "mynah_version_failures", "Those of them that failed.", its, registry=registry
        )
        _watch(queue, registry)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)


def _watch(queue: LocalEngine, registry: CollectorRegistry) -> None:
    """Gauges that ask the queue whenever they are read."""
    requests = Gauge("mynah_queue_requests", "Requests that are being spoken.", registry=registry)
    requests.set_function(lambda: queue.stats().requests)
    size = Gauge("mynah_queue_size", "Requests that are admitted at most.", registry=registry)
    size.set_function(lambda: queue.size)
    sentences = Gauge("mynah_queue_sentences", "Sentences not spoken yet.", registry=registry)
    sentences.set_function(lambda: queue.stats().sentences)
    batch = Gauge(
        "mynah_batch_size", "Sentences that a stage has in its hands.", ["stage"], registry=registry
    )
    batch.labels("semantic").set_function(lambda: queue.stats().drawn)
    batch.labels("acoustic").set_function(lambda: queue.stats().sounding)
