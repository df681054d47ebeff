"""GPT-SoVITS's `api_v2` as its clients call it."""

import io
import os
import wave

import av
import httpx
import pytest

SAID = "How are you today? I am very well."
SAID_SECONDS = 0.8
RATE = 32_000
TTS = "/gpt-sovits/tts"
ASKED = {
    "text": SAID,
    "text_lang": "en",
    "ref_audio_path": "teacher.wav",
    "prompt_lang": "en",
    "prompt_text": "Hello, my dear friend.",
}


@pytest.fixture(scope="module")
def shelf(server, recording):
    """The folder of references: two recordings in it, one outside, and ways that lead there."""
    folder = server.services.settings.references
    (folder / "people").mkdir(parents=True)
    (folder / "teacher.wav").write_bytes(recording())
    (folder / "people" / "pupil.flac").write_bytes(recording(pitch=230, kind="FLAC"))
    (folder.parent / "secret.wav").write_bytes(recording())
    (folder / "link.wav").symlink_to(folder.parent / "secret.wav")
    (folder / "folder-link").symlink_to(folder.parent)
    (folder / "circle").symlink_to("circle")
    os.mkfifo(folder / "pipe")
    return folder


@pytest.fixture
def api(server, shelf) -> httpx.Client:
    """Calls with a key."""
    return server.client()


def seconds_of(audio: bytes) -> float:
    with av.open(io.BytesIO(audio)) as container:
        frames = list(container.decode(audio=0))
    return sum(frame.samples for frame in frames) / frames[0].sample_rate


def test_get_and_post_speak_alike_in_a_wav_that_knows_its_length(api):
    got = api.get(TTS, params=ASKED | {"seed": 3})
    posted = api.post(TTS, json=ASKED | {"seed": 3})
    assert got.status_code == posted.status_code == 200
    assert got.headers["content-type"] == "audio/wav"
    assert got.content == posted.content
    with wave.open(io.BytesIO(got.content)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        assert file.getnframes() == SAID_SECONDS * RATE
    assert int.from_bytes(got.content[4:8], "little") == len(got.content) - 8


@pytest.mark.parametrize("kind", ["wav", "raw", "ogg", "aac"])
@pytest.mark.parametrize("mode", [0, 1, 2, 3, True, "true", "False"])
def test_every_kind_and_mode_holds_the_whole_speech(api, kind, mode):
    answer = api.post(TTS, json=ASKED | {"media_type": kind, "streaming_mode": mode})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == f"audio/{kind}"
    seconds = len(answer.content) / 2 / RATE if kind == "raw" else seconds_of(answer.content)
    assert seconds == pytest.approx(SAID_SECONDS, abs=0.1 if kind == "aac" else 0.002)


def test_all_parameters_are_taken_by_both_methods(api):
    every = ASKED | {
        "aux_ref_audio_paths": ["people/pupil.flac"],
        "top_k": 5,
        "top_p": 0.9,
        "temperature": 0.8,
        "text_split_method": "cut0",
        "batch_size": 4,
        "batch_threshold": 0.75,
        "split_bucket": False,
        "speed_factor": 2.0,
        "fragment_interval": 0.1,
        "seed": -1,
        "media_type": "raw",
        "streaming_mode": False,
        "parallel_infer": False,
        "repetition_penalty": 1.2,
        "sample_steps": 8,
        "super_sampling": True,
        "overlap_length": 4,
        "min_chunk_length": 20,
    }
    for answer in (api.post(TTS, json=every), api.get(TTS, params=every)):
        assert answer.status_code == 200, answer.text
        assert len(answer.content) / 2 / RATE == pytest.approx(0.2, abs=0.001)
    nulls = {"aux_ref_audio_paths": None, "prompt_text": None}
    assert api.post(TTS, json=ASKED | nulls).status_code == 200


def test_a_stream_begins_before_all_is_said(start, recording):
    server = start()
    folder = server.services.settings.references
    folder.mkdir()
    (folder / "teacher.wav").write_bytes(recording())
    asked = ASKED | {"text": "Here I am. A slow end.", "streaming_mode": "true"}
    with server.client().stream("GET", TTS, params=asked) as answer:
        parts = answer.iter_raw()
        first = next(parts)
        assert first.startswith(b"RIFF")
        assert not any("slow" in said for said in server.model.hummed)
        server.model.gate.set()
        whole = first + b"".join(parts)
    assert len(whole) == 44 + SAID_SECONDS * RATE * 2


def test_a_changed_file_is_another_voice(api, shelf, recording):
    asked = ASKED | {"ref_audio_path": "changing.wav", "seed": 1}
    (shelf / "changing.wav").write_bytes(recording())
    before = api.post(TTS, json=asked).content
    assert api.post(TTS, json=asked).content == before
    (shelf / "changing.wav").write_bytes(recording(loudness=0.15))
    assert api.post(TTS, json=asked).content != before


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"text": None}, "text"),
        ({"text": ""}, "text"),
        ({"text": "?!…"}, "no words"),
        ({"text_lang": None}, "text_lang"),
        ({"text_lang": "tlh"}, "text_lang"),
        ({"prompt_lang": None}, "prompt_lang"),
        ({"prompt_lang": ""}, "prompt_lang"),
        ({"prompt_text": "?!"}, "prompt_text"),
        ({"ref_audio_path": None}, "ref_audio_path"),
        ({"ref_audio_path": ""}, "ref_audio_path"),
        ({"ref_audio_path": "x" * 999}, "no reference"),
        ({"aux_ref_audio_paths": ["none.wav"]}, "no reference"),
        ({"top_k": "many"}, "top_k"),
        ({"speed_factor": 9}, "speed_factor"),
        ({"seed": -2}, "seed"),
        ({"streaming_mode": 4}, "streaming_mode"),
        ({"media_type": "midi"}, "media_type"),
        ({"text_split_method": "cut9"}, "cut9"),
        ({"text_split_methods": "cut0"}, "did you mean text_split_method"),
    ],
)
def test_a_wrong_parameter_is_a_400_that_names_it(api, change, told):
    asked = {name: value for name, value in (ASKED | change).items() if value is not None}
    for answer in (api.get(TTS, params=asked), api.post(TTS, json=asked)):
        assert answer.status_code == 400, answer.text
        assert answer.json().keys() == {"message", "Exception"}
        assert told in answer.json()["message"]


