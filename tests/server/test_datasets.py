"""Training on hundreds of clips, with a list of their words, and of a voice that the job makes."""

import json

import pytest
from training_jobs import IDLE, make_voice, work

from mynah import Client

TRAIN = "/v1/voices/{}/train"


@pytest.fixture(scope="module")
def idle(serve_in, tmp_path_factory):
    return serve_in(tmp_path_factory.mktemp("datasets"), **IDLE)


@pytest.fixture(autouse=True)
def path(monkeypatch, request):
    monkeypatch.setenv("PYTHONPATH", str(request.path.parent))


@pytest.fixture
def client(idle):
    return idle.client(idle.key("speak", "train"))


@pytest.fixture
def clips(recording):
    """Files of a form: this many clips of a second."""

    def make(count, seconds=1.0):
        data = recording(seconds)
        return [("recordings", (f"clip{at}.wav", data, "audio/wav")) for at in range(count)]

    return make


def rows(count, language="EN", text="steps is 1"):
    return "".join(f"E:\\sliced\\clip{at}.wav|ann|{language}|{text}\n" for at in range(count))


def listed(text):
    return ("transcripts", ("ann.list", text.encode(), "text/plain"))


def voices_of(client):
    return {each["name"] for each in client.get("/v1/voices").json()["data"]}


def files_of(server):
    return sorted((server.services.settings.data / "audio").rglob("*.flac"))


def test_hundreds_of_clips_with_their_list_make_a_voice_and_a_version(idle, client, clips):
    files = [*clips(298), *clips(1, 0.4), *clips(1, 4.0)]
    files = [("recordings", (f"clip{at}.wav", *each[1][1:])) for at, each in enumerate(files)]
    files += [("recordings", ("noise.wav", b"no audio", "audio/wav")), listed(rows(301))]
    form = {"create": "true", "labels": '{"mood": "calm"}', "consent": "signed"}
    answer = client.post(TRAIN.format("hundreds"), data=form, files=files)
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert body["messages"][0]["text"].startswith("3 recordings are left out. ")
    voice = client.get("/v1/voices/hundreds").json()
    assert (voice["id"], voice["language"]) == (body["voice"], "en")
    assert (voice["labels"], voice["consent"]) == ({"mood": "calm"}, "signed")
    said = client.post("/v1/audio/speech", json={"voice": "hundreds", "input": "At once."})
    assert said.status_code == 200
    work(idle, body["id"])
    second = client.get("/v1/voices/hundreds/versions").json()["data"][1]
    left_out = {each["recording"]: each["reason"] for each in second["report"]["left_out"]}
    assert "0.4 s of speech; use 0.6 s" in left_out["clip298.wav"]
    assert "was not sent" in left_out["clip300.wav"]
    assert "not in the list" in left_out["noise.wav"]
    assert 290 < second["report"]["seconds"] < 305


def test_a_prompt_of_a_new_voice_is_long_enough(client, clips, error_of):
    answer = client.post(TRAIN.format("short"), data={"create": "true"}, files=clips(9))
    assert answer.status_code == 400
    assert "No recording has 2 s of speech" in error_of(answer)["message"]
    assert "short" not in voices_of(client)


def test_a_refused_request_leaves_nothing_behind(idle, client, clips, error_of):
    make_voice(client, lambda: clips(1, 4.0)[0][1][1], "taken")
    before = files_of(idle)
    taken = client.post(TRAIN.format("taken"), data={"create": "true"}, files=clips(1, 4.0))
    assert error_of(taken)["code"] == "voice_exists"
    little = client.post(TRAIN.format("new"), data={"create": "true"}, files=clips(1, 2.2))
    assert "only 2 s of speech" in error_of(little)["message"]
    built_in = client.post(TRAIN.format("ljspeech"), data={"create": "true"}, files=clips(1, 4.0))
    assert error_of(built_in)["code"] == "voice_exists"
    nothing = client.post(TRAIN.format("new"), data={"create": "true"})
    assert error_of(nothing)["param"] == "recordings"
    hook = {"create": "true", "callback_url": "ftp://here"}
    assert client.post(TRAIN.format("new"), data=hook, files=clips(1, 4.0)).status_code == 400
    assert client.post(TRAIN.format("new"), files=clips(1, 4.0)).status_code == 404
    assert "new" not in voices_of(client)
    assert files_of(idle) == before


