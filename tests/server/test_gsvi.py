"""GSVI (GPT-SoVITS-Inference), whose characters are Mynah's voices, as its clients call it."""

import io

import av
import pytest

SAID = "How are you today? I am very well."
SAID_SECONDS = 0.8
TTS = "/gpt-sovits/tts"
ASKED = {"character": "ljspeech", "text": SAID}


@pytest.fixture
def api(server):
    return server.client(server.key("speak"))


def seconds_of(answer) -> float:
    assert answer.status_code == 200, answer.text
    with av.open(io.BytesIO(answer.content)) as container:
        frames = list(container.decode(audio=0))
    return sum(frame.samples for frame in frames) / frames[0].sample_rate


def test_characters_are_the_voices(server, api, recording):
    server.client().post(
        "/v1/voices", data={"name": "花火"}, files={"recordings": ("a.wav", recording())}
    ).raise_for_status()
    characters = api.get("/gpt-sovits/character_list").json()
    assert characters["花火"] == characters["ljspeech"] == ["default"]
    assert seconds_of(api.get(TTS, params=ASKED | {"character": "花火"})) > 0
    assert server.client("").get("/gpt-sovits/character_list").status_code == 401


def test_sillytaverns_request_is_spoken(api):
    """As `public/scripts/extensions/tts/gsvi.js` sends it with its defaults."""
    asked = {
        "text": SAID,
        "cha_name": "ljspeech",
        "text_language": "多语种混合",
        "batch_size": "10",
        "speed": "1",
        "top_k": "6",
        "top_p": "0.85",
        "temperature": "0.75",
        "stream": "false",
    }
    answer = api.get(TTS, params=asked)
    assert seconds_of(answer) == pytest.approx(SAID_SECONDS)
    assert answer.headers["content-type"] == "audio/wav"
    assert "x-ignored-fields" not in answer.headers
    assert seconds_of(api.get(TTS, params=asked | {"stream": "true"})) == pytest.approx(
        SAID_SECONDS
    )


@pytest.mark.parametrize("kind", ["wav", "mp3", "ogg", "flac"])
@pytest.mark.parametrize("stream", [False, True])
def test_every_format_holds_the_whole_speech(api, kind, stream):
    answer = api.post(TTS, json=ASKED | {"format": kind, "stream": stream, "save_temp": True})
    assert answer.headers["content-type"] == f"audio/{kind}"
    assert seconds_of(answer) == pytest.approx(SAID_SECONDS, abs=0.1)


@pytest.mark.parametrize(
    "names",
    [
        ("character", "text", "text_language", "speed"),
        ("cha_name", "txt", "lang", "spd"),
        ("spk", "tex", "language", "rate"),
        ("speaker", "t", "text_lang", "speed_factor"),
        ("model_name", "text", "xml:lang", "speed"),
    ],
)
def test_parameters_have_the_names_that_gsvi_takes(api, names):
    asked = dict(zip(names, ("ljspeech", SAID, "英文", 2), strict=True))
    for answer in (api.get(TTS, params=asked), api.post(TTS, json=asked)):
        assert seconds_of(answer) == pytest.approx(SAID_SECONDS / 2)
        assert "x-ignored-fields" not in answer.headers


def test_equal_seeds_give_equal_sound(api):
    once, again = (api.get(TTS, params=ASKED | {"seed": 7}) for _ in range(2))
    assert once.content == again.content
    assert again.headers["x-cache"] == "hit"


def test_an_unknown_emotion_is_the_default_one(api):
    for name in ("emotion", "character_emotion"):
        answer = api.get(TTS, params=ASKED | {name: "angry", "loudness": 3})
        assert seconds_of(answer) > 0
        assert answer.headers["x-ignored-fields"] == "loudness, emotion"
        assert "x-ignored-fields" not in api.get(TTS, params=ASKED | {name: "default"}).headers


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ({"character": "nobody"}, 404, "nobody"),
        ({"character": ""}, 400, "character"),
        ({"text": ""}, 400, "text"),
        ({"text": "?!"}, 400, "no words"),
        ({"text_language": "法英混合"}, 400, "韩英混合"),
        ({"format": "midi"}, 400, "format"),
        ({"cut_method": "cut9"}, 400, "cut9"),
        ({"task_type": "ssml"}, 400, "task_type"),
        ({"speed": 9}, 400, "speed"),
    ],
)
def test_a_wrong_parameter_is_named(api, change, status, told):
    for answer in (api.get(TTS, params=ASKED | change), api.post(TTS, json=ASKED | change)):
        assert answer.status_code == status, answer.text
        assert told in answer.json()["message"]


def test_gsvis_own_ways_of_cutting_are_taken(api):
    assert seconds_of(api.get(TTS, params=ASKED | {"cut_method": "auto_cut_100"})) == pytest.approx(
        SAID_SECONDS
    )
    assert seconds_of(api.get(TTS, params=ASKED | {"cut": "cut0"})) == pytest.approx(0.4)


def test_a_call_that_names_a_recording_is_one_of_api_v2(server, api, recording):
    folder = server.services.settings.references
    folder.mkdir()
    (folder / "teacher.wav").write_bytes(recording())
    asked = {"text": SAID, "text_lang": "en", "ref_audio_path": "teacher.wav", "prompt_lang": "en"}
    answer = api.get(TTS, params=asked | {"speaker": "nobody"})
    assert answer.status_code == 200
    assert answer.headers["x-ignored-fields"] == "speaker"
