"""GPT-SoVITS's first API, `api.py`, as its plug-ins call it."""

import json

import pytest

SAID = "How are you today? I am very well."
RATE = 32_000
SENTENCE_SECONDS = 0.4
REFERENCE = {
    "refer_wav_path": "teacher.wav",
    "prompt_text": "Hello, my dear friend.",
    "prompt_language": "英文",
}
ASKED = {"text": SAID, "text_language": "en"}
ROOT, CHANGE = "/gpt-sovits/", "/gpt-sovits/change_refer"
DONE = {"code": 0, "message": "Success"}


@pytest.fixture(scope="module")
def shelf(server, recording):
    """Two recordings of two people, told apart by their pitch."""
    folder = server.services.settings.references
    folder.mkdir()
    (folder / "teacher.wav").write_bytes(recording())
    (folder / "pupil.wav").write_bytes(recording(loudness=0.1))
    (folder / "chorus.wav").write_bytes(recording(loudness=0.5))
    return folder


@pytest.fixture
def api(server, shelf):
    """Calls of a caller whom nobody knows yet."""
    return server.client(server.key("speak"))


def seconds_of(answer) -> float:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "audio/wav"
    assert int.from_bytes(answer.content[4:8], "little") == len(answer.content) - 8
    return (len(answer.content) - 44) / 2 / RATE


def sound_of(answer) -> bytes:
    assert seconds_of(answer) > 0
    return answer.content


def test_a_call_names_its_reference_by_both_methods(api):
    asked = ASKED | REFERENCE
    got = api.get(ROOT, params=asked)
    assert seconds_of(got) == pytest.approx(SENTENCE_SECONDS)
    assert api.post(ROOT, json=asked).content == got.content
    assert "x-ignored-fields" not in got.headers


def test_all_parameters_are_taken_by_both_methods(api):
    every = ASKED | REFERENCE
    every |= {"top_k": 20, "top_p": 0.6, "temperature": 0.6, "speed": 2, "cut_punc": "?.，。"}
    every |= {"inp_refs": ["pupil.wav", "chorus.wav"], "sample_steps": 16, "if_sr": True}
    for answer in (api.get(ROOT, params=every), api.post(ROOT, json=every)):
        assert seconds_of(answer) == pytest.approx(SENTENCE_SECONDS)
        assert "x-ignored-fields" not in answer.headers
    blank = {"inp_refs": "", "cut_punc": ""}
    assert api.get(ROOT, params=ASKED | REFERENCE | blank).status_code == 200


def test_further_references_change_the_voice(api):
    alone = sound_of(api.get(ROOT, params=ASKED | REFERENCE))
    among = sound_of(api.get(ROOT, params=ASKED | REFERENCE | {"inp_refs": ["chorus.wav"]}))
    assert among != alone


@pytest.mark.parametrize(
    ("text", "cut_punc", "sentences"),
    [
        (SAID, None, 1),
        (SAID, "", 1),
        (SAID, "?.", 2),
        (SAID, "@#", 1),
        ("Here I am.\nThere you are.", None, 2),
        ("Here I am, and there you are, and now we go.", ",", 3),
        ("It costs 3.14 dollars now. I pay.", ".", 2),
    ],
)
def test_a_text_is_cut_at_the_marks_of_the_call_and_at_lines(api, text, cut_punc, sentences):
    asked = REFERENCE | {"text": text, "text_language": "en"}
    asked |= {} if cut_punc is None else {"cut_punc": cut_punc}
    assert seconds_of(api.post(ROOT, json=asked)) == pytest.approx(sentences * SENTENCE_SECONDS)


def test_a_call_without_a_reference_gets_the_keys_own_default(api, server):
    told = api.get(ROOT, params=ASKED)
    assert told.status_code == 400
    assert told.json()["code"] == 400
    assert "/change_refer" in told.json()["message"]
    assert api.get(CHANGE, params=REFERENCE).json() == DONE
    own = sound_of(api.get(ROOT, params=ASKED))
    assert own == sound_of(api.get(ROOT, params=ASKED | REFERENCE))
    other = server.client(server.key("speak"))
    assert other.get(ROOT, params=ASKED).status_code == 400
    assert other.post(CHANGE, json=REFERENCE | {"refer_wav_path": "pupil.wav"}).json() == DONE
    assert sound_of(other.get(ROOT, params=ASKED)) != own
    assert sound_of(api.get(ROOT, params=ASKED)) == own
    with_chorus = api.post(ROOT, json=ASKED | {"inp_refs": ["chorus.wav"]})
    assert sound_of(with_chorus) != own


