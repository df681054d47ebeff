"""What a process that works on jobs opens, from the settings that the server has."""

from collections.abc import Iterator
from contextlib import contextmanager

from mynah.config import Settings
from mynah.engine.folder import model_id
from mynah.jobs.folders import JobFolders
from mynah.jobs.kinds.train import TrainKind
from mynah.jobs.leases import Leases
from mynah.jobs.worker import WorkerContext
from mynah.service.data import open_data
from mynah.service.versions.promotion import PromotionRules
from mynah.service.versions.version import Versions
from mynah.service.voices import Voices
from mynah.storage.blobs import FileBlobs, FileWeights
from mynah.storage.migrate import MigrationPolicy


@contextmanager
def open_workshop(
    settings: Settings, policy: MigrationPolicy = MigrationPolicy.CHECK
) -> Iterator[WorkerContext]:
    """A workshop for as long as it is entered.

    Raises:
        StorageError: the data cannot be used, or needs more than the policy allows.
    """
    records = open_data(settings, policy)
    storage, folders = FileBlobs(settings.data / "audio"), FileWeights(settings.versions)
    room = TrainKind(
        trainer=settings.trainer,
        model=settings.model,
        promotion=PromotionRules(
            settings.promotion_similarity_loss,
            settings.promotion_word_error_rise,
            settings.promotion_phoneme_error_rise,
        ),
        records=records,
        voices=Voices(records, storage, folders),
        versions=Versions(records, model_id(settings.model)),
        storage=storage,
        folders=folders,
    )
    try:
        yield WorkerContext(
            records, Leases(records, settings.lease_seconds), JobFolders(settings.jobs), room
        )
    finally:
        records.dispose()
