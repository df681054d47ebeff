"""The networks of one model, loaded together because their weights only fit each other."""

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mynah.acoustic.acoustic_model import AcousticModel, AcousticPrompt, chunk_sizes
from mynah.acoustic.backends.channels_last import ChannelsLastGenerator
from mynah.acoustic.backends.cuda import TOGETHER, CudaSoVITS
from mynah.acoustic.decode_stream import DecodeStream
from mynah.acoustic.sovits.model import SoVITS
from mynah.acoustic.sovits.streaming_model import StreamingSoVITS
from mynah.audio.recording import Recording
from mynah.audio.spectrogram import SAMPLE_RATE, linear_spectrogram
from mynah.checkpoints.base_weights import VersionBuilder
from mynah.checkpoints.sovits import symbol_table
from mynah.encoders.ctc_aligner import PhonemeScores
from mynah.encoders.roberta import TextFeatures
from mynah.encoders.speaker_embedding import SpeakerEmbedding
from mynah.engine.extension import ModelExtension
from mynah.engine.request import VoiceEmbedding
from mynah.engine.text_reader import TextReader
from mynah.engine.voice_embedding import embed_voice
from mynah.errors import CheckpointError
from mynah.options import SpeechOptions
from mynah.runtime.device import Transferable
from mynah.semantic.backends.int8 import Int8GPT
from mynah.semantic.backends.select import quantize
from mynah.semantic.batch import Batch, TorchBatch
from mynah.semantic.gpt import GPT
from mynah.semantic.sequence import SemanticRequest
from mynah.text.sentence import Sentence
from mynah.text.symbols import SymbolTable
from mynah.voice.prompt import EncodedVoice, PreparedVoice, read_voice
from mynah.voice.tokens import ContentEncoder, TokenAssignment, nearest_tokens
from mynah.voice.voice import Voice

if TYPE_CHECKING:
    from mynah.semantic.backends.cuda_batch import CudaDecoder


