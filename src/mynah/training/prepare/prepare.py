"""Preparation of recordings: slices, held-out slices, and a data report."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mynah.audio.recording import Recording
from mynah.engine.models import Models
from mynah.errors import CheckpointError, RecordingError
from mynah.text.frontend import analyse
from mynah.text.symbols import SymbolTable
from mynah.training.left_out import LeftOut
from mynah.training.loop import Progress
from mynah.training.prepare.data_report import Findings, describe, remarks, seconds_of
from mynah.training.prepare.denoising import Denoiser, installed_denoiser
from mynah.training.prepare.frames import PER_TOKEN, SAMPLE_RATE, SAMPLES
from mynah.training.prepare.recogniser import installed_recogniser, recognised
from mynah.training.prepare.segmentation import JOINING_PAUSE, KEPT, SegmentedRecording
from mynah.training.prepare.slices import Prepared, Slice
from mynah.training.prepare.sound import read_sound
from mynah.training.prepare.speaker_check import compare
from mynah.training.prepare.transcript import Transcript
from mynah.training.trainer import Report, TrainingRecording
from mynah.voice.tokens import ContentEncoder, semantic_tokens

LEAST_SECONDS = 20.0
"""Least seconds of usable speech."""
FEWEST_TO_DIVIDE = 4
ONE_HELD_OUT_OF = 10
MOST_HELD_OUT = 20
"""Slices; every one is synthesised again and again while the networks learn."""
LEAST_SAMPLES = 18 * PER_TOKEN * SAMPLES
"""Of a slice: a shorter clip is followed by silence, so that a training segment fits into it."""
_SILENCE_SECONDS = 0.1
"""Appended to a slice: HuBERT returns a frame less than its input has."""


def prepare(
    recordings: Sequence[TrainingRecording],
    language: str,
    models: Models,
    report: Report,
    *,
    denoise: bool = False,
    until: float = 100.0,
) -> Prepared:
    """Prepare recordings for training.

    Args:
        recordings: of one person.
        language: of their words.
        models: the base model; its content encoder gives the tokens and aligns the words.
        report: receives the progress and remarks for the caller.
        denoise: reduce noise in the recordings first.
        until: percent of the whole training that are reported at the end of the preparation.

    Raises:
        RecordingError: the recordings cannot be learned from: silent, too little speech, words
            that are not said in them, clearly two people.
        TextError, LanguageError: the words cannot be pronounced.
        CheckpointError: the model has no content encoder.
        UnsupportedError: noise is to be reduced, and no denoiser is installed.
        Stopped: the work is no longer wanted.
    """
    if models.content is None:
        raise CheckpointError(
            "The model has no content encoder, without which a voice cannot be trained; put the "
            "one that it was trained with into its folder (content.pth or chinese-hubert-base)."
        )
    transcript = Transcript(language, models.aligner)
    denoiser = installed_denoiser() if denoise else None
    left_out: list[LeftOut] = []
    slicing = Progress(report, "slicing", 0.0, until / 2)
    segmented = _segmented(recordings, transcript, denoiser, slicing, left_out)
    transcript.check()
    _check_seconds(segmented)
    parts = [
        (_lengthened(each.sound.samples[cut.span.samples]), cut.text)
        for each in segmented
        for cut in each.cuts
    ]
    differ = compare([samples for samples, _ in parts])
    findings = Findings(segmented, transcript, differ, left_out)
    _check_speakers(findings)
    tokens = Progress(report, "tokens", until / 2, until)
    slices = _slices(parts, language, models, models.content, tokens)
    learned, held_out = divided(slices)
    for remark in remarks(findings):
        report.message(remark)
    return Prepared(learned, held_out, describe(findings, slices, len(held_out)))


def divided(slices: Sequence[Slice]) -> tuple[list[Slice], list[Slice]]:
    """Training slices and held-out slices, spread evenly; held-out ones with words if possible."""
    worded = [number for number, each in enumerate(slices) if each.text is not None]
    places = worded if len(worded) >= FEWEST_TO_DIVIDE else range(len(slices))
    if len(slices) < FEWEST_TO_DIVIDE:
        return list(slices), []
    count = max(1, min(round(len(slices) / ONE_HELD_OUT_OF), MOST_HELD_OUT))
    count = min(count, len(places) // 2)
    held = {places[(2 * at + 1) * len(places) // (2 * count)] for at in range(count)}
    learned = [each for number, each in enumerate(slices) if number not in held]
    return learned, [slices[number] for number in sorted(held)]


def _segmented(
    recordings: Sequence[TrainingRecording],
    transcript: Transcript,
    denoiser: Denoiser | None,
    progress: Progress,
    left_out: list[LeftOut],
) -> list[SegmentedRecording]:
    """Segment the recordings; those that cannot be read are added to `left_out`."""
    wordless = not all(recording.text for recording in recordings)
    recogniser = installed_recogniser(progress.report) if wordless else None
    segmented = []
    whole, done = sum(recording.seconds for recording in recordings), 0.0
    for number, recording in enumerate(recordings):
        progress.progress(done / whole)
        done += recording.seconds
        try:
            sound = read_sound(recording.path, denoiser)
        except RecordingError as error:
            left_out.append(LeftOut(f"{number + 1} of {len(recordings)}", str(error)))
            continue
        text = recording.text or recognised(sound, transcript.language, recogniser)
        segmented.append(transcript.segment(sound, text))
    if not segmented:
        raise RecordingError(f"Recording {left_out[0].recording}: {left_out[0].reason}")
    return segmented


def _lengthened(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.pad(samples, (0, max(0, LEAST_SAMPLES - len(samples))))


def _check_seconds(segmented: Sequence[SegmentedRecording]) -> None:
    seconds = seconds_of(segmented)
    if seconds[KEPT] >= LEAST_SECONDS:
        return
    lost = [
        (lot, why) for why, lot in seconds.items() if why not in (KEPT, JOINING_PAUSE) and lot >= 1
    ]
    reasons = "".join(f", {lot:.0f} s {why.replace('_', ' ')}" for lot, why in sorted(lost)[::-1])
    raise RecordingError(
        f"Only {seconds[KEPT]:.0f} of {sum(seconds.values()):.0f} s can be learned from{reasons}; "
        f"send at least {LEAST_SECONDS:.0f} s, better a minute, of clear speech by one person "
        "without music."
    )


def _check_speakers(findings: Findings) -> None:
    if findings.speakers_differ == "clearly":
        raise RecordingError(
            "The recordings are of at least two people, by the pitch and the timbre of their "
            "voices; send those of one person only."
        )


def _slices(
    parts: Sequence[tuple[NDArray[np.float32], str | None]],
    language: str,
    models: Models,
    content: ContentEncoder,
    progress: Progress,
) -> list[Slice]:
    slices = []
    for number, (samples, text) in enumerate(parts):
        progress.progress(number / len(parts))
        phones = _phones(text, language, models.symbols)
        recording = Recording(samples, SAMPLE_RATE)
        codes = semantic_tokens(
            recording, content, models.sovits, phones, _SILENCE_SECONDS, models.assign_tokens
        )
        count = len(samples) // (SAMPLES * PER_TOKEN)
        vector = models.speaker_vector(recording)
        slices.append(Slice(samples, text, phones, codes[:count].tolist(), vector))
    return slices


def _phones(text: str | None, language: str, symbols: SymbolTable) -> list[int]:
    return symbols.encode_sentences(analyse(text, language, split="cut0")) if text else []
