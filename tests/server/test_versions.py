"""Versions of a voice: promoted, rolled back, compared, and taken back when they do badly."""

import contextlib
import re
import time
from collections import Counter

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from training_jobs import IDLE, begin, make_version, make_voice, work

from mynah.server.access.keys import OPERATOR
from mynah.server.versions.rollout import Rollout
from mynah.server.versions.router import point_of, version_at
from mynah.server.voices.resolver import VoiceResolver, VoiceSelection
from mynah.server.voices.stored_voices import StoredVoices

SPEECH = "/v1/audio/speech"


@pytest.fixture(scope="module")
def shared(serve_in, tmp_path_factory):
    return serve_in(tmp_path_factory.mktemp("versions"), **IDLE | {"jobs_per_key": 100})


@pytest.fixture
def client(shared):
    return shared.client()


@pytest.fixture
def voice(shared, client, recording, request):
    """A voice with the trained versions 2 and 3, of which none was promoted."""
    made = make_voice(client, recording, request.node.name)
    for version in (2, 3):
        assert make_version(shared, client, made, recording, promote=False) == version
    return made


def spoken(client, voice, text="Hello.", **options):
    answer = client.post(SPEECH, json={"voice": voice, "input": text, **options})
    assert answer.status_code == 200, answer.text
    return answer.headers["x-voice-version"]


def test_every_voice_has_version_one(client):
    listed = client.get("/v1/voices/ljspeech/versions").json()
    assert [(each["version"], each["trained"]) for each in listed["data"]] == [(1, False)]
    assert listed["rollout"]["default_version"] == 1
    assert spoken(client, "ljspeech") == "1"


def test_promotion_and_rollback_take_effect_on_the_next_request(client, voice):
    assert spoken(client, voice) == "1"
    for version, earlier in ((3, [1]), (2, [3, 1])):
        began = time.perf_counter()
        body = client.post(f"/v1/voices/{voice}/versions/{version}/promote").json()
        assert time.perf_counter() - began < 5  # a second, where nothing else runs
        assert (body["default_version"], body["earlier"]) == (version, earlier)
        assert spoken(client, voice) == str(version)
        assert client.get(f"/v1/voices/{voice}").json()["default_version"] == str(version)
    for version in ("3", "1"):
        client.post(f"/v1/voices/{voice}/rollback").raise_for_status()
        assert spoken(client, voice) == version


def test_there_is_nothing_before_the_first(client, voice, error_of):
    answer = client.post(f"/v1/voices/{voice}/rollback")
    assert (answer.status_code, error_of(answer)["code"]) == (409, "no_earlier_version")


def test_a_version_can_be_heard_before_it_is_promoted(client, voice):
    assert spoken(client, voice, version=2) == "2"
    assert spoken(client, voice, version="zero-shot") == "1"
    assert spoken(client, voice) == "1"


@pytest.mark.parametrize("version", ["4", "0", "-1", "02", "two", "9" * 30])
def test_a_version_that_is_not_there_is_named(client, voice, error_of, version):
    answer = client.post(SPEECH, json={"voice": voice, "input": "Hello.", "version": version})
    assert error_of(answer)["code"] == "voice_version_not_found"
    promoted = client.post(f"/v1/voices/{voice}/versions/{version}/promote")
    assert promoted.status_code in (400, 404) or int(version) == 2


def test_versions_do_not_share_cached_audio(shared, client, voice):
    said = {"seed": 7, "cache": True}
    assert spoken(client, voice, "The same.", **said) == "1"
    hummed = len(shared.model.hummed)
    client.post(f"/v1/voices/{voice}/versions/2/promote")
    answer = client.post(SPEECH, json={"voice": voice, "input": "The same.", **said})
    assert (answer.headers["x-cache"], answer.headers["x-voice-version"]) == ("miss", "2")
    assert len(shared.model.hummed) == hummed + 1
    again = client.post(SPEECH, json={"voice": voice, "input": "The same.", **said})
    assert (again.headers["x-cache"], again.headers["x-voice-version"]) == ("hit", "2")


