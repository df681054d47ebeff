"""The seam for parts that one model has beside the networks of all; `None` for released weights."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from torch import Tensor

from mynah.acoustic.sovits.model import SoVITS
from mynah.encoders.ctc_aligner import PhonemeScores
from mynah.runtime.device import Transferable
from mynah.semantic.sampling import TokenConstraint
from mynah.voice.prompt import Reference
from mynah.voice.tokens import ContentEncoder


class ModelExtension(Protocol):
    """Parts of a model beside its networks."""

    @property
    def content(self) -> ContentEncoder | None:
        """Its own content encoder, if it has one."""
        ...

    @property
    def languages(self) -> Collection[str]:
        """The languages that the model was trained with."""
        ...

    @property
    def uses_prompts(self) -> bool:
        """True if the tokens of recordings are exact enough for the GPT to continue from."""
        ...

    @property
    def constrains_tokens(self) -> bool:
        """True if `constraint` may give one: then every step of decoding asks the CPU."""
        ...

    @property
    def aligner(self) -> PhonemeScores | None:
        """Its own aligner, if it has one."""
        ...

    def constraint(self, phones: Sequence[int]) -> TokenConstraint | None:
        """The constraint on the tokens of phoneme ids, if there is one."""
        ...

    def assign_tokens(self, distances: Tensor, phones: Sequence[int]) -> Tensor:
        """Tokens of a recording; see `mynah.voice.tokens.TokenAssignment`."""
        ...

    def read_references(
        self, references: Sequence[Reference], timbre: Tensor, network: SoVITS
    ) -> Transferable | None:
        """The state of a speaker for `postfilter`.

        Args:
            references: recordings of the speaker.
            timbre: of the speaker, (1, channels, 1).
            network: of the model, or of the trained version that speaks.
        """
        ...

    def batch_states(self, spectrograms: Tensor, mask: Tensor) -> Sequence[Transferable | None]:
        """The states of the speakers of a batch, for training.

        Args:
            spectrograms: one linear spectrogram a speaker, (rows, 1025, frames).
            mask: bool, (rows, 1, frames).
        """
        ...

    def postfilter(
        self, latents: Tensor, mask: Tensor, states: Sequence[Transferable | None]
    ) -> Tensor:
        """Latents between the flow and the decoder; see `mynah.acoustic.postfilter`."""
        ...

    def weights(self) -> Mapping[str, Tensor]:
        """The weights that the SoVITS file has beside the network's, by their names there."""
        ...
