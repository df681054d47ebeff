"""From hidden states of audio to tokens: greedy decoding, so that a score is repeatable.

Whisper and Moonshine come as Optimum exports them: one "merged" decoder that
computes keys and values of the audio in its first step and takes them back later.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import onnxruntime

from benchmarks.quality.recogniser import Array

Inputs: TypeAlias = Mapping[str, Array | npt.NDArray[np.int64]]


class TextDecoder:
    """A decoder with a cache of keys and values.

    Args:
        network: The merged decoder.
        end: Token that ends a text.
        never: Tokens that are never written.
        never_first: Tokens that no text begins with.
    """

    def __init__(
        self,
        network: onnxruntime.InferenceSession,
        end: int,
        never: Sequence[int] = (),
        never_first: Sequence[int] = (),
    ) -> None:
        self._network = network
        self._end = end
        self._never = list(never)
        self._never_first = list(never_first)
        self._empty = {
            entry.name: np.zeros((1, entry.shape[1], 0, entry.shape[3]), dtype=np.float32)
            for entry in network.get_inputs()
            if "past" in entry.name
        }

    def decode(self, audio: Inputs, start: list[int], limit: int) -> list[int]:
        """The likeliest next token, again and again.

        Args:
            audio: Inputs that stay the same: `encoder_hidden_states`, shape (1, frames,
                width), and its mask where the network takes one.
            start: Tokens that the text is preceded by.
            limit: Most tokens to write.
        """
        cache: Mapping[str, Array] = self._empty
        tokens: list[int] = []
        fresh = start
        while len(tokens) < limit:
            logits, cache = self._step(fresh, audio, cache, first=not tokens)
            logits[self._never] = -np.inf
            if not tokens:
                logits[self._never_first] = -np.inf
            token = int(logits.argmax())
            if token == self._end:
                break
            tokens.append(token)
            fresh = [token]
        return tokens

    def _step(
        self, fresh: list[int], audio: Inputs, cache: Mapping[str, Array], first: bool
    ) -> tuple[Array, Mapping[str, Array]]:
        inputs = {
            "input_ids": np.array([fresh], dtype=np.int64),
            "use_cache_branch": np.array([not first]),
            **audio,
            **cache,
        }
        present = [name.replace("past_key_values", "present") for name in cache]
        logits, *values = self._network.run(["logits", *present], inputs)
        grown = dict(zip(cache, values, strict=True))
        if not first:  # keys of the audio do not grow, and later steps return them empty
            grown |= {name: cache[name] for name in grown if ".encoder." in name}
        return logits[0, -1], grown
