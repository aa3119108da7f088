"""A connection as a bare socket: waits on the event loop, reads where the bytes are wanted.

The event loop of asyncio only says when a socket is ready. Bytes are received into one buffer
per connection and handed on as a view of it, on the loop or on a thread.
"""

import asyncio
import select
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Final

from player_host.transfer import faults
from player_host.transfer.transport import Take
from player_host.units import ByteCount, Seconds

BUFFER_SIZE: Final = 256 * 1024
SLICE: Final = ByteCount(8 * 1024 * 1024)
"""How much a thread takes in before the loop hears of it."""
SLICE_SECONDS: Final = 0.1
"""How long a thread takes in at most: cancelling waits for it."""
PAUSE_SECONDS: Final = 0.02
"""How long a thread waits for more before the loop waits in its place."""

NOT_READY: Final = (BlockingIOError, ssl.SSLWantReadError)


class Connection:
    """One connected socket; for one request at a time.

    Made by `connect`. Its methods run on the event loop but for `take_slice`.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = memoryview(bytearray(BUFFER_SIZE))
        self._kept = self._buffer[:0]
        self._is_secure = isinstance(sock, ssl.SSLSocket)
        self._slice = threading.Lock()
        self._stopped = False

    def close(self) -> None:
        """Close the socket; safe to call twice."""
        self._sock.close()

    def is_fresh(self) -> bool:
        """Say whether the server neither closed an idle connection nor spoke unasked."""
        if self._kept:
            return False
        try:
            self._receive(1)
        except NOT_READY:
            return True
        except OSError:
            return False
        return False

    def has_more(self) -> bool:
        """Say whether bytes stand behind those that were asked for."""
        if self._kept:
            return True
        try:
            return bool(self._receive())
        except OSError:
            return False

    async def send(self, data: bytes, patience: float) -> None:
        """Send all of it.

        Raises:
            TimeoutError: nothing was taken for so many seconds.
            OSError: the connection is lost.
        """
        while data:
            try:
                data = data[self._sock.send(data) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                await _ready(self._sock, patience, writing=True)
            except ssl.SSLWantReadError:
                await _ready(self._sock, patience)

    async def read(self, patience: float) -> memoryview:
        """Return what has come, at least one byte; an empty view is the end.

        The view is of no use after the next call.

        Raises:
            TimeoutError: nothing came for so many seconds.
            OSError: the connection is lost.
        """
        if self._kept:
            kept, self._kept = self._kept, self._buffer[:0]
            return kept
        while True:
            try:
                return self._receive()
            except NOT_READY:
                await _ready(self._sock, patience)

    def put_back(self, rest: memoryview) -> None:
        """Give back the end of what `read` returned last."""
        self._kept = rest

    def take_slice(self, take: Take, limit: ByteCount) -> tuple[ByteCount, bool]:
        """Hand on what comes, on a thread, until so much has come or nothing comes any more.

        Returns:
            how many bytes, and whether the server has ended the connection.

        Raises:
            OSError: the connection is lost.
            Exception: whatever `take` raises.
        """
        with self._slice:
            return self._take_slice(take, limit)

    def stop_slice(self) -> None:
        """Return once no thread takes anything any more, and none will (blocks for a moment)."""
        self._stopped = True
        with self._slice:
            pass

    def _take_slice(self, take: Take, limit: ByteCount) -> tuple[ByteCount, bool]:
        done, until = 0, time.monotonic() + SLICE_SECONDS
        while done < limit and time.monotonic() < until and not self._stopped:
            try:
                view = self._receive(limit - done)
            except NOT_READY:
                if not _wait_readable(self._sock, PAUSE_SECONDS):
                    break
                continue
            if not view:
                return ByteCount(done), True
            take(view)
            done += len(view)
        return ByteCount(done), False

    def _receive(self, limit: int = BUFFER_SIZE) -> memoryview:
        room = min(limit, BUFFER_SIZE)
        count = self._sock.recv_into(self._buffer, room)
        if self._is_secure and count:
            count += self._further_records(count, room)
        return self._buffer[:count]

    def _further_records(self, start: int, room: int) -> int:
        """Read what else is there; TLS gives 16 KiB at a time, too little for a write."""
        end = start
        with suppress(OSError):  # An error comes again with the next call.
            while end < room and (more := self._sock.recv_into(self._buffer[end:room])):
                end += more
        return end - start


async def connect(
    addresses: list[str], port: int, place: str, patience: Seconds, tls: "Tls | None"
) -> Connection:
    """Connect to the first address that answers, and go over to TLS if that is asked for.

    Raises:
        TransferError: none answers, or the certificate is not trusted.
        TimeoutError: the secure connection did not come about in time.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + patience
    share, late = patience / len(addresses), False
    for address in addresses:
        sock = _socket(address)
        try:
            async with asyncio.timeout(share):
                await loop.sock_connect(sock, (address, port))
        except TimeoutError:
            late = True
            sock.close()
        except OSError:
            sock.close()
        except BaseException:
            sock.close()
            raise
        else:
            return Connection(sock if tls is None else await tls.wrap(sock, place, until))
    raise (faults.CONNECT_TIMEOUT if late else faults.CANNOT_CONNECT).at(place)


