"""How far downloads are: values for whoever shows them."""

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from attrs import define, field, frozen

from partner_api.transaction import TrackState
from player_host.units import ByteCount, Seconds

RATE_WINDOW: Final = Seconds(5.0)


@frozen
class DownloadProgress:
    """How far a request is.

    Attributes:
        counts: tracks by state.
        received: bytes of its running and finished transfers.
        expected: bytes announced for them, None while nothing was announced.
        rate: bytes a second over the last seconds.
    """

    counts: dict[TrackState, int]
    received: ByteCount
    expected: ByteCount | None
    rate: float

    @property
    def total(self) -> int:
        """How many tracks there are."""
        return sum(self.counts.values())

    @property
    def settled(self) -> int:
        """How many of them nothing more will happen to."""
        return sum(n for state, n in self.counts.items() if state.settled)

    @property
    def remaining(self) -> Seconds | None:
        """Estimated time for what is announced, None where nothing can be said."""
        if self.expected is None or self.rate <= 0:
            return None
        return Seconds(max(self.expected - self.received, 0) / self.rate)


@define
class RateMeter:
    """Bytes a second over a sliding window of real time."""

    now: Callable[[], float] = time.monotonic
    _samples: deque[tuple[float, int]] = field(factory=deque)
    _sum: int = 0

    def add(self, count: int) -> None:
        """Note that bytes arrived."""
        self._samples.append((self.now(), count))
        self._sum += count
        self._expire()

    @property
    def rate(self) -> float:
        """Bytes a second."""
        self._expire()
        if not self._samples:
            return 0.0
        return self._sum / max(self.now() - self._samples[0][0], 0.1)

    def _expire(self) -> None:
        horizon = self.now() - RATE_WINDOW
        while self._samples and self._samples[0][0] < horizon:
            self._sum -= self._samples.popleft()[1]
