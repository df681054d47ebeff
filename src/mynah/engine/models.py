"""The networks of one model, loaded together because their weights only fit each other."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mynah.acoustic.channels_last import ChannelsLastGenerator
from mynah.acoustic.passage import Passage
from mynah.acoustic.piecewise import decode_next
from mynah.acoustic.sovits import SoVITS
from mynah.acoustic.vocoder import faster
from mynah.checkpoints.content import load_content
from mynah.checkpoints.gpt import load_gpt
from mynah.checkpoints.sovits import load_sovits
from mynah.checkpoints.trained import Origin
from mynah.engine.prompt import Prompt
from mynah.errors import CheckpointError
from mynah.options import SpeechOptions
from mynah.precision import Precision
from mynah.semantic.batch import Batch
from mynah.semantic.choice import faster as faster_gpt
from mynah.semantic.gpt import GPT
from mynah.semantic.packed import PackedGPT
from mynah.semantic.request import SemanticRequest
from mynah.semantic.sampling import SamplingOptions
from mynah.semantic.script import Script
from mynah.semantic.text_features import NoTextFeatures, RobertaTextFeatures, TextFeatures
from mynah.text.sentence import Sentence
from mynah.text.symbols import SymbolTable
from mynah.voice.content import ContentEncoder
from mynah.voice.hubert import HubertContent
from mynah.voice.prompt import read_voice
from mynah.voice.sounds import Sounds
from mynah.voice.tokens import ContentFeatures
from mynah.voice.voice import Voice

CONTENT = "content.pth"
HUBERT = "chinese-hubert-base"
BERT = "chinese-roberta-wwm-ext-large"

ROWS = 16
"""Sentences whose tokens are drawn at a time: more make all of them late."""

SMALL = 16_000_000
"""Weights of a GPT whose steps are over before a second thread has woken up: between two of them
threads fall asleep, which no loop over steps alone shows."""

PEAK = 0.98
"""Of the loudest sound that a model can make: the same for every piece, so that none is louder."""


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """Everything that turns a voice and a text into sound.

    Attributes:
        gpt: the semantic stage's network.
        sovits: the acoustic stage's network, fused for inference.
        content: the content encoder that prompts are read with; without one a voice
            gives its timbre only, and speech is begun without a prompt.
        text_features: what the GPT is told of a text's meaning.
        origin: what trained versions are made of; None if the networks come from no files.
        size: bytes that a trained version has to itself.
        packed: what draws tokens faster than the GPT itself, if anything does.
        vocoder: what makes sound faster than the SoVITS's own decoder, if anything does.
    """

    gpt: GPT
    sovits: SoVITS
    content: ContentFeatures | None
    text_features: TextFeatures
    origin: Origin | None = None
    size: int = 0
    packed: PackedGPT | None = None
    vocoder: ChannelsLastGenerator | None = None

    @property
    def symbols(self) -> SymbolTable:
        """The phoneme ids that the weights were trained with."""
        return SymbolTable.of("v1" if self.sovits.config.version == "v1" else "v2")

    @property
    def sample_rate(self) -> int:
        """Samples per second of everything they speak."""
        return self.sovits.config.sampling_rate

    @property
    def rows(self) -> int:
        """Sentences whose tokens are best drawn at a time."""
        return ROWS

    @property
    def step_threads(self) -> int | None:
        """Threads that tokens are drawn fastest with; as many as there are if None."""
        weights = sum(weight.numel() for weight in self.gpt.h.parameters())
        return 1 if weights <= SMALL else None

    @property
    def together(self) -> int:
        """Pieces that are best decoded together: one keeps all cores of a CPU busy."""
        return 1 if self.sovits.dec.conv_pre.weight.device.type == "cpu" else 8

    def resolve(self, options: SpeechOptions) -> SpeechOptions:
        """The options, with these models' own ways of drawing where none were chosen."""
        own = asdict(self.gpt.sampling)
        left = {name: value for name, value in own.items() if getattr(options, name) is None}
        return replace(options, **left)

    def read(self, voice: Voice) -> Prompt:
        """The voice as these models take it.

        Raises:
            TextError, LanguageError: the voice's words cannot be pronounced.
        """
        prompt = read_voice(voice, self.content, self.sovits, self.symbols)
        phones, bert = self._read_text(prompt.sentences)
        return Prompt(prompt.codes, phones, bert, prompt.timbre)

    def prepare(
        self, sentence: Sentence, prompt: Prompt, options: SpeechOptions, seed: int
    ) -> tuple[SemanticRequest, Passage]:
        """A sentence as the semantic and the acoustic stage take it."""
        drawn = self.resolve(options)
        phones, bert = self._read_text([sentence])
        request = SemanticRequest(
            phones=torch.cat([prompt.phones, phones]),
            prompt=prompt.codes,
            bert=_joined(prompt.bert, bert),
            sampling=SamplingOptions(
                **{name: getattr(drawn, name) for name in asdict(self.gpt.sampling)}
            ),
            seed=seed,
            script=self._script(phones),
        )
        return request, Passage(phones, prompt.timbre, options.speed, seed)

    def _script(self, phones: Tensor) -> Script | None:
        sounds = self.content.sounds if self.content else None
        return Script.of(sounds, phones.tolist()) if sounds else None

    def trained(self, folder: Path) -> Self:
        """The version of them whose adapters are in a folder; it shares what they leave alone.

        Raises:
            CheckpointError: there are none, they cannot be used, or are for another model.
        """
        if self.origin is None:
            raise CheckpointError("A model without files has no trained versions; load a folder.")
        gpt, sovits = self.origin.trained(folder)
        size = self.origin.bytes_beside(gpt, sovits)
        packed = self.packed
        if packed and gpt is not self.gpt:
            packed = PackedGPT(gpt)
            size += packed.size
        vocoder = self.vocoder and self.vocoder.of(sovits.dec)
        if vocoder and vocoder is not self.vocoder:
            size += vocoder.size
        return replace(self, gpt=gpt, sovits=sovits, size=size, packed=packed, vocoder=vocoder)

    def batch(self) -> Batch:
        """What draws the tokens of up to `rows` sentences together."""
        # The model's own has room from the start; there may be many of versions, which grow.
        own = self.origin is None or self.gpt is self.origin.gpt.network
        return Batch(self.packed or self.gpt, ROWS, laid_out=ROWS if own else 1)

    def decode(self, passages: Sequence[Passage]) -> list[NDArray[np.float32]]:
        """Sound of the next piece of each passage, which moves on."""
        waves = decode_next(self.sovits, passages, self.vocoder)
        return [(PEAK * wave).numpy() for wave in waves]

    def _read_text(self, sentences: Sequence[Sentence]) -> tuple[Tensor, Tensor | None]:
        """Ids of phonemes, and their features."""
        ids = self.symbols.encode_sentences(sentences)
        features = [self.text_features(sentence) for sentence in sentences]
        known = [each for each in features if each is not None]
        return torch.tensor(ids, dtype=torch.long), torch.cat(known, dim=1) if known else None


