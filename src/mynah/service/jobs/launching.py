"""Who has jobs worked on: this process by its children, or workers by a broker."""

from typing import BinaryIO

from sqlalchemy import Engine

from mynah.config import Settings
from mynah.service.jobs.children import Children
from mynah.service.jobs.leases import Leases
from mynah.service.jobs.runner import Launcher, missing_celery


def open_launcher(
    settings: Settings, records: Engine, leases: Leases, log: BinaryIO | None = None
) -> Launcher:
    """The launcher that settings ask for.

    Args:
        settings: whether there is a broker.
        records: the database.
        leases: of it.
        log: of children; this process's own if not given.

    Raises:
        OptionError: there is a broker, and Celery is not installed.
    """
    if not settings.broker_url:
        return Children(settings, records, leases, log)
    try:
        from mynah.service.jobs.cluster import CeleryLauncher  # noqa: PLC0415 - an extra
    except ImportError:
        raise missing_celery() from None
    return CeleryLauncher(settings, records)
