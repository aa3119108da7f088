"""The Player's side of the callback of one plug-in instance.

Every call of the instance passes here on its way to the session: not after its release or its
loss (T1-LIFE-04), not beyond its allowance, and with no secret in words of its own.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from attrs import evolve

from partner_api import calls
from partner_api.calls import CallbackCall, Return
from partner_api.hresult import RPC_E_CALL_REJECTED, RPC_E_DISCONNECTED
from partner_api.proxy import CallbackPort
from partner_api.stub import presentable
from player_host.log import get_logger
from player_host.plugins.output import Scrubber
from player_host.units import Seconds

FIRST_ALLOWANCE: Final = 20_000
CALLS_PER_SECOND: Final = 100.0
CALLS_PER_TRACK: Final = 16
CHARACTERS_PER_CALL: Final = 65_536
"""A call with longer texts counts as several."""

MOST_REJECTED: Final = 50_000
"""So many rejected calls show that the instance is past help."""

_log = get_logger(__name__)


class Allowance:
    """How many calls an instance may make: some at once, some a second, and some for each track.

    The documents set no bound. This one is far above what a download needs, and keeps a plug-in
    that calls in a circle from filling transcript and disk.
    """

    def __init__(self) -> None:
        self._left = float(FIRST_ALLOWANCE)
        self._asked_at = Seconds(time.monotonic())

    def grant_tracks(self, count: int) -> None:
        """Allow the calls that so many requested tracks need."""
        self._left += CALLS_PER_TRACK * count

    def take(self, weight: int = 1) -> bool:
        """Take one call, or one that counts as several; False if there are not so many left."""
        if self._left < weight:
            now = Seconds(time.monotonic())
            self._left += (now - self._asked_at) * CALLS_PER_SECOND
            self._asked_at = now
        if self._left < weight:
            return False
        self._left -= weight
        return True


class InstancePort:
    """Stands between one instance and the session's port. Any thread of the plug-in may call.

    Args:
        name: the plug-in's name.
        port: answers what passes.
        scrubber: takes secrets out.
        on_flood: told, once, that the instance does not stop making calls that are rejected.
        note_rejection: writes the first of a row of rejected calls into the transcript.
    """

    def __init__(
        self,
        name: str,
        port: CallbackPort,
        scrubber: Scrubber,
        *,
        on_flood: Callable[[], None],
        note_rejection: Callable[[CallbackCall, Return], None],
    ) -> None:
        self._name = name
        self._port = port
        self._scrubber = scrubber
        self._on_flood = on_flood
        self._note_rejection = note_rejection
        self._lock = threading.Lock()
        self._allowance = Allowance()
        self._connected = True
        self._rejected = 0
        self._rejecting = False

    @property
    def connected(self) -> bool:
        """Whether calls still pass."""
        return self._connected

    def disconnect(self) -> None:
        """Let nothing pass any more; called after `SetCallback(None)` or at the loss."""
        self._connected = False

    def grant_tracks(self, count: int) -> None:
        """Allow the calls that so many requested tracks need."""
        with self._lock:
            self._allowance.grant_tracks(count)

    def receive(self, call: CallbackCall) -> Return:
        """Answer one call of the plug-in."""
        if not self._connected:
            return Return(RPC_E_DISCONNECTED)
        with self._lock:
            allowed = self._allowance.take(_weight(call))
            first, self._rejecting = not allowed and not self._rejecting, not allowed
            self._rejected += not allowed
            flooded = self._rejected == MOST_REJECTED and not allowed
        if allowed:
            return self._port.receive(self._scrubbed(call))
        return self._reject(call, first=first, flooded=flooded)

    def _reject(self, call: CallbackCall, *, first: bool, flooded: bool) -> Return:
        answer = Return(RPC_E_CALL_REJECTED)
        if first:
            self._note_rejection(self._scrubbed(call), answer)
            _log.warning("partner.calls_rejected", partner=self._name, method=call.method)
        if flooded:
            self._on_flood()
        return answer

    def _scrubbed(self, call: CallbackCall) -> CallbackCall:
        if isinstance(call, calls.Malformed | calls.MalformedAnswer):
            return evolve(call, problem=presentable(self._scrubber.scrub(call.problem)))
        return call


def _weight(call: CallbackCall) -> int:
    texts = (value for value in call.arguments if isinstance(value, str))
    return 1 + sum(map(len, texts)) // CHARACTERS_PER_CALL
