"""The starter's parts behind the engine's `ModelExtension`, and their loading."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from mynah.acoustic.sovits.model import SoVITS
from mynah.checkpoints.file import Checkpoint
from mynah.checkpoints.folder import CONTENT
from mynah.encoders.ctc_aligner import Head, PhonemeScores
from mynah.runtime.device import Transferable
from mynah.starter.checkpoint import Content, load_content, postfilter_of, postfilter_weights
from mynah.starter.constraint import PhonemeConstraint
from mynah.starter.mel_postfilter import MelPostfilter
from mynah.starter.residual_bank import AlignedFrames, ResidualBank
from mynah.starter.speaker_state import StarterSpeakerState
from mynah.voice.prompt import Reference
from mynah.voice.tokens import WORDLESS, ContentEncoder, nearest_tokens, semantic_tokens

LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True, eq=False)
class StarterExtension:
    """Parts of a model that was trained as the starter was; see `ModelExtension`.

    Attributes:
        hearing: content encoder, aligner and token classes, if the model has them.
        mel_postfilter: if its acoustic model was trained with one.
    """

    hearing: Content | None
    mel_postfilter: MelPostfilter | None

    @property
    def content(self) -> ContentEncoder | None:
        return self.hearing.encoder if self.hearing else None

    @property
    def languages(self) -> Collection[str]:
        return LANGUAGES

    @property
    def aligner(self) -> PhonemeScores | None:
        return Head(self.hearing.encoder.aligner) if self.hearing else None

    @property
    def uses_prompts(self) -> bool:
        return self.hearing is None or self.hearing.uses_prompts

    @property
    def constrains_tokens(self) -> bool:
        return self.hearing is not None and self.hearing.token_classes is not None

    def constraint(self, phones: Sequence[int]) -> PhonemeConstraint | None:
        classes = self.hearing.token_classes if self.hearing else None
        return PhonemeConstraint.of(classes, phones) if classes else None

    def assign_tokens(self, distances: Tensor, phones: Sequence[int]) -> Tensor:
        """The nearest tokens that say the phonemes, where these and token classes are known."""
        classes = self.hearing.token_classes if self.hearing else None
        if classes is None or not phones:
            return nearest_tokens(distances, phones)
        return classes.assign(distances, phones)

    @torch.inference_mode()
    def read_references(
        self, references: Sequence[Reference], timbre: Tensor, network: SoVITS
    ) -> StarterSpeakerState | None:
        """The speaker state of recordings, with the residuals of all of them."""
        if self.mel_postfilter is None:
            return None
        transform = self.mel_postfilter.transform([each.spectrogram for each in references])
        state = StarterSpeakerState(transform)
        if self.hearing is None:
            return state
        frames = [self._aligned(each, timbre, network, state) for each in references]
        return replace(state, bank=ResidualBank.of(frames))

    def batch_states(self, spectrograms: Tensor, mask: Tensor) -> Sequence[Transferable | None]:
        """See `ModelExtension`; without residuals."""
        if self.mel_postfilter is None:
            return [None] * len(spectrograms)
        here = self.mel_postfilter.to(spectrograms.device)
        rows = here.transform([spectrograms], mask).split(1)
        return [StarterSpeakerState(row) for row in rows]

    def postfilter(
        self, latents: Tensor, mask: Tensor, states: Sequence[Transferable | None]
    ) -> Tensor:
        if self.mel_postfilter is None:
            return latents
        own = [state for state in states if isinstance(state, StarterSpeakerState)]
        assert len(own) == len(latents), "a row has no state of this model"
        mels = self.mel_postfilter.apply(latents, torch.cat([each.transform for each in own]))
        if any(each.bank for each in own):
            rows = zip(mels, mask[:, 0], own, strict=True)
            mels = torch.stack(
                [each.bank.apply(row, there) if each.bank else row for row, there, each in rows]
            )
        return mels * mask

    def weights(self) -> Mapping[str, Tensor]:
        return postfilter_weights(self.mel_postfilter)

    def _aligned(
        self, reference: Reference, timbre: Tensor, network: SoVITS, state: StarterSpeakerState
    ) -> AlignedFrames:
        """Render the words of a recording, and align the rendering with it."""
        assert self.hearing and self.mel_postfilter
        codes = semantic_tokens(
            reference.recording,
            self.hearing.encoder,
            network,
            reference.phones,
            silence=0.0,
            assign=self.assign_tokens,
        )
        phones = torch.tensor([reference.phones or [WORDLESS]])
        prior = network.prior(codes[None], phones, timbre)
        latents = network.render(prior.mean, prior.mask, timbre)
        rendered = self.postfilter(latents, prior.mask, [state])
        return self.mel_postfilter.align(rendered, reference.spectrogram)


def load_extension(folder: Path, acoustic: Checkpoint) -> StarterExtension | None:
    """The extension of a model's folder; None if its files are those of a release.

    Args:
        folder: of the model.
        acoustic: its SoVITS file.

    Raises:
        CheckpointError: a file cannot be read, or is of another kind.
    """
    path = folder / CONTENT
    hearing = load_content(path) if path.is_file() else None
    mel_postfilter = postfilter_of(acoustic)
    if hearing is None and mel_postfilter is None:
        return None
    return StarterExtension(hearing, mel_postfilter)
