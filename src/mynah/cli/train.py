"""What `mynah train` does."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from mynah.audio.kinds import KINDS
from mynah.cli.job_run import OPERATOR, JobRun
from mynah.config import MEBIBYTE, Settings
from mynah.errors import OptionError, RecordingError, VoiceNotFoundError
from mynah.jobs.kinds.train import TrainingOrder
from mynah.server.jobs.training import TrainingRules, TrainingService
from mynah.server.stores import open_worker
from mynah.server.voices.store import NewRecording, VoiceName, VoiceRecord, VoiceStore
from mynah.server.voices.uploads import UploadRules, admit, check_words
from mynah.storage.data_folder import make_data_folder
from mynah.storage.migrate import MigrationPolicy

LARGEST = 256 * MEBIBYTE
"""Of a recording; five minutes in stereo at 96 kHz and 32 bits have less."""


def train(
    settings: Settings,
    name: str,
    recordings: Sequence[Path],
    texts: Sequence[str],
    order: TrainingOrder,
) -> None:
    """Trains a voice, with a progress bar.

    Args:
        settings: of the server that is to speak with it.
        name: of the voice, which is made of the recordings if it is not there.
        recordings: to learn from; without any, what the voice was made of.
        texts: their words, in their order.
        order: without its recordings.

    Raises:
        MynahError: something given cannot be used, or the training failed.
    """
    make_data_folder(settings.data)
    check_words(texts, len(recordings), order.language)
    rules = TrainingRules(settings.train_shortest_seconds, settings.train_longest_seconds)
    with open_worker(settings, MigrationPolicy.CREATE) as workshop:
        run, training = JobRun(settings, workshop), workshop.training
        run.jobs.check_room(OPERATOR)
        clips = _clips(recordings, texts, settings.train_longest_seconds)
        voice, sent = _voice(training.voices, name, clips, order.language, rules)
        desk = TrainingService(workshop.records, training.storage, run.jobs, rules)
        job = desk.order(OPERATOR, voice, order, sent, own=not sent, callback_url=None)
        run.begin(job.id)


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


def _voice(
    voices: VoiceStore,
    name: str,
    clips: Sequence[NewRecording],
    language: str,
    rules: TrainingRules,
) -> tuple[VoiceRecord, Sequence[NewRecording]]:
    """The voice, and the recordings that it does not have yet."""
    try:
        return voices.own(name), clips
    except VoiceNotFoundError:
        if not clips:
            raise OptionError(
                f"There is no voice {name:.80}; give recordings to make it of."
            ) from None
    # Before it is made: a voice that cannot be trained is not what was asked for.
    rules.check(sum(each.clip.seconds for each in clips))
    return voices.create(_checked(name), clips, language, {}, consent=None), ()


def _checked(name: str) -> str:
    try:
        return TypeAdapter[str](VoiceName).validate_python(name)
    except ValidationError:
        raise OptionError(
            "--name has 1 to 100 characters, none of them a slash or a control character; "
            "choose another."
        ) from None
