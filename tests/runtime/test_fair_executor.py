"""Threads that work for owners in turn: nobody's work fills them all."""

import asyncio
import threading
from contextvars import ContextVar

import pytest

from mynah.runtime.fair_executor import FairExecutor


@pytest.fixture
def executor():
    executor = FairExecutor("test", 4)
    yield executor
    executor.close()


def test_an_owner_with_much_work_leaves_threads_to_others(executor):
    gate, begun = threading.Event(), threading.Semaphore(0)

    def hold():
        begun.release()
        assert gate.wait(5)

    async def scene():
        many = [asyncio.create_task(executor.run("A", hold)) for _ in range(20)]
        await asyncio.to_thread(lambda: [begun.acquire(timeout=5) for _ in range(2)])
        async with asyncio.timeout(2):
            assert await executor.run("B", lambda: "done") == "done"
        assert not begun.acquire(timeout=0.05)
        gate.set()
        await asyncio.gather(*many)

    asyncio.run(scene())


def test_fast_work_goes_before_an_owners_other_work(executor):
    order: list[str] = []
    gate = threading.Event()

    async def scene():
        held = [asyncio.create_task(executor.run("A", lambda: gate.wait(5))) for _ in range(2)]
        await asyncio.sleep(0)
        slow = [asyncio.create_task(executor.run("A", lambda: order.append("slow")))]
        await asyncio.sleep(0)
        fast = asyncio.create_task(executor.run("A", lambda: order.append("fast"), urgent=True))
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*held, *slow, fast)

    asyncio.run(scene())
    assert sorted(order) == ["fast", "slow"] and order[0] == "fast"


def test_callers_who_leave_free_their_turns_and_not_the_threads(executor):
    gate = threading.Event()

    async def scene():
        tasks = [asyncio.create_task(executor.run("A", lambda: gate.wait(5))) for _ in range(5)]
        await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in ended)
        late = asyncio.create_task(executor.run("A", lambda: "late"))
        await asyncio.sleep(0.05)
        assert not late.done()
        gate.set()
        async with asyncio.timeout(2):
            assert await late == "late"

    asyncio.run(scene())


def test_errors_and_the_context_are_the_callers(executor):
    said: ContextVar[str] = ContextVar("said")

    async def scene():
        said.set("hello")
        assert await executor.run("A", said.get) == "hello"
        with pytest.raises(ZeroDivisionError):
            await executor.run("A", lambda: 1 // 0)
        assert await executor.run("A", lambda: 1) == 1

    asyncio.run(scene())
