"""Trained versions are heard through the API, from a small model and adapters made by hand."""

import io
import shutil
import time

import numpy as np
import pytest
import soundfile
import torch
from training_jobs import IDLE, make_voice

from mynah.checkpoints.adapter import load_adapter, save_adapter
from mynah.checkpoints.file import read_checkpoint
from mynah.engine.loading import load_models
from mynah.server.versions.store import add_version


@pytest.fixture
def server(start, models, tiny):
    return start(models, **IDLE, model=tiny)


@pytest.fixture
def client(server):
    return server.client()


@pytest.fixture
def voice(client, recording):
    return make_voice(client, recording)


@pytest.fixture
def publish(server, voice, adapt):
    """Makes version 2, and further ones, of the voice from a folder of adapters."""

    def publish(folder) -> int:
        key = f"{voice}/{folder.name}"
        files = {path.name: path for path in folder.iterdir()}
        server.services.stores.weights.put(key, files)
        with server.services.stores.records.begin() as connection:
            facts = {"job_id": f"job_{folder.name}", "parent": 1, "report": {}, "metrics": {}}
            return add_version(connection, voice, weights=key, base_model="tiny", **facts)

    return publish


def ask(client, voice, **options):
    order = {"voice": voice, "input": "Hello, world.", "response_format": "wav", "seed": 3}
    return client.post("/v1/audio/speech", json=order | options)


def heard(client, voice, told: str, **options) -> np.ndarray:
    answer = ask(client, voice, **options)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-voice-version"] == told
    return soundfile.read(io.BytesIO(answer.content), dtype="float32")[0]


def seconds_of(client, path: str) -> float:
    began = time.perf_counter()
    client.post(path).raise_for_status()
    return time.perf_counter() - began


def test_a_promoted_version_is_heard_on_the_next_request_and_so_is_a_rollback(
    client, voice, publish, adapt
):
    assert (publish(adapt(1)), publish(adapt(2, semantic=False))) == (2, 3)
    sounds, calls = {"1": heard(client, voice, "1")}, []
    for version in ("2", "3"):
        calls.append(seconds_of(client, f"/v1/voices/{voice}/versions/{version}/promote"))
        sounds[version] = heard(client, voice, version)
    for version in ("2", "1"):
        calls.append(seconds_of(client, f"/v1/voices/{voice}/rollback"))
        np.testing.assert_array_equal(heard(client, voice, version), sounds[version])
    assert min(calls) < 1  # a busy machine may be late with some of them
    np.testing.assert_array_equal(heard(client, voice, "3", version=3), sounds["3"])
    quiet = min(map(len, sounds.values()))
    for one, other in (("1", "2"), ("1", "3"), ("2", "3")):
        assert np.abs(sounds[one][:quiet] - sounds[other][:quiet]).max() > 1e-3


def test_a_reference_changes_the_timbre_beside_the_weights(client, voice, publish, adapt):
    publish(adapt(1))
    own, other = (
        heard(client, voice, "2", version=2, references=references)
        for references in ([], ["ljspeech"])
    )
    assert not np.array_equal(own, other)


def test_a_version_is_given_away_as_files_that_speak_like_it(
    client, voice, publish, adapt, tiny, tmp_path
):
    folder = adapt(1)
    publish(folder)
    for file, base in (("gpt.ckpt", "semantic.ckpt"), ("sovits.pth", "acoustic.pth")):
        answer = client.get(f"/v1/voices/{voice}/versions/2/{file}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-disposition"].endswith(f'-2-{file}"')
        (tmp_path / file).write_bytes(answer.content)
        given, origin = read_checkpoint(tmp_path / file), read_checkpoint(tiny / base)
        assert (given.info, given.config) == (origin.info, origin.config)
        assert given.weight.keys() == origin.weight.keys()
    given, base = load_models(tmp_path, "float32"), load_models(tiny, "float32")
    version = base.trained(folder)
    for network in ("gpt", "sovits"):
        ours, its, before = (getattr(each, network).state_dict() for each in (given, version, base))
        for name, tensor in ours.items():
            torch.testing.assert_close(tensor, its[name], rtol=2e-3, atol=2e-3)
        assert any(not torch.allclose(ours[name], before[name], atol=1e-2) for name in ours)


def test_a_version_without_weights_has_no_files(client, voice, error_of):
    answer = client.get(f"/v1/voices/{voice}/versions/1/gpt.ckpt")
    assert (answer.status_code, error_of(answer)["code"]) == (409, "nothing_trained")
    assert client.get(f"/v1/voices/{voice}/versions/7/gpt.ckpt").status_code == 404
    assert client.get(f"/v1/voices/{voice}/versions/1/other.ckpt").status_code == 400


def other_base(folder):
    path = folder / "acoustic.adapter"
    adapter = load_adapter(path)
    save_adapter(type(adapter)("0" * 32, adapter.changes), path)


def truncated(folder):
    path = folder / "semantic.adapter"
    path.write_bytes(path.read_bytes()[:200])


def empty(folder):
    for path in folder.iterdir():
        path.unlink()


@pytest.mark.parametrize(
    ("breaking", "message"),
    [
        (other_base, "another model"),
        (truncated, "semantic.adapter"),
        (empty, "neither"),
        (shutil.rmtree, "version 2 of the voice ann"),
    ],
)
def test_weights_that_cannot_be_used_are_told_of(
    server, client, voice, publish, adapt, error_of, breaking, message
):
    publish(adapt(1))
    settings = server.services.settings
    (folder,) = (settings.data / "versions" / voice).iterdir()
    breaking(folder)
    client.post(f"/v1/voices/{voice}/versions/2/promote").raise_for_status()
    answer = ask(client, voice)
    error = error_of(answer)
    assert (answer.status_code, error["code"]) == (500, "invalid_checkpoint")
    assert answer.headers["x-voice-version"] == "2"
    assert message in error["message"]
    assert str(settings.data) not in error["message"]
    heard(client, voice, "1", version=1)
    client.post(f"/v1/voices/{voice}/rollback").raise_for_status()
    heard(client, voice, "1")
