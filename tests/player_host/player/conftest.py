"""A Player in a temporary home, a store's server, and a partner for tests to vary."""

import asyncio
import json
import sys
import threading
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import anyio
import pytest
from attrs import define, evolve, field
from mutagen.id3 import ID3, PRIV, TALB, TIT2, TPE1, TPE2, TRCK

from partner_api import S_OK, Capability, ContentPartner, License, Right, ServiceInfo
from partner_api.hresult import HRESULT
from player_host import catalog_refresh
from player_host.catalog.format import TABLES
from player_host.downloads import pipeline
from player_host.player import Player, open_player
from player_host.settings import Home
from player_host.transcript import Called, Returned, Transcript, read_transcript
from player_host.units import Seconds

MEDIA = Path(__file__).parents[1] / "library" / "media"
TONE = (MEDIA / "tone.mp3").read_bytes()
PATIENCE_S = 10
SECRET = "hush-hush-password"

Script = Callable[[asyncio.StreamWriter], Awaitable[None]]


def song(
    title: str = "Song", *, artist: str = "Band", album: str = "Album", number: int = 1
) -> bytes:
    """A sound MP3 file with these tags, sold by the store `Shop`."""
    tags = ID3()
    for frame, text in ((TIT2, title), (TPE1, artist), (TPE2, artist), (TALB, album)):
        tags.add(frame(encoding=1, text=text))
    tags.add(TRCK(encoding=1, text=str(number)))
    tags.add(PRIV(owner="WM/ContentDistributor", data="Shop".encode("utf-16-le") + b"\0\0"))
    buffer = BytesIO(TONE)
    tags.save(buffer, v1=0)
    return buffer.getvalue()


