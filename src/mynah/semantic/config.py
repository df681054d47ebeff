"""Sizes of the GPT, read from the checkpoint that carries its weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from mynah.errors import CheckpointError

BERT_SIZE = 1024
"""Size of a phoneme's text feature, the same in every released version."""

POSITIONS = 4000
"""Most positions of phonemes, and of tokens."""

_LARGEST, _MOST_LAYERS = 1 << 14, 64  # a config from a stranger must not fill the memory


@dataclass(frozen=True)
class SemanticConfig:
    """Sizes of one GPT; the defaults are those of the models released since v2."""

    hidden: int = 512
    heads: int = 16
    layers: int = 24
    phoneme_vocabulary: int = 732
    vocabulary: int = 1025

    def __post_init__(self) -> None:
        """Refuse sizes that cannot form a network."""
        sizes = (self.hidden, self.heads, self.layers, self.phoneme_vocabulary, self.vocabulary - 1)
        if min(sizes) < 1 or max(sizes) > _LARGEST or self.layers > _MOST_LAYERS:
            raise CheckpointError(
                f"A GPT cannot have the sizes {self}; every one must be positive, "
                f"with at most {_MOST_LAYERS} layers and {_LARGEST} of anything else."
            )
        if self.hidden % self.heads or self.hidden % 2:
            raise CheckpointError(
                f"A GPT of width {self.hidden} cannot have {self.heads} heads; "
                "use an even width that is a multiple of the heads."
            )

    @property
    def head_size(self) -> int:
        """Width of an attention head."""
        return self.hidden // self.heads

    @property
    def weights(self) -> int:
        """Weights of the layers' matrices, all of which a step reads."""
        return 12 * self.layers * self.hidden**2

    @property
    def eos(self) -> int:
        """Id of the end-of-speech token, the last of the vocabulary."""
        return self.vocabulary - 1

    @classmethod
    def from_checkpoint(cls, config: Mapping[str, Any]) -> Self:
        """Read the sizes from the section `model` of a checkpoint's config.

        Raises:
            CheckpointError: if the section or a size is missing or makes no sense.
        """
        try:
            model = config["model"]
            return cls(
                hidden=int(model["hidden_dim"]),
                heads=int(model["head"]),
                layers=int(model["n_layer"]),
                phoneme_vocabulary=int(model["phoneme_vocab_size"]),
                vocabulary=int(model["vocab_size"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"The GPT's config cannot be read ({error!r}); "
                "use a GPT checkpoint in the released format {weight, config, info}."
            ) from None

    def to_checkpoint(self) -> dict[str, Any]:
        """The section `model` that upstream's tools need to build the same network."""
        return {
            "vocab_size": self.vocabulary,
            "phoneme_vocab_size": self.phoneme_vocabulary,
            "embedding_dim": self.hidden,
            "hidden_dim": self.hidden,
            "head": self.heads,
            "linear_units": 4 * self.hidden,
            "n_layer": self.layers,
            "dropout": 0,
            "EOS": self.eos,
            "random_bert": 0,
        }
