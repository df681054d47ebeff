"""Claims: a row that is due is taken by one of many, and again when its claim is over."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext

import loopback
import pytest
from sqlalchemy import and_, delete, insert

from mynah.config import Settings
from mynah.jobs.completion import complete_job
from mynah.jobs.folders import JobFolders, clear_jobs
from mynah.server.access.keys import Caller
from mynah.server.stores import make_stores
from mynah.storage.claims import claim
from mynah.storage.clock import clock
from mynah.storage.database import now, open_database
from mynah.storage.tables import deliveries, jobs

OPERATOR = Caller("operator", ("admin",))
DUE = and_(deliveries.c.state == "pending", deliveries.c.next_at <= clock())


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request, tmp_path_factory):
    file = f"sqlite:///{tmp_path_factory.mktemp('claims') / 'mynah.db'}"
    with loopback.postgres() if request.param == "postgres" else nullcontext(file) as url:
        engine = open_database(url)
        yield engine
        engine.dispose()


@pytest.fixture
def records(database):
    with database.begin() as connection:
        connection.execute(delete(deliveries))
    return database


@pytest.fixture
def insert_due(records):
    """Inserts deliveries that are due, the last ones first."""

    def insert_due(count):
        rows = [
            {
                "id": f"msg_{number:02}", "caller": "", "job_id": "", "url": "", "body": "",
                "state": "pending", "attempts": 0, "next_at": 1000 - number, "created_at": now(),
            }
            for number in range(count)
        ]  # fmt: skip
        with records.begin() as connection:
            connection.execute(insert(deliveries), rows)
        return [row["id"] for row in rows]

    return insert_due


@pytest.fixture
def take(records):
    def take(limit, seconds=3600.0):
        with records.begin() as connection:
            later = {"next_at": clock() + seconds}
            rows = claim(connection, deliveries, DUE, later, deliveries.c.next_at, limit)
        return [row["id"] for row in rows]

    return take


def test_of_many_who_claim_at_once_one_gets_each_row(insert_due, take):
    ids = insert_due(40)
    with ThreadPoolExecutor(8) as pool:
        taken = Counter(each for ids in pool.map(lambda _: take(5), range(40)) for each in ids)
    rest = Counter(take(40))
    assert taken + rest == Counter(ids)


def test_the_first_ones_by_the_order_go_first(insert_due, take):
    ids = insert_due(5)
    assert take(2) == ids[3:]
    assert take(9) == ids[:3]
    assert take(9) == []


def test_a_claim_is_due_again_when_its_time_is_over(insert_due, take):
    ids = insert_due(3)
    assert take(3, seconds=-1) == ids
    assert take(3) == ids


def test_a_claim_that_is_rolled_back_was_none(records, insert_due, take):
    ids = insert_due(2)
    with pytest.raises(ZeroDivisionError), records.begin() as connection:
        claim(connection, deliveries, DUE, {"state": "failed"}, deliveries.c.id, 2)
        raise ZeroDivisionError
    assert take(2) == ids


@pytest.fixture
def stores(tmp_path):
    with closing(make_stores(Settings(data=tmp_path / "data"))) as stores:
        yield stores


def test_a_folder_that_is_cleared_leaves_what_a_retry_has_begun(stores):
    with stores.records.begin() as connection:
        job = stores.jobs.add(connection, OPERATOR, "train", "ljspeech", {}, None)
    lease = stores.leases.take(job, "a")
    stores.job_folders.begin(job, lease.fence, None)
    stores.leases.keep(lease)
    with stores.records.begin() as connection:
        complete_job(connection, jobs.c.id == job, "failed", error={"code": "", "message": ""})

    class Folders(JobFolders):
        def remove_up_to(self, job_id, attempt):
            stores.jobs.retry(OPERATOR, job_id)
            again = stores.leases.take(job_id, "b")
            assert again.job.checkpoint is None
            self.begun = self.begin(job_id, again.fence, again.job.checkpoint)
            super().remove_up_to(job_id, attempt)

    folders = Folders(stores.settings.jobs)
    clear_jobs(stores.records, folders, -1)
    assert [*(stores.settings.jobs / job).iterdir()] == [folders.begun]