def test_unknown_fields_are_ignored_and_named(api):
    unknown = {"return_fragment": False, "text_language": "zh", "volume": 3, "speaker": "x"}
    for answer in (
        api.get(TTS, params=ASKED | unknown),
        api.post(TTS, json=ASKED | unknown | {"说话人": 1, "nested": {"a": [1]}}),
    ):
        assert answer.status_code == 200, answer.text
        named = answer.headers["x-ignored-fields"].split(", ")
        assert named[:4] == [*unknown]
        assert named[4:] in ([], ["nested"])
    assert "x-ignored-fields" not in api.get(TTS, params=ASKED).headers


@pytest.mark.parametrize(
    "language", ["zh", "EN", "All_ZH", "Auto", "中文", "英文", "中英混合", "多语种混合", " en "]
)
def test_a_language_has_a_code_in_any_case_and_a_chinese_name(api, language):
    asked = ASKED | {"text_lang": language, "prompt_lang": language}
    for answer in (api.get(TTS, params=asked), api.post(TTS, json=asked)):
        assert answer.status_code == 200, answer.text


def test_a_name_means_what_its_code_means(api):
    asked = ASKED | {"text": "3 cats，三只猫。", "seed": 1}
    pairs = {"中文": "all_zh", "中英混合": "zh", "英文": "en", "多语种混合": "auto"}
    for name, code in pairs.items():
        by_name, by_code = (
            api.get(TTS, params=asked | {"text_lang": each}) for each in (name, code)
        )
        assert by_name.status_code == by_code.status_code
        assert by_name.content == by_code.content


NAMES = {
    "日文": "all_ja",
    "日英混合": "ja",
    "粤语": "all_yue",
    "粤英混合": "yue",
    "多语种混合(粤语)": "auto_yue",
    "多语种混合（粤语）": "auto_yue",
    "韩文": "all_ko",
    "韩英混合": "ko",
    "JA": "ja",
    "All_Ko": "all_ko",
}


@pytest.mark.parametrize(("name", "code"), NAMES.items())
def test_every_language_of_gpt_sovits_is_known_by_name(api, name, code):
    asked = ASKED | {"text": "Hello, 3 cats.", "seed": 1, "prompt_lang": name}
    by_name, by_code = (
        api.get(TTS, params=asked | {"text_lang": "en", "prompt_lang": each})
        for each in (name, code)
    )
    assert by_name.status_code == by_code.status_code == 200, by_name.text
    assert by_name.content == by_code.content


