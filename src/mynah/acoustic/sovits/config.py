"""Sizes of a SoVITS model, as its checkpoint states them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from mynah.acoustic.version import Version
from mynah.errors import CheckpointError

SSL_CHANNELS = 768
"""Width of the self-supervised features (chinese-hubert-base)."""

CODEBOOK_SIZE = 1024
"""Number of semantic tokens."""

SPEAKER_VECTOR = 20_480
"""Width of the speaker vector that the Pro versions take (ERes2NetV2)."""

FRAMES_PER_TOKEN = 2
"""Acoustic frames (50 Hz) that one semantic token (25 Hz) spans."""


@dataclass(frozen=True, slots=True)
class SoVITSConfig:
    """Sizes of one SoVITS network, under the names that checkpoints use for them.

    `posterior_layers` is the depth of the posterior encoder, which only training
    uses; released configurations do not state it because it is always 16 there.
    """

    version: Version
    symbols: int
    inter_channels: int = 192
    hidden_channels: int = 192
    filter_channels: int = 768
    n_heads: int = 2
    n_layers: int = 6
    kernel_size: int = 3
    p_dropout: float = 0.1
    resblock_kernel_sizes: tuple[int, ...] = (3, 7, 11)
    resblock_dilation_sizes: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
    upsample_rates: tuple[int, ...] = (10, 8, 2, 2, 2)
    upsample_initial_channel: int = 512
    upsample_kernel_sizes: tuple[int, ...] = (16, 16, 8, 2, 2)
    gin_channels: int = 512
    posterior_layers: int = 16
    sampling_rate: int = 32_000
    filter_length: int = 2048
    hop_length: int = 640

    @property
    def takes_speaker_vector(self) -> bool:
        """True if the timbre also needs a speaker vector (v2Pro and v2ProPlus)."""
        return self.version in ("v2Pro", "v2ProPlus")

    @property
    def spectrogram_bins(self) -> int:
        """Bins of a linear spectrogram: 1025."""
        return self.filter_length // 2 + 1

    @property
    def reference_bins(self) -> int:
        """Lowest bins that the reference encoder looks at: all in v1, 704 later."""
        return self.spectrogram_bins if self.version == "v1" else 704

    @property
    def content_timbre_channels(self) -> int:
        """Width of the timbre where it meets the content, in the text encoder."""
        return 512 if self.takes_speaker_vector else self.gin_channels

    def __post_init__(self) -> None:
        """Refuse sizes that cannot form a network.

        Raises:
            CheckpointError: the sizes contradict each other.
        """
        upsampling = tuple(zip(self.upsample_rates, self.upsample_kernel_sizes, strict=False))
        fits = (
            self.hidden_channels % self.n_heads == 0
            and self.inter_channels % 2 == 0
            and all(kernel % 2 for kernel in self.resblock_kernel_sizes)
            and len(self.resblock_kernel_sizes) == len(self.resblock_dilation_sizes)
            and len(self.upsample_rates) == len(self.upsample_kernel_sizes)
            and all(kernel >= rate and (kernel - rate) % 2 == 0 for rate, kernel in upsampling)
            and math.prod(self.upsample_rates) == self.hop_length
        )
        if not fits:
            raise CheckpointError(
                f"these sizes cannot form a SoVITS network: {self}; "
                "use a checkpoint whose config is the one it was trained with"
            )

    @classmethod
    def from_checkpoint(cls, config: Mapping[str, Any], *, version: Version, symbols: int) -> Self:
        """Read the sections `model` and `data` of a checkpoint's config.

        Args:
            config: the checkpoint's `config` as plain dictionaries.
            version: the version found in the weights, which outranks the one stated.
            symbols: rows of the phoneme embedding.

        Raises:
            CheckpointError: a section or a size is missing or makes no sense.
        """
        try:
            model, data = config["model"], config["data"]
            return cls(
                version=version,
                symbols=symbols,
                p_dropout=float(model["p_dropout"]),
                resblock_kernel_sizes=_sizes(model["resblock_kernel_sizes"]),
                resblock_dilation_sizes=tuple(map(_sizes, model["resblock_dilation_sizes"])),
                upsample_rates=_sizes(model["upsample_rates"]),
                upsample_kernel_sizes=_sizes(model["upsample_kernel_sizes"]),
                n_layers=_size(model["n_layers"], most=_MOST_LAYERS),
                posterior_layers=_size(model.get("posterior_layers", 16), most=_MOST_LAYERS),
                **{name: _size(model[name]) for name in _MODEL_SIZES},
                **{name: _size(data[name]) for name in _DATA_SIZES},
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"the SoVITS config cannot be read ({error!r}); "
                "use a checkpoint in the released format {weight, config, info}"
            ) from None

    def to_checkpoint(self) -> dict[str, dict[str, Any]]:
        """A config with all that upstream's tools need to build the same network."""
        sizes = asdict(self)
        del sizes["symbols"]
        data = {name: sizes.pop(name) for name in _DATA_SIZES}
        return {
            "train": {"segment_size": 20_480},
            "data": {**data, "win_length": self.filter_length, "n_speakers": 300},
            "model": {
                **sizes,
                "resblock": "1",
                "semantic_frame_rate": "25hz",
                "freeze_quantizer": True,
            },
        }


_MODEL_SIZES = (
    "inter_channels",
    "hidden_channels",
    "filter_channels",
    "n_heads",
    "kernel_size",
    "upsample_initial_channel",
    "gin_channels",
)
_DATA_SIZES = ("sampling_rate", "filter_length", "hop_length")
_MOST_LAYERS = 64  # a config from a stranger must not build layers without end


def _size(value: object, most: int = 1 << 20) -> int:
    if not isinstance(value, int) or not 0 < value <= most:
        raise ValueError(f"{value!r} is not a size")
    return value


def _sizes(values: Sequence[object]) -> tuple[int, ...]:
    return tuple(map(_size, values))
