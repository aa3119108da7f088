"""The way between a plug-in and its store, in which the kit can stand.

It hands bytes on; or it refuses, is slow, answers 500 to everything, or answers garbage. For
stores that are reached over plain HTTP: what is encrypted cannot be stood in.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

import anyio
from anyio.abc import ByteStream, SocketAttribute, SocketStream, TaskGroup

from player_host.errors import UsageError

MAX_CONNECTIONS: Final = 256
SLOWNESS_S: Final = 0.3
MOST_HEAD_BYTES: Final = 65_536
_500: Final = (
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)
_GARBAGE: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 24\r\n"
    b'Connection: close\r\n\r\n{"\xff\xfe\x00 this is no answer!'
)


class Mode(StrEnum):
    """How the way to the store is."""

    UP = "up"
    DOWN = "down"
    """Every connection is closed at once."""
    SLOW = "slow"
    """Everything that the store says comes 0.3 s later."""
    FAILING = "500"
    GARBAGE = "garbage"


class Relay:
    """A listener on the loopback in front of one store; made by `relay_to`.

    Attributes:
        url: what the plug-in is told instead of the store's.
    """

    def __init__(self, url: str, host: str, port: int, tasks: TaskGroup) -> None:
        self.url = url
        self._host = host
        self._port = port
        self._tasks = tasks
        self._mode = Mode.UP
        self._scopes: set[anyio.CancelScope] = set()

    async def switch(self, mode: str) -> None:
        """Be so from now on; connections that are open are closed.

        Raises:
            UsageError: there is no such mode.
        """
        try:
            self._mode = Mode(mode)
        except ValueError:
            modes = ", ".join(Mode)
            raise UsageError(
                f"no mode {mode!r} of the way to the store; it is one of {modes}"
            ) from None
        for scope in tuple(self._scopes):
            scope.cancel()

    async def serve(self, client: SocketStream) -> None:
        """Serve one connection of the plug-in."""
        if len(self._scopes) >= MAX_CONNECTIONS or self._mode is Mode.DOWN:
            await client.aclose()
            return
        with anyio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                await self._serve(client)
            except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
                pass
            finally:
                self._scopes.discard(scope)
                with anyio.CancelScope(shield=True), suppress(Exception):
                    await client.aclose()

    async def _serve(self, client: SocketStream) -> None:
        if self._mode in {Mode.FAILING, Mode.GARBAGE}:
            await _read_head(client)
            await client.send(_500 if self._mode is Mode.FAILING else _GARBAGE)
            return
        store = await anyio.connect_tcp(self._host, self._port)
        async with store, anyio.create_task_group() as tasks:
            tasks.start_soon(self._pump, client, store, 0.0, tasks)
            delay = SLOWNESS_S if self._mode is Mode.SLOW else 0.0
            await self._pump(store, client, delay, tasks)

    async def _pump(
        self, source: ByteStream, target: ByteStream, delay_s: float, tasks: TaskGroup
    ) -> None:
        with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            while True:
                data = await source.receive()
                await anyio.sleep(delay_s)
                await target.send(data)
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def relay_to(store_url: str) -> AsyncIterator[Relay]:
    """Stand in the way to a store.

    Args:
        store_url: an absolute http URL; what stands behind the host is kept.

    Raises:
        UsageError: the store is not reached over plain HTTP.
    """
    parts = urlsplit(store_url)
    if parts.scheme != "http" or not parts.hostname:
        raise UsageError(
            "the kit can stand in the way of plain http URLs only",
            where=store_url.partition("?")[0],
            remedy="Run a test store on http, or leave the store table out of conformance.toml",
        )
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as tasks:
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no database
        url = parts._replace(netloc=f"127.0.0.1:{port}").geturl()
        relay = Relay(url, parts.hostname, parts.port or 80, tasks)
        tasks.start_soon(listener.serve, relay.serve)
        try:
            yield relay
        finally:
            tasks.cancel_scope.cancel()


async def _read_head(client: SocketStream) -> None:
    head = b""
    while b"\r\n\r\n" not in head and len(head) < MOST_HEAD_BYTES:
        try:
            head += await client.receive()
        except anyio.EndOfStream:
            return
