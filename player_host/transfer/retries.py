"""After which errors a transfer is attempted again, and how long it waits before; no I/O.

Waits double from one failure in a row to the next and are drawn from nothing up to that bound
("full jitter"), so that many transfers that failed together do not come back together.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final

from partner_api.hresult import HRESULT
from player_host.transfer import faults
from player_host.transfer.policy import COUNTED_PROGRESS, TransferPolicy
from player_host.units import ByteCount, Seconds

MAX_DOUBLINGS: Final = 32


class Retries:
    """The failures of one transfer.

    Attributes:
        has_progressed: whether more came before the last failure than ever before.

    Args:
        policy: how many in a row, and the bounds of the waits.
        jitter: a number from 0 to 1 for each wait.
        kept: bytes that lie there before the first attempt.
    """

    def __init__(
        self, policy: TransferPolicy, jitter: Callable[[], float], kept: ByteCount
    ) -> None:
        self._policy = policy
        self._jitter = jitter
        self.has_progressed = False
        self._best = kept
        self._in_a_row = 0
        self._limited: Counter[HRESULT] = Counter()

    def is_final(self, hr: HRESULT, kept: ByteCount) -> bool:
        """Count a failed attempt, and say whether it was the last one.

        Args:
            hr: how it ended.
            kept: bytes that may be continued from; more than ever before begin the count anew.
        """
        self.has_progressed = kept >= self._best + COUNTED_PROGRESS
        self._best = max(self._best, kept)
        self._in_a_row = 1 if self.has_progressed else self._in_a_row + 1
        limit = faults.attempts_at_most(hr)
        if limit is not None:
            self._limited[hr] += 1
            return self._limited[hr] >= limit
        return self._in_a_row >= self._policy.attempts or not faults.is_transient(hr)

    def wait(self, asked: float) -> Seconds:
        """Return how long to wait before the next attempt.

        Args:
            asked: for how many seconds the server asks to be left alone; 0 where it does not.
        """
        policy = self._policy
        doubled = policy.backoff * 2 ** min(self._in_a_row - 1, MAX_DOUBLINGS)
        drawn = min(doubled, policy.longest_backoff) * self._jitter()
        return Seconds(min(max(drawn, asked), policy.longest_backoff))
