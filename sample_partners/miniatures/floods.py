"""Plug-ins that say too much: to their outputs, to their log, to the Player."""

import sys
import threading
from typing import Final

from partner_api import ContentPartnerCallback
from sample_partners.miniatures.miniature import Miniature

LINES: Final = 20_000
LONG_LINE_MB: Final = 100
THREADS: Final = 8


class FloodsStdout(Miniature):
    """Prints twenty thousand lines."""

    def misbehave(self) -> None:
        """Print them."""
        for number in range(LINES):
            sys.stdout.write(f"line {number} of the flood\n")


class FloodsStderr(Miniature):
    """Complains twenty thousand times."""

    def misbehave(self) -> None:
        """Write to the standard error output."""
        for number in range(LINES):
            sys.stderr.write(f"complaint {number} of the flood\n")


class FloodsLog(Miniature):
    """Logs twenty thousand warnings."""

    def misbehave(self) -> None:
        """Log them."""
        for number in range(LINES):
            self.context.log.warning("warning %d of the flood", number)


class PrintsOneLongLine(Miniature):
    """Prints 100 MB that no newline divides."""

    def misbehave(self) -> None:
        """Print them."""
        for _ in range(LONG_LINE_MB):
            sys.stdout.write("flood " * 166_667)


class PrintsWithoutEnd(Miniature):
    """Prints on a thread for as long as it lives."""

    def misbehave(self) -> None:
        """Start the thread."""
        threading.Thread(target=_print_for_ever, daemon=True).start()


class FloodsCallbacks(Miniature):
    """Calls the Player in a circle, whatever the answer."""

    def misbehave(self) -> None:
        """Never come back."""
        assert self.callback is not None
        _call_for_ever(self.callback)


class FloodsCallbacksOnThreads(Miniature):
    """Calls the Player in circles, on eight threads."""

    def misbehave(self) -> None:
        """Start the threads, and come back."""
        for _ in range(THREADS):
            threading.Thread(target=_call_for_ever, args=(self.callback,), daemon=True).start()


def _call_for_ever(callback: ContentPartnerCallback) -> None:
    while True:
        callback.UpdateDeviceComplete("a device that is not there")


def _print_for_ever() -> None:
    while True:
        sys.stdout.write("one more line of a flood without end\n" * 100)