ROWS = 16
"""Sentences in a batch on a CPU: more make all of them late."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """The networks of a model: a `SpeechModel`.

    Attributes:
        gpt: the semantic stage's network.
        sovits: the acoustic stage's network, fused for inference.
        content: encoder of prompts; without one a voice gives its timbre only, and speech
            begins without a prompt.
        text_features: BERT features of a text.
        extension: parts beside the networks; None for released weights.
        aligner: finds words in recordings, if there is one.
        speaker: the speaker encoder of a SoVITS that takes speaker vectors; else None.
        warnings: effects of missing parts on speech, a line each.
        origin: builder of trained versions; None if the networks come from no files.
        size: bytes that a trained version has to itself.
        packed: the GPT's CPU backend, if it is faster than the GPT itself.
        vocoder: the decoder's CPU backend, if it is faster than the SoVITS's own decoder.
        gpt_graphs: the GPT on a GPU, if there is one. A model that constrains tokens samples
            them on the CPU, since every step asks for the constraint.
        sovits_graphs: the SoVITS on a GPU, if there is one. Voices are read by the networks on
            the CPU all the same.
    """

    gpt: GPT
    sovits: SoVITS
    content: ContentEncoder | None
    text_features: TextFeatures
    extension: ModelExtension | None = field(default=None, kw_only=True)
    aligner: PhonemeScores | None = field(default=None, kw_only=True)
    speaker: SpeakerEmbedding | None = field(default=None, kw_only=True)
    warnings: tuple[str, ...] = field(default=(), kw_only=True)
    origin: VersionBuilder | None = None
    size: int = 0
    packed: Int8GPT | None = None
    vocoder: ChannelsLastGenerator | None = None
    gpt_graphs: "CudaDecoder | None" = None
    sovits_graphs: CudaSoVITS | None = None

    @property
    def symbols(self) -> SymbolTable:
        """The phoneme ids that the weights were trained with."""
        table = symbol_table(self.sovits.config)
        return table.limited_to(self.extension.languages) if self.extension else table

    @property
    def uses_prompts(self) -> bool:
        """True if the tokens of recordings are exact enough to continue from and to learn from."""
        return self.content is not None and (self.extension is None or self.extension.uses_prompts)

    @property
    def assign_tokens(self) -> TokenAssignment:
        """Choose the tokens of recordings by their distances."""
        return self.extension.assign_tokens if self.extension else nearest_tokens

    @property
    def acoustic(self) -> AcousticModel:
        return StreamingSoVITS(
            self.sovits_graphs or self.sovits,
            self.vocoder,
            self.extension.postfilter if self.extension else None,
            TOGETHER if self.sovits_graphs else 1,
        )

    @property
    def rows(self) -> int:
        return self.gpt_graphs.rows if self.gpt_graphs else ROWS

    @property
    def step_threads(self) -> int | None:
        return (self.packed or self.gpt).step_threads

    def resolve(self, options: SpeechOptions) -> SpeechOptions:
        return self._reader.resolve(options)

    def read(self, voice: Voice) -> PreparedVoice:
        read = read_voice(
            voice,
            self.content,
            self.sovits,
            self.symbols,
            prompts=self.uses_prompts,
            assign=self.assign_tokens,
            embed=self._timbre_encoder,
        )
        text = self._reader.read(read.sentences)
        on = self.acoustic.prepare(AcousticPrompt(read.timbre, self._speaker_state(read)))
        return PreparedVoice(read.codes, text.phones, text.bert, on)

    @torch.inference_mode()
    def timbre(self, recording: Recording) -> Tensor:
        """Timbre (1, channels, 1) of a recording, as the acoustic model hears it."""
        samples = torch.from_numpy(recording.at(SAMPLE_RATE).samples)[None]
        embed = self._timbre_encoder
        vectors = [embed(recording)[None]] if embed else None
        return self.sovits.timbre([linear_spectrogram(samples)], vectors)

    def embed(self, voice: Voice) -> VoiceEmbedding:
        """The mean of the speaker embeddings of a voice's recordings.

        Raises:
            UnsupportedError: there is no speaker encoder.
        """
        return embed_voice(self.speaker, voice)

    def speaker_vector(self, recording: Recording) -> NDArray[np.float32] | None:
        """The speaker vector (20480,) of a recording; None if timbres do not depend on it."""
        return self._timbre_encoder(recording).numpy() if self._timbre_encoder else None

    @property
    def _timbre_encoder(self) -> SpeakerEmbedding | None:
        """The speaker encoder, if timbres depend on it."""
        return self.speaker if self.sovits.config.takes_speaker_vector else None

    def _speaker_state(self, read: EncodedVoice) -> Transferable | None:
        if self.extension is None:
            return None
        return self.extension.read_references(read.references, read.timbre, self.sovits)

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
        constraint = self.extension.constraint(text.phones.tolist()) if self.extension else None
        request = self._reader.request(text, prompt, options, seed, constraint)
        sizes = chunk_sizes(self.acoustic.unit, whole=options.whole_sentences, first=first)
        stream = self.acoustic.open(
            text.phones, prompt.conditioning, speed=options.speed, seed=seed, sizes=sizes
        )
        return request, stream

    def trained(self, folder: Path) -> Self:
        """See `SpeechModel`; a version shares the networks that its adapters leave alone."""
        if self.origin is None:
            raise CheckpointError("A model without files has no trained versions; load a folder.")
        gpt, sovits = self.origin.trained(folder)
        size = self.origin.bytes_beside(gpt, sovits)
        packed = self.packed
        if packed and gpt is not self.gpt:
            packed = quantize(gpt)
            size += packed.size
        vocoder = self.vocoder and self.vocoder.of(sovits.dec)
        if vocoder and vocoder is not self.vocoder:
            size += vocoder.size
        version = replace(self, gpt=gpt, sovits=sovits, size=size, packed=packed, vocoder=vocoder)
        return version._with_graphs_of(self)

    def _with_graphs_of(self, model: Self) -> Self:
        """A version with its own networks on the GPU, where the model's are there."""
        gpt, sovits, size = model.gpt_graphs, model.sovits_graphs, self.size
        if gpt and self.gpt is not model.gpt:
            gpt = gpt.of(self.gpt)
            size += gpt.size
        if sovits and self.sovits is not model.sovits:
            sovits = sovits.of(self.sovits)
            size += sovits.size
        return replace(self, gpt_graphs=gpt, sovits_graphs=sovits, size=size)

    def batch(self) -> Batch:
        if self.gpt_graphs:
            return self.gpt_graphs.batch()
        # The model's own is allocated at once; those of versions, of which there are many, grow.
        own = self.origin is None or self.gpt is self.origin.gpt.network
        return TorchBatch(self.packed or self.gpt, ROWS, allocated=ROWS if own else 1)

    @property
    def _reader(self) -> TextReader:
        return TextReader(self.symbols, self.text_features, self.gpt.sampling)
