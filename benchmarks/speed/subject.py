"""Subject of a measurement: a model of a folder, or random weights of some sizes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from recipes.starter import sizes

from mynah.acoustic.backends.select import select_cpu
from mynah.acoustic.decode_stream import DecodeStream
from mynah.acoustic.sovits.config import SoVITSConfig
from mynah.acoustic.sovits.model import SoVITS
from mynah.audio.recording import Recording
from mynah.encoders.roberta import NoTextFeatures
from mynah.engine.loading import load_sovits_models
from mynah.engine.models import Models
from mynah.options import SpeechOptions
from mynah.semantic.backends.select import select_cpu as select_gpt_cpu
from mynah.semantic.config import SemanticConfig
from mynah.semantic.gpt import GPT
from mynah.semantic.sequence import SemanticRequest
from mynah.text.sentence import Sentence
from mynah.voice.prompt import PreparedVoice
from mynah.voice.voice import Voice

SIZES = {
    "starter": (sizes.SEMANTIC, sizes.ACOUSTIC),
    "released": (SemanticConfig(), SoVITSConfig(version="v2", symbols=732)),
}
PROMPT_TOKENS, PROMPT_PHONES = 125, 60
TOKENS_PER_PHONEME = 2.5


class RandomModels(Models):
    """Networks without training, which speak for as long as trained ones would."""

    def read(self, voice: Voice) -> PreparedVoice:
        """Any voice as one of five seconds whose words are known."""
        prompt, generator = super().read(voice), torch.Generator().manual_seed(0)
        codes = torch.randint(1024, (PROMPT_TOKENS,), generator=generator)
        phones = torch.randint(700, (PROMPT_PHONES,), generator=generator)
        return replace(prompt, codes=codes, phones=phones)

    def prepare(
        self,
        sentence: Sentence,
        prompt: PreparedVoice,
        options: SpeechOptions,
        seed: int,
        *,
        first: bool,
    ) -> tuple[SemanticRequest, DecodeStream]:
        """A sentence that ends after a number of tokens."""
        request, stream = super().prepare(sentence, prompt, options, seed, first=first)
        tokens = round(TOKENS_PER_PHONEME * len(sentence.phones))
        return replace(request, max_tokens=tokens), stream


def subject(folder: Path | None, size: str) -> Models:
    """The model of a folder, or random weights of a size."""
    if folder is not None:
        return load_sovits_models(folder)
    semantic, acoustic = SIZES[size]
    torch.manual_seed(0)
    gpt, sovits = GPT(semantic).eval(), SoVITS(acoustic).eval()
    with torch.no_grad():
        gpt.ar_predict_layer.weight[semantic.eos] = 0  # it never ends by itself
    sovits.fuse()
    packed, vocoder = select_gpt_cpu(gpt), select_cpu(sovits.dec)
    return RandomModels(gpt, sovits, None, NoTextFeatures(), packed=packed, vocoder=vocoder)


def hum() -> Voice:
    """A voice for measurements."""
    time = np.arange(5 * 16_000) / 16_000
    wave = 0.3 * np.sin(2 * np.pi * 180 * time) * np.abs(np.sin(4 * np.pi * time))
    return Voice("hum", (Recording(wave.astype(np.float32), 16_000),), ("你好。",))
