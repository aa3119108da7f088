"""Many tasks' work in batches: while one is under way on a thread, the next one gathers.

What costs the same for one as for many, such as bringing a folder to the disk, is done once for all
who wait for it, and a task that comes alone does not wait for others.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

import anyio
import anyio.to_thread
from attrs import define, field

T = TypeVar("T")
R = TypeVar("R")

MOST_IN_A_BATCH: Final = 64


@define(eq=False)
class _Waiting(Generic[T, R]):
    item: T
    turn: anyio.Event = field(factory=anyio.Event)
    outcome: list[R | Exception] = field(factory=list)


class Batches(Generic[T, R]):
    """Does work for tasks of one event loop.

    Args:
        work: does a batch, on a thread; returns for each item, in order, what came of it, or the
            exception that it ended with. One that it raises instead ends every item of the batch.
        at_once: how many batches may be under way at the same time.
    """

    def __init__(
        self, work: Callable[[Sequence[T]], Sequence[R | Exception]], *, at_once: int = 1
    ) -> None:
        self._work = work
        self._free = at_once
        self._waiting: deque[_Waiting[T, R]] = deque()

    async def do(self, item: T) -> R:
        """Have an item done, together with those that wait as well; is not cancelled meanwhile.

        Raises:
            Exception: whatever the item ended with.
        """
        own = _Waiting[T, R](item)
        with anyio.CancelScope(shield=True):
            if self._free:
                self._free -= 1
            else:
                self._waiting.append(own)
                await own.turn.wait()
            if not own.outcome:
                await self._lead(own)
        outcome = own.outcome[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def _lead(self, own: _Waiting[T, R]) -> None:
        """Do a batch for all who wait; of those who came meanwhile the first leads the next."""
        more = min(len(self._waiting), MOST_IN_A_BATCH - 1)
        batch = [own, *(self._waiting.popleft() for _ in range(more))]
        outcomes: Sequence[R | Exception]
        try:
            outcomes = await anyio.to_thread.run_sync(self._work, [one.item for one in batch])
        except Exception as error:
            outcomes = [error] * len(batch)
        for one, outcome in zip(batch, outcomes, strict=True):
            one.outcome.append(outcome)
            one.turn.set()
        if self._waiting:
            self._waiting.popleft().turn.set()
        else:
            self._free += 1
