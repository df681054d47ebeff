"""Stores of a server's data, opened in one place for servers, workers and commands.

Importing it loads neither torch nor a web framework, so that commands answer at once.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cached_property

from sqlalchemy import Engine, make_url

from mynah.config import Settings
from mynah.jobs.events import JobEvents
from mynah.jobs.folders import JobFolders
from mynah.jobs.kinds.train import TrainKind
from mynah.jobs.leases import Leases
from mynah.jobs.worker import WorkerContext
from mynah.server.access.keys import Keys
from mynah.server.jobs.service import JobService
from mynah.server.jobs.training import TrainingRules, TrainingService
from mynah.server.versions.promotion import PromotionRules
from mynah.server.versions.publishing import Publisher
from mynah.server.versions.store import VersionStore
from mynah.server.voices.owners import Owners
from mynah.server.voices.sharing import Sharing
from mynah.server.voices.store import VoiceStore
from mynah.storage.blob_urls import open_blobs
from mynah.storage.blobs import BlobStore, WeightStore
from mynah.storage.data_folder import check_format, make_data_folder
from mynah.storage.database import open_database
from mynah.storage.migrate import MigrationPolicy, check


class Stores:
    """Rows, recordings and weights, and what reads and writes them for any caller.

    Args:
        settings: of the server whose data they are.
        records: the database.
        blobs: stores of recordings and of weights.
    """

    def __init__(
        self, settings: Settings, records: Engine, blobs: tuple[BlobStore, WeightStore]
    ) -> None:
        self.settings = settings
        self.records = records
        self.blobs, self.weights = blobs
        self.keys = Keys(records)
        self.voices = VoiceStore(records, self.blobs, self.weights)
        self.sharing = Sharing(records)
        self.owners = Owners(records)
        self.leases = Leases(records, settings.lease_seconds)
        self.job_folders = JobFolders(settings.jobs)
        self.job_events = JobEvents(records)
        self.jobs = JobService(records, settings.jobs_per_key)
        rules = TrainingRules(settings.train_shortest_seconds, settings.train_longest_seconds)
        self.training = TrainingService(
            records, self.blobs, self.voices, self.jobs, rules, settings.upload_recordings
        )

    @cached_property
    def base_model(self) -> str:
        """Name of the model that speaks; every byte of its files is read for it."""
        from mynah.engine.folder import model_id  # noqa: PLC0415 - torch is heavy

        return model_id(self.settings.model)

    @cached_property
    def versions(self) -> VersionStore:
        """The versions of voices, made of that model."""
        return VersionStore(self.records, self.base_model)

    def close(self) -> None:
        """Close the connections to the database."""
        self.records.dispose()


def open_stores(settings: Settings, policy: MigrationPolicy = MigrationPolicy.CREATE) -> Stores:
    """The stores of a data folder, which is not made if it is not there.

    Raises:
        StorageError: folder, bucket or database cannot be used, or need more than the policy
            allows.
        OptionError: the URL of the blobs is none.
    """
    check_format(settings.data)
    blobs = open_blobs(settings.blobs, settings.fetched, settings.fetched_version_bytes)
    return Stores(settings, open_database(settings.database, policy), blobs)


def make_stores(settings: Settings, policy: MigrationPolicy = MigrationPolicy.CREATE) -> Stores:
    """The stores of a data folder, which is made if it is not there; see `open_stores`."""
    make_data_folder(settings.data)
    return open_stores(settings, policy)


def make_server_stores(settings: Settings) -> Stores:
    """The stores of a server that starts: made or upgraded if need be, and checked.

    Raises:
        StorageError: the data cannot be made or used, or may not be upgraded by a server.
    """
    stores = make_stores(settings, server_policy(settings))
    check(settings.database)
    return stores


def server_policy(settings: Settings) -> MigrationPolicy:
    """The most that a server may change in its database's schema when it starts."""
    # A file is copied before it is upgraded; a server of databases is somebody else's to back up.
    is_file = make_url(settings.database).get_backend_name() == "sqlite"
    usual = "auto" if is_file else "manual"
    upgrades = (settings.database_upgrade or usual) == "auto"
    return MigrationPolicy.UPGRADE if upgrades else MigrationPolicy.CREATE


@contextmanager
def open_worker(settings: Settings) -> Iterator[WorkerContext]:
    """Open the context of workers; it changes no schema.

    Raises:
        StorageError: the data cannot be used, or are not at the newest revision.
    """
    with closing(open_stores(settings, MigrationPolicy.CHECK)) as stores:
        promotion = PromotionRules(
            settings.promotion_similarity_loss,
            settings.promotion_word_error_rise,
            settings.promotion_phoneme_error_rise,
        )
        publisher = Publisher(
            stores.records, stores.voices, stores.versions, stores.blobs, stores.weights, promotion
        )
        train = TrainKind(settings.trainer, settings.model, publisher)
        yield WorkerContext(stores.records, stores.leases, stores.job_folders, {train.name: train})
