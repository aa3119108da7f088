"""A server with every fault that a download meets, on demand and the same each time.

For authors who want to see what their code, or any download tool, makes of a bad store; the
Player's own transfers are tested with it. It speaks HTTP/1.1 over sockets of its own, so that
also what no web server does can be had: a reset at byte N, a stall, a half-closed connection::

    from player_host.testing.fault_store import Fault, FaultKind, FaultSchedule, fault_store

    schedule = FaultSchedule((Fault(FaultKind.RESET, at=3_000), Fault(FaultKind.IF_RANGE_IGNORED)))
    with fault_store(schedule) as store:
        download(store.url("/track.mp3"))
        assert [answer.provoked for answer in store.answers()][:2] == [True, True]

The first GET meets the first fault, the second one the second, whatever their paths; what comes
after them, and every HEAD, is answered soundly. A schedule is a value: `to_json` and `from_json`
keep it in a file, `drawn` makes one of a seed. `store.versions` are the bodies that a client may
rightly end up with; anything else is a wrong byte. docs/fault-store.md lists the faults.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Final

from anyio.from_thread import start_blocking_portal
from attrs import frozen

from player_host.clock import Clock, SystemClock
from player_host.testing.fault_answers import AGAIN, answer, sent_on
from player_host.testing.fault_bodies import sound_mp3, version_of
from player_host.testing.fault_drafts import Answer, Ending, Request, ServedFile, sound_answer
from player_host.testing.fault_kinds import KINDS, Fault, FaultKind
from player_host.testing.fault_line import Line, parse_request
from player_host.testing.fault_schedules import SOUND, FaultSchedule, check_size
from player_host.units import ByteCount

__all__ = [
    "KINDS",
    "SOUND",
    "Ending",
    "Fault",
    "FaultKind",
    "FaultSchedule",
    "FaultStore",
    "Request",
    "SentAnswer",
    "fault_store",
]

MAX_REQUEST_HEAD: Final = 64 * 1024
QUIET_DEADLINE_S: Final = 30.0
AGE: Final = timedelta(days=2)


@frozen
class SentAnswer:
    """What the store sent to one request.

    Attributes:
        request: as it came.
        fault: what the schedule held for it; None for a sound answer.
        provoked: whether that fault was in the answer. A fault of ranges is not, where the
            whole was asked for; neither is a cut behind the last byte.
        status: of the head that was sent, 0 where none was.
        body_sent: bytes behind the head that were handed to the operating system.
        ending: what became of the connection; `GONE`: the client left before the end.
        version: which of `FaultStore.versions` the file was when the request came.
    """

    request: Request
    fault: Fault | None
    provoked: bool
    status: int
    body_sent: ByteCount
    ending: Ending
    version: int


class FaultStore:
    """A running store. Its methods may be called by any thread."""

    def __init__(self, schedule: FaultSchedule, body: bytes | None, clock: Clock) -> None:
        self.schedule = schedule
        first = sound_mp3(schedule.size, schedule.seed) if body is None else body
        # The last one is the next: some faults send bytes of a version that is yet to come.
        self._versions = [first, version_of(first, schedule.seed, 1)]
        self._first_modified = clock.now() - AGE
        self._clock = clock
        self._address = ""
        self._gets = 0
        self._answers: list[SentAnswer] = []
        self._under_way = 0
        self._changed = threading.Condition()
        self._connections: set[asyncio.Task[None]] = set()

    def url(self, path: str = "/track.mp3") -> str:
        """Return the URL of a path; every path leads to the same file."""
        return f"http://{self._address}{path}"

    @property
    def versions(self) -> tuple[bytes, ...]:
        """The bodies of the file, the first one first; it changes when a fault says so."""
        with self._changed:
            return tuple(self._versions[:-1])

    def answers(self, deadline_s: float = QUIET_DEADLINE_S) -> tuple[SentAnswer, ...]:
        """Wait until no request is being answered, and return what was sent, in that order.

        Args:
            deadline_s: how long to wait, in seconds. Of a stalled answer the last byte counts.

        Raises:
            AssertionError: a request is still being answered then.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._under_way == 0, deadline_s):
                raise AssertionError(f"a request is still being answered after {deadline_s:g} s")
            return tuple(self._answers)

    @asynccontextmanager
    async def listening(self, host: str) -> AsyncIterator["FaultStore"]:
        """Serve in the running event loop; `fault_store` calls this in a thread of its own."""
        server = await asyncio.start_server(self._connected, host, 0, limit=MAX_REQUEST_HEAD)
        port = server.sockets[0].getsockname()[1]
        self._address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            yield self
        finally:
            server.close()
            left = tuple(self._connections)
            for connection in left:
                connection.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._connections.add(task)
        # Whatever `drain` waited for is in the kernel, where a reset or a close finds it.
        writer.transport.set_write_buffer_limits(high=0)
        try:
            while await self._serve(Line(reader, writer)) is Ending.KEEP:
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self._connections.discard(task)
            # What was drained still arrives, unless the socket was set to reset.
            writer.transport.abort()

    async def _serve(self, line: Line) -> Ending:
        request = parse_request(await line.reader.readuntil(b"\r\n\r\n"))
        with self._changed:
            version, file = len(self._versions) - 2, self._file()
            fault = self._next_fault(request)
            planned = self._planned(fault, request, file)
            if planned.changes_file:
                following = version_of(file.body, self.schedule.seed, len(self._versions))
                self._versions.append(following)
            self._under_way += 1
        ending = Ending.GONE
        try:
            ending = await line.carry_out(planned)
        finally:
            sent = SentAnswer(
                request,
                fault,
                planned.provoked,
                _status(planned),
                line.body_sent,
                ending,
                version,
            )
            with self._changed:
                self._answers.append(sent)
                self._under_way -= 1
                self._changed.notify_all()
        await line.end(ending)
        return ending

    def _file(self) -> ServedFile:
        number = len(self._versions) - 1
        return ServedFile(
            body=self._versions[-2],
            etag=f'"{self.schedule.seed}-{number}"',
            modified=self._first_modified + timedelta(minutes=number),
            next_modified=self._first_modified + timedelta(minutes=number + 1),
            next_body=self._versions[-1],
            next_etag=f'"{self.schedule.seed}-{number + 1}"',
            now=self._clock.now(),
            digests=self.schedule.digests,
        )

    def _next_fault(self, request: Request) -> Fault | None:
        if request.method != "GET" or request.target.startswith(AGAIN):
            return None
        self._gets += 1
        return self.schedule.fault_of(self._gets - 1)

    @staticmethod
    def _planned(fault: Fault | None, request: Request, file: ServedFile) -> Answer:
        if request.target.startswith(AGAIN):
            return sent_on(request.target)
        if request.method == "HEAD":
            return Answer(sound_answer(request, file).rendered())
        return answer(fault, request, file)


@contextmanager
def fault_store(
    schedule: FaultSchedule = SOUND,
    *,
    body: bytes | None = None,
    host: str = "127.0.0.1",
    clock: Clock | None = None,
) -> Iterator[FaultStore]:
    """Run a store in a thread of its own, on a port that is free, to the end of the block.

    Args:
        schedule: which fault each request meets.
        body: what is served; in the place of the body that follows from the schedule's seed.
        host: the address to listen on; there is no encryption and no password.
        clock: for `Date`, `Last-Modified` and `Retry-After`; the machine's if left away.

    Raises:
        UsageError: the body is too short to have versions, or too long to be kept in memory.
        OSError: the address cannot be listened on.
    """
    if body is not None:
        check_size(ByteCount(len(body)))
    store = FaultStore(schedule, body, clock or SystemClock())
    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(store.listening(host)),
    ):
        yield store


def _status(planned: Answer) -> int:
    status = planned.head[9:12]
    return int(status) if planned.head.startswith(b"HTTP/1.1 ") and status.isdigit() else 0