def test_a_voice_is_not_made_where_a_job_has_no_room(serve_in, tmp_path, clips, error_of):
    server = serve_in(tmp_path / "full", **IDLE, jobs_per_key=1)
    client = server.client(server.key("speak", "train"))
    form, again = {"create": "true"}, {"Idempotency-Key": "one"}
    first = client.post(TRAIN.format("one"), data=form, files=clips(1, 4.0), headers=again)
    same = client.post(TRAIN.format("one"), data=form, files=clips(1, 4.0), headers=again)
    assert (first.status_code, same.json()["id"]) == (202, first.json()["id"])
    assert same.headers["idempotent-replayed"] == "true"
    kept = files_of(server)
    other = client.post(TRAIN.format("two"), data=form, files=clips(1, 4.0))
    assert error_of(other)["code"] == "too_many_jobs"
    assert "two" not in voices_of(client) and files_of(server) == kept


def test_a_new_voice_belongs_to_the_owner_of_the_key(idle, clips):
    ours = idle.client(idle.key("speak", "train", owner="school-a"))
    theirs = idle.client(idle.key("speak", "train", owner="school-b"))
    answer = ours.post(TRAIN.format("pupil"), data={"create": "true"}, files=clips(1, 4.0))
    assert answer.status_code == 202
    assert ours.get("/v1/voices/pupil").json()["owner"] == "school-a"
    assert theirs.get("/v1/voices/pupil").status_code == 404


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({"labels": '{"a": "b"}'}, "labels"),
        ({"consent": "yes"}, "consent"),
        ({"create": "true", "parent": "2"}, "parent"),
        ({"text": "Yes.", "language": "en"}, "transcripts"),
    ],
)
def test_fields_that_do_not_go_together_are_refused(client, clips, error_of, form, param):
    files = [*clips(1, 4.0), listed(rows(1))] if param == "transcripts" else clips(1, 4.0)
    answer = client.post(TRAIN.format("nobody"), data=form, files=files)
    assert (answer.status_code, error_of(answer)["param"]) == (400, param)


def test_limits_of_a_dataset_are_named(serve_in, tmp_path, clips, error_of):
    limits = {"train_recordings": 5, "train_longest_seconds": 6}
    server = serve_in(tmp_path / "limits", **IDLE | limits)
    client = server.client(server.key("train"))
    form = {"create": "true"}
    many = client.post(TRAIN.format("ann"), data=form, files=clips(6))
    assert "at most 5" in error_of(many)["message"]
    long = client.post(TRAIN.format("ann"), data=form, files=clips(2, 4.0))
    assert "more than 6 s" in error_of(long)["message"]
    broken = client.post(TRAIN.format("ann"), data=form, files=[*clips(1), listed("clip0.wav")])
    assert "Line 1 of the list" in error_of(broken)["message"]
    assert json.loads(broken.text)["error"]["code"] == "invalid_option"


def test_the_client_sends_clips_with_their_list(idle, recording, tmp_path):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(recording(2.5))
    (tmp_path / "ann.list").write_text("C:\\x\\a.wav|s|en|steps is 1\nC:\\x\\b.wav|s|en|Yes.\n")
    with Client(idle.url, idle.key("train")) as client:
        job = client.train(
            "by client",
            tmp_path / "a.wav",
            tmp_path / "b.wav",
            transcripts=tmp_path / "ann.list",
            create=True,
        )
    assert (job.state, job.messages) == ("queued", [])
