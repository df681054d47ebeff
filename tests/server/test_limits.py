"""Rate limits of keys, counted in memory and in Redis."""

import time

import pytest
import redis

from mynah.errors import OptionError
from mynah.server.access.limits import LimitRules, Limits

SPEECH = "/v1/audio/speech"
BODY = {"input": "How are you?", "voice": "ljspeech"}
SLOW = BODY | {"input": "Here I am. A slow end."}


@pytest.fixture(params=["memory", "redis"])
def url(request) -> str:
    return request.getfixturevalue("redis_url") if request.param == "redis" else ""


def refused(answer, error_of) -> dict:
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    error = error_of(answer)
    assert error["type"] == "rate_limit_error"
    assert error["code"] == "rate_limit_exceeded"
    return error


def test_requests_are_counted_for_each_key(start, error_of, url):
    server = start(limit_requests="2/minute", limits_url=url)
    client, other = server.client(server.key("speak")), server.client(server.key("speak"))
    for remaining in ("1", "0"):
        answer = client.get("/v1/models")
        assert answer.status_code == 200
        assert answer.headers["ratelimit-limit"] == "2"
        assert answer.headers["ratelimit-remaining"] == remaining
        assert 1 <= int(answer.headers["ratelimit-reset"]) <= 60
    answer = client.post(SPEECH, json=BODY)
    refused(answer, error_of)
    assert answer.headers["ratelimit-remaining"] == "0"
    assert answer.headers["retry-after"] == answer.headers["ratelimit-reset"]
    assert other.get("/v1/models").status_code == 200


def test_who_waits_as_told_is_served(start, url):
    client = start(limit_requests="1/2second", limits_url=url).client()
    assert client.get("/v1/models").status_code == 200
    answer = client.get("/v1/models")
    assert answer.status_code == 429
    time.sleep(int(answer.headers["retry-after"]))
    assert client.get("/v1/models").status_code == 200


def test_characters_are_counted_whether_spoken_or_kept(start, error_of, url):
    server = start(limit_characters="30/minute", limits_url=url)
    client = server.client()
    for remaining in ("18", "6"):
        answer = client.post(SPEECH, json=BODY | {"seed": 1})
        assert answer.headers["ratelimit-limit"] == "30"
        assert answer.headers["ratelimit-remaining"] == remaining
    assert answer.headers["x-cache"] == "hit"
    assert "characters" in refused(client.post(SPEECH, json=BODY), error_of)["message"]
    # What was refused used nothing up.
    assert client.post(SPEECH, json=BODY | {"input": "Hello."}).status_code == 200
    assert client.get("/v1/models").status_code == 200


def test_a_text_that_never_fits_is_told_so(start, error_of):
    client = start(limit_characters="10/minute").client()
    answer = client.post(SPEECH, json=BODY)
    assert answer.status_code == 400
    assert error_of(answer)["code"] == "invalid_text"


def test_streams_are_counted_while_they_last(start, error_of):
    server = start(limit_streams=1)
    secret = server.key("speak")
    with server.client(secret).stream("POST", SPEECH, json=SLOW) as answer:
        rest = answer.iter_raw()
        next(rest)
        refused(server.client(secret).post(SPEECH, json=BODY), error_of)
        server.model.gate.set()
        assert server.client().post(SPEECH, json=BODY).status_code == 200
        assert b"".join(rest)
    assert server.client(secret).post(SPEECH, json=BODY).status_code == 200


def test_a_stream_that_is_left_or_fails_is_no_longer_counted(start):
    server = start(limit_streams=1)
    client = server.client()
    assert client.post(SPEECH, json=BODY | {"input": "A broken one."}).status_code == 500
    with server.client().stream("POST", SPEECH, json=SLOW | {"seed": 1}) as answer:
        next(answer.iter_raw())
    server.model.gate.set()
    limit = time.monotonic() + 5
    while (answer := client.post(SPEECH, json=BODY)).status_code == 429:
        assert time.monotonic() < limit
        time.sleep(0.02)
    assert answer.status_code == 200


def test_several_servers_count_as_one_with_redis(start, redis_url):
    first, second = (start(limit_requests="2/hour", limits_url=redis_url) for _ in range(2))
    secret = first.key("speak")
    statuses = [
        server.client(secret).get("/v1/models").status_code
        for server in (first, second, first, second)
    ]
    assert statuses == [200, 200, 429, 429]


def test_a_stopped_server_has_left_redis(start, redis_url):
    counts = redis.Redis.from_url(redis_url)
    before = len(counts.client_list())
    server = start(limit_requests="9/hour", limits_url=redis_url)
    assert server.client().get("/v1/models").status_code == 200
    assert len(counts.client_list()) > before
    server.stop()
    assert len(counts.client_list()) == before
    counts.close()


def test_counts_that_cannot_be_kept_stop_nobody(start, caplog):
    client = start(limit_requests="1/hour", limits_url="redis://127.0.0.1:1").client()
    for _ in range(2):
        assert client.get("/v1/models").status_code == 200
    assert "limits failed" in caplog.text


def test_without_a_limit_nothing_is_told(client):
    assert "ratelimit-limit" not in client.get("/v1/models").headers


def test_strangers_do_not_use_up_what_a_key_has(start):
    server = start(limit_requests="1/hour")
    for _ in range(3):
        assert server.client("mynah_wrong").get("/v1/models").status_code == 401
    assert server.client().get("/v1/models").status_code == 200


@pytest.mark.parametrize(
    ("rules", "url"),
    [
        (LimitRules("many", "", 0), ""),
        (LimitRules("", "5/fortnight", 0), ""),
        (LimitRules("", "", 0), "memcached://127.0.0.1"),
        (LimitRules("", "", 0), "redis://127.0.0.1:port"),
    ],
)
def test_a_wrong_setting_is_refused_at_the_start(rules, url):
    with pytest.raises(OptionError):
        Limits(rules, url)
