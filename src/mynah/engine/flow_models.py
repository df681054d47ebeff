"""The networks of a v3 or v4, loaded together because their weights only fit each other."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor

from mynah.acoustic.acoustic_model import AcousticPrompt, chunk_sizes
from mynah.acoustic.decode_stream import DecodeStream
from mynah.acoustic.flow_matching.config import MEL_BANDS
from mynah.acoustic.flow_matching.model import FlowMatching
from mynah.acoustic.flow_matching.sentence_model import MelVocoder, SentenceFlowMatching
from mynah.audio.mel_spectrogram import mel_spectrogram
from mynah.audio.recording import Recording
from mynah.audio.sinc_resample import sinc_resample
from mynah.checkpoints.sovits import symbol_table
from mynah.encoders.ctc_aligner import PhonemeScores
from mynah.encoders.roberta import TextFeatures
from mynah.encoders.speaker_embedding import SpeakerEmbedding
from mynah.engine.request import VoiceEmbedding
from mynah.engine.text_reader import TextReader
from mynah.engine.voice_embedding import embed_voice
from mynah.errors import CheckpointError, RecordingError
from mynah.options import SpeechOptions
from mynah.semantic.backends.int8 import Int8GPT
from mynah.semantic.batch import Batch, TorchBatch
from mynah.semantic.gpt import GPT
from mynah.semantic.sequence import SemanticRequest
from mynah.text.sentence import Sentence
from mynah.voice.prompt import LONGEST_PROMPT_SECONDS, PreparedVoice, read_voice
from mynah.voice.tokens import ContentEncoder
from mynah.voice.voice import Voice

if TYPE_CHECKING:
    from mynah.semantic.backends.cuda_batch import CudaDecoder

ROWS = 16
"""Sentences whose tokens are sampled at a time on the CPU."""

TOGETHER = 8
"""Sentences that a GPU decodes together; a CPU is busy with one."""


@dataclass(frozen=True, slots=True, eq=False)
class FlowModels:
    """A `SpeechModel` of GPT-SoVITS v3 and v4.

    Attributes:
        gpt: the semantic stage's network.
        network: the acoustic stage's network.
        vocoder: of its version, on the same device.
        content: the content encoder that prompts are read with.
        text_features: what the GPT is told of a text's meaning.
        speaker: the speaker encoder, if the model has one.
        warnings: what its speech lacks because a part is missing, a line each.
        aligner: finds words in recordings, if there is one.
        packed: the GPT in a form that samples faster, if there is one.
        gpt_graphs: the GPT on a GPU, where there is one.
    """

    gpt: GPT
    network: FlowMatching
    vocoder: MelVocoder
    content: ContentEncoder
    text_features: TextFeatures
    speaker: SpeakerEmbedding | None = None
    warnings: tuple[str, ...] = ()
    aligner: PhonemeScores | None = None
    packed: Int8GPT | None = None
    gpt_graphs: "CudaDecoder | None" = None

    @property
    def sovits(self) -> FlowMatching:
        return self.network

    @property
    def size(self) -> int:
        return 0

    @property
    def acoustic(self) -> SentenceFlowMatching:
        together = 1 if self.network.device.type == "cpu" else TOGETHER
        return SentenceFlowMatching(self.network, self.vocoder, together)

    @property
    def rows(self) -> int:
        return self.gpt_graphs.rows if self.gpt_graphs else ROWS

    @property
    def step_threads(self) -> int | None:
        return (self.packed or self.gpt).step_threads

    def resolve(self, options: SpeechOptions) -> SpeechOptions:
        return self._reader.resolve(options)

    def read(self, voice: Voice) -> PreparedVoice:
        """The voice as these models take it.

        Raises:
            RecordingError: its first recording cannot be continued.
            TextError, LanguageError: the voice's words cannot be pronounced.
        """
        reader = self._reader
        read = read_voice(voice, self.content, self.network, reader.symbols)
        if not len(read.codes):
            raise RecordingError(
                f"A {self.network.config.version} continues the voice's first recording: give its "
                f"words, and at most {LONGEST_PROMPT_SECONDS:g} s of it."
            )
        text = reader.read(read.sentences)
        prompt = AcousticPrompt(
            read.timbre, codes=read.codes, phones=text.phones, mel=self._mel(voice.recordings[0])
        )
        return PreparedVoice(read.codes, text.phones, text.bert, self.acoustic.prepare(prompt))

    def embed(self, voice: Voice) -> VoiceEmbedding:
        return embed_voice(self.speaker, voice)

    def prepare(
        self,
        sentence: Sentence,
        prompt: PreparedVoice,
        options: SpeechOptions,
        seed: int,
        *,
        first: bool,
    ) -> tuple[SemanticRequest, DecodeStream]:
        text = self._reader.read([sentence])
        stream = self.acoustic.open(
            text.phones,
            prompt.conditioning,
            speed=options.speed,
            seed=seed,
            sizes=chunk_sizes(self.acoustic.unit, whole=options.whole_sentences, first=first),
        )
        return self._reader.request(text, prompt, options, seed), stream

    def trained(self, folder: Path) -> Self:
        """See `SpeechModel`; there are none.

        Raises:
            CheckpointError: always.
        """
        raise CheckpointError(
            f"A {self.network.config.version} has no trained versions yet; speak with the voice's "
            "first version, or with the model that this one was trained from."
        )

    def batch(self) -> Batch:
        if self.gpt_graphs:
            return self.gpt_graphs.batch()
        return TorchBatch(self.packed or self.gpt, ROWS, allocated=ROWS)

    @property
    def _reader(self) -> TextReader:
        symbols = symbol_table(self.network.config.encoder)
        return TextReader(symbols, self.text_features, self.gpt.sampling)

    def _mel(self, recording: Recording) -> Tensor:
        """Log mel (100, frames) of a recording, resampled once, as upstream does."""
        geometry = self.network.config.geometry
        samples = torch.from_numpy(recording.samples)
        return mel_spectrogram(
            sinc_resample(samples, recording.sample_rate, geometry.mel_rate),
            sample_rate=geometry.mel_rate,
            n_fft=geometry.n_fft,
            hop=geometry.hop,
            bands=MEL_BANDS,
        )
