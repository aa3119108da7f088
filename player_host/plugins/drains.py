"""Empties the outputs of a plug-in's process, so that printing never makes it wait.

An output ends with the process, but for one case: a process that left the group holds it open.
Then it is given up soon after the end of the group, whether it is printed to or not.
"""

import os
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import IO, Final

from player_host.units import Seconds

READ_BYTES: Final = 65_536
LONGEST_LINE_BYTES: Final = 65_536
LAST_WORDS_GRACE: Final = Seconds(0.5)
LOOK_EVERY: Final = Seconds(1.0)


def drain(stream: IO[bytes], ended: threading.Event, put: Callable[[str], None]) -> None:
    """Read an output to its end; runs on a thread of its own.

    Args:
        stream: of the process; it is closed.
        ended: set when the process and its group are gone.
        put: gets each line; of a line that is too long its beginning alone, for the rest might
            begin with half a secret.
    """
    with stream:
        line, skips = b"", False
        for chunk in _chunks(stream, ended):
            *ends, rest = chunk.split(b"\n")
            for end in ends:
                if not skips:
                    put(_text(line + end))
                line, skips = b"", False
            line += b"" if skips else rest
            if len(line) > LONGEST_LINE_BYTES:
                put(_text(line))
                line, skips = b"", True
        if line:
            put(_text(line))


def _chunks(stream: IO[bytes], ended: threading.Event) -> Iterator[bytes]:
    if sys.platform == "win32":
        yield from iter(lambda: os.read(stream.fileno(), READ_BYTES), b"")
        return
    poll = select.poll()
    poll.register(stream, select.POLLIN)
    given_up = Seconds(float("inf"))
    while True:
        if ended.is_set():
            # Once for the whole output: whoever left the group may go on printing for ever.
            given_up = min(given_up, Seconds(time.monotonic() + LAST_WORDS_GRACE))
        left = min(LOOK_EVERY, given_up - time.monotonic())
        if left <= 0:
            return
        if poll.poll(left * 1_000):
            chunk = os.read(stream.fileno(), READ_BYTES)
            if not chunk:
                return
            yield chunk


def _text(line: bytes) -> str:
    return line[:LONGEST_LINE_BYTES].decode("utf-8", "replace").rstrip()
