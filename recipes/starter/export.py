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
from recipes.starter.prior import LATENTS, SMOOTH, with_tokenizer
from recipes.starter.sizes import SEMANTIC
from recipes.starter.tokens import read_tokenizer

DEVIATION = 0.02
DRAWN_BY_DEFAULT = {"top_k": 15, "temperature": 0.5, "repetition_penalty": 1.15}
"""A GPT this small slips where GPT-SoVITS's own defaults leave it free."""


def write_tokens(work: Path) -> None:
    """Writes `tokens.npy`: a token for each 40 ms of the track, from the teacher's features."""
    tape = Track(work)
    features = np.load(work / "teacher.npy", mmap_mode="r")
    tokenizer = read_tokenizer(work)
    tokens = np.zeros(len(features) // 2, np.int16)
    for clip in tape.clips:
        first, count = clip.start // 640, clip.frames // 2 * 2
        block = torch.from_numpy(np.asarray(features[first : first + count], np.float32))
        with torch.no_grad():
            codes = tokenizer.codebook.nearest(tokenizer.project(block[None])[0])
        tokens[first // 2 : first // 2 + len(codes)] = codes.numpy()
    np.save(work / "tokens.npy", tokens)


@torch.no_grad()
def _settle(sovits: SoVITS) -> None:
    """Makes the prior foresee the smooth part alone, with hardly any noise.

    Training asks for a mean of these channels only; synthesis draws around it, at half
    the deviation that the weights state, in every channel.
    """
    projection = sovits.enc_p.proj
    assert projection.bias is not None
    foreseen = torch.zeros(2 * LATENTS, dtype=torch.bool)
    foreseen[SMOOTH] = True
    projection.weight[~foreseen] = 0.0
    projection.bias[~foreseen] = 0.0
    projection.bias[LATENTS:] = math.log(DEVIATION)


def export(work: Path, folder: Path, with_content: bool) -> None:
    """Writes `semantic.ckpt`, `acoustic.pth` and, when it is good enough, `content.pth`."""
    folder.mkdir(parents=True, exist_ok=True)
    sovits = with_tokenizer(work)
    prior = torch.load(work / "prior.pt", weights_only=True, map_location="cpu")
    sovits.load_state_dict(prior["parts"][0])
    info = f"starter: prior {prior['step']} steps"
    if (work / "decoder.pt").exists():
        decoder = torch.load(work / "decoder.pt", weights_only=True, map_location="cpu")
        torch.nn.ModuleList([sovits.flow, sovits.dec]).load_state_dict(decoder["parts"][0])
        info += f", decoder {decoder['step']} steps"
    _settle(sovits)
    save_sovits(sovits, folder / "acoustic.pth", info=info)

    semantic = torch.load(work / "semantic.pt", weights_only=True, map_location="cpu")
    gpt = GPT(SEMANTIC)
    gpt.load_state_dict(semantic["parts"][0])
    info = f"starter: {semantic['step']} steps"
    save_gpt(gpt, folder / "semantic.ckpt", info=info, config={"inference": DRAWN_BY_DEFAULT})

    if not with_content:
        return
    content = torch.load(work / "content.pt", weights_only=True, map_location="cpu")
    encoder = ContentEncoder(ContentConfig())
    encoder.load_state_dict(content["parts"][0])
    save_content(encoder, folder / "content.pth", info=f"starter: {content['step']} steps")
