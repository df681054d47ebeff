"""Gathers the trained parts into the files that Mynah ships."""

import math
from pathlib import Path

import torch

from mynah.acoustic.sovits.model import SoVITS
from mynah.checkpoints.gpt import save_gpt
from mynah.encoders.ctc_aligner import AlignerConfig
from mynah.semantic.gpt import GPT
from mynah.starter.checkpoint import Content, save_acoustic, save_content
from mynah.starter.content_encoder import MelContentEncoder
from mynah.starter.token_classes import TokenClasses
from recipes.starter.labels import read_phones
from recipes.starter.prior import LATENTS, SMOOTH, with_alphabet
from recipes.starter.rendered import measure_rendering
from recipes.starter.sizes import SEMANTIC
from recipes.starter.sounds import SILENT, UNKNOWN, Sounds
from recipes.starter.tokens import read_alphabet

DEVIATION = 0.02
DRAWN_BY_DEFAULT = {"top_k": 15, "temperature": 0.3, "repetition_penalty": 1.0}
"""A sound that lasts repeats its token, which GPT-SoVITS's own defaults would punish."""


@torch.no_grad()
def _settle(sovits: SoVITS) -> None:
    """Makes the prior predict the smooth part alone, with hardly any noise.

    Training asks for a mean of these channels only; synthesis draws around it, at half
    the deviation that the weights state, in every channel.
    """
    projection = sovits.enc_p.proj
    assert projection.bias is not None
    predicted = torch.zeros(2 * LATENTS, dtype=torch.bool)
    predicted[SMOOTH] = True
    projection.weight[~predicted] = 0.0
    projection.bias[~predicted] = 0.0
    projection.bias[LATENTS:] = math.log(DEVIATION)


def _token_classes(work: Path) -> TokenClasses:
    of_phones = Sounds(read_phones(work)).of_phone
    return TokenClasses(
        tuple(read_alphabet(work).sound_of),
        tuple(SILENT if sound == UNKNOWN else sound for sound in of_phones),
    )


def export(work: Path, folder: Path) -> None:
    """Writes `semantic.ckpt`, `acoustic.pth` and `content.pth`."""
    folder.mkdir(parents=True, exist_ok=True)
    sovits = with_alphabet(work)
    prior = torch.load(work / "prior.pt", weights_only=True, map_location="cpu")
    sovits.load_state_dict(prior["parts"][0])
    info = f"starter: prior {prior['step']} steps"
    for name, network in (("rendering", sovits.flow), ("decoder", sovits.dec)):
        if (work / f"{name}.pt").exists():
            later = torch.load(work / f"{name}.pt", weights_only=True, map_location="cpu")
            network.load_state_dict(later["parts"][0])
            info += f", {name} {later['step']} steps"
    _settle(sovits)
    postfilter = measure_rendering(sovits.eval(), work)
    save_acoustic(sovits, postfilter, folder / "acoustic.pth", info=info)

    semantic = torch.load(work / "semantic.pt", weights_only=True, map_location="cpu")
    gpt = GPT(SEMANTIC)
    gpt.load_state_dict(semantic["parts"][0])
    info = f"starter: {semantic['step']} steps"
    save_gpt(gpt, folder / "semantic.ckpt", info=info, config={"inference": DRAWN_BY_DEFAULT})

    content = torch.load(work / "content.pt", weights_only=True, map_location="cpu")
    encoder = MelContentEncoder(AlignerConfig())
    parts = content["parts"][0].items()
    encoder.load_state_dict(
        {k.removeprefix("encoder."): v for k, v in parts if k.startswith("encoder.")}
    )
    made = Content(encoder, _token_classes(work), uses_prompts=False)
    save_content(made, folder / "content.pth", info=f"starter: {content['step']} steps")
