"""Connections to checked addresses only.

A host name is resolved here, its addresses are checked against the network class, and the
connection is made to a checked address, not to the name again: what was judged is what is
connected to, on every hop, whatever the name server answers the next time.
"""

import re
import ssl
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

import anyio
import anyio.lowlevel
import httpcore

from player_host.settings import NetworkClass
from player_host.transfer import faults
from player_host.transfer.resolving import checked_addresses, place_of

MAX_HEAD: Final = 256 * 1024
BLANK_LINE: Final = re.compile(rb"\n\r?\n")
INTERIM: Final = re.compile(rb"\s*HTTP/1\.\d 1\d\d")
DRAIN_TIMEOUT: Final = 0.1
TURNS: Final = 8
"""Turns of the event loop in which what a connection holds already comes out of all its layers."""

SocketOptions = Iterable[
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
]


class CountingStream(httpcore.AsyncNetworkStream):
    """A connection that knows how much of what it read is body.

    An HTTP parser stops at the announced length; bytes behind it are a server's error that it
    does not report.
    """

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._received = 0
        self._head: bytes | None = b""
        self._head_length = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Read; while the head of an answer is under way, look for its end."""
        data = await self._inner.read(max_bytes, timeout)
        self._received += len(data)
        if self._head is not None:
            self._look_for_body(self._head + data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Write a request; the next answer is counted anew."""
        self._received, self._head, self._head_length = 0, b"", 0
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        """Go over to TLS; the name is the URL's, not the address that was connected to."""
        return CountingStream(await self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """Hand a question on to the connection itself."""
        return self._inner.get_extra_info(info)

    async def sent_more_than(self, body_length: int) -> bool:
        """Say whether bytes stand behind a body of the announced length.

        The connection is of no use afterwards if they do.
        """
        if self._received - self._head_length > body_length:
            return True
        if not self.get_extra_info("is_readable"):
            return await self._holds_more()
        try:
            return bool(await self._inner.read(1, DRAIN_TIMEOUT))
        except (httpcore.NetworkError, httpcore.TimeoutException):
            return False

    async def _holds_more(self) -> bool:
        """Say whether a layer above the socket holds bytes back, as TLS does with whole records."""
        found = b""

        async def look() -> None:
            nonlocal found
            with suppress(httpcore.NetworkError, ssl.SSLError):
                found = await self._inner.read(1)

        async with anyio.create_task_group() as group:
            group.start_soon(look)
            for _ in range(TURNS):
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        return bool(found)

    def _look_for_body(self, head: bytes) -> None:
        """Step over the head, and over those of interim answers (100 to 199) before it."""
        while match := BLANK_LINE.search(head):
            self._head_length += match.end()
            if not INTERIM.match(head):
                self._head = None
                return
            head = head[match.end() :]
        self._head = head[:MAX_HEAD]


class PinningBackend(httpcore.AsyncNetworkBackend):
    """Opens the connections of one network class."""

    def __init__(self, network: NetworkClass) -> None:
        self._network = network
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: SocketOptions | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, check, connect: one deadline for all of it.

        Raises:
            TransferError: the name is not resolved, an address is not of the class, or no
                address answers in time.
        """
        try:
            with anyio.fail_after(timeout):
                addresses = await checked_addresses(host, port, self._network)
                share = None if timeout is None else timeout / len(addresses)
                return await self._first(addresses, port, share, local_address, socket_options)
        except TimeoutError:
            raise faults.CONNECT_TIMEOUT.at(place_of(host, port)) from None

    async def sleep(self, seconds: float) -> None:
        """Wait; for the pool's own use."""
        await anyio.sleep(seconds)

    async def _first(
        self,
        addresses: list[str],
        port: int,
        share: float | None,
        local_address: str | None,
        socket_options: SocketOptions | None,
    ) -> httpcore.AsyncNetworkStream:
        late = False
        for address in addresses:
            try:
                stream = await self._inner.connect_tcp(
                    address, port, share, local_address, socket_options
                )
                return CountingStream(stream)
            except httpcore.ConnectTimeout:
                late = True
            except httpcore.ConnectError:
                continue
        fault = faults.CONNECT_TIMEOUT if late else faults.CANNOT_CONNECT
        raise fault.at(place_of(addresses[0], port))
