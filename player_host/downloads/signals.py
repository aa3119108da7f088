"""From the threads of plug-ins to the event loop."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

import anyio
from anyio.lowlevel import checkpoint

T = TypeVar("T")


class Signal:
    """Wakes everybody who waits on the event loop; any thread may fire it.

    Made on the event loop. Firing twice before the loop ran wakes once.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = anyio.Event()
        self._pending = False

    def fire(self) -> None:
        """Wake the waiting; harmless after the loop was closed."""
        if self._pending or self._loop.is_closed():
            return
        self._pending = True
        self._loop.call_soon_threadsafe(self._wake)

    async def wait(self) -> None:
        """Wait for the next firing. Check the condition again after it."""
        await self._event.wait()

    def _wake(self) -> None:
        self._pending = False
        fired, self._event = self._event, anyio.Event()
        fired.set()


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
