"""A store's plug-in in Perl, a home that has it, and a server for its files."""

import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from mutagen.id3 import ID3, PRIV, TALB, TIT2, TPE1, TPE2, TRCK

from player_host.settings import Home

SURROGATE = Path(__file__).with_name("surrogate.pl")
TONE = Path(__file__).parents[2] / "player_host" / "library" / "media" / "tone.mp3"


def song(track_id: int) -> bytes:
    """A sound MP3 file with tags, sold by the store of surrogate.pl."""
    tags = ID3()
    for frame, text in (
        (TIT2, f"Song {track_id}"),
        (TPE1, "Band"),
        (TPE2, "Band"),
        (TALB, "Album"),
    ):
        tags.add(frame(encoding=1, text=text))
    tags.add(TRCK(encoding=1, text=str(track_id)))
    tags.add(PRIV(owner="WM/ContentDistributor", data="PerlStore\0".encode("utf-16-le")))
    buffer = BytesIO(TONE.read_bytes())
    tags.save(buffer, v1=0)
    return buffer.getvalue()


class SongServer(http.server.BaseHTTPRequestHandler):
    """Serves the song of a track under `/TRACK.mp3`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = song(int(Path(self.path).stem))
        self.send_response(200)
        self.send_header("Content-Type", "audio/mpeg")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="session")
def perl() -> str:
    """A Perl with the modules that belong to it; a small Debian has it without."""
    path = shutil.which("perl")
    whole = [path or "perl", "-MJSON::PP", "-MIO::Handle", "-e", "1"]
    if path is not None and subprocess.run(whole, check=False, capture_output=True).returncode == 0:
        return path
    if os.environ.get("CI") == "true":
        pytest.fail("perl is missing or lacks JSON::PP, and here it must not be")
    pytest.skip("perl is not installed, or lacks JSON::PP")


@pytest.fixture
def store_url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), SongServer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def make_home(tmp_path: Path, perl: str) -> Callable[[str], Home]:
    """Make a home in which the plug-in `perlstore` has these settings, in TOML."""

    def make(settings: str) -> Home:
        home = Home(tmp_path / "home")
        home.make()
        command = json.dumps([perl, str(SURROGATE)])
        home.partners_toml.write_text(
            f'[perlstore.host]\nnetwork = "loopback"\nsurrogate = {command}\n'
            f"[perlstore.settings]\n{settings}\n",
            encoding="utf-8",
        )
        return home

    return make


@pytest.fixture
def home(make_home: Callable[[str], Home], store_url: str) -> Home:
    return make_home(f'store_url = "{store_url}"\nnot_sold = [72]')
