"""`mynah train`."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from mynah.audio.kinds import KINDS
from mynah.cli.job_run import JobRun
from mynah.config import MEBIBYTE, Settings
from mynah.errors import OptionError, RecordingError, VoiceNotFoundError
from mynah.jobs.kinds.train import TrainingParams
from mynah.server.access.keys import OPERATOR, Caller
from mynah.server.access.owner_names import check_owner
from mynah.server.stores import Stores, make_stores
from mynah.server.voices.store import NewRecording, VoiceName, VoiceRecord
from mynah.server.voices.uploads import UploadRules, admit, check_words

LARGEST = 256 * MEBIBYTE
"""Bytes of a recording; five minutes in stereo at 96 kHz and 32 bits have less."""


def train(
    settings: Settings,
    name: str,
    recordings: Sequence[Path],
    texts: Sequence[str],
    params: TrainingParams,
    owner: str | None,
) -> None:
    """Train a voice, with a progress bar.

    Args:
        settings: of the server that will serve the voice.
        name: of the voice, which is created from the recordings if there is none.
        recordings: training data; if empty, the voice's own recordings.
        texts: their transcripts, in order.
        params: options of the training, without recordings.
        owner: of the voice; None takes any owner's.

    Raises:
        MynahError: something given cannot be used, or the training failed.
    """
    caller = OPERATOR if owner is None else _operator_for(owner)
    with closing(make_stores(settings)) as stores:
        check_words(texts, len(recordings), params.language)
        stores.jobs.check_room(caller)
        clips = _clips(recordings, texts, settings.train_longest_seconds)
        voice, sent = _voice(stores, caller, name, clips, params.language)
        job = stores.training.submit(caller, voice, params, sent, own=not sent, callback_url=None)
        JobRun(stores).begin(job.id)


def _clips(paths: Sequence[Path], texts: Sequence[str], longest: float) -> list[NewRecording]:
    rules = UploadRules(KINDS, LARGEST, longest)
    words = [*texts, *[""] * (len(paths) - len(texts))]
    return [_clip(path, text, rules) for path, text in zip(paths, words, strict=True)]


def _clip(path: Path, text: str, rules: UploadRules) -> NewRecording:
    try:
        with path.open("rb") as file:
            data = file.read(rules.bytes + 1)
        return NewRecording(admit(data, rules), text or None)
    except OSError as error:
        raise RecordingError(
            f"{path} cannot be read ({error.strerror}); give the path of a recording."
        ) from None
    except RecordingError as error:
        raise RecordingError(f"{path}: {error}") from None


def _operator_for(owner: str) -> Caller:
    """The operator as an owner's own caller, who sees nothing of other owners."""
    return Caller(OPERATOR.id, ("speak", "train"), check_owner(owner))


def _voice(
    stores: Stores, caller: Caller, name: str, clips: Sequence[NewRecording], language: str
) -> tuple[VoiceRecord, Sequence[NewRecording]]:
    """The voice, and the recordings that it does not have yet."""
    try:
        return stores.voices.managed(caller, name), clips
    except VoiceNotFoundError:
        if not clips:
            raise OptionError(
                f"There is no voice {name:.80}; give recordings to make it of."
            ) from None
    # Before it is created: a voice that cannot be trained is not what was asked for.
    stores.training.rules.check(sum(each.clip.seconds for each in clips))
    return stores.voices.create(caller, _checked(name), clips, language, {}, consent=None), ()


def _checked(name: str) -> str:
    try:
        return TypeAdapter[str](VoiceName).validate_python(name)
    except ValidationError:
        raise OptionError(
            "--name has 1 to 100 characters, none of them a slash or a control character; "
            "choose another."
        ) from None
