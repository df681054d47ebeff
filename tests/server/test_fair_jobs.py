"""Jobs and webhooks of several owners: each owner in turn, whatever the others have waiting."""

import time

from sqlalchemy import insert
from test_webhooks import LOOPBACK, receiving, wait_until
from training_jobs import IDLE

from mynah.jobs.leases import Leases
from mynah.storage.database import open_database
from mynah.storage.tables import deliveries, jobs


def queued(number: int, owner: str, **facts: object) -> dict[str, object]:
    return {
        "id": f"job_{number:03}", "kind": "train", "caller": f"key of {owner}", "voice_id": "v",
        "request": {}, "callback_url": None, "state": "queued", "progress": {}, "attempts": 0,
        "fruitless": 0, "cancelling": False, "fence": 0, "created_at": number, "owner": owner,
        "lease_until": None, **facts,
    }  # fmt: skip


def test_jobs_of_owners_are_worked_on_in_turn(tmp_path):
    records = open_database(f"sqlite:///{tmp_path / 'mynah.db'}")
    rows = [queued(number, "A") for number in range(8)]
    rows += [queued(8, "B"), queued(9, "B"), queued(10, "C")]
    with records.begin() as connection:
        connection.execute(insert(jobs), rows)
    leases = Leases(records, 30)
    order = [int(job[-3:]) for job in leases.waiting(100)]
    assert order == [0, 8, 10, 1, 9, 2, 3, 4, 5, 6, 7]
    # Whose job is being worked on has had a turn; one whose worker died has not.
    leases.take("job_000", "somebody")
    assert [int(job[-3:]) for job in leases.waiting(3)] == [8, 10, 1]
    with records.begin() as connection:
        connection.execute(jobs.update().where(jobs.c.id == "job_000").values(lease_until=1))
    assert [int(job[-3:]) for job in leases.waiting(3)] == [0, 8, 10]
    assert leases.waiting(1) == ["job_000"]


def test_a_slow_receiver_delays_no_other_owners_webhooks(start):
    server = start(**IDLE, **LOOPBACK | {"webhook_seconds": 20})
    stores, secrets = server.services.stores, server.services.webhook_secrets
    slow_key, _ = stores.keys.create("slow", ["train"], None, "A")
    good_key, _ = stores.keys.create("good", ["train"], None, "B")
    for key in (slow_key, good_key):
        secrets.renew(key.id)
    with receiving() as (slow_url, slow), receiving() as (good_url, good):
        slow.hang.clear()
        rows = [due(f"dlv_{n:03}", slow_key, slow_url) for n in range(100)]
        with stores.records.begin() as connection:
            connection.execute(insert(deliveries), rows)
        wait_until(lambda: slow.seen)
        with stores.records.begin() as connection:
            connection.execute(insert(deliveries), [due("dlv_good", good_key, good_url)])
        began = time.monotonic()
        wait_until(lambda: good.seen, seconds=10)
        assert time.monotonic() - began < 10
        assert len(slow.seen) < 100


def due(delivery_id: str, key, url: str) -> dict[str, object]:
    return {
        "id": delivery_id, "caller": key.id, "job_id": "job", "url": url, "body": "{}",
        "state": "pending", "attempts": 0, "next_at": 0.0, "created_at": 0, "owner": key.owner,
    }  # fmt: skip