@pytest.fixture
def resolver(shared):
    return VoiceResolver(shared.services.stores.voices, shared.services.stores.records)


@pytest.fixture
def source(shared):
    return StoredVoices(shared.services.stores.blobs, shared.services.stores.weights)


def test_the_engine_is_given_the_weights_of_a_version(resolver, source, voice):
    assert resolver.resolve(OPERATOR, VoiceSelection(voice)).weights is None
    joined = resolver.resolve(OPERATOR, VoiceSelection(voice, "3", ["ljspeech"]))
    plain = resolver.resolve(OPERATOR, VoiceSelection(voice, "3"))
    assert joined.key == f"{voice}/3+ljspeech/1"
    assert joined.weights == plain.weights
    folder = source.weights(joined)
    assert {path.name for path in folder.iterdir()} == {"acoustic.pth", "steps.json"}
    assert source.voice(plain).texts == source.voice(joined).texts == ("Trained words.",)
    assert len(source.voice(joined).recordings) == len(source.voice(plain).recordings) + 1


def test_a_version_may_have_nothing_but_prompts_of_its_own(
    shared, client, voice, recording, resolver, source
):
    plan = "steps is 1 weights is none"
    version = make_version(shared, client, voice, recording, plan, parent=2)
    assert spoken(client, voice) == str(version)
    ref = resolver.resolve(OPERATOR, VoiceSelection(voice))
    assert (ref.weights, source.voice(ref).texts) == (None, ("Trained words.",))
    listed = client.get(f"/v1/voices/{voice}/versions").json()["data"]
    assert [each["trained"] for each in listed] == [False, True, True, False]
    assert len(list((shared.services.settings.data / "versions" / voice).iterdir())) == 2
    after = make_version(shared, client, voice, recording, parent=version, promote=False)
    body = client.get(f"/v1/voices/{voice}/versions").json()["data"][after - 1]
    assert body["report"]["parent"] == "None"


def test_the_engine_is_given_the_words_of_every_recording(resolver, source, client, recording):
    files = [("recordings", ("one.wav", recording(), "audio/wav"))] * 3
    form = {"name": "wordy", "text": ["Hello.", "", "See you."], "language": "en"}
    client.post("/v1/voices", files=files, data=form).raise_for_status()
    ref = resolver.resolve(OPERATOR, VoiceSelection("wordy"))
    assert source.voice(ref).texts == ("Hello.", "", "See you.")


def test_training_can_go_on_from_a_version(shared, client, voice, recording):
    version = make_version(shared, client, voice, recording, parent=2, promote=False)
    body = client.get(f"/v1/voices/{voice}/versions").json()["data"][version - 1]
    assert body["parent"] == 2
    assert f"/{voice}/" in body["report"]["parent"]


def test_traffic_is_split_and_everyone_hears_the_same_version_again(client, voice):
    split = client.put(f"/v1/voices/{voice}/traffic", json={"weights": {"1": 50, "3": 50}})
    assert split.json()["traffic"] == {"1": 50.0, "3": 50.0}
    heard = {user: spoken(client, voice, user=f"user {user}") for user in range(24)}
    assert set(heard.values()) == {"1", "3"}
    assert {user: spoken(client, voice, user=f"user {user}") for user in heard} == heard
    client.put(f"/v1/voices/{voice}/traffic", json={"weights": {}})
    assert spoken(client, voice, user="user 1") == "1"


def test_keys_are_split_too_and_promotion_ends_the_split(shared, client, voice):
    client.put(f"/v1/voices/{voice}/traffic", json={"weights": {"2": 1, "3": 1}})
    keys = [shared.client(shared.key("speak")) for _ in range(12)]
    heard = [spoken(key, voice) for key in keys]
    assert set(heard) == {"2", "3"}
    assert [spoken(key, voice) for key in keys] == heard
    client.post(f"/v1/voices/{voice}/versions/2/promote")
    assert {spoken(key, voice) for key in keys} == {"2"}


