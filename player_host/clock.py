"""The injected clock: policy timers (retry, expiry) read the time here, never from `time`.

Deadlines of processes, calls and answers use real monotonic time and do not come here
(docs/architecture.md, "Time").
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where a policy timer reads the time."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that a test moves."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the moment to which the clock was moved."""
        return self._now

    def advance(self, duration: timedelta) -> None:
        """Move the clock forward."""
        self._now += duration
