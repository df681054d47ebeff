"""How a version does beside what was before, in sentences that both say: how like, how clear."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.acoustic.sovits import SoVITS
from mynah.audio.recording import Recording
from mynah.engine.models import Models
from mynah.engine.synthesizer import Synthesizer
from mynah.options import SpeechOptions
from mynah.training.intelligibility import Ear, mistakes, sentences
from mynah.training.preparation.slices import Slice
from mynah.voice.spectrogram import SAMPLE_RATE, linear_spectrogram
from mynah.voice.voice import Voice


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What a voice is to say, and who judges it.

    Attributes:
        language: of the reading script of which it says the first sentences.
        judge: reads timbres. No judge of speakers is at hand, so they tell versions of one model
            apart, and cannot be compared with those of another.
        held_out: recordings of the speaker that nothing was learnt from.
        ear: hears words, if any does.
        tick: called before each sentence.
    """

    language: str
    judge: SoVITS
    held_out: Sequence[Slice]
    ear: Ear | None
    tick: Callable[[], None]

    def of(self, models: Models, voice: Voice) -> dict[str, float]:
        """What is measured of a voice as some models speak it.

        Returns:
            `timbre_similarity`, the mean cosine to the speaker's timbre, and, with an ear, its
            `…_error_rate`: errors per unit, above 1 if much was added.
        """
        real = [Recording(each.samples, SAMPLE_RATE) for each in self.held_out]
        timbre = torch.stack([self._timbre(each) for each in real]).mean(dim=0)
        likenesses, errors, units = [], 0, 0
        for text, language, said in self._said(models, voice):
            likeness = F.cosine_similarity(self._timbre(said), timbre, dim=0)
            likenesses.append(likeness.item())
            if self.ear:
                wrong, wanted = mistakes(self.ear, text, language, said)
                errors, units = errors + wrong, units + wanted
        found = {"timbre_similarity": sum(likenesses) / len(likenesses)}
        return found | ({f"{self.ear.unit}_error_rate": errors / units} if self.ear else {})

    def _said(self, models: Models, voice: Voice) -> Iterator[tuple[str, str, Recording]]:
        """Each sentence with its language, and how it sounds."""
        synthesizer = Synthesizer(models)
        for text, language in sentences(self.language):
            self.tick()
            spoken = synthesizer.speak(text, voice, SpeechOptions(language=language))
            yield text, language, Recording(spoken.samples, spoken.sample_rate)

    @torch.inference_mode()
    def _timbre(self, said: Recording) -> Tensor:
        samples = torch.from_numpy(said.at(SAMPLE_RATE).samples)[None]
        return self.judge.timbre([linear_spectrogram(samples)]).vector.flatten()