@define(eq=False)
class FileServer:
    """Serves bytes by path, or does to the connection what a script says."""

    files: dict[str, bytes | Script] = field(factory=dict)
    requests: list[str] = field(factory=list)
    url: str = ""
    gate: asyncio.Event = field(factory=asyncio.Event)
    """While it is not set, nothing is answered."""
    _tasks: "set[asyncio.Task[None] | None]" = field(factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ")[1].decode().partition("?")[0]
                self.requests.append(path)
                await self.gate.wait()
                await self._answer(path, writer)
                await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _answer(self, path: str, writer: asyncio.StreamWriter) -> None:
        found = self.files.get(path)
        if callable(found):
            await found(writer)
        elif found is None:
            await plain(b"no such file", status="404 Not Found")(writer)
        else:
            await plain(found)(writer)

    async def hang_up(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def plain(
    body: bytes, *, status: str = "200 OK", kind: str = "audio/mpeg", announced: int | None = None
) -> Script:
    """Answer with a body, as it is; another announced length ends the connection."""

    async def script(writer: asyncio.StreamWriter) -> None:
        length = len(body) if announced is None else announced
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        writer.write(head.encode() + body)
        if length != len(body):
            await writer.drain()
            writer.close()

    return script


class ShopBase(ContentPartner[Any]):
    """Grants every track at once. What was said and heard is in lists of the class."""

    service_info = ServiceInfo(
        key="Shop", friendly_name="The Shop", capabilities=Capability.CONTENT_PARTNER
    )
    store: ClassVar[str]
    instances: ClassVar[list["ShopBase"]]
    cookies: ClassVar[list[int]]
    lists: ClassVar[list[Any]]
    answers: ClassVar[list[tuple[int, HRESULT]]]
    completions: ClassVar[list[tuple[int, HRESULT, str | None]]]
    released: ClassVar[threading.Event]
    """Set at the end of the test: hanging methods wait for it."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.instances.append(self)
        self.thread = threading.get_ident()

    def SetCallback(self, callback: Any) -> None:
        self.callback = callback

    def Download(self, container_list: Any, cookie: int) -> HRESULT | None:
        self.cookies.append(cookie)
        self.lists.append(container_list)
        for track_id in self.tracks(container_list):
            self.grant(cookie, track_id)
        return None

    def DownloadTrackComplete(self, hr: HRESULT, track_id: int, params: str | None) -> None:
        self.completions.append((track_id, hr, params))

    def tracks(self, container_list: Any) -> list[int]:
        return list(dict.fromkeys(item.id for container in container_list for item in container))

    def license(self, track_id: int, key_id: str | None = None) -> HRESULT:
        return self.context.licenses.Predeliver(License(track_id, key_id, {Right.PLAY}))

    def grant(self, cookie: int, track_id: int, **changes: Any) -> HRESULT:
        self.license(track_id)
        return self.answer(cookie, track_id, **changes)

    def answer(
        self,
        cookie: Any,
        track_id: Any,
        *,
        url: Any = ...,
        params: Any = None,
        hr: Any = S_OK,
    ) -> HRESULT:
        given = f"{self.store}/{track_id}.mp3" if url is ... else url
        answered = self.callback.DownloadTrack(cookie, given, track_id, params, hr)
        self.answers.append((track_id, answered))
        return answered


def _fresh_shop(url: str) -> type[ShopBase]:
    lists = ("instances", "cookies", "lists", "answers", "completions")
    values: dict[str, Any] = {name: [] for name in lists}
    values |= {"store": url, "released": threading.Event()}
    return type("Shop", (ShopBase,), values)


@define(eq=False)
class Bench:
    """Everything that an end-to-end test touches."""

    home: Home
    server: FileServer
    module: ModuleType
    _settings: dict[str, str] = field(factory=dict)

    def register(
        self, partner: type[ContentPartner[Any]], settings: str = "", **host: object
    ) -> str:
        """Make a partner known as `module:attribute`; `settings` is TOML, `host` its host table."""
        setattr(self.module, partner.__name__, partner)
        name = f"{self.module.__name__}:{partner.__name__}"
        words = {"network": "loopback"} | host
        table = "".join(f"{key} = {json.dumps(value)}\n" for key, value in words.items())
        self._settings[name] = f'["{name}".host]\n{table}'
        if settings:
            self._settings[name] += f'["{name}".settings]\n{settings}\n'
        self.home.path.mkdir(exist_ok=True)
        self.home.partners_toml.write_text("\n".join(self._settings.values()), "utf-8")
        return name

    @asynccontextmanager
    async def playing(
        self,
        partner: type[ContentPartner[Any]],
        *,
        settings: str = "",
        options: dict[str, Any] | None = None,
        **host: object,
    ) -> AsyncIterator[Player]:
        """A Player with this partner active."""
        name = self.register(partner, settings, **host)
        with anyio.fail_after(PATIENCE_S):
            async with open_player(self.home, in_process=True, **(options or {})) as player:
                await player.activate(name)
                yield player

    async def download(self, player: Player, *words: str) -> dict[int, Any]:
        """Ask for items, wait for the end, and return the ledger's word for each track."""
        request = await player.download(words)
        await player.wait([request.id])
        return self.tracks(player, request.id)

    def tracks(self, player: Player, request_id: int) -> dict[int, Any]:
        return {row.track_id: row for row in player.tracks(request_id)}

    def offer(self, *track_ids: int) -> None:
        """Let the server have a song for each of these tracks."""
        for track_id in track_ids:
            self.server.files[f"/{track_id}.mp3"] = song(f"Song {track_id}")

    def files(self) -> dict[str, bytes]:
        """Every file below Music, unfinished ones too, by its path."""
        found = (path for path in self.home.music.rglob("*") if path.is_file())
        return {p.relative_to(self.home.music).as_posix(): p.read_bytes() for p in found}

    def library(self, player: Player) -> dict[int, str]:
        """The paths of the library's items, by content."""
        rows = player.database.rows("SELECT content_id, source_path FROM library_items")
        return {row["content_id"]: row["source_path"] for row in rows}

    def transcripts(self) -> list[Transcript]:
        return [read_transcript(path) for path in sorted(self.home.transcripts.iterdir())]

    def calls(self, kind: type | None = None) -> list[Any]:
        """The calls of the last session, of one kind or all, in their order."""
        entries = self.transcripts()[-1].entries
        made = [entry.call for entry in entries if isinstance(entry, Called)]
        return [call for call in made if kind is None or isinstance(call, kind)]

    def returns(self, kind: type) -> list[Any]:
        """How the last session's calls of one kind ended."""
        entries = self.transcripts()[-1].entries
        numbers = {e.number for e in entries if isinstance(e, Called) and isinstance(e.call, kind)}
        return [e.returned for e in entries if isinstance(e, Returned) and e.of in numbers]


CATALOG_ROWS = {
    "genre.csv": ("1|Rock|0|0",),
    "artist.csv": ("1|Band|1||2|",),
    "album.csv": ("7|First Light|1||2005-0-0|$9.99|1||2|1|0|0|0",),
    "track.csv": (
        "70|Dawn|180|1|$0.99|1|1|1|0|N|7|1|Nobody|3|4.4",
        "71|Noon|200|2||1|1|0|0|N|7|1||1|",
        "72|Dusk|10|3|-|0|0|0|0|N|7|1||2|0",
        "73|Night|10|4|0|0|1|0|0|N|7|1||2|0",
    ),
    "list.csv": ("3|Mixed||Some tracks|T|$4.99|2|1|0|0|R|0|P|0",),
    "listitem.csv": ("3|73|0", "3|70|1"),
}


def catalog_package(version: int = 3, **manifest: object) -> bytes:
    """A catalogue: album 7 with the tracks 70 to 73, list 3 with 73 and 70; 72 is not offered."""
    buffer = BytesIO()
    words = {"kind": "full", "version": version, "schema_version": 1, "locale": 1033} | manifest
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps(words))
        for table in TABLES:
            rows = CATALOG_ROWS.get(table.file, ())
            archive.writestr(table.file, _table_text(rows).encode("utf-16"))
    return buffer.getvalue()


def _table_text(rows: Iterable[str]) -> str:
    return "".join(f"{row}\r\n" for row in rows).replace("|", "\t")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let transient errors be final soon."""
    for room, name in ((pipeline, "TRACK_POLICY"), (catalog_refresh, "CATALOG_POLICY")):
        quick = evolve(
            getattr(room, name),
            attempts=2,
            backoff=Seconds(0.001),
            longest_backoff=Seconds(0.01),
        )
        monkeypatch.setattr(room, name, quick)


@pytest.fixture
async def server() -> AsyncIterator[FileServer]:
    files = FileServer()
    files.gate.set()
    listening = await asyncio.start_server(files.serve, "127.0.0.1", 0)
    files.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    yield files
    listening.close()
    await files.hang_up()


@pytest.fixture
def bench(tmp_path: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch) -> Bench:
    module = ModuleType("partners_under_test")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return Bench(Home(tmp_path / "home"), server, module)


@pytest.fixture
def shop(server: FileServer) -> Iterator[type[ShopBase]]:
    """A well-behaved partner, to be subclassed; every test has its own."""
    partner = _fresh_shop(server.url)
    yield partner
    partner.released.set()


@pytest.fixture
def another_shop(server: FileServer) -> type[ShopBase]:
    """A second partner beside `shop`, with lists of its own."""
    partner = _fresh_shop(server.url)
    partner.__name__ = "Other"
    partner.service_info = evolve(ShopBase.service_info, key="Other", friendly_name="Other")
    return partner


@pytest.fixture(scope="session")
def make_song() -> Callable[..., bytes]:
    return song


@pytest.fixture(scope="session")
def respond() -> Callable[..., Script]:
    return plain


@pytest.fixture(scope="session")
def package() -> Callable[..., bytes]:
    return catalog_package


@pytest.fixture
def install(tmp_path: Path) -> Callable[[Player], None]:
    """Puts the catalogue into the place of the active partner's."""

    def run(player: Player) -> None:
        path = tmp_path / "catalog.wmdb.lz"
        path.write_bytes(catalog_package())
        assert player.active is not None
        player.catalogs.install(player.active, path, announced_version=3, expires=None)

    return run


@pytest.fixture(scope="session")
def secret() -> str:
    return SECRET
