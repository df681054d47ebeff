"""A server of a v2Pro: its voices speak by every protocol, and have embeddings."""

import loopback
import numpy as np
import pytest
from test_grpc import Rpc, audio_of, request
from test_voices import speak, upload


@pytest.fixture
def pro_server(start, pro_models):
    """A server with a small v2Pro, and its gRPC."""
    port = loopback.free_port()
    running = start(pro_models, grpc_port=port)
    rpc = Rpc(running, port)
    yield running, rpc
    rpc.channel.close()


def embedding_of(client, voice):
    return client.get(f"/v1/voices/{voice}/embedding")


def test_voices_speak_by_http_and_grpc_and_have_embeddings(pro_server, recording):
    running, rpc = pro_server
    client = running.client()
    low, high = (
        upload(client, recording(2.2, pitch=pitch), name=str(pitch)).json()["id"]
        for pitch in (110, 440)
    )
    said = speak(client, low)
    assert said.status_code == 200 and len(said.content) > 1000
    events = rpc.call("SynthesizeStream", request("How are you?", voice=low))
    assert audio_of(events)
    told = embedding_of(client, low).json()
    assert (told["object"], told["voice"]) == ("voice.embedding", low)
    assert told["encoder"] == "eres2netv2" and len(told["embedding"]) == 20_480
    assert embedding_of(client, "110").json() == told
    assert not np.allclose(embedding_of(client, high).json()["embedding"], told["embedding"])
    assert embedding_of(client, "nobody").status_code == 404


def test_a_model_without_a_speaker_encoder_says_what_it_lacks(start, models, error_of):
    answer = embedding_of(start(models).client(), "ljspeech")
    assert answer.status_code == 501
    assert error_of(answer)["code"] == "not_supported"
    assert "pretrained_eres2netv2w24s4ep4.ckpt" in error_of(answer)["message"]
