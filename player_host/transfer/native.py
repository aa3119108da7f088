"""The fast transport: one GET over a bare socket, its body handed on without a copy.

Large bodies are handed on from threads; what stands behind an announced length is seen.

A name is resolved and checked before every new connection, and the connection is made to a
checked address (`resolving.checked_addresses`). No proxy, no cookie, no redirect, no decoding.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Final

from anyio import CapacityLimiter, to_thread

from player_host.settings import NetworkClass
from player_host.transfer import faults
from player_host.transfer.heads import Head, HeadReader, UnreadableError
from player_host.transfer.resolving import checked_addresses, place_of
from player_host.transfer.sockets import SLICE, Connection, Tls, connect
from player_host.transfer.targets import Target
from player_host.transfer.transport import KEEP_ALIVE, Ask, Take
from player_host.units import ByteCount, Seconds

ON_A_THREAD_FROM: Final = 1024 * 1024
"""How much of a body has to be missing for the way to a thread to be worth it."""

THREADS: Final = 2
"""More than there are cores only wait for each other."""

Origin = tuple[str, str, int]


def is_possible() -> bool:
    """Say whether the running event loop can watch sockets; Windows' own one cannot."""
    loop = asyncio.get_running_loop()
    return type(loop).__name__ != "ProactorEventLoop"


class NativeTransport:
    """Connections of one network class, kept for further requests.

    Needs an event loop of asyncio that can watch sockets (not Windows' own one).
    """

    def __init__(
        self, network: NetworkClass, connections: int, tls: Callable[[], ssl.SSLContext]
    ) -> None:
        self._network = network
        self._kept_at_most = connections
        self._tls = tls
        self._idle: dict[Origin, list[tuple[Connection, float]]] = {}
        self._threads = CapacityLimiter(THREADS)

    async def send(self, ask: Ask) -> "Body":
        """Send a GET; the body follows when it is asked for.

        Raises:
            TransferError: no answer came.
        """
        target, raw = ask.target, _request_bytes(ask)
        origin = (target.scheme, target.host, target.port)
        kept = self._take_idle(origin)
        if kept is not None:
            head = await _ask(kept, raw, ask, was_idle=True)
            if head is not None:
                return self._reply(head, kept, ask, origin)
        connection = await self._connect(target, ask.connect_timeout)
        head = await _ask(connection, raw, ask, was_idle=False)
        if head is None:
            raise faults.CONNECTION_LOST.at(place_of(target.host, target.port))
        return self._reply(head, connection, ask, origin)

    async def aclose(self) -> None:
        """Close every idle connection."""
        while self._idle:
            for connection, _ in self._idle.popitem()[1]:
                connection.close()

    def _reply(self, head: Head, connection: Connection, ask: Ask, origin: Origin) -> "Body":
        def release() -> None:
            self._keep(origin, connection)

        return Body(head, connection, ask, release, self._threads)

    async def _connect(self, target: Target, patience: Seconds) -> Connection:
        host, port = target.host, target.port
        loop = asyncio.get_running_loop()
        place, until = place_of(host, port), loop.time() + patience
        try:
            async with asyncio.timeout(patience):
                addresses = await checked_addresses(host, port, self._network)
                tls = Tls(self._tls(), host) if target.scheme == "https" else None
                left = Seconds(max(0.001, until - loop.time()))
                return await connect(addresses, port, place, left, tls)
        except TimeoutError:
            raise faults.CONNECT_TIMEOUT.at(place) from None

    def _take_idle(self, origin: Origin) -> Connection | None:
        idle, now = self._idle.pop(origin, []), time.monotonic()
        while idle:
            connection, since = idle.pop()
            if now - since < KEEP_ALIVE and connection.is_fresh():
                if idle:
                    self._idle[origin] = idle
                return connection
            connection.close()
        return None

    def _keep(self, origin: Origin, connection: Connection) -> None:
        if sum(map(len, self._idle.values())) >= self._kept_at_most:
            self._drop_oldest()
        self._idle.setdefault(origin, []).append((connection, time.monotonic()))

    def _drop_oldest(self) -> None:
        origin = min(self._idle, key=lambda known: self._idle[known][0][1])
        self._idle[origin].pop(0)[0].close()
        if not self._idle[origin]:
            del self._idle[origin]


