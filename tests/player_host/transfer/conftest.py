"""A store's server that sends exactly the bytes that a test says."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import evolve, field, frozen

from player_host.clock import ManualClock
from player_host.database import Database
from player_host.settings import NetworkClass
from player_host.transfer import (
    TRACK_POLICY,
    TransferPolicy,
    TransferRequest,
    TransferRoom,
)
from player_host.units import ByteCount, Seconds

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@frozen
class Seen:
    """A request as it arrived."""

    target: str
    headers: dict[str, str]


Script = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]


@frozen(eq=False)
class ScriptedStore:
    """Answers the n-th request with the n-th script; the last one serves all further ones."""

    scripts: list[Script] = field(factory=list)
    requests: list[Seen] = field(factory=list)
    connections: list["asyncio.Task[None] | None"] = field(factory=list)
    address: list[str] = field(factory=list)
    arrived: asyncio.Condition = field(factory=asyncio.Condition)

    async def until(self, count: int) -> None:
        """Wait until so many requests have come."""
        async with self.arrived:
            await self.arrived.wait_for(lambda: len(self.requests) >= count)

    def then(self, *scripts: Script) -> None:
        self.scripts.extend(scripts)

    def url(self, path: str = "/track.mp3") -> str:
        return f"http://{self.address[0]}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(asyncio.current_task())
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(_seen(head))
                async with self.arrived:
                    self.arrived.notify_all()
                script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
                await script(self.requests[-1], writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def hang_up(self) -> None:
        for connection in self.connections:
            connection.cancel()
        await asyncio.gather(*self.connections, return_exceptions=True)

    @staticmethod
    def raw(head: str, body: bytes = b"", *, close: bool = False) -> Script:
        """Send a head (lines without a final blank one) and bytes, as they are."""

        async def script(_: Seen, writer: asyncio.StreamWriter) -> None:
            writer.write(head.strip().replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body)
            if close:
                await writer.drain()
                writer.close()

        return script

    @staticmethod
    def whole(body: bytes, *headers: str, status: str = "200 OK") -> Script:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        return ScriptedStore.raw("\n".join(lines), body)

    @staticmethod
    def cut(body: bytes, at: int, *headers: str) -> Script:
        """Announce a whole body, send the beginning of it, and hang up."""
        lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
        return ScriptedStore.raw("\n".join(lines), body[:at], close=True)

    @staticmethod
    def rest(body: bytes, *headers: str, claim: str = "") -> Script:
        """Answer a range request with the rest of a body, or claim to."""

        async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
            start = int(seen.headers["range"].removeprefix("bytes=").removesuffix("-"))
            told = claim or f"bytes {start}-{len(body) - 1}/{len(body)}"
            lines = ["HTTP/1.1 206 Partial Content", f"Content-Range: {told}"]
            lines += [f"Content-Length: {len(body) - start}", *headers]
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body[start:])

        return script

    @staticmethod
    def honest(body: bytes, etag: str) -> Script:
        """Serve a body as a sound server does: Range and If-Range are honoured."""

        async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
            ranged = "range" in seen.headers and seen.headers.get("if-range") == etag
            make = ScriptedStore.rest if ranged else ScriptedStore.whole
            answer = make(body, f"ETag: {etag}")
            await answer(seen, writer)

        return script

    @staticmethod
    def status(line: str, *headers: str) -> Script:
        return ScriptedStore.whole(b"", *headers, status=line)


def _seen(head: bytes) -> Seen:
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    pairs = (line.split(": ", 1) for line in lines)
    return Seen(first.split()[1], {name.lower(): value for name, value in pairs})


@pytest.fixture
def mp3() -> Callable[..., bytes]:
    """Makes bytes that begin as an MP3 file does, other ones each time."""
    return lambda size=5000: (b"ID3" + os.urandom(size))[:size]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def store() -> AsyncIterator[ScriptedStore]:
    scripted = ScriptedStore()
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    scripted.address.append(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    yield scripted
    server.close()
    await scripted.hang_up()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "player.db")
    yield opened
    opened.close()


@pytest.fixture
async def room(database: Database, clock: ManualClock) -> AsyncIterator[TransferRoom]:
    # The longest wait that each draw may give, so that a test can say how long it is.
    async with TransferRoom(database, clock, jitter=lambda: 1.0) as opened:
        yield opened


@pytest.fixture
def partial(tmp_path: Path) -> Path:
    return tmp_path / "track.partial"


@pytest.fixture
def quick() -> TransferPolicy:
    """The policy of tracks, with waits that a test can afford."""
    return evolve(
        TRACK_POLICY,
        backoff=Seconds(0.001),
        longest_backoff=Seconds(0.01),
        attempts=3,
        max_size=ByteCount(64 * 1024 * 1024),
    )


@pytest.fixture
def wanted(store: ScriptedStore, partial: Path) -> TransferRequest:
    return TransferRequest(store.url(), partial, NetworkClass.LOOPBACK, expects_media=True)
