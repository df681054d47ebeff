"""`GET /metrics` and the dashboard that shows them."""

import json
import re
import time
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from mynah.server.speech.audio_stream import UnderrunTracker

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "mynah.json"
BODY = {"input": "How are you today? I am very well.", "voice": "ljspeech"}


def read(server) -> dict[tuple[str, ...], float]:
    """Values by name and labels."""
    answer = httpx.get(f"{server.url}/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_speech_is_measured(start):
    server = start()
    before = read(server)
    assert before["mynah_first_audio_seconds_count",] == 0
    server.client().post("/v1/audio/speech", json=BODY)
    after = read(server)
    for histogram in ("first_audio_seconds", "queue_wait_seconds", "real_time_factor"):
        assert after[f"mynah_{histogram}_count",] == 1
    assert 0 < after["mynah_first_audio_seconds_sum",] < 5
    assert after["mynah_audio_seconds_total",] == pytest.approx(0.8)
    assert after["mynah_requests_total", "create_speech", "200"] == 1
    assert after["mynah_queue_requests",] == 0
    assert after["mynah_queue_size",] == 64
    assert after["mynah_batch_size", "semantic"] == after["mynah_batch_size", "acoustic"] == 0


def test_errors_are_counted_by_code_wherever_they_arise(start):
    server = start()
    client = server.client()
    client.post("/v1/audio/speech", json=BODY | {"voice": "nobody"})
    client.post("/v1/audio/speech", json=BODY | {"input": "A broken one."})
    large = client.post("/v1/audio/speech", content=b"x" * (2 << 20)).json()["error"]
    server.client("").get("/v1/voices")
    client.get("/nowhere/at/all")
    counted = {name[1]: n for name, n in read(server).items() if name[0] == "mynah_errors_total"}
    assert counted == {
        "voice_not_found": 1,
        "internal_error": 1,
        large["code"]: 1,
        "invalid_api_key": 1,
        "not_found": 1,
    }


def test_paths_of_callers_make_no_series(start):
    server = start()
    for number in range(3):
        server.client().get(f"/nowhere/{number}")
    requests = [name for name in read(server) if name[0] == "mynah_requests_total"]
    assert ("mynah_requests_total", "none", "404") in requests
    assert not any("nowhere" in str(name) for name in requests)


def test_each_server_counts_for_itself(start):
    one, two = start(), start()
    one.client().post("/v1/audio/speech", json=BODY)
    assert read(two)["mynah_first_audio_seconds_count",] == 0


def test_a_gap_between_chunks_is_an_underrun(start):
    server = start()
    body = {"input": "Here I am. A slow end.", "voice": "ljspeech"}
    with server.client().stream("POST", "/v1/audio/speech", json=body) as answer:
        parts = answer.iter_raw()
        next(parts)
        time.sleep(0.9)  # the first sentence and the pause after it last 0.7 s
        server.model.gate.set()
        list(parts)
    assert read(server)["mynah_stream_underruns_total",] == 1


def test_a_caller_who_takes_chunks_slowly_causes_no_underrun(monkeypatch):
    clock = 10.0
    monkeypatch.setattr(time, "perf_counter", lambda: clock)
    playback = UnderrunTracker()
    assert not playback.comes_late(9.0, seconds=1.0)
    clock = 13.0
    assert not playback.comes_late(12.0, seconds=1.0)
    clock = 14.5
    assert playback.comes_late(13.5, seconds=1.0)


def test_the_dashboard_shows_metrics_that_exist(start):
    server = start()
    server.client().post("/v1/audio/speech", json=BODY | {"voice": "nobody"})
    names = {family.name for family in families(server)}
    dashboard = json.loads(DASHBOARD.read_text())
    shown = re.findall(r"\b(?:mynah|process)_[a-z_]+", json.dumps(dashboard["panels"]))
    assert len(set(shown)) > 10
    for name in shown:
        assert re.sub(r"_(bucket|total)$", "", name) in names


def families(server):
    return text_string_to_metric_families(httpx.get(f"{server.url}/metrics").text)
