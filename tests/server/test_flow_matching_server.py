"""A server of a v4 speaks by HTTP and gRPC, at the rate of its vocoder."""

import io

import loopback
import soundfile
from test_grpc import Rpc, audio_of, request
from test_voices import WORDS, speak, upload

from mynah.engine.loading import load_models


def test_a_v4_speaks_by_http_and_grpc(start, flow_folder, recording, error_of):
    port = loopback.free_port()
    running = start(load_models(flow_folder("v4"), "float32", "cpu"), grpc_port=port)
    client = running.client()
    made = upload(client, recording(3.0), name="teacher", text=WORDS, language="en")
    assert made.status_code == 201, made.text
    said = speak(client, "teacher")
    assert said.status_code == 200
    samples, rate = soundfile.read(io.BytesIO(said.content))
    assert rate == 48_000 and samples.any()
    rpc = Rpc(running, port)
    assert audio_of(rpc.call("SynthesizeStream", request("How are you?", voice="teacher")))
    rpc.channel.close()
    assert upload(client, recording(3.0), name="wordless").status_code == 201
    refused = speak(client, "wordless")
    assert refused.status_code == 400
    assert "give its words" in error_of(refused)["message"]
