"""Who plays when: side by side, but for what has to be alone, since it is about time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio


class Turns:
    """Shared by all that plays on one event loop; nobody waits for ever.

    Who wants to be alone lets nobody begin any more, and waits for those that have begun.
    """

    def __init__(self) -> None:
        self._changed = anyio.Condition()
        self._playing = 0
        self._is_reserved = False

    @asynccontextmanager
    async def beside_others(self) -> AsyncIterator[None]:
        """Play while others do."""
        async with self._changed:
            while self._is_reserved:
                await self._changed.wait()
            self._playing += 1
        try:
            yield
        finally:
            await self._tell(playing=-1)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Play while nobody else does."""
        async with self._changed:
            while self._is_reserved:
                await self._changed.wait()
            self._is_reserved = True
            try:
                while self._playing:
                    await self._changed.wait()
            except BaseException:
                self._is_reserved = False
                raise
        try:
            yield
        finally:
            await self._tell(playing=0, reserved=False)

    async def _tell(self, playing: int, *, reserved: bool | None = None) -> None:
        with anyio.CancelScope(shield=True):
            async with self._changed:
                self._playing += playing
                if reserved is not None:
                    self._is_reserved = reserved
                self._changed.notify_all()
