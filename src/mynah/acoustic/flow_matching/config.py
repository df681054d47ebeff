"""Sizes of a flow-matching model, by its checkpoint's config and the shapes of its weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, Protocol, Self

from mynah.acoustic.sovits.config import SoVITSConfig
from mynah.errors import CheckpointError

FlowMatchingVersion = Literal["v3", "v4"]

MEL_BANDS = 100
HEAD_CHANNELS = 64
"""Of each attention head, in all files."""

FEATURE_CHANNELS = 512
"""Width of the features that tokens become."""

_ESTIMATOR = "cfm.estimator."


class Shaped(Protocol):
    """A tensor as far as its sizes are concerned."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its sizes."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """The differences between v3 and v4, which have the same weights' names and shapes.

    Attributes:
        mel_rate: samples per second that the mel of a recording is computed from.
        n_fft: size of its Fourier transform, and of the window.
        hop: samples between its frames.
        sample_rate: of the speech.
        stretch: mel frames for each frame of 20 ms.
        mask_stretch: mel frames for each token that the features are masked with.
        prompt_frames: most frames of the prompt.
        window_frames: most frames of a prompt and a chunk together.
        steps: of the sampler, by default.
    """

    mel_rate: int
    n_fft: int
    hop: int
    sample_rate: int
    stretch: Fraction
    mask_stretch: Fraction
    prompt_frames: int
    window_frames: int
    steps: int


GEOMETRY: Mapping[FlowMatchingVersion, Geometry] = {
    "v3": Geometry(24_000, 1024, 256, 24_000, Fraction(15, 8), Fraction(31, 8), 468, 934, 32),
    "v4": Geometry(32_000, 1280, 320, 48_000, Fraction(2), Fraction(4), 500, 1000, 8),
}


@dataclass(frozen=True, slots=True)
class DiTConfig:
    """Sizes of the DiT.

    Attributes:
        width: of the transformer.
        layers: of it.
        hidden: width inside of its feed-forward layers.
        text_layers: convolution blocks that the features pass first.
    """

    width: int = 1024
    layers: int = 22
    hidden: int = 2048
    text_layers: int = 4

    @property
    def heads(self) -> int:
        """Attention heads of each layer."""
        return self.width // HEAD_CHANNELS

    @classmethod
    def of_weights(cls, weight: Mapping[str, Shaped]) -> Self:
        """Read the sizes from the shapes of weights; no file states them.

        Raises:
            CheckpointError: there is no DiT among them.
        """
        try:
            return cls(
                width=weight[f"{_ESTIMATOR}proj_out.weight"].shape[1],
                layers=_count(weight, f"{_ESTIMATOR}transformer_blocks."),
                hidden=weight[f"{_ESTIMATOR}transformer_blocks.0.ff.ff.0.0.weight"].shape[0],
                text_layers=_count(weight, f"{_ESTIMATOR}text_embed.text_blocks."),
            )
        except (KeyError, IndexError, ValueError):
            raise CheckpointError(
                "the checkpoint has no flow-matching network: use a complete one, or put the base "
                "model of this LoRA file beside it"
            ) from None


@dataclass(frozen=True, slots=True)
class FlowMatchingConfig:
    """Sizes of a whole model.

    Attributes:
        version: of the model.
        encoder: of the layers before the DiT, which are those of a SoVITS.
        dit: of the DiT.
    """

    version: FlowMatchingVersion
    encoder: SoVITSConfig
    dit: DiTConfig

    @property
    def geometry(self) -> Geometry:
        """Of the version."""
        return GEOMETRY[self.version]

    @classmethod
    def from_checkpoint(
        cls,
        config: Mapping[str, Any],
        weight: Mapping[str, Shaped],
        *,
        version: FlowMatchingVersion,
        symbols: int,
    ) -> Self:
        """Read the sizes of a checkpoint.

        Raises:
            CheckpointError: a size is missing or makes no sense.
        """
        encoder = SoVITSConfig.from_checkpoint(config, version=version, symbols=symbols)
        return cls(version, encoder, DiTConfig.of_weights(weight))


def _count(weight: Mapping[str, Shaped], prefix: str) -> int:
    """The number of layers whose names begin with a prefix."""
    numbers = {
        name.removeprefix(prefix).split(".")[0] for name in weight if name.startswith(prefix)
    }
    return max(map(int, numbers)) + 1
