"""The clients that are compared, each as one command in a process of its own."""

import ctypes.util
import filecmp
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from attrs import field, frozen

from fetch_rounds.sets import FileSet
from player_host.units import ByteCount, Seconds

CONNECTIONS: Final = 8
LOOK_EVERY: Final = Seconds(0.02)


@frozen
class Task:
    """What a client is to do: URLs, in a list too, to a folder that exists and is empty.

    Attributes:
        urls: in order.
        folder: where the files go.
        notes: for lists and homes; not measured.
        certificate: what is to be trusted.
    """

    urls: Sequence[str]
    folder: Path
    notes: Path
    certificate: Path

    @property
    def list(self) -> Path:
        """The URLs, one a line."""
        return self.notes / "urls"

    @property
    def curl_list(self) -> Path:
        """The URLs and the files that they become, for curl."""
        return self.notes / "curl"

    def write_lists(self) -> None:
        """Write both lists."""
        self.list.write_text("".join(f"{url}\n" for url in self.urls))
        files = [self.folder / url.rpartition("/")[2] for url in self.urls]
        pairs = zip(self.urls, files, strict=True)
        self.curl_list.write_text("".join(f'url="{url}"\noutput="{file}"\n' for url, file in pairs))


@frozen
class Client:
    """A client.

    Attributes:
        name: as the tables show it.
        words: makes its command.
        variables: what its environment has besides.
        is_ours: whether it is this project.
    """

    name: str
    words: Callable[[Task], list[str]]
    variables: Mapping[str, str] = field(factory=dict)
    is_ours: bool = False


@frozen
class Measured:
    """One run: from the start of the process to its end.

    Attributes:
        seconds: on the clock.
        start: those of `seconds` in which the verb was not at work: the start of Python with its
            modules, and the end; 0 for a peer, which does not say.
        busy: processor time, of the user and of the system.
        peak: the most resident memory, looked at every 20 ms; the start of the process is no part
            of it, as it would be with what `wait4` says of a process that was forked.
    """

    seconds: Seconds
    start: Seconds
    busy: Seconds
    peak: ByteCount


class ClientFailed(Exception):
    """A client ended with an error, or left other bytes than those of the server."""


def run(client: Client, task: Task) -> Measured:
    """Run a client to its end.

    Raises:
        ClientFailed: it ended with an error.
    """
    trusting = {"SSL_CERT_FILE": str(task.certificate)}
    told, said = task.notes / "told", task.notes / "said"
    with task.list.open("rb") as listed, told.open("wb") as output, said.open("wb") as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(
            client.words(task),
            stdin=listed,
            stdout=output,
            stderr=errors,
            env={**os.environ, **trusting, **client.variables},
        )
        with _Watch(process.pid) as watch:
            _, status, usage = os.wait4(process.pid, 0)
            seconds = Seconds(time.perf_counter() - begin)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ClientFailed(f"{client.name}: status {process.returncode}\n{said.read_text()}")
    at_work = json.loads(told.read_bytes())["seconds"] if client.is_ours else seconds
    busy = Seconds(usage.ru_utime + usage.ru_stime)
    return Measured(seconds, Seconds(seconds - at_work), busy, watch.peak)


class _Watch:
    """Looks at a process's memory while it runs."""

    def __init__(self, process: int) -> None:
        self.peak = ByteCount(0)
        self._status = Path(f"/proc/{process}/status")
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "_Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._is_over.wait(LOOK_EVERY):
            with suppress(OSError):
                for line in self._status.read_text().splitlines():
                    if line.startswith("VmHWM:"):
                        self.peak = ByteCount(max(self.peak, int(line.split()[1]) * 1024))


def check(client: Client, task: Task, wanted: FileSet, source: Path, *, bytewise: bool) -> None:
    """Compare what a client left with the server's files.

    Args:
        client: which it was.
        task: what it did.
        wanted: the set.
        source: the server's files.
        bytewise: compare every byte, not names and sizes alone.

    Raises:
        ClientFailed: something differs.
    """
    sizes = {path.name: path.stat().st_size for path in task.folder.iterdir()}
    visible = {name: size for name, size in sizes.items() if not name.startswith(".")}
    if visible != dict.fromkeys(wanted.names, wanted.size):
        raise ClientFailed(f"{client.name}: other files or sizes than on the server")
    if not bytewise:
        return
    _, differing, lost = filecmp.cmpfiles(task.folder, source, wanted.names, shallow=False)
    if differing or lost:
        raise ClientFailed(f"{client.name}: {len(differing) + len(lost)} files have other bytes")


def _ours(policy: str) -> Client:
    def words(task: Task) -> list[str]:
        command = [sys.executable, "-m", "player_host", "fetch", "-", "--json"]
        places = ["--to", str(task.folder), "--home", str(task.notes / "home")]
        return [*command, *places, "--policy", policy, "--connections", str(CONNECTIONS)]

    return Client(policy, words, is_ours=True)


def _curl(task: Task) -> list[str]:
    many = ["--parallel", "--parallel-max", str(CONNECTIONS), "--config", str(task.curl_list)]
    return ["curl", "--silent", "--fail", "--cacert", str(task.certificate), *many]


def _aria2c(task: Task) -> list[str]:
    many = [f"--max-concurrent-downloads={CONNECTIONS}", f"--input-file={task.list}"]
    trusting = f"--ca-certificate={task.certificate}"
    return ["aria2c", "--quiet", trusting, *many, f"--dir={task.folder}"]


EAT_MY_DATA: Final = ctypes.util.find_library("eatmydata")
CURL: Final = "curl"
ARIA2C: Final = "aria2c"
UNSYNCED: Final = "aria2c, no fsync"
FAST: Final = "fast"
DURABLE: Final = "durable"
CLIENTS: Final = {
    client.name: client
    for client in (
        _ours(FAST),
        _ours(DURABLE),
        Client(CURL, _curl),
        Client(ARIA2C, _aria2c),
        Client(UNSYNCED, _aria2c, {"LD_PRELOAD": EAT_MY_DATA or ""}),
    )
}
