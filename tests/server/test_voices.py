"""Voices from recordings: made, used, listed, changed, deleted."""

import io
import struct
import time

import numpy as np
import pytest
import soundfile
from benchmarks.uploads.sounds import encoded

WORDS = "Hello, my dear friend."


def upload(client, *files: bytes, name="teacher", **fields):
    parts = [("recordings", (f"{n}.wav", data, "audio/wav")) for n, data in enumerate(files)]
    return client.post("/v1/voices", data={"name": name, **fields}, files=parts)


def speak(client, voice):
    body = {"input": "How are you?", "voice": voice, "response_format": "wav"}
    return client.post("/v1/audio/speech", json=body)


@pytest.fixture
def teacher(client, recording):
    answer = upload(
        client, recording(), text=WORDS, language="en", labels='{"mood": "calm"}', consent="signed"
    )
    assert answer.status_code == 201, answer.text
    yield answer.json()
    client.delete(f"/v1/voices/{answer.json()['id']}")


def test_a_new_voice_is_told_and_speaks_at_once(client, teacher):
    assert teacher["object"] == "voice"
    assert teacher["id"].startswith("voice_")
    assert teacher["labels"] == {"mood": "calm"}
    assert (teacher["language"], teacher["consent"]) == ("en", "signed")
    assert (teacher["default_version"], teacher["built_in"]) == ("1", False)
    for voice in ("teacher", teacher["id"], {"id": teacher["id"]}):
        assert speak(client, voice).status_code == 200
    assert client.get("/v1/voices/teacher").json() == teacher


def test_each_voice_has_its_own_sound(client, teacher, recording):
    loud = recording(pitch=180)
    samples, rate = soundfile.read(io.BytesIO(loud))
    file = io.BytesIO()
    soundfile.write(file, samples * 2, rate, format="WAV")
    other = upload(client, file.getvalue(), name="other").json()
    assert speak(client, "teacher").content != speak(client, "other").content
    client.delete(f"/v1/voices/{other['id']}")


def test_recordings_are_kept_as_mono_at_32_khz(client, teacher):
    answer = client.get(f"/v1/voices/{teacher['id']}/preview")
    assert answer.headers["content-type"] == "audio/flac"
    info = soundfile.info(io.BytesIO(answer.content))
    assert (info.samplerate, info.channels, info.format) == (32_000, 1, "FLAC")
    assert info.duration == pytest.approx(4, abs=0.01)


def test_a_voice_may_have_several_recordings_and_their_words(client, recording):
    answer = upload(client, recording(), recording(pitch=220, kind="MP3"), text=[WORDS, WORDS])
    assert answer.status_code == 201, answer.text
    assert speak(client, "teacher").status_code == 200
    client.delete("/v1/voices/teacher")


def test_changes_keep_what_they_do_not_name(client, teacher):
    path = f"/v1/voices/{teacher['id']}"
    changed = client.patch(path, json={"name": "tutor"}).json()
    assert changed == teacher | {"name": "tutor"}
    assert client.patch(path, json={"labels": {}, "consent": None}).json() == changed | {
        "labels": {},
        "consent": None,
    }
    assert client.patch(path, json={}).status_code == 200
    assert client.get("/v1/voices/teacher").status_code == 404


def test_a_deleted_voice_is_gone_with_its_recordings(server, client, recording):
    folder = server.services.settings.data / "audio" / "recordings"
    before = set(folder.glob("*"))
    voice = upload(client, recording()).json()
    assert speak(client, voice["id"]).status_code == 200
    assert set(folder.glob("*")) > before
    deleted = client.delete(f"/v1/voices/{voice['id']}").json()
    assert deleted == {"id": voice["id"], "object": "voice.deleted", "deleted": True}
    assert set(folder.glob("*")) == before
    assert speak(client, voice["id"]).status_code == 404
    assert client.get(f"/v1/voices/{voice['id']}").status_code == 404
    assert client.delete(f"/v1/voices/{voice['id']}").status_code == 404


