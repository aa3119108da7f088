"""A store's server that sends exactly the bytes that a test says."""

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import define, evolve, field, frozen

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

DEADLINE_S = 60.0
PORTS_TRIED = 5
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


NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors; {user}
events {{ worker_connections 64; }}
http {{
  log_format told escape=none '$status|$http_range|$http_if_range';
  access_log {log} told;
  default_type audio/mpeg; sendfile on;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  limit_req_zone $server_name zone=one:1m rate=1r/m;
  server {{ listen 127.0.0.1:{port} {listen}; server_name localhost; root {files}; {directives} }}
}}
"""


@frozen
class Told:
    """What nginx says of an answer; empty where the request had no such header."""

    status: int
    range: str
    if_range: str


@define(eq=False)
class Nginx:
    """nginx over a folder of files, on one port however often it is started."""

    program: str
    folder: Path
    port: int = 0
    _served: int = 0
    _process: "subprocess.Popen[bytes] | None" = None

    def put(self, name: str, body: bytes, modified: float | None = None) -> bytes:
        """Write a file in place of the one that is there, and return it."""
        (self.folder / "files").mkdir(exist_ok=True)
        fresh = self.folder / "fresh"
        fresh.write_bytes(body)
        if modified is not None:
            os.utime(fresh, (modified, modified))
        fresh.replace(self.folder / "files" / name)
        return body

    def url(self, path: str, scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def serve(self, *directives: str, listen: str = "") -> None:
        """Start nginx with these directives of a server, anew where it runs.

        Args:
            directives: each with its semicolon.
            listen: further words of the directive of this name, such as `ssl`.
        """
        self.stop()
        self._served += 1
        for _ in range(PORTS_TRIED):
            self.port = self.port or _free_port()
            if self._start(" ".join(directives), listen):
                return
            self.port = 0  # taken meanwhile
        pytest.fail((self.folder / "errors").read_text())

    def stop(self) -> None:
        """Let nginx drop its connections and end."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(DEADLINE_S)
            self._process = None

    def answers(self, count: int) -> list[Told]:
        """Wait for so many answers since the last start, and return them all."""
        deadline = time.monotonic() + DEADLINE_S
        while len(lines := self._log.read_text().splitlines()) < count:
            assert time.monotonic() < deadline, f"{lines}, not {count} of them"
            time.sleep(0.01)
        fields = (line.split("|") for line in lines)
        return [Told(int(status), *sent) for status, *sent in fields]

    @property
    def _log(self) -> Path:
        return self.folder / f"answers-{self._served}"

    def _start(self, directives: str, listen: str) -> bool:
        configuration = self.folder / "nginx.conf"
        text = NGINX.format(
            folder=self.folder,
            files=self.folder / "files",
            log=self._log,
            port=self.port,
            user=_user(),
            directives=directives,
            listen=listen,
        )
        configuration.write_text(text)
        words = [self.program, "-c", configuration, "-p", self.folder]
        self._process = subprocess.Popen([*words, "-e", self.folder / "errors"])
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(ConnectionError), socket.create_connection(("127.0.0.1", self.port)):
                return self._process.poll() is None
            time.sleep(0.01)
        self.stop()
        return False


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _user() -> str:
    """Return the directive without which the worker of a root's nginx may not read the files."""
    if os.geteuid() != 0:
        return ""
    import grp
    import pwd

    return f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(os.getegid()).gr_name};"


@pytest.fixture
def program() -> Callable[[str], str]:
    """Finds a program of the distribution; where changes are checked, none may be missing."""

    def find(name: str) -> str:
        path = shutil.which(name, path=os.pathsep.join((os.environ["PATH"], "/usr/sbin")))
        if path is None and os.environ.get("CI") == "true":
            pytest.fail(f"{name} is missing; the checks of every change need it")
        return path or pytest.skip(f"{name} is not installed")

    return find


@pytest.fixture
def nginx(program: Callable[[str], str], tmp_path: Path) -> Iterator[Nginx]:
    folder = tmp_path / "nginx"
    folder.mkdir()
    server = Nginx(program("nginx"), folder)
    yield server
    server.stop()


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
