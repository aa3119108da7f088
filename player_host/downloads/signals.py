"""From the threads of plug-ins to the event loop."""

import asyncio
import threading
from collections import deque
from typing import Final, Generic, TypeVar

from anyio.lowlevel import checkpoint

from player_host.units import Seconds

NO_REST: Final = Seconds(0.0)

T = TypeVar("T")


class Signal:
    """Wakes everybody who waits on the event loop; any thread may fire it.

    Made on the event loop. Firings while the loop is on its way to the waiting, and during the
    rest that follows, wake once: a plug-in that answers ten thousand times a second must not have
    to share the interpreter with a loop that wakes as often.

    Args:
        rest: how long after a wake the next one waits at least.
    """

    def __init__(self, rest: Seconds = NO_REST) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._event = asyncio.Event()
        self._rest = rest
        self._fired = False
        self._awake = False

    def fire(self) -> None:
        """Wake the waiting; harmless after the loop was closed."""
        self._fired = True
        if self._awake or self._loop.is_closed():
            return
        self._awake = True
        if threading.get_ident() == self._thread:
            self._loop.call_soon(self._wake)
        else:
            self._loop.call_soon_threadsafe(self._wake)

    async def wait(self) -> None:
        """Wait for the next firing. Check the condition again after it."""
        await self._event.wait()

    def _wake(self) -> None:
        self._fired = False
        fired, self._event = self._event, asyncio.Event()
        fired.set()
        if self._rest:
            self._loop.call_later(self._rest, self._end_rest)
        else:
            self._end_rest()

    def _end_rest(self) -> None:
        # In this order: a firing that still sees the rest has left its mark before.
        self._awake = False
        if self._fired:
            self._awake = True
            self._loop.call_soon(self._wake)


class Inbox(Generic[T]):
    """A queue that any thread may fill and tasks of the event loop empty."""

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._signal = Signal()

    def put(self, item: T) -> None:
        """Add an item, from any thread."""
        self._items.append(item)
        self._signal.fire()

    async def get(self) -> T:
        """Take the oldest item; wait for one if there is none.

        Also where there is one, a cancellation is noticed first.
        """
        await checkpoint()
        while True:
            try:
                return self._items.popleft()
            except IndexError:
                await self._signal.wait()

    def take(self, most: int) -> list[T]:
        """Take what is there, `most` items at the most, without waiting."""
        taken: list[T] = []
        while self._items and len(taken) < most:
            taken.append(self._items.popleft())
        return taken