def load_models(folder: str | Path | None = None, precision: Precision = "auto") -> Models:
    """The model in a folder; the starter, which comes with Mynah, if none is given.

    A folder holds one GPT (`.ckpt`) and one SoVITS (`.pth`), whatever their names, and
    the content encoder that they were trained with: the folder `chinese-hubert-base` for
    GPT-SoVITS, the file `content.pth` for a small model; without one only the timbre of a
    voice is heard. If the folder `chinese-roberta-wwm-ext-large` is there too, it gives
    the text features; GPT-SoVITS speaks Mandarin flatly without.

    Args:
        folder: of the model.
        precision: see `Precision`.

    Raises:
        CheckpointError: a part is missing, cannot be read, does not fit the others, or is
            of a version that cannot run yet.
    """
    if folder is not None:
        return _load(Path(folder), precision)
    with as_file(files("mynah") / "starter") as starter:
        if not starter.is_dir():
            raise CheckpointError(
                "This version of Mynah comes without the starter's weights; give the folder of "
                "a model (--model), or train the starter with recipes/starter."
            )
        return _load(starter, precision)


def _load(folder: Path, precision: Precision) -> Models:
    if not folder.is_dir():
        raise CheckpointError(f"There is no folder {folder}; give one that holds a model's files.")
    semantic, acoustic = _only(folder, ".ckpt"), _only(folder, ".pth")
    gpt, sovits = load_gpt(semantic), load_sovits(acoustic)
    _check_versions(gpt, sovits)
    sovits.fuse()
    origin = Origin.of(gpt, sovits, acoustic)
    packed = faster_gpt(gpt) if precision == "auto" else None
    vocoder = faster(sovits.dec) if precision == "auto" else None
    content, text_features = _content(folder), _text_features(folder)
    return Models(gpt, sovits, content, text_features, origin, packed=packed, vocoder=vocoder)


def _only(folder: Path, suffix: str) -> Path:
    found = sorted(path for path in folder.glob(f"*{suffix}") if path.name != CONTENT)
    if len(found) == 1:
        return found[0]
    network = {".ckpt": "the GPT", ".pth": "the SoVITS"}[suffix]
    names = ", ".join(path.name for path in found) or "none"
    raise CheckpointError(
        f"{folder} must hold exactly one {suffix} file, {network} of the model, and holds {names}; "
        "give each model a folder of its own."
    )


def _check_versions(gpt: GPT, sovits: SoVITS) -> None:
    version = sovits.config.version
    if sovits.config.takes_speaker_vector:
        raise CheckpointError(
            f"The SoVITS is {version}, whose speaker encoder is not supported yet; "
            "use a v1 or v2 checkpoint."
        )
    # A GPT does not name its version; v1's have fewer phonemes than all later ones.
    later = len(SymbolTable.of("v2"))
    if (gpt.config.phoneme_vocabulary < later) != (version == "v1"):
        raise CheckpointError(
            f"The SoVITS is {version} and the GPT, with {gpt.config.phoneme_vocabulary} phonemes, "
            "is not; put the two that were trained together into the folder."
        )


def _content(folder: Path) -> ContentFeatures | None:
    if (folder / CONTENT).is_file():
        return _Encoded(load_content(folder / CONTENT))
    return HubertContent(folder / HUBERT) if (folder / HUBERT).is_dir() else None


def _text_features(folder: Path) -> TextFeatures:
    return RobertaTextFeatures(folder / BERT) if (folder / BERT).is_dir() else NoTextFeatures()


def _joined(prompt: Tensor | None, sentence: Tensor | None) -> Tensor | None:
    """Features of both; where there are none, a prompt has no words, or nothing has features."""
    if prompt is None or sentence is None:
        return sentence
    return torch.cat([prompt, sentence], dim=1)


@dataclass(frozen=True, slots=True, eq=False)
class _Encoded:
    """A content encoder without gradients."""

    encoder: ContentEncoder

    @property
    def sounds(self) -> Sounds | None:
        """See `ContentFeatures`."""
        return self.encoder.sounds

    @property
    def prompts(self) -> bool:
        """See `ContentFeatures`."""
        return self.encoder.config.prompts

    @torch.inference_mode()
    def __call__(self, samples: Tensor) -> Tensor:
        features: Tensor = self.encoder(samples)
        return features
