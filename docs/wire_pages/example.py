"""One download between a real Player and a real surrogate, as it went over the wire.

Used by generate_wire.py for the conversation in reference/wire.md. What differs from run to run
(a cookie, a port, folders, the version of Python) is replaced by what the page shows.
"""

import http.server
import json
import logging
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from unittest.mock import patch

import anyio
from attrs import field, frozen

from partner_api.surrogate.wire import Channel, parse
from player_host.player import open_player
from player_host.plugins import surrogate
from player_host.settings import Home

SHOP: Final = Path(__file__).with_name("example_shop.py")
PIECE: Final = Path(__file__).parents[2] / "sample_partners" / "proseware" / "media" / "piece.mp3"
DATA_DIR: Final = "/home/user/.local/share/player-host/plugins/contoso"
COOKIE: Final = 1867422005

PLAYER: Final = "player"
SURROGATE: Final = "surrogate"


@frozen
class Line:
    """One message of the conversation.

    Attributes:
        sender: `PLAYER` or `SURROGATE`.
        kind: of the message.
        body: as the page shows it.
    """

    sender: str
    kind: str
    body: Any

    @property
    def name(self) -> str:
        """The record's name, of a call or a return; else ""."""
        return str(self.body.get("name", "")) if self.kind in {"call", "return"} else ""

    @property
    def text(self) -> str:
        """The line without its end."""
        return json.dumps({self.kind: self.body}, separators=(",", ":"))


@frozen
class _Recording:
    """Notes lines in the order in which the Player sends and receives them."""

    lines: list[Line] = field(factory=list)

    def channel(self, *arguments: Any) -> Channel:
        noted = self.lines

        class RecordingChannel(Channel):
            def send(self, data: bytes) -> None:
                noted.append(Line(PLAYER, *parse(data)))
                super().send(data)

            def send_or_defer(self, data: bytes, defer: Any) -> None:
                noted.append(Line(PLAYER, *parse(data)))
                super().send_or_defer(data, defer)

            def receive(self) -> tuple[str, Any] | None:
                received = super().receive()
                if received is not None:
                    noted.append(Line(SURROGATE, *received))
                return received

        return RecordingChannel(*arguments)


class _OnePiece(http.server.BaseHTTPRequestHandler):
    """Serves the same MP3 under every path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = PIECE.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "audio/mpeg")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def conversation() -> list[Line]:
    """Run a download of a granted and of a refused track; return every line."""
    recording = _Recording()
    logging.getLogger().addHandler(logging.NullHandler())
    with TemporaryDirectory() as folder, _store() as store_url:
        home = Home(Path(folder) / "home")
        with (
            _installed(Path(folder) / "site"),
            patch.object(surrogate, "Channel", recording.channel),
        ):
            _configure(home, store_url)
            anyio.run(_download, home)
    return list(_made_steady(recording.lines, store_url))


async def _download(home: Home) -> None:
    async with open_player(home) as player:
        await player.activate("contoso")
        request = await player.download(["track:70;71"])
        await player.wait([request.id])


def _configure(home: Home, store_url: str) -> None:
    home.make()
    home.partners_toml.write_text(
        f'[contoso.host]\nnetwork = "loopback"\ninterpreter = {json.dumps(sys.executable)}\n'
        f'[contoso.settings]\nstore_url = "{store_url}"\npassword = "swordfish"\n',
        encoding="utf-8",
    )


@contextmanager
def _installed(site: Path) -> Iterator[None]:
    """Make the plug-in known to the interpreters that are started meanwhile."""
    metadata = site / "contoso_tunes-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: contoso-tunes\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[partner_api.partners]\ncontoso = contoso_tunes:Contoso\n"
    )
    shutil.copy(SHOP, site / "contoso_tunes.py")
    with patch.dict(os.environ, {"PYTHONPATH": str(site)}):
        yield


@contextmanager
def _store() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _OnePiece) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _made_steady(lines: list[Line], store_url: str) -> Iterator[Line]:
    """Replace what no two runs have in common."""
    steady = {"cookie": COOKIE, "data_dir": DATA_DIR, "software": "partner_api on CPython 3.11.9"}

    def replaced(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: steady.get(key, replaced(one)) for key, one in value.items()}
        if isinstance(value, list):
            return [replaced(one) for one in value]
        return (
            value.replace(store_url, "https://store.example") if isinstance(value, str) else value
        )

    return (Line(line.sender, line.kind, replaced(line.body)) for line in lines)