def test_two_voices_cannot_have_one_name(client, teacher, recording, error_of):
    answer = upload(client, recording())
    assert answer.status_code == 409
    assert error_of(answer)["param"] == "name"
    assert client.patch(f"/v1/voices/{teacher['id']}", json={"name": "mandarin"}).status_code == 409


def test_voices_that_come_with_mynah_stay_as_they_are(client, error_of):
    assert client.get("/v1/voices/mandarin").json()["built_in"]
    assert client.get("/v1/voices/mandarin/preview").content.startswith(b"fLaC")
    for answer in (
        client.delete("/v1/voices/mandarin"),
        client.patch("/v1/voices/mandarin", json={"name": "mine"}),
    ):
        assert answer.status_code == 403
        assert error_of(answer)["code"] == "built_in_voice"


def test_pages_hold_every_voice_once(client, recording):
    data = recording()
    for number in range(3):
        assert upload(client, data, name=f"page {number}").status_code == 201
    names, after = [], ""
    while True:
        page = client.get("/v1/voices", params={"limit": 2, "after": after}).json()
        assert len(page["data"]) <= 2
        names += [voice["name"] for voice in page["data"]]
        after = page["last_id"]
        if not page["has_more"]:
            break
    assert names == ["ljspeech", "mandarin", "page 0", "page 1", "page 2"]
    assert client.get("/v1/voices", params={"after": "zzz"}).json()["last_id"] is None
    for number in range(3):
        client.delete(f"/v1/voices/page {number}")


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"to": 1}, "to"),
    ],
)
def test_a_wrong_query_is_refused(client, error_of, query, param):
    answer = client.get("/v1/voices", params=query)
    assert answer.status_code == 400
    assert error_of(answer)["param"] == param


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"name": ""}, "invalid_request", "name"),
        ({"name": "a\nb"}, "invalid_request", "name"),
        ({"name": "n" * 101}, "invalid_request", "name"),
        ({"name": "a/b"}, "invalid_request", "name"),
        ({"name": ".."}, "invalid_request", "name"),
        ({"language": "tlh"}, "unknown_language", "language"),
        ({"text": "?!"}, "invalid_request", "text"),
        ({"text": ["One.", "Two."]}, "invalid_request", "text"),
        ({"labels": "[1]"}, "invalid_request", "labels"),
        ({"labels": "{"}, "invalid_json", "labels"),
        ({"colour": "red"}, "unknown_field", "colour"),
    ],
)
def test_wrong_fields_are_named(client, recording, error_of, *, fields, code, param):
    answer = upload(client, recording(), **fields)
    assert answer.status_code == 400, answer.text
    error = error_of(answer)
    assert (error["code"], error["param"]) == (code, param)


def lying_wav(rate: int, channels: int) -> bytes:
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    return (
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0" + form + b"data\xff\xff\xff\xff" + b"\1\2" * 9000
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda recording: b"",
        lambda recording: b"hello, this is no audio" * 100,
        lambda recording: recording(seconds=0.5),
        lambda recording: recording(kind="AIFF"),
        lambda recording: recording()[:20_000],
        lambda recording: recording(seconds=3, pitch=0),
        lambda recording: lying_wav(rate=1, channels=1),
        lambda recording: lying_wav(rate=2_000_000_000, channels=1),
        lambda recording: lying_wav(rate=48_000, channels=200),
    ],
    ids=[
        "empty",
        "text",
        "short",
        "kind",
        "cut",
        "silent",
        "slow-rate",
        "fast-rate",
        "channels",
    ],
)
def test_a_bad_recording_is_refused(client, recording, error_of, make):
    answer = upload(client, make(recording))
    assert answer.status_code == 400, answer.text
    error = error_of(answer)
    assert (error["code"], error["param"]) == ("invalid_recording", "recordings")


def test_no_more_is_decoded_than_allowed(start, recording, error_of):
    server = start(upload_seconds=5, upload_recordings=2, upload_kinds=["flac"])
    client = server.client()
    assert upload(client, recording(kind="FLAC")).status_code == 201
    long = recording(seconds=30, kind="FLAC")
    assert "more than 5 s" in error_of(upload(client, long, name="long"))["message"]
    many = upload(client, *[recording(kind="FLAC")] * 3, name="many")
    assert error_of(many)["param"] == "recordings"


