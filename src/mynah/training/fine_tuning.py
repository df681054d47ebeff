"""The trainer: from a voice's recordings to adapters for both networks of a model."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain, count, islice
from pathlib import Path
from typing import Any

import soundfile
import torch

from mynah.audio.recording import Recording
from mynah.audio.spectrogram import SAMPLE_RATE
from mynah.checkpoints.adapter import (
    ACOUSTIC_ADAPTER,
    SEMANTIC_ADAPTER,
    Adapter,
    Change,
    changed,
    load_adapter,
    save_adapter,
)
from mynah.checkpoints.base_weights import BaseWeights, VersionBuilder
from mynah.engine.loading import load_sovits_models
from mynah.engine.models import Models
from mynah.errors import RecordingError
from mynah.runtime.files import write_atomic
from mynah.training.adapters import fresh_changes
from mynah.training.doubts import doubts
from mynah.training.evaluation import Evaluation
from mynah.training.evaluator import (
    Evaluator,
    PairedScores,
    SentenceScore,
    scoring_recogniser,
    spoken_sentences,
)
from mynah.training.likeness import Likeness
from mynah.training.loop import Progress, TrainingPlan, learn
from mynah.training.prepare.prepare import prepare
from mynah.training.prepare.slices import Prepared, Slice, read_prepared, write_prepared
from mynah.training.schedule import RELEASED, STARTER, STEPS, Schedule
from mynah.training.setup import TrainingSetup, acoustic_setup, semantic_setup
from mynah.training.trainer import (
    Report,
    Stage,
    Stopped,
    TrainedPrompt,
    TrainingRequest,
    VersionFiles,
)
from mynah.voice.recording import SHORTEST_SPEECH_SECONDS
from mynah.voice.voice import Voice

RANK = 8
"""Of adapters, if the request has none."""
MISHEARD = "from the tokens that this model finds in recordings", "use another model"
"""Reason that the semantic model cannot be trained, and the remedy."""
SEED = 0
"""Of everything random: equal requests give equal versions."""

_ADAPTERS: Mapping[Stage, str] = {"acoustic": ACOUSTIC_ADAPTER, "semantic": SEMANTIC_ADAPTER}
_PROMPT_SECONDS = (3.0, 10.0)
_REFERENCES = 10
"""Slices that a version's timbre is read from: several lack fewer phonemes than one."""


class FineTuning:
    """Trainer of adapters, or whole networks, on a minute of speech; see `Trainer`."""

    def train(
        self,
        folder: Path,
        request: TrainingRequest,
        report: Report,
        should_stop: Callable[[], bool],
    ) -> VersionFiles:
        """See `Trainer`.

        Raises:
            Stopped: `should_stop` was true.
            RecordingError, TextError, LanguageError: the recordings cannot be learned from.
            CheckpointError: the model cannot be trained, or the parent is of another.
        """
        # Without backends that a timing chooses: equal jobs measure equal figures.
        models = load_sovits_models(request.model, "float32")
        schedule = _schedule(request, models)
        prepared = _prepared(folder / "prepared.pt", request, models, report, schedule)
        version = folder / "version"
        version.mkdir(exist_ok=True)
        work = _Work(folder, version, request, models, prepared, report, should_stop, schedule)
        losses = work.learn()
        timbre, evaluation = work.evaluate()
        files = {path.name: path for path in sorted(version.iterdir())}
        return VersionFiles(
            files, prepared.data_report, losses | timbre, work.prompts(), evaluation
        )


def best_prompt(slices: Sequence[Slice]) -> Slice | None:
    """The longest slice that can prompt the GPT; None if no words are known."""
    shortest, longest = _PROMPT_SECONDS
    fit = [each for each in slices if each.phones and shortest <= each.seconds <= longest]
    return max(fit, key=lambda each: each.seconds, default=None)


