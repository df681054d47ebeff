"""What works on a data folder opens: the folder itself, and the context of workers."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, make_url

from mynah.config import Settings
from mynah.engine.folder import model_id
from mynah.jobs.folders import JobFolders
from mynah.jobs.kinds.train import TrainKind
from mynah.jobs.leases import Leases
from mynah.jobs.worker import WorkerContext
from mynah.server.versions.promotion import PromotionRules
from mynah.server.versions.store import VersionStore
from mynah.server.voices.store import VoiceStore
from mynah.storage.blobs import FileBlobs, FileWeights
from mynah.storage.data_folder import check_format
from mynah.storage.database import open_database
from mynah.storage.migrate import MigrationPolicy


def open_data(settings: Settings, policy: MigrationPolicy = MigrationPolicy.CREATE) -> Engine:
    """The database, once it is known that the data folder can be read.

    Raises:
        StorageError: the folder or the database cannot be used, or needs more than the policy
            allows.
    """
    check_format(settings.data)
    return open_database(settings.database, policy)


def server_policy(settings: Settings) -> MigrationPolicy:
    """The most that a server may change in its database's schema when it starts."""
    # A file is copied before it is upgraded; a server of databases is somebody else's to back up.
    is_file = make_url(settings.database).get_backend_name() == "sqlite"
    usual = "auto" if is_file else "manual"
    upgrades = (settings.database_upgrade or usual) == "auto"
    return MigrationPolicy.UPGRADE if upgrades else MigrationPolicy.CREATE


@contextmanager
def open_worker(
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
        voices=VoiceStore(records, storage, folders),
        versions=VersionStore(records, model_id(settings.model)),
        storage=storage,
        folders=folders,
    )
    try:
        yield WorkerContext(
            records, Leases(records, settings.lease_seconds), JobFolders(settings.jobs), room
        )
    finally:
        records.dispose()
