"""`mynah train`."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from mynah.cli.clips import clips_of
from mynah.cli.job_run import JobRun
from mynah.config import Settings
from mynah.errors import OptionError, VoiceNotFoundError
from mynah.jobs.job import Job
from mynah.jobs.kinds.train import TrainingParams
from mynah.server.access.keys import OPERATOR, Caller
from mynah.server.access.owner_names import check_owner
from mynah.server.jobs.dataset import Dataset
from mynah.server.stores import Stores, make_stores
from mynah.server.voices.store import NewVoice, VoiceName


def train(
    settings: Settings,
    name: str,
    recordings: Sequence[Path],
    texts: Sequence[str],
    clip_list: Path | None,
    params: TrainingParams,
    owner: str | None,
) -> None:
    """Train a voice, with a progress bar.

    Args:
        settings: of the server that will serve the voice.
        name: of the voice, which is created from the recordings if there is none.
        recordings: files, and folders of files; if empty, those of the list, or else the voice's
            own recordings.
        texts: transcripts of the first files, in order.
        clip_list: list of clips as GPT-SoVITS has it, in place of texts.
        params: options of the training, without recordings.
        owner: of the voice; None takes any owner's.

    Raises:
        MynahError: something given cannot be used, or the training failed.
    """
    caller = OPERATOR if owner is None else _operator_for(owner)
    with closing(make_stores(settings)) as stores:
        stores.jobs.check_room(caller)
        language, data = clips_of(settings, recordings, texts, clip_list, params.language)
        params = replace(params, language=language)
        job = _submit(stores, caller, name, params, data)
        JobRun(stores).begin(job.id)


def _submit(
    stores: Stores, caller: Caller, name: str, params: TrainingParams, data: Dataset
) -> Job:
    training = stores.training
    try:
        voice = stores.voices.managed(caller, name)
    except VoiceNotFoundError:
        if not data.clips:
            raise OptionError(
                f"There is no voice {name:.80}; give recordings to make it of."
            ) from None
        new = NewVoice(_checked(name), params.language)
        return training.create(caller, new, params, data, callback_url=None)
    return training.submit(caller, voice, params, data, own=not data.clips, callback_url=None)


def _operator_for(owner: str) -> Caller:
    """The operator as an owner's own caller, who sees nothing of other owners."""
    return Caller(OPERATOR.id, ("speak", "train"), check_owner(owner))


def _checked(name: str) -> str:
    try:
        return TypeAdapter[str](VoiceName).validate_python(name)
    except ValidationError:
        raise OptionError(
            "--name has 1 to 100 characters, none of them a slash or a control character; "
            "choose another."
        ) from None
