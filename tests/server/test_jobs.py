"""Training by requests of callers: a job, its events, its end, and the version that comes of it."""

import errno
import json
import os
import time

import pytest
from training_jobs import (
    IDLE,
    SETTINGS,
    begin,
    make_version,
    make_voice,
    train,
    wait_for,
    wait_until,
    work,
)

from mynah.cli.worker import work as work_for_broker
from mynah.config import Settings, read_settings
from mynah.errors import OptionError
from mynah.jobs.folders import JobFolders, clear_jobs
from mynah.jobs.leases import LeaseLostError, Leases

SPEECH = "/v1/audio/speech"


@pytest.fixture(autouse=True)
def path(monkeypatch, request):
    monkeypatch.setenv("PYTHONPATH", str(request.path.parent))


@pytest.fixture(scope="module")
def shared(serve_in, tmp_path_factory, request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(request.path.parent))
        yield serve_in(tmp_path_factory.mktemp("jobs"), **SETTINGS)


@pytest.fixture(scope="module")
def idle(serve_in, tmp_path_factory):
    return serve_in(tmp_path_factory.mktemp("idle"), **IDLE | {"jobs_per_key": 100})


@pytest.fixture
def made(shared, recording, request):
    """A client with a key of its own, and a voice."""
    client = shared.client(shared.key("speak", "train"))
    return client, make_voice(client, recording, request.node.name)


def test_a_job_makes_a_version_that_speaks(shared, made, recording):
    client, voice = made
    answer = train(client, voice, recording, "steps is 12 pause is 0.02", epochs=3)
    body = answer.json()
    assert (answer.status_code, body["state"], body["kind"]) == (202, "queued", "train")
    said = client.post(SPEECH, json={"voice": voice, "input": "Meanwhile."})
    assert (said.status_code, said.headers["x-voice-version"]) == (200, "1")
    done = wait_for(client, body["id"])
    assert (done["state"], done["version"], done["error"]) == ("succeeded", 2, None)
    assert (done["progress"]["percent"], done["progress"]["eta_seconds"]) == (100, 0)
    assert done["progress"]["losses"].keys() == {"loss"}
    assert done["messages"][0]["text"] == "begins at step 0"
    first, second = client.get(f"/v1/voices/{voice}/versions").json()["data"]
    assert (first["version"], first["trained"], first["default"]) == (1, False, False)
    assert (second["version"], second["trained"], second["default"]) == (2, True, True)
    assert (second["parent"], second["job"]) == (1, body["id"])
    assert second["report"]["epochs"] == 3
    assert second["report"]["seconds"] > 7
    folder = shared.services.settings.data / "versions" / voice / body["id"]
    (attempt,) = folder.iterdir()
    assert json.loads((attempt / "steps.json").read_text()) == [*range(12)]
    assert (attempt / "acoustic.pth").stat().st_size == 200_000
    wait_until(lambda: not (shared.services.settings.jobs / body["id"]).exists())
    said = client.post(SPEECH, json={"voice": voice, "input": "From now on."})
    assert said.headers["x-voice-version"] == "2"


