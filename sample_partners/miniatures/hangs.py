"""Plug-ins that do not come to an end: in a call, in a thread, at the end of their process."""

import atexit
import ctypes
import signal
import threading
import time

from partner_api import (
    HRESULT,
    Capability,
    ContentPartnerCallback,
    ServiceInfo,
    ThreadingModel,
)
from sample_partners.miniatures.miniature import Miniature

FOR_EVER_S = 3_600


class Sleeps(Miniature):
    """Waits for something that does not happen."""

    def misbehave(self) -> None:
        """Sleep for an hour."""
        time.sleep(FOR_EVER_S)


class SleepsOnOneOfItsThreads(Sleeps):
    """Takes calls on several threads (T1-THR-03), and waits for ever on one of them."""

    service_info = ServiceInfo(
        key="SleepsOnOneOfItsThreads",
        friendly_name="Sleepy Thread",
        capabilities=Capability.CONTENT_PARTNER,
        threading_model=ThreadingModel.FREE,
    )


class Spins(Miniature):
    """Computes without end."""

    def misbehave(self) -> None:
        """Count for ever."""
        while True:
            pass


class HoldsTheInterpreter(Miniature):
    """Waits in native code that keeps the interpreter's lock: no other thread of it runs again."""

    def misbehave(self) -> None:
        """Call the C library without releasing the lock."""
        ctypes.PyDLL(None).sleep(FOR_EVER_S)


class IgnoresSignals(Miniature):
    """Ignores every signal that can be ignored, then waits for ever."""

    def misbehave(self) -> None:
        """Ignore them and sleep."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGIO):
            signal.signal(number, signal.SIG_IGN)
        time.sleep(FOR_EVER_S)


class HangsAtExit(Miniature):
    """Registers an exit handler that does not return."""

    def misbehave(self) -> None:
        """Register it."""
        atexit.register(time.sleep, FOR_EVER_S)


class KeepsThreads(Miniature):
    """Starts threads that never end, and that its process would have to wait for."""

    def misbehave(self) -> None:
        """Start three."""
        for _ in range(3):
            threading.Thread(target=time.sleep, args=(FOR_EVER_S,)).start()


class OutlivesItsRelease(Miniature):
    """Goes on calling its old callback after `SetCallback(None)` (breaks T1-LIFE-04)."""

    def SetCallback(self, callback: ContentPartnerCallback | None) -> HRESULT | None:
        """Start a thread with the callback; do not return from the release while it works."""
        if callback is not None:
            threading.Thread(target=_call_for_ever, args=(callback,)).start()
        return super().SetCallback(callback)


def _call_for_ever(callback: ContentPartnerCallback) -> None:
    while True:
        callback.UpdateDeviceComplete("no device")
        time.sleep(0.001)