def test_a_flac_whose_length_is_open_is_taken(start, recording):
    client = start(upload_kinds=["flac"], upload_seconds=5).client()
    for seconds, status in ((4, 201), (30, 400)):
        told = recording(seconds=seconds, kind="FLAC")
        left_open = told[:21] + bytes([told[21] & 0xF0, 0, 0, 0, 0]) + told[26:]
        assert upload(client, left_open, name=f"{seconds} s").status_code == status


def test_a_small_file_of_hours_is_given_up_early(start, error_of):
    server = start(upload_kinds=["wav", "flac"])
    # An hour of silence in 100 KB, and a WAV whose header declares a day.
    hour = io.BytesIO()
    soundfile.write(hour, np.zeros(3600 * 8000, np.int16), 8000, format="FLAC")
    assert len(hour.getvalue()) < 1 << 18
    day = bytearray(lying_wav(rate=16_000, channels=1))
    day[40:44] = struct.pack("<I", 2 * 16_000 * 86_400)
    for data, told in ((hour.getvalue(), "more than 300 s"), (bytes(day), "")):
        began = time.process_time()
        answer = upload(server.client(), data)
        assert time.process_time() - began < 5
        assert answer.status_code == 400
        assert told in error_of(answer)["message"]


def test_the_version_of_a_voice_can_be_asked_for(client, teacher, error_of):
    body = {"input": "How are you?", "voice": "teacher", "response_format": "wav"}
    plain = client.post("/v1/audio/speech", json=body).content
    for version in ("zero-shot", "1", 1):
        answer = client.post("/v1/audio/speech", json=body | {"version": version})
        assert answer.content == plain
    for version in ("2", "latest", ""):
        answer = client.post("/v1/audio/speech", json=body | {"version": version})
        assert answer.status_code == 404
        error = error_of(answer)
        assert (error["code"], error["param"]) == ("voice_version_not_found", "version")


def test_references_join_in_the_timbre(client, teacher, recording, error_of):
    other = upload(client, recording(loudness=0.6), name="other").json()
    said = {"input": "How are you?", "voice": "teacher", "response_format": "wav", "seed": 1}

    def sound(*references: str) -> bytes:
        answer = client.post("/v1/audio/speech", json=said | {"references": references})
        assert answer.status_code == 200, answer.text
        return answer.content

    alone, joined = sound(), sound("other")
    assert joined != alone
    assert sound(other["id"]) == joined
    assert sound("other", "mandarin") not in (alone, joined)
    unknown = client.post("/v1/audio/speech", json=said | {"references": ["nobody"]})
    assert unknown.status_code == 404
    assert error_of(unknown)["code"] == "reference_not_found"
    assert error_of(unknown)["param"] == "references"
    many = client.post("/v1/audio/speech", json=said | {"references": ["other"] * 11})
    assert error_of(many)["param"] == "references"
    client.delete("/v1/voices/other")


def test_a_form_without_recordings_or_of_another_kind_is_refused(client, error_of):
    for answer in (
        client.post("/v1/voices", data={"name": "x"}),
        client.post("/v1/voices", json={"name": "x"}),
        client.post("/v1/voices", data={"name": "x", "recordings": "words"}),
        client.post(
            "/v1/voices",
            content=b"--x",
            headers={"content-type": "multipart/form-data; boundary=y"},
        ),
    ):
        assert answer.status_code == 400
        error_of(answer)


def test_a_path_leads_nowhere_else(client):
    for name in ("..%2f..%2fmynah.db", "%2e%2e", "x" * 3000):
        assert client.get(f"/v1/voices/{name}").status_code in (404, 307)
        assert client.get(f"/v1/voices/{name}/preview").status_code == 404
    for path in ("a%00b", "a%00b/preview"):
        assert client.get(f"/v1/voices/{path}").status_code == 400


