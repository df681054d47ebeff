"""Gathers the trained parts into the files that Mynah ships."""

import math
from pathlib import Path

import numpy as np
import torch

from mynah.acoustic.sovits import SoVITS
from mynah.checkpoints.content import save_content
from mynah.checkpoints.gpt import save_gpt
from mynah.checkpoints.sovits import save_sovits
from mynah.semantic.gpt import GPT
from mynah.voice.content import ContentConfig, ContentEncoder
from recipes.starter.corpus import Track
from recipes.starter.prior import with_tokenizer
from recipes.starter.sizes import ACOUSTIC, SEMANTIC
from recipes.starter.tokens import Tokenizer

CALM = 0.3


def write_tokens(work: Path) -> None:
    """Writes `tokens.npy`: a token for each 40 ms of the track, from the teacher's features."""
    tape = Track(work)
    features = np.load(work / "teacher.npy", mmap_mode="r")
    state = torch.load(work / "tokenizer.pt", weights_only=True)
    tokenizer = Tokenizer(len(state["phonemes.bias"]) - 1)
    tokenizer.load_state_dict(state)
    tokens = np.zeros(len(features) // 2, np.int16)
    for clip in tape.clips:
        first, count = clip.start // 640, clip.frames // 2 * 2
        block = torch.from_numpy(np.asarray(features[first : first + count], np.float32))
        with torch.no_grad():
            codes = tokenizer.codebook.nearest(tokenizer.project(block[None])[0])
        tokens[first // 2 : first // 2 + len(codes)] = codes.numpy()
    np.save(work / "tokens.npy", tokens)


@torch.no_grad()
def _calm(sovits: SoVITS) -> None:
    """Lowers the prior's own noise, because synthesis draws at half of it for every model.

    After little training the flow makes hiss of what should become liveliness.
    """
    assert sovits.enc_p.proj.bias is not None
    sovits.enc_p.proj.bias[ACOUSTIC.inter_channels :] += math.log(CALM)


def export(work: Path, folder: Path, with_content: bool) -> None:
    """Writes `semantic.ckpt`, `acoustic.pth` and, when it is good enough, `content.pth`."""
    folder.mkdir(parents=True, exist_ok=True)
    sovits = with_tokenizer(work)
    prior = torch.load(work / "prior.pt", weights_only=True, map_location="cpu")
    sovits.load_state_dict(prior["parts"][0])
    decoder = torch.load(work / "decoder.pt", weights_only=True, map_location="cpu")
    sovits.dec.load_state_dict(decoder["parts"][0])
    _calm(sovits)
    info = f"starter: prior {prior['step']} steps, decoder {decoder['step']} steps"
    save_sovits(sovits, folder / "acoustic.pth", info=info)

    semantic = torch.load(work / "semantic.pt", weights_only=True, map_location="cpu")
    gpt = GPT(SEMANTIC)
    gpt.load_state_dict(semantic["parts"][0])
    save_gpt(gpt, folder / "semantic.ckpt", info=f"starter: {semantic['step']} steps")

    if not with_content:
        return
    content = torch.load(work / "content.pt", weights_only=True, map_location="cpu")
    encoder = ContentEncoder(ContentConfig())
    encoder.load_state_dict(content["parts"][0])
    save_content(encoder, folder / "content.pth", info=f"starter: {content['step']} steps")
