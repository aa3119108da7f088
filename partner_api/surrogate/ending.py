"""How a plug-in's process ends itself, and what its exit statuses say."""

import os
import signal
from typing import Final, NoReturn

STATUS_WITHOUT_PLAYER: Final = 70
STATUS_WIRE_BROKEN: Final = 71
STATUS_OUT_OF_MEMORY: Final = 72
EXIT_REASONS: Final = {
    STATUS_WITHOUT_PLAYER: "the player was gone",
    STATUS_WIRE_BROKEN: "what came over the wire was no message",
    STATUS_OUT_OF_MEMORY: "no memory was left to read the wire",
}
"""What the exit statuses of this program mean."""


def end_at_once(status: int) -> NoReturn:
    """End this process, whatever its threads are doing, with what it has started."""
    if status == STATUS_WITHOUT_PLAYER and hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(status)