class Body:
    """One answer: its head, and its body, drained into a file."""

    def __init__(
        self,
        head: Head,
        connection: Connection,
        ask: Ask,
        release: Callable[[], None],
        threads: CapacityLimiter,
    ) -> None:
        self._head = head
        self._connection = connection
        self._place = place_of(ask.target.host, ask.target.port)
        self._patience = ask.read_timeout
        self._release = release
        self._threads = threads
        self._left = head.length
        self._over = head.length == 0
        self._flowing = self._closed = False
        self._spoiled = False

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._head.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The header, by names in lower case."""
        return self._head.headers

    async def step(self, take: Take) -> ByteCount | None:
        """Hand on what comes next of the body, up to 8 MiB of it; None where it is over.

        `take` may be called on another thread, never on two at a time, and not after this
        has returned.

        Returns:
            how many bytes; 0 where it turned out that there are no more for the moment.

        Raises:
            TransferError: silence, a lost connection, an end before the announced length.
            Exception: whatever `take` raises.
        """
        if self._over:
            return None
        try:
            return ByteCount(await self._step(take))
        except TimeoutError:
            raise faults.READ_TIMEOUT.at(self._place) from None
        except UnreadableError:
            raise faults.TRUNCATED.at(self._place) from None
        except OSError as error:
            raise faults.CONNECTION_LOST.at(self._place) from error

    async def sent_more_than(self, _length: int) -> bool:
        """Say whether bytes stand behind the announced length; nothing is kept if they do."""
        self._spoiled = self._spoiled or self._connection.has_more()
        return self._spoiled

    async def aclose(self) -> None:
        """Keep the connection if the body was read to its end; close it otherwise."""
        if self._closed:
            return
        self._closed = True
        if self._over and self._head.keeps_alive and not self._spoiled:
            self._release()
        else:
            self._connection.close()

    async def _step(self, take: Take) -> int:
        if self._flowing and (self._left or 0) > ON_A_THREAD_FROM:
            return await self._on_a_thread(take)
        # The beginning is handed on from the loop: the caller may refuse a document at once.
        self._flowing = True
        view = await self._connection.read(self._patience)
        if self._head.chunked is not None:
            return self._chunk(view, take)
        if not view:
            return self._end()
        if self._left is None:
            take(view)
            return len(view)
        return self._part(view, take)

    def _part(self, view: memoryview, take: Take) -> int:
        left = self._left or 0
        if len(view) > left:
            self._connection.put_back(view[left:])
            view = view[:left]
        take(view)
        self._count(len(view))
        return len(view)

    async def _on_a_thread(self, take: Take) -> int:
        limit = ByteCount(min(SLICE, self._left or 0))
        try:
            count, ended = await to_thread.run_sync(
                self._connection.take_slice, take, limit, limiter=self._threads
            )
        except BaseException:
            # A task that is cancelled from outside of anyio does not wait for its thread.
            self._connection.stop_slice()
            raise
        self._count(count)
        self._flowing = count > 0
        if ended:
            self._end()
        return count

    def _count(self, count: int) -> None:
        self._left = (self._left or 0) - count
        self._over = self._left == 0

    def _chunk(self, view: memoryview, take: Take) -> int:
        if not view or self._head.chunked is None:
            raise faults.TRUNCATED.at(self._place)
        parts, self._over = self._head.chunked.feed(view)
        for part in parts:
            take(memoryview(part))
        return sum(map(len, parts))

    def _end(self) -> int:
        if self._left:
            raise faults.TRUNCATED.at(self._place)
        self._over = True
        return 0


async def _ask(connection: Connection, raw: bytes, ask: Ask, *, was_idle: bool) -> Head | None:
    """Send the request and read the answer's head; closes the connection on any error.

    Returns:
        None where the server had closed an idle connection before it saw the request.
    """
    place, reader = place_of(ask.target.host, ask.target.port), HeadReader()
    patience = ask.read_timeout
    try:
        # One silence at a time, a server could draw out the head of an answer for ever.
        async with asyncio.timeout(2 * patience):
            await connection.send(raw, patience)
            return await _read_head(connection, reader, patience)
    except TimeoutError:
        connection.close()
        raise faults.READ_TIMEOUT.at(place) from None
    except UnreadableError:
        connection.close()
        raise faults.ANSWER_UNREADABLE.at(place) from None
    except OSError as error:
        connection.close()
        if was_idle and reader.is_empty:
            return None
        raise faults.CONNECTION_LOST.at(place) from error
    except BaseException:
        connection.close()
        raise


async def _read_head(connection: Connection, reader: HeadReader, patience: float) -> Head:
    while view := await connection.read(patience):
        found = reader.feed(view)
        if found is None:
            continue
        head, behind = found
        if behind:
            connection.put_back(view[len(view) - behind :])
        return head
    raise ConnectionResetError


def _request_bytes(ask: Ask) -> bytes:
    """Return the request as it is sent.

    Raises:
        TransferError: a header or the URL would break the lines apart.
    """
    lines = [b"GET %b HTTP/1.1" % ask.target.path]
    lines += [b"%b: %b" % pair for pair in ask.fields]
    raw = b"\r\n".join(lines)
    breaks = len(lines) - 1
    if raw.count(b"\n") != breaks or raw.count(b"\r") != breaks or b"\0" in raw:
        raise faults.URL_INVALID.at(place_of(ask.target.host, ask.target.port))
    return raw + b"\r\n\r\n"
