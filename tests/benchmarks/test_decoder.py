"""Greedy decoding takes the likeliest token that is allowed, and stops."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the extra `quality`")

from benchmarks.quality.decoder import TextDecoder

END = 0
START = [7]
AUDIO = {"encoder_hidden_states": np.zeros((1, 4, 2), dtype=np.float32)}
NAMES = ("past_key_values.0.decoder.key", "past_key_values.0.encoder.key")


class ScriptedNetwork:
    """Prefers tokens in a scripted order, step by step, and notes what it was given."""

    def __init__(self, *preferences):
        self.preferences = preferences
        self.steps = []

    def get_inputs(self):
        return [SimpleNamespace(name=name, shape=["batch", 1, "length", 2]) for name in NAMES]

    def run(self, outputs, inputs):
        order = self.preferences[min(len(self.steps), len(self.preferences) - 1)]
        self.steps.append(inputs)
        assert outputs == [
            "logits",
            *(name.replace("past_key_values", "present") for name in NAMES),
        ]
        logits = np.zeros((1, inputs["input_ids"].shape[1], 10), dtype=np.float32)
        logits[0, -1, order] = range(len(order), 0, -1)
        grown = np.ones((1, 1, len(self.steps), 2), dtype=np.float32)
        of_audio = 4 if len(self.steps) == 1 else 0
        return [logits, grown, np.ones((1, 1, of_audio, 2), dtype=np.float32)]


def test_tokens_up_to_the_end_are_written():
    network = ScriptedNetwork([3], [4], [END])
    assert TextDecoder(network, END).decode(AUDIO, START, limit=9) == [3, 4]
    assert [step["input_ids"].tolist() for step in network.steps] == [[START], [[3]], [[4]]]


def test_a_loop_ends_at_the_limit():
    assert TextDecoder(ScriptedNetwork([5]), END).decode(AUDIO, START, limit=3) == [5, 5, 5]


def test_forbidden_tokens_give_way_to_the_next_best():
    network = ScriptedNetwork([8, 9, 3], [8, 9, 3], [END])
    decoder = TextDecoder(network, END, never=[8], never_first=[9])
    assert decoder.decode(AUDIO, START, limit=9) == [3, 9]


def test_keys_of_the_text_grow_and_those_of_the_audio_stay():
    network = ScriptedNetwork([3], [4], [END])
    TextDecoder(network, END).decode(AUDIO, START, limit=9)
    lengths = [[step[name].shape[2] for name in NAMES] for step in network.steps]
    assert lengths == [[0, 0], [1, 4], [2, 4]]
    assert [bool(step["use_cache_branch"][0]) for step in network.steps] == [False, True, True]
