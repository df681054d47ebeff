"""What the prior makes of every recording: the latents that the decoder will really be given.

A decoder that only ever saw latents of real speech stumbles over the smoother ones
of the prior (Shen et al. 2017 met the same between Tacotron and its vocoder).
"""

from pathlib import Path

import numpy as np
import torch
from rich.progress import track

from mynah.acoustic.sovits import SoVITS
from recipes.starter.corpus import Clip
from recipes.starter.prior import Sentences
from recipes.starter.sizes import ACOUSTIC

LIVELIEST = 0.15


class Predicted:
    """Latents (192, T) of clips as the prior predicts them, and the clips' timbres."""

    def __init__(self, work: Path) -> None:
        self._latents = np.load(work / "predicted.npy", mmap_mode="r")
        stored = np.load(work / "predicted_clips.npz")
        self._timbres = dict(zip(stored["starts"].tolist(), stored["timbres"], strict=True))

    def __contains__(self, clip: Clip) -> bool:
        return clip.start in self._timbres

    def timbre(self, clip: Clip) -> torch.Tensor:
        """The clip's timbre (512, 1)."""
        return torch.from_numpy(self._timbres[clip.start])

    def latents(self, clip: Clip, start: int, frames: int) -> torch.Tensor:
        """Latents (192, frames) from a frame of the clip on."""
        first = clip.start // 640 + start
        block = np.asarray(self._latents[first : first + frames], np.float32)
        return torch.from_numpy(block).T


@torch.no_grad()
def predict(work: Path, clips: int, device: str = "cpu") -> None:
    """Writes `predicted.npy` for as many clips, with noise as strong as in synthesis or less."""
    model = SoVITS(ACOUSTIC)
    state = torch.load(work / "prior.pt", weights_only=True, map_location="cpu")
    model.load_state_dict(state["parts"][0])
    model.eval().to(device)
    sentences = Sentences(work)
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(sentences.tape.clips))[:clips]
    rows = max((clip.start + clip.length) // 640 for clip in sentences.tape.clips)
    latents = np.lib.format.open_memmap(
        work / "predicted.npy", "w+", dtype=np.float16, shape=(rows, ACOUSTIC.inter_channels)
    )
    timbres = []
    for number in track(chosen.tolist(), description="predicting"):
        batch = sentences.batch([number], rng).to(torch.device(device))
        ge = model.reference(batch.reference, mask=batch.reference_mask)
        prior = model.prior(batch.codes, batch.phones, ge)
        noise = torch.randn_like(prior.mean) * prior.log_scale.exp()
        z = model.flow.inverse(prior.mean + LIVELIEST * rng.random() * noise, prior.mask, ge)
        first = sentences.tape.clips[number].start // 640
        latents[first : first + z.shape[2]] = z[0].T.cpu().numpy()
        timbres.append(ge[0].cpu().numpy())
    starts = np.array([sentences.tape.clips[number].start for number in chosen])
    np.savez(work / "predicted_clips.npz", starts=starts, timbres=np.stack(timbres))
