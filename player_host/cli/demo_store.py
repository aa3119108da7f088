"""The demo's store: the sample store as a process of its own, known by its command line only."""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import IO, Final

from player_host.errors import PlayerHostError, UsageError

STORE_PACKAGE: Final = "sample_partners"
COMMAND: Final = (
    sys.executable,
    *("-m", f"{STORE_PACKAGE}.proseware.store", "--port", "0", "--exit-with-parent"),
)
START_DEADLINE_S: Final = 20.0
STOP_DEADLINE_S: Final = 5.0
_READY: Final = "listening on "


@contextmanager
def running_store() -> Iterator[str]:
    """Start the store and yield its URL; the store ends with the block, or with this process.

    Raises:
        UsageError: the sample stores are not installed.
        PlayerHostError: the store did not start; its own last words are in the message.
    """
    if find_spec(STORE_PACKAGE) is None:
        raise UsageError(
            "the sample stores are not installed",
            where=STORE_PACKAGE,
            remedy="Install the whole distribution: pip install 'content-partner[host]'",
        )
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(  # noqa: S603 - this interpreter, no shell
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            encoding="utf-8",
        )
        try:
            yield _url(process, complaints)
        finally:
            _stop(process)


def _url(process: "subprocess.Popen[str]", complaints: IO[bytes]) -> str:
    assert process.stdout is not None
    deadline = threading.Timer(START_DEADLINE_S, process.kill)
    deadline.start()
    line = process.stdout.readline()
    deadline.cancel()
    if line.startswith(_READY):
        return line.removeprefix(_READY).strip()
    _stop(process)
    complaints.seek(0)
    words = complaints.read().decode(errors="replace").strip().rpartition("\n")[2]
    raise PlayerHostError("the sample store did not start", where=words or "it said nothing")


def _stop(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        process.wait(STOP_DEADLINE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