def test_events_tell_the_whole_story_and_go_on_where_one_left(made, recording):
    client, voice = made
    job = begin(client, voice, recording, "steps is 8 pause is 0.2")
    events = []
    with client.stream("GET", f"/v1/jobs/{job}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = read_events(answer)
    kinds = [kind for _, kind, _ in events]
    states = [data["state"] for _, kind, data in events if kind == "state"]
    assert states == ["queued", "running", "succeeded"]
    assert {"progress", "message"} <= set(kinds)
    assert kinds[-1] == "state"
    percents = [data["percent"] for _, kind, data in events if kind == "progress"]
    assert percents == sorted(percents) and percents[-1] == 100
    third = events[2][0]
    with client.stream(
        "GET", f"/v1/jobs/{job}/events", headers={"last-event-id": str(third)}
    ) as answer:
        assert read_events(answer) == events[3:]


def read_events(answer):
    blocks = "".join(answer.iter_text()).strip().split("\n\n")
    told = [block for block in blocks if not block.startswith(":")]
    rows = [dict(line.split(": ", 1) for line in block.splitlines()) for block in told]
    return [(int(row["id"]), row["event"], json.loads(row["data"])) for row in rows]


def test_a_running_job_is_cancelled_and_tried_again_from_its_checkpoint(made, recording):
    client, voice = made
    job = begin(client, voice, recording, "steps is 30 pause is 0.1")
    wait_until(lambda: client.get(f"/v1/jobs/{job}").json()["progress"]["percent"] > 20)
    assert client.post(f"/v1/jobs/{job}/cancel").status_code == 200
    body = wait_for(client, job)
    assert (body["state"], body["version"]) == ("cancelled", None)
    assert len(client.get(f"/v1/voices/{voice}/versions").json()["data"]) == 1
    again = client.post(f"/v1/jobs/{job}/retry")
    assert (again.status_code, again.json()["state"]) == (202, "queued")
    body = wait_for(client, job)
    assert body["state"] == "succeeded"
    began = [message["text"] for message in body["messages"]]
    assert began[0] == "begins at step 0"
    assert int(began[1].split()[-1]) >= 3


def test_what_is_over_is_neither_cancelled_nor_tried_again(idle, recording, error_of):
    client = idle.client()
    make_version(idle, client, make_voice(client, recording, "over"), recording)
    job = client.get("/v1/jobs", params={"limit": 1}).json()["data"][0]["id"]
    for call, code in (("cancel", "job_ended"), ("retry", "job_not_retryable")):
        answer = client.post(f"/v1/jobs/{job}/{call}")
        assert (answer.status_code, error_of(answer)["code"]) == (409, code)


@pytest.mark.parametrize(
    "how, code",
    [("disk", "disk_full"), ("recording", "invalid_recording"), ("bug", "internal_error")],
)
def test_a_failure_has_a_reason_and_the_voice_stays(idle, recording, how, code):
    client = idle.client()
    voice = make_voice(client, recording, how)
    job = begin(client, voice, recording, f"steps is 9 failing is 4 how is {how}")
    work(idle, job)
    body = client.get(f"/v1/jobs/{job}").json()
    assert (body["state"], body["error"]["code"]) == ("failed", code)
    assert "secret" not in body["error"]["message"]
    versions = client.get(f"/v1/voices/{voice}/versions").json()
    assert [version["version"] for version in versions["data"]] == [1]
    assert versions["rollout"]["default_version"] == 1


def test_a_job_whose_processes_die_again_and_again_is_given_up(idle, recording):
    client = idle.client()
    job = begin(client, make_voice(client, recording, "dying"), recording)
    leases = Leases(idle.services.stores.records, 0.01)
    for _ in range(5):
        assert leases.take(job, "somebody who dies")
        time.sleep(0.05)
    assert work(idle, job)
    body = client.get(f"/v1/jobs/{job}").json()
    assert (body["state"], body["error"]["code"]) == ("failed", "worker_died")
    assert client.post(f"/v1/jobs/{job}/retry").status_code == 202
    work(idle, job)
    assert client.get(f"/v1/jobs/{job}").json()["state"] == "succeeded"


HARMED = {
    "less alike": ("similarity is 0.6", "similarity 0.600 after 0.700"),
    "harder to understand": ("misheard is 0.3", "30.0% of its words are misheard after 20.0%"),
    "nothing gained": ("similarity is 0.7", "gains nothing that is more than chance"),
    "gained by chance": ("similarity is 0.75 chance is 0.1", "gains nothing"),
    "a loss within its bound": ("similarity is 0.69", "gains nothing"),
    "doubtful recordings": ("recordings is doubtful", "The recordings are doubtful."),
    "words not judged": ("recogniser is none", "could not be checked"),
    "not measured": ("evaluation is none", "did not compare it"),
    "no number": ("similarity is nan", "less like its speaker"),
}


@pytest.mark.parametrize("plan, reason", HARMED.values(), ids=HARMED)
def test_a_version_that_is_not_better_is_kept_and_the_job_says_why(idle, recording, plan, reason):
    client = idle.client()
    voice = make_voice(client, recording, plan)
    assert make_version(idle, client, voice, recording, f"steps is 1 {plan}") == 2
    (job,) = client.get("/v1/jobs", params={"limit": 1}).json()["data"]
    last = client.get(f"/v1/jobs/{job['id']}").json()["messages"][-1]["text"]
    assert last.startswith("The version is kept, not promoted. ")
    assert reason in last
    assert client.get(f"/v1/voices/{voice}").json()["default_version"] == "1"
    (objection,) = client.get(f"/v1/voices/{voice}/versions").json()["data"][1]["report"][
        "objections"
    ]
    assert reason in objection
    # Whoever listened to it may promote it all the same.
    assert client.post(f"/v1/voices/{voice}/versions/2/promote").status_code == 200
    assert client.get(f"/v1/voices/{voice}").json()["default_version"] == "2"


@pytest.mark.parametrize(
    "plan",
    ["similarity is 0.75 misheard is 0.21", "similarity is 0.69 misheard is 0.1 chance is 0.04"],
    ids=["more alike", "easier to understand"],
)
def test_a_version_that_gains_and_loses_little_is_promoted(idle, recording, plan):
    client = idle.client()
    voice = make_voice(client, recording, plan)
    assert make_version(idle, client, voice, recording, f"steps is 1 {plan}") == 2
    assert client.get(f"/v1/voices/{voice}").json()["default_version"] == "2"
    version = client.get(f"/v1/voices/{voice}/versions").json()["data"][1]
    assert version["report"]["objections"] == []
    named = ["acoustic_loss", "similarity", "word_error_rate"]
    before = ["similarity_before", "word_error_rate_before"]
    assert sorted(version["metrics"]) == sorted(named + before)


def test_the_bounds_of_the_gate_are_settings(start, recording):
    bounds = {"promotion_similarity_loss": 0.15, "promotion_word_error_rise": 0.15}
    server = start(**IDLE | bounds)
    client = server.client()
    voice = make_voice(client, recording)
    make_version(server, client, voice, recording, "steps is 1 similarity is 0.6 misheard is 0.1")
    make_version(server, client, voice, recording, "steps is 1 misheard is 0.3")
    assert client.get(f"/v1/voices/{voice}").json()["default_version"] == "3"
    make_version(server, client, voice, recording, "steps is 1 misheard is 0.36")
    assert client.get(f"/v1/voices/{voice}").json()["default_version"] == "3"


def test_the_eleventh_job_at_a_time_is_refused(start, recording, error_of):
    server = start(**IDLE)
    client = server.client(server.key("train"))
    voice = make_voice(client, recording)
    jobs = [begin(client, voice, recording) for _ in range(10)]
    refused = train(client, voice, recording)
    assert (refused.status_code, error_of(refused)["code"]) == (429, "too_many_jobs")
    assert int(refused.headers["retry-after"]) > 0
    assert client.post(f"/v1/jobs/{jobs[0]}/cancel").json()["state"] == "cancelled"
    assert train(client, voice, recording).status_code == 202
    assert error_of(client.post(f"/v1/jobs/{jobs[0]}/retry"))["code"] == "too_many_jobs"
    other = server.client(server.key("train"))
    assert train(other, voice, recording).status_code == 202


def test_callers_see_their_own_jobs_in_pages(start, recording, error_of):
    server = start(**IDLE)
    client, other = (server.client(server.key("train", owner=owner)) for owner in ("a", "b"))
    voice = make_voice(client, recording)
    made = [begin(client, voice, recording) for _ in range(3)]
    first = client.get("/v1/jobs", params={"limit": 2}).json()
    assert [job["id"] for job in first["data"]] == [made[2], made[1]]
    assert first["has_more"]
    rest = client.get("/v1/jobs", params={"after": first["last_id"]}).json()
    assert [job["id"] for job in rest["data"]] == [made[0]]
    assert not rest["has_more"]
    assert other.get("/v1/jobs").json()["data"] == []
    for answer in (
        other.get(f"/v1/jobs/{made[0]}"),
        other.post(f"/v1/jobs/{made[0]}/cancel"),
        other.get(f"/v1/jobs/{made[0]}/events"),
    ):
        assert (answer.status_code, error_of(answer)["code"]) == (404, "job_not_found")
    assert len(server.client().get("/v1/jobs").json()["data"]) == 3
    colleague = server.client(server.key("train", owner="a"))
    assert colleague.get(f"/v1/jobs/{made[0]}").status_code == 200
    speaking = server.client(server.key("speak"))
    assert train(speaking, voice, recording).status_code == 403


@pytest.mark.parametrize(
    "data, param",
    [
        ({"stages": "all"}, "stages"),
        ({"epochs": "0"}, "epochs"),
        ({"rank": "-1"}, "rank"),
        ({"language": "xx"}, "language"),
        ({"parent": "7"}, "version"),
        ({"callback_url": "ftp://example.org"}, "callback_url"),
        ({"callback_url": "https://example.org"}, "callback_url"),
        ({"unknown": "1"}, "unknown"),
    ],
)
def test_a_wrong_order_is_refused(idle, recording, error_of, data, param):
    client = idle.client(idle.key("train", owner="wrong"))
    voice = make_voice(client, recording, f"wrong {data}".replace("/", ""))
    answer = train(client, voice, recording, **data)
    assert answer.status_code in (400, 404), answer.text
    assert error_of(answer)["param"] == param
    assert client.get("/v1/jobs").json()["data"] == []


def test_too_little_and_too_much_speech_is_refused(start, recording, error_of):
    server = start(**IDLE | {"train_shortest_seconds": 12, "train_longest_seconds": 20})
    client = server.client()
    voice = make_voice(client, recording)
    refused = train(client, voice, recording)
    assert (refused.status_code, error_of(refused)["code"]) == (400, "invalid_recording")
    assert "only 8 s" in error_of(refused)["message"]
    long = train(client, voice, lambda: recording(30))
    assert "more than 20 s of speech" in error_of(long)["message"]
    alone = train(client, voice, lambda: recording(14), own_recordings=False)
    assert alone.status_code == 202


def test_built_in_voices_and_strangers_are_not_trained(made, recording, error_of):
    client, _ = made
    for name, code in (("ljspeech", "built_in_voice"), ("nobody", "voice_not_found")):
        assert error_of(train(client, name, recording))["code"] == code


def test_a_server_without_a_trainer_says_so(start, recording, error_of):
    client = start(trainer="").client()
    voice = make_voice(client, recording)
    answer = train(client, voice, recording)
    assert (answer.status_code, error_of(answer)["code"]) == (501, "not_supported")


def test_a_deleted_voice_ends_its_job_and_takes_its_files_along(shared, made, recording):
    client, voice = made
    wait_for(client, begin(client, voice, recording, "steps is 1"))
    job = begin(client, voice, recording, "steps is 100 pause is 0.1")
    wait_for(client, job, "running")
    folder = shared.services.settings.data / "versions" / voice
    assert folder.is_dir()
    assert client.delete(f"/v1/voices/{voice}").status_code == 200
    assert wait_for(client, job)["state"] in ("cancelled", "failed")
    assert not folder.exists()


def test_a_lease_is_taken_once_and_a_stale_one_changes_nothing(start, recording):
    server = start(**IDLE)
    client = server.client()
    voice = make_voice(client, recording)
    job = begin(client, voice, recording)
    leases = Leases(server.services.stores.records, 0.5)
    first = leases.take(job, "a")
    assert leases.take(job, "b") is None
    assert leases.waiting(10) == []
    time.sleep(0.6)
    assert leases.waiting(10) == [job]
    second = leases.take(job, "b")
    assert second.fence == first.fence + 1
    for write in (
        lambda: leases.renew(first),
        lambda: leases.keep(first),
        lambda: leases.release(first),
        lambda: leases.report(first, "message", {"text": "I was asleep."}),
    ):
        with pytest.raises(LeaseLostError):
            write()
    assert leases.renew(second) is False
    client.post(f"/v1/jobs/{job}/cancel")
    assert leases.renew(second) is True
    assert client.get(f"/v1/jobs/{job}").json()["messages"] == []


def test_what_a_job_left_is_forgotten_when_nobody_can_go_on_from_it(idle, recording):
    client = idle.client()
    voice = make_voice(client, recording, "left")
    job = begin(client, voice, recording, "steps is 9 failing is 4 how is disk")
    work(idle, job)
    records, folders = idle.services.stores.records, JobFolders(idle.services.settings.jobs)
    clear_jobs(records, folders, 3600)
    assert job in folders.jobs()
    clear_jobs(records, folders, -1)
    assert job not in folders.jobs()
    assert client.get(f"/v1/jobs/{job}").json()["messages"] != []


def test_a_worker_without_a_broker_says_who_works_instead():
    with pytest.raises(OptionError, match="MYNAH_BROKER_URL"):
        work_for_broker(Settings(broker_url=""))


def test_a_child_has_the_settings_of_its_server(tmp_path, monkeypatch):
    settings = Settings(data=tmp_path, upload_kinds=["wav"], lease_seconds=2.5, no_auth=True)
    monkeypatch.setenv("MYNAH_PORT", "9")
    given = settings.environment()
    for name in [name for name in os.environ if name.startswith("MYNAH_")]:
        monkeypatch.delenv(name)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert read_settings() == settings


def test_a_disk_that_fills_up_while_a_version_is_written_leaves_none(idle, recording, monkeypatch):
    client = idle.client()
    voice = make_voice(client, recording, "full")
    job = begin(client, voice, recording, "steps is 4")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("mynah.storage.blobs.fsync_tree", full)
        work(idle, job)
    assert client.get(f"/v1/jobs/{job}").json()["error"]["code"] == "disk_full"
    assert len(client.get(f"/v1/voices/{voice}/versions").json()["data"]) == 1
    assert not [path for path in (idle.services.settings.data / "versions" / voice).rglob("*.*")]
    client.post(f"/v1/jobs/{job}/retry")
    work(idle, job)
    body = client.get(f"/v1/jobs/{job}").json()
    assert (body["state"], body["version"]) == ("succeeded", 2)
    assert int(body["messages"][-1]["text"].split()[-1]) >= 3
