"""Report on the training data of a version, for its caller."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mynah.training.left_out import LEFT_OUT, LeftOut, remark_on
from mynah.training.prepare.segmentation import KEPT, SHORTEST, SegmentedRecording
from mynah.training.prepare.slices import Slice
from mynah.training.prepare.speaker_check import Differ
from mynah.training.prepare.transcript import Transcript

NOISY_DB = 15.0
CLIPPED = 0.001
NAMED = 3


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """Findings about the recordings."""

    recordings: Sequence[SegmentedRecording]
    transcript: Transcript
    speakers_differ: Differ
    left_out: Sequence[LeftOut] = ()

    @property
    def snr_db(self) -> float:
        """The signal-to-noise ratio of the noisiest recording.

        Clips of less than two seconds count where there are no others: they may have no pauses.
        """
        sounds = [recording.sound for recording in self.recordings]
        longer = [sound for sound in sounds if len(sound.loudness) >= SHORTEST]
        return min(sound.snr_db for sound in longer or sounds)

    @property
    def clipped_share(self) -> float:
        """The share of clipped samples."""
        sounds = [recording.sound for recording in self.recordings]
        clipped = sum(sound.clipped * sound.seconds for sound in sounds)
        return clipped / sum(sound.seconds for sound in sounds)


def seconds_of(recordings: Sequence[SegmentedRecording]) -> dict[str, float]:
    """Seconds of all recordings, by their fate."""
    seconds = {KEPT: 0.0}
    for recording in recordings:
        for why, lot in recording.seconds.items():
            seconds[why] = seconds.get(why, 0.0) + lot
    return seconds


def describe(findings: Findings, slices: Sequence[Slice], held_out: int) -> Mapping[str, Any]:
    """Build the data report.

    Returns:
        JSON: `seconds_given` without the silence around each recording, `seconds_kept`,
        `seconds_dropped` by reason, `slices`, how many of these are `slices_with_words` and
        `held_out`, `snr_db` of the noisiest recording, `clipped_share` of samples, `sentences`
        that were looked for and the `sentences_not_heard`, `speakers_differ`: no or perhaps,
        `left_out`: recordings that could not be read, each with its `reason`.
    """
    seconds = {why: round(lot, 2) for why, lot in sorted(seconds_of(findings.recordings).items())}
    return {
        "seconds_given": round(sum(seconds.values()), 2),
        "seconds_kept": seconds.pop(KEPT),
        "seconds_dropped": seconds,
        "slices": len(slices),
        "slices_with_words": sum(each.text is not None for each in slices),
        "held_out": held_out,
        "snr_db": round(findings.snr_db, 1),
        "clipped_share": round(findings.clipped_share, 6),
        "sentences": findings.transcript.sentences,
        "sentences_not_heard": list(findings.transcript.missing),
        "speakers_differ": findings.speakers_differ,
        LEFT_OUT: [asdict(each) for each in findings.left_out],
    }


def remarks(findings: Findings) -> Iterator[str]:
    """Remarks for the caller, a line each."""
    transcript = findings.transcript
    if findings.left_out:
        yield remark_on(findings.left_out)
    if transcript.missing:
        some = ", ".join(f"{text!r}" for text in transcript.missing[:NAMED])
        yield (
            f"{len(transcript.missing)} of {transcript.sentences} sentences were not heard as they "
            f"are written and are left out, such as {some}."
        )
    wordless = sum(cut.text is None for recording in findings.recordings for cut in recording.cuts)
    if wordless:
        yield (
            f"{wordless} slices have no words, so they tell of the voice's sound alone, and less "
            "of it; send the recordings' text."
        )
    if transcript.unchecked:
        yield (
            f"The words of {transcript.unchecked} recordings are not checked, and left aside where "
            "these are long: the model's content encoder names no phonemes."
        )
    yield from _remarks_on_sound(findings)


def _remarks_on_sound(findings: Findings) -> Iterator[str]:
    if findings.snr_db < NOISY_DB:
        yield (
            f"The noise is only {findings.snr_db:.0f} dB below the speech, and the voice will "
            "learn it; record in a quiet room, close to the microphone."
        )
    if findings.clipped_share > CLIPPED:
        yield (
            f"{findings.clipped_share:.1%} of the samples are clipped; record with a lower level."
        )
    if findings.speakers_differ == "perhaps":
        yield (
            "Some slices sound unlike the others, by another microphone or another person; leave "
            "out recordings that are not of this one."
        )