def test_ninety_to_ten_over_two_thousand_callers():
    for voice in ("voice_1", "voice_2", "voice_3"):
        points = [point_of(voice, f"key_{number}") for number in range(2000)]
        heard = Counter(version_at(point, {1: 90, 2: 10}) for point in points)
        assert abs(heard[2] / 2000 - 0.1) < 0.02


@given(
    st.floats(0, 1, exclude_max=True),
    st.dictionaries(st.integers(1, 9), st.floats(0, 1e6), min_size=1),
)
def test_only_versions_with_a_weight_are_heard(point, traffic):
    if sum(traffic.values()) > 0:
        assert traffic[version_at(point, traffic)] > 0


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 100), st.integers(0, 100))
def test_nobody_leaves_the_newest_version_when_its_share_grows(point, first, more):
    before = version_at(point, {1: 100 - first, 2: first} if first else {1: 1})
    share = min(100, first + more)
    after = version_at(point, {1: 100 - share, 2: share} if share else {1: 1})
    assert after >= before


@given(st.lists(st.one_of(st.integers(1, 5), st.none()), max_size=12))
def test_rollbacks_undo_promotions_one_by_one(steps):
    rollout, stack = Rollout(1), [1]
    for step in steps:
        if step is None and len(stack) > 1:
            stack.pop()
            rollout = rollout.roll_back()
        elif step is not None:
            stack += [step] if step != stack[-1] else []
            rollout = rollout.promote(step)
        assert [*rollout.earlier, rollout.default] == stack


@pytest.mark.parametrize(
    "weights, param",
    [({"1": 0}, "weights"), ({"1": -1}, "weights"), ({"8": 1}, "version"), ({"x": 1}, "weights")],
)
def test_a_wrong_split_is_refused(client, voice, error_of, weights, param):
    answer = client.put(f"/v1/voices/{voice}/traffic", json={"weights": weights})
    assert answer.status_code in (400, 404)
    assert error_of(answer)["param"] == param


def test_built_in_voices_have_nothing_to_roll_out(client, error_of):
    answer = client.post("/v1/voices/ljspeech/versions/1/promote")
    assert error_of(answer)["code"] == "built_in_voice"


def test_ratings_count_for_the_version_that_spoke(shared, client, voice, error_of):
    def rate(secret_client, rating, **said):
        answer = client.post(SPEECH, json={"voice": voice, "input": "Hello.", **said})
        audio = answer.headers["x-audio-id"]
        return secret_client.post(f"/v1/audio/{audio}/rating", json={"rating": rating})

    client.post(f"/v1/voices/{voice}/versions/2/promote")
    for rating in (4, 5):
        assert rate(client, rating).json()["version"] == 2
    assert rate(client, 1, version=1).json()["version"] == 1
    stored = client.post(SPEECH, json={"voice": voice, "input": "Hello.", "store": True})
    audio = stored.json()["id"]
    assert audio == stored.headers["x-audio-id"]
    assert client.post(f"/v1/audio/{audio}/rating", json={"rating": 3}).status_code == 200
    stranger = shared.client(shared.key("speak", owner="stranger"))
    assert error_of(rate(stranger, 5))["code"] == "audio_not_found"
    assert client.post(f"/v1/audio/{audio}/rating", json={"rating": 6}).status_code == 400
    first, second, _ = client.get(f"/v1/voices/{voice}/versions").json()["data"]
    assert (second["tally"]["ratings"], second["tally"]["rating"]) == (3, 4.0)
    assert (first["tally"]["ratings"], first["tally"]["rating"]) == (1, 1.0)
    metrics = client.get("/metrics").text
    assert voice not in metrics
    assert re.search(r'mynah_version_answers_total{version="2",voice=""} [1-9]', metrics)


