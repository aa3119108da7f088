"""Plug-ins whose process ends while it is needed."""

import ctypes
import os
import signal
import sys

from partner_api import PartnerContext
from sample_partners.miniatures.miniature import TALLY_FILE, Miniature

EXIT_STATUS = 3


class Exits(Miniature):
    """Ends its process with `os._exit`, past every handler."""

    def misbehave(self) -> None:
        """End the process."""
        os._exit(EXIT_STATUS)


class IsKilled(Miniature):
    """Gets SIGKILL, as from a kernel that has no memory left."""

    def misbehave(self) -> None:
        """Send it to this process."""
        os.kill(os.getpid(), signal.SIGKILL)


class Segfaults(Miniature):
    """Reads from address 0, as a broken native library does."""

    def misbehave(self) -> None:
        """Read there."""
        ctypes.string_at(0)


class LeavesTheInterpreter(Miniature):
    """Calls `sys.exit`: a program's way to end, not a plug-in's."""

    def misbehave(self) -> None:
        """Raise SystemExit."""
        sys.exit(EXIT_STATUS)


class ClosesDescriptors(Miniature):
    """Closes every descriptor but the three standard ones, as a program does that daemonises."""

    def misbehave(self) -> None:
        """Close them, the wire among them."""
        os.closerange(3, 256)


class StartsOnce(Exits):
    """Ends its process where its settings say, and from then on whenever it is to be made."""

    def __init__(self, context: PartnerContext[Miniature.Settings]) -> None:
        super().__init__(context)
        if (context.data_dir / TALLY_FILE).exists():
            self.misbehave()
