"""From many threads to the event loop: nobody who waits is forgotten, and a flood wakes seldom."""

import threading

import anyio
import pytest
from anyio.to_thread import run_sync

from player_host.downloads.signals import Inbox, Signal
from player_host.units import Seconds

pytestmark = pytest.mark.anyio

REST = Seconds(0.02)
FIRINGS = 2_000
ITEMS = 5_000
THREADS = 4


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def test_a_firing_wakes_everybody_who_waits() -> None:
    signal, woken = Signal(), []

    async def wait(number: int) -> None:
        await signal.wait()
        woken.append(number)

    async with anyio.create_task_group() as tasks:
        for number in range(3):
            tasks.start_soon(wait, number)
        await anyio.wait_all_tasks_blocked()
        await run_sync(signal.fire)
    assert sorted(woken) == [0, 1, 2]


@pytest.mark.parametrize("rest", [Seconds(0.0), REST])
async def test_what_was_changed_before_a_firing_is_seen_after_a_wake(rest: Seconds) -> None:
    signal, count = Signal(rest), [0]

    def change() -> None:
        for _ in range(FIRINGS):
            count[0] += 1
            signal.fire()

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run_sync, change)
            while count[0] < FIRINGS:
                await signal.wait()


async def test_a_signal_that_rests_wakes_nobody() -> None:
    signal = Signal(rest=Seconds(60.0))
    signal.fire()
    await signal.wait()
    for _ in range(FIRINGS):
        signal.fire()
    with anyio.move_on_after(0.1) as waiting:
        await signal.wait()
    assert waiting.cancelled_caught


async def test_an_inbox_gives_every_item_of_every_thread_once() -> None:
    inbox: Inbox[int] = Inbox()

    def fill(first: int) -> None:
        for item in range(first, first + ITEMS):
            inbox.put(item)

    threads = [threading.Thread(target=fill, args=(n * ITEMS,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    with anyio.fail_after(30):
        taken = [await inbox.get() for _ in range(THREADS * ITEMS)]
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(THREADS * ITEMS))
