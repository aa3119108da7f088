"""The plug-in of docs/writing-a-partner.md works as the page says."""

import http.server
import importlib.util
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from partner_api.transaction import TrackState
from player_host.player import open_player
from player_host.settings import Home
from player_host.testing.home import PlayerHome

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "writing-a-partner.md"
PIECE = ROOT / "sample_partners" / "proseware" / "media" / "piece.mp3"
CONFORMANCE_DEADLINE_S = 500.0


class OnePiece(http.server.BaseHTTPRequestHandler):
    """Serves the same MP3 under every path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = PIECE.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "audio/mpeg")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def store_url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), OnePiece) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def module_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make the page's first Python block importable."""
    code = re.search(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert code is not None
    (tmp_path / "contoso_tunes.py").write_text(code.group(1), "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert importlib.util.find_spec("contoso_tunes") is not None
    monkeypatch.delitem(sys.modules, "contoso_tunes", raising=False)
    return "contoso_tunes:Contoso"


def test_the_plug_in_of_the_page_downloads_what_it_grants_and_refuses_the_rest(
    tmp_path: Path, store_url: str, module_of_the_page: str
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "partners.toml").write_text(
        f'["{module_of_the_page}".host]\nnetwork = "loopback"\n'
        f'["{module_of_the_page}".settings]\nstore_url = "{store_url}"\nbought = [70, 72]\n'
    )

    async def download() -> dict[int, TrackState]:
        async with open_player(Home(home)) as player:
            await player.activate(module_of_the_page)
            request = await player.download(["track:70;71;72"])
            await player.wait([request.id])
            return {row.track_id: row.state for row in player.tracks(request.id)}

    states = anyio.run(download)
    assert states == {
        70: TrackState.COMPLETED,
        71: TrackState.REFUSED,
        72: TrackState.COMPLETED,
    }
    assert len(list((home / "Music").rglob("*.mp3"))) == 2


@pytest.mark.long
def test_the_plug_in_of_the_page_passes_the_kit(tmp_path: Path, module_of_the_page: str) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (asked_for,) = (text for text in blocks if text.startswith("# conformance.toml"))
    home = PlayerHome.make(tmp_path / "home")
    (home.path / "conformance.toml").write_text(asked_for, "utf-8")
    settings = {"store_url": "http://127.0.0.1:8080", "bought": [70, 72]}
    home.configure(module_of_the_page, settings=settings)

    words = ("conformance", "run", module_of_the_page, "--json")
    ended = home.run(*words, deadline_s=CONFORMANCE_DEADLINE_S)

    assert ended.status == 0, ended
    verdicts = {one["requirement"]: one["verdict"] for one in ended.json()["results"]}
    assert {name for name, verdict in verdicts.items() if verdict in {"fail", "warn"}} == set()
    assert {verdicts[name] for name in ("T1-DL-07", "T1-DL-08", "T1-DL-17", "T1-DL-29")} == {"pass"}