def test_a_reference_without_words_or_language_is_the_default(api):
    assert api.post(CHANGE, json=REFERENCE).json() == DONE
    own = sound_of(api.get(ROOT, params=ASKED))
    part = {"refer_wav_path": "pupil.wav", "prompt_text": "", "prompt_language": "zh"}
    for answer in (api.get(ROOT, params=ASKED | part), api.post(ROOT, json=ASKED | part)):
        assert sound_of(answer) == own
        assert answer.headers["x-ignored-fields"] == "refer_wav_path, prompt_language"
    empty = dict.fromkeys(REFERENCE, "")
    assert sound_of(api.get(ROOT, params=ASKED | empty)) == own


def test_a_default_that_cannot_be_a_reference_replaces_none(api):
    assert api.get(CHANGE, params=REFERENCE).json() == DONE
    wrong = [
        REFERENCE | {"refer_wav_path": "none.wav"},
        REFERENCE | {"refer_wav_path": "../secret.wav"},
        REFERENCE | {"prompt_text": "?!"},
        REFERENCE | {"prompt_language": "法文"},
        *({name: REFERENCE[name] for name in REFERENCE if name != gone} for gone in REFERENCE),
        *(REFERENCE | {gone: ""} for gone in REFERENCE),
    ]
    for asked in wrong:
        for answer in (api.get(CHANGE, params=asked), api.post(CHANGE, json=asked)):
            assert answer.status_code == answer.json()["code"] == 400
    assert seconds_of(api.get(ROOT, params=ASKED)) > 0


@pytest.mark.parametrize("kind", [None, "application/x-www-form-urlencoded", "text/plain"])
def test_a_body_is_json_whatever_it_is_said_to_be(api, kind):
    headers = {"content-type": kind} if kind else {}
    for path, asked in ((CHANGE, REFERENCE), (ROOT, ASKED)):
        answer = api.post(path, content=json.dumps(asked), headers=headers)
        assert answer.status_code == 200, answer.text
    for body in (b"text=hello", b"{", b"\xff", b"[" * 50_000, b"[]"):
        answer = api.post(ROOT, content=body, headers=headers)
        assert answer.status_code == answer.json()["code"] == 400, answer.text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"text": None}, "text"),
        ({"text": ""}, "text"),
        ({"text_language": None}, "text_language"),
        ({"text_language": "tlh"}, "text_language"),
        ({"prompt_language": "tlh"}, "prompt_language"),
        ({"top_k": "many"}, "top_k"),
        ({"speed": 9}, "speed"),
        ({"inp_refs": ["none.wav"]}, "no reference"),
        ({"temperatur": 0.5}, "temperature"),
    ],
)
def test_a_wrong_parameter_is_a_400_that_names_it(api, change, told):
    asked = {name: value for name, value in (ASKED | REFERENCE | change).items() if value}
    for answer in (api.get(ROOT, params=asked), api.post(ROOT, json=asked)):
        assert answer.status_code == answer.json()["code"] == 400, answer.text
        assert told in answer.json()["message"]


def test_a_callers_default_needs_a_key_unless_the_settings_say_otherwise(start, recording):
    server = start()
    assert server.client("").get(CHANGE, params=REFERENCE).status_code == 401
    server = start(gpt_sovits_no_auth=True)
    folder = server.services.settings.references
    folder.mkdir()
    (folder / "teacher.wav").write_bytes(recording())
    assert server.client("").get(CHANGE, params=REFERENCE).json() == DONE
    assert seconds_of(server.client("").get(ROOT, params=ASKED)) > 0
    # A key's default is its own beside that of all without a key.
    assert server.client().get(ROOT, params=ASKED).status_code == 400


def test_the_model_is_the_one_that_the_server_was_started_with(start, tiny, monkeypatch):
    monkeypatch.setenv("MYNAH_MODEL", str(tiny))
    server = start()
    api, path = server.client(), "/gpt-sovits/set_model"
    own = {"gpt_model_path": "semantic.ckpt", "sovits_model_path": str(tiny / "acoustic.pth")}
    other = own | {"sovits_model_path": "other.pth"}
    for answer in (api.get(path, params=own), api.post(path, json=own)):
        assert answer.json() == DONE
    for answer in (api.get(path, params=other), api.post(path, json=other)):
        assert answer.status_code == answer.json()["code"] == 501
    assert api.get(path, params={"gpt_model_path": "semantic.ckpt"}).json()["code"] == 400
    speaker = server.client(server.key("speak"))
    assert speaker.get(path, params=own).json()["code"] == 403


def test_control_is_one_route_for_both_apis(server, shelf):
    for command, status in (("exit", 403), ("restart", 403), ("dance", 400)):
        answer = server.client().post("/gpt-sovits/control", json={"command": command})
        assert answer.status_code == status
        assert answer.json().keys() == {"message", "Exception"}