def mp3_that_tells_its_length(wave: np.ndarray) -> bytes:
    """An MP3 with a Xing header."""
    file = io.BytesIO()
    more = {"bitrate_mode": "CONSTANT", "compression_level": 0.5}
    soundfile.write(file, wave.astype(np.float32), 16_000, format="MP3", **more)
    return file.getvalue()


def test_no_voice_holds_the_sound_of_another_callers_recording(client, recording, error_of):
    """A file that breaks off is as long as it is; memory of earlier uploads is no part of it."""
    time_of = np.arange(8 * 16_000) / 16_000
    swell = 0.3 * np.abs(np.sin(4 * np.pi * time_of))
    marker = recording(seconds=8, pitch=731, loudness=0.9)
    victim = mp3_that_tells_its_length(swell * np.sin(2 * np.pi * 180 * time_of))
    for share in (0.3, 0.5, 0.7, 0.9):
        assert upload(client, marker, name="marked").status_code == 201
        assert client.delete("/v1/voices/marked").status_code == 200
        answer = upload(client, victim[: int(share * len(victim))], name="broken")
        assert answer.status_code == 400, answer.text
        assert "breaks off" in error_of(answer)["message"]


@pytest.mark.parametrize("subtype", ["GSM610", "G721_32", "NMS_ADPCM_32", "IMA_ADPCM", "ULAW"])
def test_a_wav_of_the_telephone_is_heard(client, subtype):
    time_of = np.arange(4 * 16_000) / 16_000
    wave = 0.3 * np.abs(np.sin(4 * np.pi * time_of)) * np.sin(2 * np.pi * 180 * time_of)
    file = io.BytesIO()
    soundfile.write(file, wave, 16_000, format="WAV", subtype=subtype)
    answer = upload(client, file.getvalue(), name=subtype)
    assert answer.status_code == 201, answer.text
    preview = client.get(f"/v1/voices/{subtype}/preview").content
    heard, _ = soundfile.read(io.BytesIO(preview))
    spoken = np.interp(np.arange(len(heard)) / 2, np.arange(len(wave)), wave)
    assert np.corrcoef(heard, spoken)[0, 1] > 0.98
    client.delete(f"/v1/voices/{subtype}")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_one_sample_that_is_no_number_is_refused(client, error_of, value):
    time_of = np.arange(4 * 16_000) / 16_000
    wave = 0.3 * np.abs(np.sin(4 * np.pi * time_of)) * np.sin(2 * np.pi * 180 * time_of)
    wave[30_000] = value
    file = io.BytesIO()
    soundfile.write(file, wave, 16_000, format="WAV", subtype="FLOAT")
    answer = upload(client, file.getvalue())
    assert answer.status_code == 400, answer.text
    assert "not numbers" in error_of(answer)["message"]


def test_a_bomb_is_refused_before_it_is_decoded(start, error_of, monkeypatch):
    client = start(upload_kinds=["flac"]).client()
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", 192_000, 8, format="FLAC", subtype="PCM_16") as opened:
        for _ in range(60):
            opened.write(np.zeros((192_000, 8), np.int16))
    assert len(file.getvalue()) < 1 << 18
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *_, **__: pytest.fail("decoded"))
    answer = upload(client, file.getvalue())
    assert answer.status_code == 400, answer.text
    assert "8 channels at 192000 Hz" in error_of(answer)["message"]


def test_what_browsers_and_phones_record_is_taken(client, recording):
    spoken, rate = soundfile.read(io.BytesIO(recording(seconds=4)))
    for form in ("WEBM/LIBOPUS", "MP4/AAC"):
        name = form.partition("/")[0]
        assert upload(client, encoded(spoken, form, rate), name=name).status_code == 201


def test_a_minute_in_stereo_at_48_khz_is_taken(start, recording):
    spoken, rate = soundfile.read(io.BytesIO(recording(seconds=60)), dtype="int16")
    file = io.BytesIO()
    stereo = np.repeat(spoken[:, None], 2, axis=1).repeat(-(-48_000 // rate), axis=0)[: 60 * 48_000]
    soundfile.write(file, stereo, 48_000, format="WAV")
    assert len(file.getvalue()) > 11_000_000
    assert upload(start().client(), file.getvalue(), name="wide").status_code == 201
