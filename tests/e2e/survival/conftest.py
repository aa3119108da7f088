"""A Player with a plug-in that misbehaves, and what has to hold whatever the plug-in did.

Every test of this directory runs a real Player, whose plug-ins are real processes, with tracks
from a real server. `Survival.open` checks after each test that the Player goes on with another
plug-in, that no process and no descriptor is left, and that nothing secret was written down.
"""

import functools
import json
import os
import threading
import time
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest
from attrs import define, field, frozen
from mutagen.id3 import ID3, TALB, TIT2, TPE1, TPE2

from partner_api.calls import Call, Faulted, PartnerCall, Return, SetCallback
from partner_api.hresult import HRESULT
from partner_api.transaction import TrackState
from player_host.catalog.format import TABLES
from player_host.player import Player, open_player
from player_host.plugins.surrogate import Surrogate
from player_host.settings import Home
from player_host.transcript import Called, Entry, Lost, Returned, read_transcript
from player_host.units import Seconds

MINIATURES = "sample_partners.miniatures"
SOUND = f"{MINIATURES}.miniature:Miniature"
PASSWORD = "Xyzzy-4815162342-Plugh"
PATIENCE_S = 120.0
POLL_S = 0.01
TONE = Path(__file__).parents[2] / "player_host" / "library" / "media" / "tone.mp3"
CATALOG_ROWS = {
    "genre.csv": ("1|Rock|0|0",),
    "artist.csv": ("1|Band|1||2|",),
    "album.csv": ("7|First Light|1||2005-0-0|$9.99|1||2|1|0|0|0",),
    "track.csv": (
        "70|Dawn|180|1|$0.99|1|1|1|0|N|7|1||1|",
        "71|Noon|200|2|$0.99|1|1|0|0|N|7|1||1|",
        "72|Dusk|190|3|$0.99|1|1|0|0|N|7|1||1|",
    ),
}


# --- the store -----------------------------------------------------------------------------------


class SongHandler(BaseHTTPRequestHandler):
    """Serves a sound song under every path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = song(f"Song {self.path}")
        self.send_response(200)
        self.send_header("Content-Type", "audio/mpeg")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@functools.cache
def song(title: str) -> bytes:
    """A sound MP3 file with this title."""
    tags = ID3()
    for frame, text in ((TIT2, title), (TPE1, "Band"), (TPE2, "Band"), (TALB, "First Light")):
        tags.add(frame(encoding=1, text=text))
    buffer = BytesIO(TONE.read_bytes())
    tags.save(buffer, v1=0)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def song_server() -> Iterator[str]:
    """The URL of a server with a song for every track."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), SongHandler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue with the tracks 70, 71 and 72 on album 7."""
    path = tmp_path_factory.mktemp("catalog") / "catalog.wmdb.lz"
    manifest = {"kind": "full", "version": 1, "schema_version": 1, "locale": 1033}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        for table in TABLES:
            rows = "".join(f"{row}\r\n" for row in CATALOG_ROWS.get(table.file, ()))
            archive.writestr(table.file, rows.replace("|", "\t").encode("utf-16"))
    return path


# --- the Player ----------------------------------------------------------------------------------


