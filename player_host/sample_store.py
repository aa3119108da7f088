"""The sample store as a process of its own, known by its command line and its HTTP interface only.

For the demo and for tests of plug-ins: the Player imports no store.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import IO, Final

from attrs import field, frozen

from player_host.errors import PlayerHostError, UsageError

STORE_PACKAGE: Final = "sample_partners"
ADMIN_KEY_VARIABLE: Final = "PROSEWARE_ADMIN_KEY"
COMMAND: Final = (
    sys.executable,
    *("-m", f"{STORE_PACKAGE}.proseware.store", "--port", "0", "--exit-with-parent"),
)
START_DEADLINE_S: Final = 20.0
STOP_DEADLINE_S: Final = 5.0
_READY: Final = "listening on "
_MAX_WORDS: Final = 1_000


@frozen
class SampleStore:
    """A store that runs; made by `running_store`.

    Attributes:
        url: where it listens, without a final slash.
    """

    url: str
    _admin_key: str = field(repr=False)

    @property
    def settings(self) -> dict[str, str]:
        """What `[proseware.settings]` needs for the customer `demo`, who owns the album 7."""
        return {"store_url": self.url, "account": "demo", "password": "demo"}

    def set_fault(
        self,
        kind: str,
        *,
        value: int | None = None,
        track_id: int | None = None,
        times: int | None = None,
    ) -> None:
        """Let files go wrong from now on.

        Args:
            kind: a status such as `503`; or `html`, `json`, `empty`, `short`, `long`,
                `wrong-media`, `drop-after` or `slow`.
            value: the number that goes with the kind: seconds of `Retry-After`, bytes too few or
                too many, bytes until the connection ends, bytes a second.
            track_id: the track that shows it; None for all.
            times: how many answers show it; None for all.

        Raises:
            UsageError: the store knows no such fault; its own words are in the message.
            PlayerHostError: the store does not answer.
        """
        text = kind if track_id is None else f"{track_id}:{kind}"
        text += "" if value is None else f"={value}"
        text += "" if times is None else f"*{times}"
        self._ask("POST", json.dumps({"fault": text}).encode())

    def clear_faults(self) -> None:
        """Switch all faults off.

        Raises:
            PlayerHostError: the store does not answer.
        """
        self._ask("DELETE", None)

    def _ask(self, method: str, body: bytes | None) -> None:
        url = f"{self.url}/admin/{self._admin_key}/faults"
        request = urllib.request.Request(url, body, method=method)  # noqa: S310 - our own process
        try:
            with urllib.request.urlopen(request, timeout=STOP_DEADLINE_S):  # noqa: S310
                pass
        except urllib.error.HTTPError as error:
            with error:
                words = error.read(_MAX_WORDS).decode(errors="replace")
            raise UsageError(f"the store refuses the fault: {words}", where=self.url) from error
        except OSError as error:
            raise PlayerHostError(f"the store does not answer ({error})", where=self.url) from error


@contextmanager
def running_store() -> Iterator[SampleStore]:
    """Start the store and yield it; it ends with the block, or with this process.

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
    admin_key = secrets.token_urlsafe()
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(  # noqa: S603 - this interpreter, no shell
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            encoding="utf-8",
            env=os.environ | {ADMIN_KEY_VARIABLE: admin_key},
        )
        try:
            yield SampleStore(_url(process, complaints), admin_key)
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
