"""The seam between the engine and a model."""

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Protocol, Self

from mynah.acoustic.acoustic_model import AcousticModel
from mynah.acoustic.decode_stream import DecodeStream
from mynah.encoders.ctc_aligner import PhonemeScores
from mynah.engine.request import VoiceEmbedding
from mynah.options import SpeechOptions
from mynah.semantic.batch import Batch
from mynah.semantic.sequence import SemanticRequest
from mynah.text.sentence import Sentence
from mynah.voice.prompt import PreparedVoice
from mynah.voice.voice import Voice


class SpeechModel(Protocol):
    """A model that speaks, such as `mynah.engine.models.Models`.

    Each stage calls it from its own thread. Trained versions of it are models, too; the engine
    sees by `gpt` and `sovits` which of them have a network in common.
    """

    @property
    def gpt(self) -> Hashable:
        """The GPT; sentences of the same one share a batch."""

    @property
    def sovits(self) -> Hashable:
        """The SoVITS; chunks of the same one may be decoded together."""

    @property
    def acoustic(self) -> AcousticModel:
        """The acoustic stage's model, with its fastest backend."""

    @property
    def size(self) -> int:
        """Bytes that a trained version takes beside the model that it was trained from."""

    @property
    def warnings(self) -> Sequence[str]:
        """Effects of missing parts on its speech, a line in ASCII each."""

    @property
    def aligner(self) -> PhonemeScores | None:
        """Scores the phonemes of recordings, if it can."""

    @property
    def rows(self) -> int:
        """Sentences that are best decoded in one batch."""

    @property
    def step_threads(self) -> int | None:
        """Threads that steps are fastest with; as many as there are if None."""

    def resolve(self, options: SpeechOptions) -> SpeechOptions:
        """Fill in the model's own sampling options where none were chosen."""

    def read(self, voice: Voice) -> PreparedVoice:
        """Encode a voice.

        Raises:
            TextError, LanguageError: the voice's words cannot be pronounced.
        """

    def embed(self, voice: Voice) -> VoiceEmbedding:
        """The speaker embedding of a voice.

        Raises:
            UnsupportedError: the model has no speaker encoder.
        """

    def prepare(
        self,
        sentence: Sentence,
        prompt: PreparedVoice,
        options: SpeechOptions,
        seed: int,
        *,
        first: bool,
    ) -> tuple[SemanticRequest, DecodeStream]:
        """Encode a sentence for the semantic and the acoustic stage.

        Args:
            sentence: to speak.
            prompt: the voice.
            options: of the request.
            seed: of the sentence.
            first: true for the first sentence of a request, whose sound is waited for.
        """

    def trained(self, folder: Path) -> Self:
        """The version of it whose adapters are in a folder.

        Raises:
            CheckpointError: there are none, they cannot be used, or are for another model.
        """

    def batch(self) -> Batch:
        """A batch without sequences, for up to `rows` sentences."""
