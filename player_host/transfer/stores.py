"""What the transfers from one store have in common: its patience and ours.

A store that asks one transfer to come back later has asked them all, and a store at which one
attempt after the other fails, whatever the file, is not asked again and again for each of them.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

import anyio
from attrs import define

from player_host.clock import Clock
from player_host.transfer.urls import origin_of
from player_host.units import Seconds

MOST_STORES: Final = 1_000
"""So many are remembered; the one that was not asked for longest is forgotten first."""


@define(eq=False)
class _Store:
    slots: anyio.Semaphore
    failures: int = 0
    closed_until: datetime | None = None


class Stores:
    """The stores of one room; a store is scheme, host and port of the URL that was asked for.

    Args:
        clock: says what time it is.
        connections: how many transfers of one store are under way at the same time.
    """

    def __init__(self, clock: Clock, connections: int) -> None:
        self._clock = clock
        self._connections = connections
        self._stores: OrderedDict[str, _Store] = OrderedDict()

    def slots(self, url: str) -> anyio.Semaphore:
        """Return what a transfer from a store has to hold while it is under way."""
        return self._store(url).slots

    def wait(self, url: str, longest: Seconds) -> Seconds:
        """Return how long to leave a store alone that has asked for it.

        Called before every attempt.

        Args:
            url: of a file of the store.
            longest: the bound of the wait.
        """
        until = self._store(url).closed_until
        if until is None:
            return Seconds(0.0)
        left = (until - self._clock.now()).total_seconds()
        return Seconds(min(max(left, 0.0), longest))

    def asked(self, url: str, seconds: float, longest: Seconds) -> None:
        """Note that a store wants to be left alone for so many seconds.

        Args:
            url: of a file of the store.
            seconds: as it has asked.
            longest: the bound of what is granted.
        """
        until = self._clock.now() + timedelta(seconds=min(seconds, longest))
        store = self._store(url)
        store.closed_until = max(store.closed_until or until, until)

    def served(self, url: str) -> None:
        """Note that a store has sent a file, or a good part of one."""
        self._store(url).failures = 0

    def failed(self, url: str, budget: int) -> bool:
        """Note a failed attempt; say whether the store has had its failures.

        Args:
            url: of a file of the store.
            budget: so many attempts in a row may fail, of all its transfers together.
        """
        store = self._store(url)
        store.failures += 1
        return store.failures >= budget

    def _store(self, url: str) -> _Store:
        origin = origin_of(url)
        store = self._stores.pop(origin, None) or _Store(anyio.Semaphore(self._connections))
        self._stores[origin] = store
        if len(self._stores) > MOST_STORES:
            self._stores.popitem(last=False)
        return store