@define(eq=False)
class Stage:
    """A Player, the plug-in under test, and what passed between the two."""

    player: Player
    partner: str
    catalog: Path
    entries: list[Entry]
    """Of every session of this Player, as it was written into the transcripts."""

    async def activate(self, partner: str | None = None) -> None:
        """Activate the plug-in under test, or another one, with the catalogue in its place."""
        name = partner or self.partner
        self.player.catalogs.install(name, self.catalog, announced_version=1, expires=None)
        await self.player.activate(name)

    async def download(self, *words: str) -> int:
        """Ask for the album, or other items, and wait for the end; return the request."""
        request = await self.player.download(words or ("album:7",))
        await self.player.wait([request.id])
        return request.id

    async def resume(self, request_id: int) -> None:
        """Ask anew for what a request lacks, and wait."""
        await self.player.resume(request_id)
        await self.player.wait([request_id])

    def states(self, request_id: int) -> list[TrackState]:
        """How the ledger has the tracks of a request."""
        return [track.state for track in self.player.tracks(request_id)]

    def codes(self, kind: type[Call], **arguments: Any) -> list[HRESULT]:
        """How the calls of a kind ended, in their order."""
        return [returned.hr for returned in self.returns(kind, **arguments)]

    def returns(self, kind: type[Call], **arguments: Any) -> list[Return]:
        """The ends of the calls of a kind, in the order of the calls."""
        numbers = [e.number for e in self.entries if _is_call(e, kind, arguments)]
        ends = {e.of: e.returned for e in self.entries if isinstance(e, Returned)}
        return [ends[number] for number in numbers if number in ends]

    def called(self, kind: type[Call] = Call) -> list[Called]:
        """The entries of the calls of a kind."""
        return [e for e in self.entries if isinstance(e, Called) and isinstance(e.call, kind)]

    def end_of(self, called: Called) -> int:
        """The number of the entry that ends a call."""
        ends = (e.number for e in self.entries if isinstance(e, Returned) and e.of == called.number)
        return next(ends)

    def faults(self) -> list[Faulted]:
        """The ends of all calls that were not answered properly."""
        ends = (entry.returned for entry in self.entries if isinstance(entry, Returned))
        return [returned for returned in ends if isinstance(returned, Faulted)]

    @property
    def losses(self) -> list[str]:
        """Why an instance was lost, each time, as far as it was noted by now."""
        return [entry.reason for entry in self.entries if isinstance(entry, Lost)]

    async def loses(self, *reasons: str) -> None:
        """Check that these are the losses, in this order, by some words of each."""
        await eventually(lambda: len(self.losses) >= len(reasons), f"{len(reasons)} losses")
        assert len(self.losses) == len(reasons), self.losses
        for words, reason in zip(reasons, self.losses, strict=True):
            assert words in reason

    @property
    def attachments(self) -> list[bool]:
        """The calls of `SetCallback`: whether each passed a callback."""
        return [entry.call.attached for entry in self.called(SetCallback)]


def _is_call(entry: Entry, kind: type[Call], arguments: dict[str, Any]) -> bool:
    return (
        isinstance(entry, Called)
        and isinstance(entry.call, kind)
        and all(getattr(entry.call, name) == value for name, value in arguments.items())
    )


def _children() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


