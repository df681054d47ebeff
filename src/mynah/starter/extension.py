"""The starter's parts behind the engine's `ModelExtension`, and their loading."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from mynah.checkpoints.folder import CONTENT
from mynah.encoders.ctc_aligner import Head, PhonemeScores
from mynah.starter.checkpoint import load_content
from mynah.starter.constraint import PhonemeConstraint
from mynah.starter.content_encoder import MelContentEncoder
from mynah.starter.token_classes import TokenClasses
from mynah.voice.tokens import nearest_tokens


@dataclass(frozen=True, slots=True, eq=False)
class StarterExtension:
    """Parts of a model that was trained as the starter was; see `ModelExtension`.

    Attributes:
        content: its content encoder.
        token_classes: where they are known.
        uses_prompts: true if tokens of recordings are exact enough for the GPT to continue from.
    """

    content: MelContentEncoder
    token_classes: TokenClasses | None
    uses_prompts: bool

    @property
    def constrains_tokens(self) -> bool:
        """See `ModelExtension`."""
        return self.token_classes is not None

    @property
    def aligner(self) -> PhonemeScores:
        """See `ModelExtension`."""
        return Head(self.content.aligner)

    def constraint(self, phones: Sequence[int]) -> PhonemeConstraint | None:
        """See `ModelExtension`."""
        return PhonemeConstraint.of(self.token_classes, phones) if self.token_classes else None

    def assign_tokens(self, distances: Tensor, phones: Sequence[int]) -> Tensor:
        """The nearest tokens that say the phonemes, where these and token classes are known."""
        if self.token_classes is None or not phones:
            return nearest_tokens(distances, phones)
        return self.token_classes.assign(distances, phones)


def load_extension(folder: Path) -> StarterExtension | None:
    """The extension of a model's folder; None if its files are those of a release.

    Raises:
        CheckpointError: a file cannot be read, or is of another kind.
    """
    if not (folder / CONTENT).is_file():
        return None
    content = load_content(folder / CONTENT)
    return StarterExtension(content.encoder, content.token_classes, content.uses_prompts)
