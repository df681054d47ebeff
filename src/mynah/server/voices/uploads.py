"""Uploaded recordings: decoded within rules, and converted to one format."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import soundfile

from mynah.audio.decoding import DecodeLimits, decode
from mynah.audio.kinds import KINDS
from mynah.errors import OptionError, RecordingError, TextError
from mynah.server.errors import RequestError
from mynah.text.frontend import analyse
from mynah.text.languages.registry import language_code
from mynah.training.prepare.denoising import Denoiser
from mynah.voice.recording import SHORTEST_SPEECH_SECONDS, read_recording

SAMPLE_RATE = 32_000
CONTENT_TYPE = "audio/flac"


@dataclass(frozen=True, slots=True)
class UploadRules:
    """Limits of an uploaded recording.

    Attributes:
        kinds: of `mynah.audio.kinds.KINDS`.
        bytes: as it arrives.
        seconds: duration.
    """

    kinds: Sequence[str]
    bytes: int
    seconds: float

    def __post_init__(self) -> None:
        """Refuse kinds that cannot be read.

        Raises:
            OptionError: naming one.
        """
        for kind in self.kinds:
            if kind not in KINDS:
                raise OptionError(f"Unknown kind of recording {kind:.20}; use {', '.join(KINDS)}.")


@dataclass(frozen=True, slots=True)
class CheckedRecording:
    """A checked recording: FLAC, mono at 32 kHz, and the seconds of speech in it."""

    flac: bytes
    seconds: float


def admit(
    data: bytes,
    rules: UploadRules,
    denoiser: Denoiser | None = None,
    shortest: float = SHORTEST_SPEECH_SECONDS,
) -> CheckedRecording:
    """Decode, check and re-encode a recording, without its noise if a denoiser is given.

    No more is ever decoded than the rules allow, whatever the file's header says.

    Args:
        data: the file.
        rules: limits.
        denoiser: if given.
        shortest: least seconds of speech.

    Raises:
        RecordingError: it is not within the rules, or no clear speech.
    """
    if len(data) > rules.bytes:
        raise RecordingError(
            f"A recording is larger than {rules.bytes >> 20} MiB; cut it or send it as MP3."
        )
    recording = decode(data, DecodeLimits(rules.kinds, rules.seconds), sample_rate=SAMPLE_RATE)
    if denoiser is not None:
        recording = denoiser(recording).at(SAMPLE_RATE)
    encoded = io.BytesIO()
    soundfile.write(encoded, recording.samples, SAMPLE_RATE, format="FLAC")
    flac = encoded.getvalue()
    return CheckedRecording(flac, read_recording(flac, shortest).seconds)


def check_words(texts: Sequence[str], recordings: int, language: str, split: str = "cut5") -> None:
    """Refuse transcripts that do not fit their recordings or cannot be pronounced.

    Args:
        texts: of the first recordings, in their order; empty if unknown.
        recordings: number of recordings.
        language: of the transcripts.
        split: method of splitting into sentences.

    Raises:
        LanguageError: there is no such language.
        RequestError: naming the field.
    """
    language_code(language)
    if len(texts) > recordings:
        raise RequestError("There are more texts than recordings; send one for each.", "text")
    try:
        for words in filter(None, texts):
            analyse(words, language, split)
    except TextError as error:
        raise RequestError(str(error), "text") from None
