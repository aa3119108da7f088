"""Every media file that the store serves opens in ffprobe and shows what the library shows."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from player_host.library.queries import list_items
from player_host.library.records import LibraryItem, MediaTags
from player_host.library.tags import read_tags
from player_host.player import open_player
from player_host.settings import Home
from sample_partners.proseware.process import StoreProcess
from sample_partners.proseware.repertoire import repertoire
from sample_partners.proseware.shelf import Shelf

FFPROBE = shutil.which("ffprobe")
EVERY_ALBUM = "album:" + ";".join(str(album.id) for album in repertoire().albums)
SHOWN = {
    "title": "title",
    "album_title": "album",
    "album_artist": "album_artist",
    "content_distributor": "wm/contentdistributor",
}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with StoreProcess() as store:
        (tmp_path / "partners.toml").write_text(
            "[proseware.host]\nnetwork = 'loopback'\n[proseware.settings]\n"
            f"store_url = '{store.url}'\naccount = 'demo'\npassword = 'demo'\n"
        )
        yield Home(tmp_path)


async def download_everything(home: Home) -> list[LibraryItem]:
    async with open_player(home) as player:
        await player.activate("proseware")
        request = await player.download([EVERY_ALBUM])
        await player.wait([request.id])
        return list(list_items(player.database, limit=1_000).items)


def probe(path: Path, ffprobe: str) -> dict[str, Any]:
    command = [ffprobe, "-v", "error", "-show_format", "-show_streams", "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def tags_of(found: dict[str, Any]) -> dict[str, str]:
    """Gather the tags of the file and, where a container keeps them there, of its streams."""
    tables = [*(stream.get("tags", {}) for stream in found["streams"]), found["format"]["tags"]]
    return {name.lower(): value for table in tables for name, value in table.items()}


@pytest.fixture
def ffprobe() -> str:
    if FFPROBE is not None:
        return FFPROBE
    if os.environ.get("CI") == "true":
        pytest.fail("ffprobe is missing; .ci/run installs it")
    pytest.skip("ffprobe, of the distribution's package ffmpeg, is missing")


def check(path: Path, tags: MediaTags, ffprobe: str) -> None:
    """Compare what ffprobe shows of a file with what the library says."""
    found = probe(path, ffprobe)
    shown = tags_of(found)
    for attribute, name in SHOWN.items():
        assert shown.get(name) == getattr(tags, attribute), (path, attribute)
    artist = shown["artist"]
    assert "; ".join(tags.authors) in {artist, artist.replace("/", "; ")}
    assert float(found["format"]["duration"]) == pytest.approx(tags.duration, abs=0.15)
    kinds = {stream["codec_type"] for stream in found["streams"]}
    assert (tags.media_type == "video") == ("video" in kinds)


@pytest.mark.requirement("LIB-01", "LIB-13", "LIB-23")
def test_every_downloaded_file_shows_in_ffprobe_what_the_library_shows(
    home: Home, ffprobe: str
) -> None:
    items = anyio.run(download_everything, home)
    assert len(items) == 62
    for item in items:
        check(home.music / item.source_path, item.tags, ffprobe)


@pytest.mark.requirement("LIB-13", "LIB-23")
def test_every_file_on_the_stores_shelf_shows_in_ffprobe_what_the_library_would(
    tmp_path: Path, ffprobe: str
) -> None:
    catalog = repertoire()
    shelf = Shelf(catalog)
    assert len(catalog.tracks) == 80
    for track in catalog.tracks:
        path = tmp_path / f"{track.id}{track.piece.extension}"
        path.write_bytes(shelf.file_of(track).body)
        check(path, read_tags(path), ffprobe)
