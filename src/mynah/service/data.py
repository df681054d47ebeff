"""The data that the settings name: a folder whose format is known, and its database."""

from sqlalchemy import Engine, make_url

from mynah.config import Settings
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