def _schedule(request: TrainingRequest, models: Models) -> Schedule:
    """The expected times of the phases, by what is known before the preparation."""
    learned = {
        "acoustic": models.uses_prompts or request.epochs is not None,
        "semantic": models.uses_prompts and any(each.text for each in request.recordings),
    }
    stages = [stage for stage in request.stages if learned[stage]]
    return Schedule.of(request, stages, STARTER if request.model is None else RELEASED)


def _prepared(
    path: Path, request: TrainingRequest, models: Models, report: Report, schedule: Schedule
) -> Prepared:
    if path.exists():
        return read_prepared(path)
    _, until = schedule.span("preparation")
    prepared = prepare(
        request.recordings,
        request.language,
        models,
        report,
        denoise=request.denoise,
        until=until,
    )
    write_prepared(prepared, path)
    report.checkpoint()
    return prepared


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """The steps of a training after its preparation."""

    folder: Path
    files: Path
    request: TrainingRequest
    models: Models
    prepared: Prepared
    report: Report
    should_stop: Callable[[], bool]
    schedule: Schedule

    def learn(self) -> dict[str, float]:
        """Write the adapters, and return the held-out losses."""
        metrics: dict[str, float] = {}
        asked = self.models.uses_prompts or self.request.epochs is not None
        stages = self.request.stages if asked else self._no_stages()
        for stage, file in _ADAPTERS.items():
            setup = self._setup(stage) if stage in stages else None
            if setup is not None:
                metrics |= self._learn(stage, setup)
            elif self.request.parent and (self.request.parent / file).is_file():
                shutil.copyfile(self.request.parent / file, self.files / file)
        return metrics

    def evaluate(self) -> tuple[dict[str, float], Evaluation]:
        """Compare the version, with all its prompts, with the voice zero-shot.

        Zero-shot is the base model with the best recording alone.

        Returns:
            Metrics of the timbre, and the evaluation that decides the promotion.

        Raises:
            Stopped: the work is no longer wanted.
        """
        held_out = self.prepared.held_out or self.prepared.slices[:1]
        likeness = Likeness(
            held_out, [each for each in self.prepared.slices if each not in held_out]
        )
        recogniser = scoring_recogniser(self.models)
        language = self.request.language
        evaluator = Evaluator(
            language, self.models, likeness, held_out, recogniser, self._ticking(0.0)
        )
        slices = self._prompt_slices or self.prepared.slices[:_REFERENCES]
        trained = self.models.trained(self.files) if any(self.files.iterdir()) else self.models
        scored = PairedScores(
            self._scores("before", evaluator, self.models, slices[:1]),
            self._scores("after", replace(evaluator, tick=self._ticking(0.5)), trained, slices),
        )
        found = scored.evaluation(
            recogniser.unit if recogniser else None,
            doubts(self.prepared, self.models.aligner, language),
        )
        if found.error_rate:
            self.report.message(
                f"Of the {found.unit}s of the reading script {found.error_rate.after:.1%} are "
                f"misheard when the version says them, {found.error_rate.before:.1%} before it was "
                "trained."
            )
        return scored.timbre(), found

    def _scores(
        self, name: str, evaluator: Evaluator, models: Models, slices: Sequence[Slice]
    ) -> Sequence[SentenceScore]:
        """Scores of a voice of these slices, read from the folder after a crash."""
        path = self.folder / f"{name}.scores"
        if path.exists():
            return [SentenceScore(**row) for row in json.loads(path.read_text())]
        scores = evaluator.scores(models, self._voice(slices))
        write_atomic(path, json.dumps([asdict(score) for score in scores]).encode())
        self.report.checkpoint()
        return scores

    def _voice(self, slices: Sequence[Slice]) -> Voice:
        recordings = tuple(Recording(each.samples, SAMPLE_RATE) for each in slices)
        texts = tuple(each.text or "" for each in slices)
        return Voice("measured", recordings, texts, self.request.language)

    def _ticking(self, share: float) -> Callable[[], None]:
        """Make a callback for each sentence; `share` of the measuring is done before the first."""
        shares = count(share, 1 / spoken_sentences(self.request.language))
        progress = Progress(self.report, "measuring", *self.schedule.span("measuring"))

        def tick() -> None:
            if self.should_stop():
                raise Stopped
            progress.progress(next(shares))

        return tick

    def prompts(self) -> list[TrainedPrompt]:
        """The version's prompt, and further recordings for its timbre.

        Empty if no words are known, and the model needs them.
        """
        return [self._prompt(each) for each in self._prompt_slices]

    @property
    def _prompt_slices(self) -> Sequence[Slice]:
        best = best_prompt(self.prepared.slices)
        long = [each for each in self.prepared.slices if each.seconds >= SHORTEST_SPEECH_SECONDS]
        if best is None:
            return [] if self.models.uses_prompts else long[:_REFERENCES]
        others = (each for each in long if each is not best)
        return list(islice(chain([best], others), _REFERENCES))

    def _prompt(self, each: Slice) -> TrainedPrompt:
        path = self.folder / f"prompt{self.prepared.slices.index(each)}.flac"
        soundfile.write(path, each.samples, SAMPLE_RATE)
        return TrainedPrompt(path, each.text, each.seconds)

    @property
    def _origin(self) -> VersionBuilder:
        assert self.models.origin is not None  # which models of a folder have
        return self.models.origin

    def _setup(self, stage: Stage) -> TrainingSetup | None:
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        rank = RANK if self.request.rank is None else self.request.rank
        models, prepared, language = self.models, self.prepared, self.request.language
        if stage == "acoustic":
            return acoustic_setup(self._origin.sovits, models, prepared, rank, device)
        if not self.models.uses_prompts:
            self._skip_semantic(*MISHEARD)
            return None
        setup = semantic_setup(self._origin.gpt, models, prepared, language, rank, device)
        if setup is None:
            self._skip_semantic("without the words of the recordings", "send their text")
        return setup

    def _no_stages(self) -> Sequence[Stage]:
        """Return no stages: networks trained on wrong tokens learn to mumble.

        With the packaged model a quarter of the words got lost; a tenth of the change still lost
        some, and was no more like the person than her recordings alone are as references.
        """
        if "acoustic" not in self.request.stages:
            self._skip_semantic(*MISHEARD)
        self.report.message(
            "Nothing is learned from the recordings, whose words this model recognises badly; they "
            "are the version's reference audio. Give epochs to learn the sound all the same, at "
            "the cost of clear words."
        )
        return ()

    def _skip_semantic(self, why: str, remedy: str) -> None:
        remark = f"The manner of speaking cannot be learned {why}"
        if "acoustic" not in self.request.stages:
            raise RecordingError(f"{remark}; {remedy}.")
        self.report.message(f"{remark}, only the sound; {remedy} to learn both.")

    def _learn(self, stage: Stage, setup: TrainingSetup) -> dict[str, float]:
        fresh = fresh_changes(setup.network, setup.ranks, SEED)
        task = setup.task({**fresh, **self._parents(stage, setup.base)})
        epochs = self.request.epochs
        steps = STEPS[stage] if epochs is None else epochs * setup.epoch
        outcome = learn(
            task,
            TrainingPlan(steps, seed=SEED),
            self.folder / f"{stage}.checkpoint",
            Progress(self.report, stage, *self.schedule.span(stage)),
            self.should_stop,
        )
        adapter = Adapter(setup.base.fingerprint, outcome.changes)
        save_adapter(adapter, self.files / _ADAPTERS[stage])
        self.report.message(
            f"{stage}: the held-out loss went from {outcome.loss_before:.3f} to "
            f"{outcome.loss:.3f} in {outcome.steps} steps."
        )
        return {f"{stage}_loss_before": outcome.loss_before, f"{stage}_loss": outcome.loss}

    def _parents(self, stage: Stage, base: BaseWeights[Any]) -> Mapping[str, Change]:
        """The changes of the parent version."""
        parent = self.request.parent and self.request.parent / _ADAPTERS[stage]
        if parent is None or not parent.is_file():
            return {}
        adapter = load_adapter(parent)
        changed(base.state, adapter, base.fingerprint)  # refuses one that does not fit
        return adapter.changes
