"""Work in batches: each item is done once, whatever comes together, fails or is cancelled."""

import threading

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from player_host.batches import MOST_IN_A_BATCH, Batches

pytestmark = pytest.mark.anyio


def doubled(numbers):
    """Twice each number; a negative one ends with an error of its own."""
    return [ValueError(number) if number < 0 else 2 * number for number in numbers]


class Gate:
    """Work whose first batch waits until it is let through."""

    def __init__(self):
        self.batches = []
        self.begun = anyio.Event()
        self._open = threading.Event()

    def let_through(self):
        self._open.set()

    def __call__(self, items):
        self.batches.append(list(items))
        anyio.from_thread.run_sync(self.begun.set)
        assert self._open.wait(10)
        return items


async def gathered(batches, gate, items):
    """Have the first item done alone, and the others while it is under way."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(batches.do, items[0])
        await gate.begun.wait()
        for item in items[1:]:
            tasks.start_soon(batches.do, item)
        await anyio.wait_all_tasks_blocked()
        gate.let_through()


async def test_what_comes_while_a_batch_is_under_way_is_done_together():
    gate = Gate()
    await gathered(Batches(gate), gate, list(range(5)))
    assert gate.batches == [[0], [1, 2, 3, 4]]


async def test_a_batch_has_a_bound():
    gate = Gate()
    await gathered(Batches(gate), gate, list(range(MOST_IN_A_BATCH + 3)))
    assert [len(batch) for batch in gate.batches] == [1, MOST_IN_A_BATCH, 2]


async def test_an_item_that_fails_takes_no_other_with_it():
    batches = Batches(doubled)
    found = {}

    async def note(number):
        try:
            found[number] = await batches.do(number)
        except ValueError as error:
            found[number] = str(error)

    async with anyio.create_task_group() as tasks:
        for number in (1, -2, 3):
            tasks.start_soon(note, number)
    assert found == {1: 2, -2: "-2", 3: 6}


async def test_an_error_of_the_work_itself_ends_every_item_of_its_batch_and_no_other():
    def work(items):
        if 1 in items:
            raise OSError("the disk")
        return items

    batches = Batches(work)
    with pytest.raises(OSError, match="the disk"):
        await batches.do(1)
    assert await batches.do(2) == 2


async def test_who_is_cancelled_meanwhile_leaves_no_other_waiting():
    gate = Gate()
    batches, done = Batches(gate), []

    async def note(item):
        done.append(await batches.do(item))

    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as cancelled:
                cancelled.start_soon(batches.do, 0)
                cancelled.start_soon(batches.do, 1)
                await gate.begun.wait()
                tasks.start_soon(note, 2)
                await anyio.wait_all_tasks_blocked()
                scope.cancel()
                gate.let_through()
    assert done == [2]


@given(st.lists(st.tuples(st.integers(-5, 100), st.integers(0, 3)), max_size=30), st.integers(1, 3))
async def test_each_item_gets_what_came_of_it(wanted, at_once):
    batches, found = Batches(doubled, at_once=at_once), [None] * len(wanted)

    async def note(place, number, pause):
        for _ in range(pause):
            await anyio.lowlevel.checkpoint()
        try:
            found[place] = await batches.do(number)
        except ValueError as error:
            found[place] = error.args[0]

    async with anyio.create_task_group() as tasks:
        for place, (number, pause) in enumerate(wanted):
            tasks.start_soon(note, place, number, pause)
    assert found == [n if n < 0 else 2 * n for n, _ in wanted]