@pytest.mark.parametrize("parameter", ["text_lang", "prompt_lang"])
def test_an_unknown_language_is_answered_with_those_that_there_are(api, parameter):
    answer = api.get(TTS, params=ASKED | {parameter: "法文"})
    assert (answer.status_code, answer.json()["Exception"]) == (400, "invalid_request")
    message = answer.json()["message"]
    assert message.startswith(f"{parameter}: ")
    assert all(each in message for each in ("法文", "all_zh (中文)", "ja (日英混合)"))


@pytest.mark.parametrize(
    "path",
    [
        "../secret.wav",
        "people/../../secret.wav",
        "/etc/passwd",
        "{outside}",
        "link.wav",
        "folder-link/secret.wav",
        "circle",
        "people",
        "pipe",
        "a\0b",
        "~/secret.wav",
        "http://127.0.0.1/secret.wav",
        "file:///etc/passwd",
    ],
)
def test_no_path_leads_out_of_the_folder(api, shelf, path):
    named = path.format(outside=shelf.parent / "secret.wav")
    answer = api.post(TTS, json=ASKED | {"ref_audio_path": named})
    assert answer.status_code == 400
    assert answer.json()["Exception"] == "invalid_recording"
    asked = {"refer_audio_path": named}
    assert api.get("/gpt-sovits/set_refer_audio", params=asked).status_code == 400


def test_a_path_within_the_folder_may_be_absolute_and_dotted(api, shelf):
    for path in (shelf / "teacher.wav", "./people/../teacher.wav"):
        answer = api.post(TTS, json=ASKED | {"ref_audio_path": str(path)})
        assert answer.status_code == 200, answer.text


def test_what_is_no_speech_is_no_reference(api, shelf, recording):
    (shelf / "words.wav").write_bytes(b"hello, this is no audio" * 100)
    (shelf / "short.wav").write_bytes(recording(seconds=0.5))
    (shelf / "large.wav").write_bytes(b"\0" * (11 << 20))
    for name in ("words.wav", "short.wav", "large.wav"):
        answer = api.post(TTS, json=ASKED | {"ref_audio_path": name})
        assert answer.status_code == 400
        assert answer.json()["Exception"] == "invalid_recording"
        checked = api.get("/gpt-sovits/set_refer_audio", params={"refer_audio_path": name})
        assert checked.status_code == 400


def test_set_refer_audio_sets_nothing_that_another_caller_hears(api):
    answer = api.get("/gpt-sovits/set_refer_audio", params={"refer_audio_path": "teacher.wav"})
    assert answer.json() == {"message": "success"}
    asked = {name: value for name, value in ASKED.items() if name != "ref_audio_path"}
    assert api.post(TTS, json=asked).status_code == 400


@pytest.mark.parametrize("mode", [0, 1])
def test_an_error_is_never_an_answer_of_silence(api, mode):
    asked = ASKED | {"text": "A broken one.", "streaming_mode": mode}
    answer = api.post(TTS, json=asked)
    assert answer.status_code == 500
    assert answer.json().keys() == {"message", "Exception"}
    assert "secret" not in answer.text


def test_an_error_after_the_first_sound(api):
    asked = ASKED | {"text": "Here I am. A broken one."}
    assert api.post(TTS, json=asked).status_code == 500
    with pytest.raises(httpx.RemoteProtocolError):
        api.post(TTS, json=asked | {"streaming_mode": 1})


def test_without_a_key_nobody_speaks_unless_the_settings_let_them(start, recording):
    server = start()
    assert server.client("").get(TTS, params=ASKED).status_code == 401
    server = start(gpt_sovits_no_auth=True)
    folder = server.services.settings.references
    folder.mkdir()
    (folder / "teacher.wav").write_bytes(recording())
    assert server.client("").get(TTS, params=ASKED).status_code == 200
    assert server.client("mynah_wrong").get(TTS, params=ASKED).status_code == 401
    assert server.client("").get("/v1/voices").status_code == 401
    for call in ("control?command=exit", "set_gpt_weights?weights_path=a.ckpt"):
        assert server.client("").get(f"/gpt-sovits/{call}").status_code == 403


def test_unknown_paths_get_the_familys_shape(api):
    assert api.get("/gpt-sovits/nothing").json()["Exception"] == "not_found"
    body = api.post(TTS, content=b"{", headers={"content-type": "application/json"})
    assert (body.status_code, body.json()["Exception"]) == (400, "invalid_json")