class Tls:
    """How a connection to one host goes over to TLS; the name is the URL's, not the address."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._context = context
        self._host = host

    async def wrap(self, sock: socket.socket, place: str, until: float) -> ssl.SSLSocket:
        """Shake hands; closes the socket where that fails.

        Raises:
            TransferError: the certificate is not trusted, or there is no common ground.
        """
        loop = asyncio.get_running_loop()
        try:
            secure = self._context.wrap_socket(
                sock, server_hostname=self._host, do_handshake_on_connect=False
            )
        except (ValueError, OSError) as error:
            sock.close()
            raise faults.SECURE_CHANNEL.at(place) from error
        try:
            while (writing := _handshake(secure)) is not None:
                await _ready(secure, max(0.0, until - loop.time()), writing=writing)
        except ssl.SSLCertVerificationError as error:
            secure.close()
            raise faults.CERTIFICATE.at(place, error.verify_message) from error
        except ssl.SSLError as error:
            secure.close()
            raise faults.SECURE_CHANNEL.at(place) from error
        except TimeoutError:
            secure.close()
            raise faults.CONNECT_TIMEOUT.at(place) from None
        except OSError as error:
            secure.close()
            raise faults.CANNOT_CONNECT.at(place) from error
        except BaseException:
            secure.close()
            raise
        return secure


def _handshake(secure: ssl.SSLSocket) -> bool | None:
    """Go on with a handshake; return None once it is done, else whether it waits to write."""
    try:
        secure.do_handshake()
    except ssl.SSLWantReadError:
        return False
    except ssl.SSLWantWriteError:
        return True
    return None


def _socket(address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


async def _ready(sock: socket.socket, patience: float, *, writing: bool = False) -> None:
    """Wait until a socket can be read (or written).

    Raises:
        TimeoutError: it cannot for so many seconds.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[bool] = loop.create_future()
    watch, unwatch = (
        (loop.add_writer, loop.remove_writer) if writing else (loop.add_reader, loop.remove_reader)
    )
    # By its number: the loop's look-up of a socket object makes a text of it first.
    number = sock.fileno()
    watch(number, _settle, done, True)
    timer = loop.call_later(patience, _settle, done, False)
    try:
        if not await done:
            raise TimeoutError
    finally:
        timer.cancel()
        unwatch(number)


def _settle(done: "asyncio.Future[bool]", outcome: bool) -> None:
    if not done.done():
        done.set_result(outcome)


def _wait_readable(sock: socket.socket, seconds: float) -> bool:
    if not hasattr(select, "poll"):
        return bool(select.select([sock], [], [], seconds)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
