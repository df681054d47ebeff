"""From text and voice to speech, one sentence after the other."""

import hashlib
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from mynah.engine.models import Models
from mynah.engine.speech import Speech
from mynah.options import SpeechOptions
from mynah.semantic.generate import SemanticRequest, generate
from mynah.semantic.sampling import SamplingOptions
from mynah.text.frontend import analyse
from mynah.text.sentence import Sentence
from mynah.tracing import span
from mynah.voice.prompt import VoicePrompt, read_voice
from mynah.voice.voice import Voice

PEAK = 0.98


class Synthesizer:
    """Speaks with one model.

    Args:
        models: its networks.
    """

    def __init__(self, models: Models) -> None:
        self._models = models

    @property
    def sample_rate(self) -> int:
        """Samples per second of everything it speaks."""
        return self._models.sovits.config.sampling_rate

    def speak(self, text: str, voice: Voice, options: SpeechOptions | None = None) -> Speech:
        """The whole text as one piece of sound; see `stream`."""
        chunks = list(self.stream(text, voice, options))
        samples = np.concatenate([chunk.samples for chunk in chunks])
        return Speech(samples, self.sample_rate, text)

    def stream(
        self, text: str, voice: Voice, options: SpeechOptions | None = None
    ) -> Iterator[Speech]:
        """Speaks a text sentence by sentence.

        Args:
            text: what to say.
            voice: whom to sound like.
            options: language, speed and the rest.

        Yields:
            Sound of each sentence as soon as it is ready, with the pause after it.

        Raises:
            TextError, LanguageError, OptionError: before any sound is made.
        """
        options = options or SpeechOptions()
        sentences = analyse(text, options.language, options.split)
        return self.stream_sentences(sentences, voice, options)

    def stream_sentences(
        self, sentences: list[Sentence], voice: Voice, options: SpeechOptions
    ) -> Iterator[Speech]:
        """Speaks sentences that were analysed before; see `stream`."""
        yield from self.stream_prompted(sentences, self.read(voice), options)

    def read(self, voice: Voice) -> VoicePrompt:
        """The voice as this model takes it.

        Raises:
            TextError, LanguageError: the voice's words cannot be pronounced.
        """
        return read_voice(voice, self._models.content, self._models.sovits)

    def stream_prompted(
        self, sentences: list[Sentence], prompt: VoicePrompt, options: SpeechOptions
    ) -> Iterator[Speech]:
        """Speaks sentences in a voice that was read before: one chunk for each; see `stream`."""
        pause = np.zeros(int(options.pause * self.sample_rate), np.float32)
        for number, sentence in enumerate(sentences):
            last = number == len(sentences) - 1
            samples = self._say(sentence, prompt, options, _seed_of(options.seed, number))
            yield Speech(
                samples if last else np.concatenate([samples, pause]),
                self.sample_rate,
                sentence.text,
            )

    def _say(
        self, sentence: Sentence, prompt: VoicePrompt, options: SpeechOptions, seed: int
    ) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        with span("semantic"):
            tokens = self._tokens(sentence, prompt, options, seed)
        with span("acoustic"):
            wave = self._models.sovits.decode(
                tokens[None],
                self._ids(sentence)[None],
                prompt.timbre,
                speed=options.speed,
                generator=torch.Generator().manual_seed(seed),
            )[0]
        return (wave * (PEAK / wave.abs().max().clamp(min=PEAK))).numpy()

    def _tokens(
        self, sentence: Sentence, prompt: VoicePrompt, options: SpeechOptions, seed: int
    ) -> Tensor:
        spoken = [*prompt.sentences, sentence]
        request = SemanticRequest(
            phones=torch.cat([self._ids(part) for part in spoken]),
            prompt=prompt.codes,
            bert=torch.cat([self._models.text_features(part) for part in spoken], dim=1),
            sampling=SamplingOptions(
                options.top_k, options.top_p, options.temperature, options.repetition_penalty
            ),
            seed=seed,
        )
        return torch.tensor(list(generate(self._models.gpt, request)))

    def _ids(self, sentence: Sentence) -> Tensor:
        return torch.tensor(self._models.symbols.encode(sentence.phones))


def _seed_of(seed: int, sentence: int) -> int:
    """A sentence's own seed, so that it sounds the same whatever precedes it is changed to."""
    digest = hashlib.blake2b(f"{seed}/{sentence}".encode(), digest_size=7).digest()
    return int.from_bytes(digest)