@pytest.mark.parametrize("told", [True, False])
def test_metrics_tell_ids_of_voices_where_the_operator_says_so(start, recording, told):
    server = start(**IDLE | {"metrics_voices": told})
    client = server.client()
    voice = make_voice(client, recording)
    make_version(server, client, voice, recording)
    assert spoken(client, voice) == "2"
    assert client.post(SPEECH, json={"voice": voice, "input": "broken"}).status_code == 500
    metrics = server.client("").get("/metrics").text
    for name, number in (("answers", 2.0), ("failures", 1.0)):
        its = f'version="2",voice="{voice if told else ""}"'
        assert f"mynah_version_{name}_total{{{its}}} {number}" in metrics
    assert (voice in metrics) == told


def test_a_version_whose_answers_fail_is_withdrawn(start, recording):
    server = start(**IDLE | {"guard_answers": 4, "guard_errors": 0.3})
    client = server.client()
    voice = make_voice(client, recording)
    make_version(server, client, voice, recording)
    assert [spoken(client, voice) for _ in range(3)] == ["2"] * 3
    for _ in range(2):
        assert client.post(SPEECH, json={"voice": voice, "input": "broken"}).status_code == 500
    assert spoken(client, voice) == "1"
    listed = client.get(f"/v1/voices/{voice}/versions").json()
    step = listed["rollout"]["steps"][0]
    assert (step["kind"], step["version"]) == ("withdrawn", 2)
    assert step["reason"] == "2 of its last 5 answers failed"
    assert listed["data"][1]["tally"]["failed"] == 2
    # A second chance begins with nothing held against it.
    client.post(f"/v1/voices/{voice}/versions/2/promote")
    client.post(SPEECH, json={"voice": voice, "input": "broken"})
    assert spoken(client, voice) == "2"


def test_errors_of_callers_are_not_held_against_a_version(start, recording):
    server = start(**IDLE | {"guard_answers": 1, "guard_errors": 0})
    client = server.client()
    voice = make_voice(client, recording)
    make_version(server, client, voice, recording)
    for _ in range(3):
        assert client.post(SPEECH, json={"voice": voice, "input": "!!!"}).status_code == 400
    assert spoken(client, voice) == "2"


def test_a_version_that_fails_in_the_middle_is_withdrawn_from_the_split(start, recording):
    server = start(**IDLE | {"guard_answers": 2, "guard_errors": 0.5})
    client = server.client()
    voice = make_voice(client, recording)
    make_version(server, client, voice, recording, promote=False)
    client.put(f"/v1/voices/{voice}/traffic", json={"weights": {"1": 1, "2": 1e-9}})
    body = {"voice": voice, "version": 2, "input": "It begins well. It is broken.", "split": "cut5"}
    for _ in range(2):
        with contextlib.suppress(httpx.HTTPError):  # it breaks off, if any of it was sent
            client.post(SPEECH, json=body)
    deadline = time.monotonic() + 20
    while client.get(f"/v1/voices/{voice}/versions").json()["rollout"]["traffic"] != {"1": 1.0}:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_version_that_sounds_unlike_the_speaker_is_withdrawn(start, recording, error_of):
    server = start(**IDLE | {"guard_answers": 2, "guard_similarity": 0.6})
    client = server.client()
    voice = make_voice(client, recording)
    make_version(server, client, voice, recording)
    for similarity in (0.62, 0.4):
        answer = client.post(SPEECH, json={"voice": voice, "input": "Hello."})
        where = f"/v1/audio/{answer.headers['x-audio-id']}/rating"
        client.post(where, json={"similarity": similarity}).raise_for_status()
    assert spoken(client, voice) == "1"
    speaking = server.client(server.key("speak"))
    refused = speaking.post(where, json={"similarity": 0.1})
    assert error_of(refused)["code"] == "missing_scope"


def test_a_job_of_a_deleted_voice_leaves_nothing(shared, client, recording, request):
    voice = make_voice(client, recording, request.node.name)
    job = begin(client, voice, recording)
    client.delete(f"/v1/voices/{voice}")
    work(shared, job)
    assert client.get(f"/v1/jobs/{job}").json()["state"] == "cancelled"
    assert not (shared.services.settings.data / "versions" / voice).exists()
