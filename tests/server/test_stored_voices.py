"""Files of voices are read when they are needed, and what is missing is named."""

import shutil

import pytest
from training_jobs import IDLE, make_version, make_voice

from mynah.server.compat.gpt_sovits import references

SPEECH = "/v1/audio/speech"


@pytest.fixture
def shared(start):
    server = start(**IDLE)
    server.model.gate.set()
    return server


@pytest.fixture
def client(shared):
    return shared.client()


@pytest.fixture
def voice(client, recording):
    return make_voice(client, recording, "teacher")


def speak(client, voice, **more):
    return client.post(SPEECH, json={"voice": voice, "input": "Hello.", **more})


def test_a_voice_in_memory_speaks_without_its_files(shared, client, voice):
    assert speak(client, voice).status_code == 200
    shutil.rmtree(shared.services.settings.data / "audio" / "recordings")
    assert speak(client, voice).status_code == 200


def test_a_voice_whose_recordings_are_gone_is_named(shared, client, voice, error_of):
    shutil.rmtree(shared.services.settings.data / "audio" / "recordings")
    answer = speak(client, voice)
    error = error_of(answer)
    assert (answer.status_code, error["code"]) == (404, "voice_not_found")
    assert error["message"] == "The voice teacher was deleted; choose another."


def test_a_version_whose_weights_are_gone_is_named(shared, client, voice, recording, error_of):
    version = make_version(shared, client, voice, recording)
    shutil.rmtree(shared.services.settings.data / "versions" / voice)
    answer = speak(client, voice)
    assert "version 2 of the voice teacher are gone" in error_of(answer)["message"]
    assert version == 2
    assert speak(client, voice, version="zero-shot").status_code == 200


def test_a_reference_file_is_decoded_once(shared, recording, monkeypatch):
    settings, decoded, admit = shared.services.settings, [], references.admit

    def counted(data, rules):
        decoded.append(len(data))
        return admit(data, rules)

    monkeypatch.setattr(references, "admit", counted)
    settings.references.mkdir()
    (settings.references / "teacher.wav").write_bytes(recording())
    reader = references.ReferenceReader(settings, shared.services.upload_rules)
    asked = references.Reference(["teacher.wav"], "Hello.", "en")
    assert reader.read(asked) == reader.read(asked)
    assert len(decoded) == 1
    (settings.references / "teacher.wav").write_bytes(recording(pitch=220))
    reader.read(asked)
    assert len(decoded) == 2
