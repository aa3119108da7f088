"""The operating system's side of a plug-in's process: started, drained, watched, ended.

The process leads a group of its own, so that what it starts ends with it. Three descriptors are
handed to it: its ends of the wire and of the answers, and a lifeline, a pipe that nobody writes to:
when the Player dies, however it dies, the pipe is closed, and the surrogate ends.
"""

import base64
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import IO, Final

from attrs import frozen

from partner_api.surrogate.ending import EXIT_REASONS
from player_host.errors import PartnerUnavailable
from player_host.log import get_logger
from player_host.plugins.drains import drain
from player_host.plugins.output import OutputLog
from player_host.units import Seconds

ENVIRONMENT: Final = {"PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1"}
"""No module of the working directory shadows another, and what is printed comes at once."""

_log = get_logger(__name__)


class ChildProcess:
    """One process; made by `start_child`.

    Its threads: one that waits for its end, and one for each of its two outputs.
    """

    def __init__(
        self,
        name: str,
        process: "subprocess.Popen[bytes]",
        lifeline: int,
        output: OutputLog,
    ) -> None:
        self.pid = process.pid
        self.output = output
        self._name = name
        self._process = process
        self._lifeline = lifeline
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._drains = (
            self._drain(process.stdout, "stdout"),
            self._drain(process.stderr, "stderr"),
        )

    def watch(self, on_exit: Callable[[], None]) -> None:
        """Wait for the end on a thread; `on_exit` is told there, when nothing is left."""
        self._thread(partial(self._await_end, on_exit), "end")

    def kill(self) -> None:
        """End the process and what it started, at once; for any thread, also repeatedly."""
        with self._lock:
            if self._ended.is_set():
                return
            _kill_group(self._process)

    def wait(self, grace: Seconds) -> None:
        """Wait for the end; after the grace, bring it about. Not for the event loop."""
        if not self._ended.wait(grace):
            self.kill()
            self._ended.wait()

    @property
    def ended(self) -> bool:
        """Whether the process is gone."""
        return self._ended.is_set()

    def ending(self) -> str:
        """Return how it ended, for messages: "was killed by SIGKILL"."""
        status = self._process.returncode
        if status is None:
            return "is still running"
        if status < 0:
            return f"was killed by {_signal_name(-status)}"
        if status in EXIT_REASONS:
            return f"ended, for {EXIT_REASONS[status]}"
        return f"ended with exit status {status}"

    def _await_end(self, on_exit: Callable[[], None]) -> None:
        is_unreaped = _wait_unreaped(self._process)
        with self._lock:
            if is_unreaped:
                # While the leader is not reaped, its number belongs to this group and no other.
                _kill_group(self._process)
            self._process.wait()
            os.close(self._lifeline)
            self._ended.set()
        try:
            for thread in self._drains:
                thread.join()
            self.output.close()
        finally:
            on_exit()

    def _drain(self, stream: IO[bytes] | None, which: str) -> threading.Thread:
        assert stream is not None
        put = partial(self.output.printed, which)
        return self._thread(partial(drain, stream, self._ended, put), which)

    def _thread(self, target: Callable[[], None], what: str) -> threading.Thread:
        thread = threading.Thread(target=target, name=f"{self._name}-{what}", daemon=True)
        thread.start()
        return thread


@frozen
class Ends:
    """The Player's ends of the two sockets."""

    wire: socket.socket
    answers: socket.socket


def start_child(name: str, command: Sequence[str], output: OutputLog) -> tuple[ChildProcess, Ends]:
    """Start the process of a plug-in; not for the event loop, for it takes milliseconds.

    Args:
        name: the plug-in's name.
        command: the three descriptors are appended to it.
        output: takes what the process prints.

    Returns:
        The process, and the Player's ends of its sockets.

    Raises:
        PartnerUnavailable: the command cannot be run.
    """
    with ExitStack() as on_failure, ExitStack() as always:
        try:
            wire, its_wire = _socket_pair(on_failure, always)
            answers, its_answers = _socket_pair(on_failure, always)
            lifeline_read, lifeline_write = os.pipe()
            always.callback(os.close, lifeline_read)
            on_failure.callback(os.close, lifeline_write)
            process = _spawn(command, (its_wire, its_answers), lifeline_read)
        except (OSError, ValueError) as error:
            raise _cannot_be_started(name, command, error) from error
        on_failure.pop_all()
    _log.debug("partner.process_started", partner=name, pid=process.pid)
    return ChildProcess(name, process, lifeline_write, output), Ends(wire, answers)


def _socket_pair(on_failure: ExitStack, always: ExitStack) -> tuple[socket.socket, socket.socket]:
    """Return the Player's end and the surrogate's."""
    ours, theirs = socket.socketpair()
    on_failure.enter_context(ours)
    always.enter_context(theirs)
    return ours, theirs


def _cannot_be_started(
    name: str, command: Sequence[str], error: OSError | ValueError
) -> PartnerUnavailable:
    return PartnerUnavailable(
        f"its process cannot be started: {command[0]!r} cannot be run"
        f" ({getattr(error, 'strerror', None) or error})",
        where=f"partner {name}",
        remedy="Mend interpreter or surrogate in its table of partners.toml",
    )


def _spawn(
    command: Sequence[str], sockets: Sequence[socket.socket], lifeline: int
) -> "subprocess.Popen[bytes]":
    if sys.platform == "win32":
        return _spawn_sharing(command, sockets)
    descriptors = (*(each.fileno() for each in sockets), lifeline)
    return subprocess.Popen(  # noqa: S603 - the command is the user's own
        [*command, *map(str, descriptors)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | ENVIRONMENT,
        pass_fds=descriptors,
        start_new_session=True,
    )


def _spawn_sharing(
    command: Sequence[str], sockets: Sequence[socket.socket]
) -> "subprocess.Popen[bytes]":
    """Start the process where descriptors are not inherited: it reads from its input what to open.

    The end of its input stands for that of the lifeline: it stays open as long as the Player lives.
    """
    process = subprocess.Popen(  # noqa: S603 - the command is the user's own
        [*command, "-", "-", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | ENVIRONMENT,
    )
    assert process.stdin is not None
    for each in sockets:
        share: Callable[[int], bytes] = getattr(each, "share")  # noqa: B009 - Windows alone has it
        process.stdin.write(base64.b64encode(share(process.pid)) + b"\n")
    process.stdin.flush()
    return process


def _wait_unreaped(process: "subprocess.Popen[bytes]") -> bool:
    """Wait for the end of a process; return whether it is still to be reaped."""
    if hasattr(os, "waitid"):
        # Where the signal of a child's end is ignored, the system has reaped it by itself.
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            return True
    process.wait()
    return False


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    if sys.platform == "win32":
        process.kill()
        return
    with suppress(ProcessLookupError, PermissionError):  # macOS: a zombie may not be signalled
        os.killpg(process.pid, signal.SIGKILL)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