@frozen
class Survival:
    """Opens Players, and looks at what is left of them."""

    home: Home
    url: str
    catalog: Path
    log: Any
    _others: set[int] = field(factory=_children)
    """The processes of this worker that belong to other tests, such as their stores."""

    def open(
        self, miniature: str, *, host: dict[str, Any] | None = None, **settings: Any
    ) -> AbstractAsyncContextManager[Stage]:
        """A Player that is to survive a miniature, such as `deaths:Exits`; see `open_named`."""
        return self.open_named(f"{MINIATURES}.{miniature}", host=host, **settings)

    @asynccontextmanager
    async def open_named(
        self, name: str, *, host: dict[str, Any] | None = None, **settings: Any
    ) -> AsyncIterator[Stage]:
        """A Player that is to survive a plug-in, which is not yet activated.

        Args:
            name: of the plug-in.
            host: further words of its host table in `partners.toml`.
            settings: further ones of its own table.
        """
        self.configure(name, host or {}, settings)
        descriptors = psutil.Process().num_fds()
        entries: list[Entry] = []
        with anyio.fail_after(PATIENCE_S):
            async with open_player(self.home, observer=entries.append) as player:
                stage = Stage(player, name, self.catalog, entries)
                yield stage
                await self._finds_that_it_goes_on(stage)
            await self.finds_no_process(name)
            await eventually(
                lambda: psutil.Process().num_fds() <= descriptors, "every descriptor is closed"
            )
        self._finds_transcripts(entries)
        self.finds_no_secret()

    def configure(self, name: str, host: dict[str, Any], settings: dict[str, Any]) -> None:
        """Write `partners.toml` for a plug-in and for a sound one beside it."""
        shared = {"store_url": self.url, "password": PASSWORD}
        tables = {
            SOUND: {"host": {}, "settings": shared},
            name: {"host": host, "settings": shared | settings},
        }
        lines = []
        for partner, table in tables.items():
            table["host"] = {"network": "loopback"} | table["host"]
            for part, words in table.items():
                lines.append(f"[{json.dumps(partner)}.{part}]")
                lines += [f"{key} = {json.dumps(value)}" for key, value in words.items()]
        self.home.path.mkdir(exist_ok=True)
        self.home.partners_toml.write_text("\n".join(lines), "utf-8")

    def signal_idle(self, name: str) -> None:
        """Let a miniature misbehave whose place is "idle"."""
        (self.home.plugin_data(name) / "now").touch()

    def processes(self, name: str) -> list[int]:
        """The processes that a miniature noted down, those of all its instances."""
        path = self.home.plugin_data(name) / "pids"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def living(self, name: str) -> set[int]:
        """Those of them, and members of their groups and sessions, that have not ended."""
        return alive(set(self.processes(name)))

    async def finds_no_process(self, name: str) -> None:
        """Nothing lives that a plug-in was, or started."""
        noted = set(self.processes(name))
        await eventually(
            lambda: not alive(noted) and not _children() - self._others, "every process has ended"
        )

    def finds_no_secret(self) -> None:
        """The password is in no log and no transcript."""
        assert PASSWORD not in self.log.text
        for path in self.home.transcripts.iterdir():
            assert PASSWORD not in path.read_text("utf-8"), path.name

    def _finds_transcripts(self, entries: list[Entry]) -> None:
        """The transcripts are whole, and have what passed."""
        found = [read_transcript(path) for path in sorted(self.home.transcripts.iterdir())]
        assert all(transcript.complete for transcript in found)
        assert [entry for transcript in found for entry in transcript.entries] == entries

    async def _finds_that_it_goes_on(self, stage: Stage) -> None:
        """A sound plug-in works in the same Player."""
        await stage.activate(SOUND)
        request = await stage.download()
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        await stage.player.deactivate()


def alive(noted: set[int]) -> set[int]:
    """Return those processes, and members of their groups and sessions, that have not ended."""
    return {
        process.pid
        for process in psutil.process_iter()
        if _is_of(process.pid, noted) and not _has_ended(process)
    }


def _is_of(pid: int, noted: set[int]) -> bool:
    try:
        return bool(noted & {pid, os.getpgid(pid), os.getsid(pid)})
    except ProcessLookupError:
        return False


def _has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def eventually(condition: Callable[[], object], what: str) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE_S / 2
    while not condition():
        assert time.monotonic() < deadline, f"not so: {what}"
        await anyio.sleep(POLL_S)


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., Any]:
    """Waits until a condition holds, and says what was waited for in vain."""
    return eventually


@pytest.fixture
def survival(tmp_path: Path, song_server: str, catalog: Path, log: Any) -> Survival:
    return Survival(Home(tmp_path / "home"), song_server, catalog, log)


@pytest.fixture(scope="session")
def password() -> str:
    """The secret of every miniature."""
    return PASSWORD


@pytest.fixture
def shorten(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give the first calls of a kind half a second; all others have what `partners.toml` says.

    A slow machine cannot miss the deadline of a call that is not meant to.
    """

    def give_half_a_second(kind: type[PartnerCall], times: int = 1) -> None:
        given, original = [], Surrogate.call

        async def call(
            self: Surrogate, call: PartnerCall, deadline: Seconds, *others: Any
        ) -> Return:
            if isinstance(call, kind) and len(given) < times:
                given.append(call)
                deadline = Seconds(0.5)
            return await original(self, call, deadline, *others)

        monkeypatch.setattr(Surrogate, "call", call)

    return give_half_a_second


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
