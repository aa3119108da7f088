"""Starts the store as a process and stops it: for tests, demos and benchmarks.

    with StoreProcess(url_lifetime_s=60) as store:
        settings = {"store_url": store.url, "account": "demo", "password": "demo"}
        store.set_fault("404", track_id=701, times=2)

The process ends with this one, also if this one is killed.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from attrs import define, field

from sample_partners.proseware.store import ADMIN_KEY_VARIABLE

_START_DEADLINE_S = 30.0
_STOP_DEADLINE_S = 10.0
_READY = "listening on "


class StoreNotStarted(RuntimeError):
    """The process ended, or was silent, before it took connections."""


@define
class StoreProcess:
    """The store in a process of its own; a context manager.

    Args:
        port: where to listen; 0 for any free port. A restarted store keeps its first port.
        tracks: serve a synthetic catalogue of so many tracks.
        seed: the same signatures in every process, so that URLs outlive a restart.
        url_lifetime_s: how long a file's URL is good.
        access_log: where the store notes what it served.
        options: further command line options.
    """

    port: int = 0
    tracks: int | None = None
    seed: str = field(factory=secrets.token_hex)
    url_lifetime_s: int = 3_600
    access_log: Path | None = None
    options: Sequence[str] = ()
    _url: str = field(init=False, default="")
    _admin_key: str = field(init=False, factory=secrets.token_urlsafe, repr=False)
    _complaints: IO[bytes] | None = field(init=False, default=None, repr=False)
    _process: "subprocess.Popen[str] | None" = field(init=False, default=None)

    @property
    def url(self) -> str:
        """Return where the store listens, without a final slash."""
        return self._url

    def start(self) -> None:
        """Start the process and wait until it takes connections.

        Raises:
            StoreNotStarted: it did not within 30 seconds; its own words are in the message.
        """
        # A file and no pipe: nobody reads it while the store runs.
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            self._command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            encoding="utf-8",
            env=os.environ | {ADMIN_KEY_VARIABLE: self._admin_key},
        )
        self._url = self._wait_until_ready(self._process)
        self.port = int(self._url.rpartition(":")[2])

    def stop(self) -> int:
        """End the process in an orderly way and return its exit status."""
        process = self._running()
        if process.stdin is not None:
            process.stdin.close()
        return self._reap(process, _STOP_DEADLINE_S)

    def kill(self) -> None:
        """End the process at once, as a power cut would."""
        process = self._running()
        process.kill()
        self._reap(process, _STOP_DEADLINE_S)

    def set_fault(
        self,
        kind: str,
        *,
        value: int | None = None,
        track_id: int | None = None,
        times: int | None = None,
    ) -> None:
        """Switch a fault on, as `faults` describes them.

        Args:
            kind: such as `404`, `html`, `short`, `drop-after`.
            value: the number that goes with the kind.
            track_id: the track that shows it; None for all.
            times: how many answers show it; None for all.

        Raises:
            urllib.error.HTTPError: the store knows no such fault.
        """
        text = kind if track_id is None else f"{track_id}:{kind}"
        text += "" if value is None else f"={value}"
        text += "" if times is None else f"*{times}"
        self._admin("POST", json.dumps({"fault": text}).encode())

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self._admin("DELETE", None)

    def served(self) -> list[dict[str, object]]:
        """Return the lines of the access log so far, oldest first."""
        if self.access_log is None or not self.access_log.exists():
            return []
        lines = self.access_log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self.stop()

    def _command(self) -> list[str]:
        command = [sys.executable, "-m", "sample_partners.proseware.store", "--exit-with-parent"]
        command += ["--port", str(self.port), "--seed", self.seed]
        command += ["--url-lifetime", str(self.url_lifetime_s)]
        if self.tracks is not None:
            command += ["--tracks", str(self.tracks)]
        if self.access_log is not None:
            command += ["--access-log", str(self.access_log)]
        return command + list(self.options)

    def _wait_until_ready(self, process: "subprocess.Popen[str]") -> str:
        deadline = threading.Timer(_START_DEADLINE_S, process.kill)
        deadline.start()
        line = process.stdout.readline() if process.stdout is not None else ""
        deadline.cancel()
        if line.startswith(_READY):
            return line.removeprefix(_READY).strip()
        process.kill()
        process.wait()
        complaint = self._complaint() or "no word from it"
        self._reap(process, _STOP_DEADLINE_S)
        raise StoreNotStarted(f"the store did not start: {complaint}")

    def _complaint(self) -> str:
        if self._complaints is None:
            return ""
        self._complaints.seek(0)
        return self._complaints.read().decode(errors="replace").strip()

    def _running(self) -> "subprocess.Popen[str]":
        if self._process is None:
            raise RuntimeError("the store is not running")
        return self._process

    def _reap(self, process: "subprocess.Popen[str]", deadline_s: float) -> int:
        try:
            status = process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        for pipe in (process.stdin, process.stdout, self._complaints):
            if pipe is not None:
                pipe.close()
        self._process = None
        return status

    def _admin(self, method: str, body: bytes | None) -> None:
        url = f"{self._url}/admin/{self._admin_key}/faults"
        request = urllib.request.Request(url, body, method=method)  # noqa: S310 - our own process
        with urllib.request.urlopen(request, timeout=_STOP_DEADLINE_S):  # noqa: S310
            pass
