"""Plays go side by side; who is alone is alone, and nobody waits for ever."""

from contextlib import suppress

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from player_host.conformance.turns import Turns


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 3)), max_size=12))
def test_who_is_alone_meets_nobody_and_all_get_their_turn(plays) -> None:
    present: list[int] = []
    over: list[int] = []

    async def play(turns: Turns, number: int, *, alone: bool, fails: bool, steps: int) -> None:
        with suppress(ZeroDivisionError):
            async with turns.alone() if alone else turns.beside_others():
                present.append(number)
                for _ in range(steps):
                    await anyio.lowlevel.checkpoint()
                    assert present == [number] or not alone
                present.remove(number)
                _ = 1 / (not fails)
        over.append(number)

    async def all_of_them() -> None:
        turns = Turns()
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                for number, (alone, fails, steps) in enumerate(plays):
                    what = {"alone": alone, "fails": fails, "steps": steps}
                    tasks.start_soon(lambda n=number, w=what: play(turns, n, **w))

    anyio.run(all_of_them)
    assert sorted(over) == list(range(len(plays)))


@pytest.mark.parametrize("waits_alone", [True, False])
def test_whoever_gives_up_waiting_keeps_nobody_out(waits_alone: bool) -> None:
    async def give_up() -> bool:
        turns = Turns()
        async with turns.beside_others() if waits_alone else turns.alone():
            with anyio.move_on_after(0.01):
                async with turns.alone() if waits_alone else turns.beside_others():
                    return False
        with anyio.fail_after(10):
            async with turns.alone():
                return True

    assert anyio.run(give_up)


def test_two_play_side_by_side() -> None:
    async def meet() -> None:
        turns = Turns()
        with anyio.fail_after(10):
            async with turns.beside_others(), turns.beside_others():
                pass

    anyio.run(meet)
