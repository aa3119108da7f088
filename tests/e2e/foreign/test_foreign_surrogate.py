"""A plug-in in another language, written from docs/reference/wire.md, serves a real Player."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from jsonschema import Draft202012Validator

from partner_api import E_NOTIMPL, HRESULT, S_OK
from partner_api.calls import (
    DownloadTrack,
    DownloadTrackComplete,
    GetCatalogURL,
    Predeliver,
    Return,
    SetCallback,
)
from partner_api.surrogate.wire import Channel, parse
from partner_api.transaction import TrackState
from player_host.errors import SettingsError
from player_host.library.queries import list_items
from player_host.library.records import LibraryItem
from player_host.player import open_player
from player_host.plugins import surrogate
from player_host.settings import HOME_VARIABLE, Home
from player_host.transcript import Called, Returned, Transcript, read_transcript

SCHEMA = Path(__file__).parents[3] / "docs" / "reference" / "wire.schema.json"
NOT_SOLD = HRESULT.named("NS_E_TRACK_DOWNLOAD_REQUIRES_PURCHASE")
PATIENCE_S = 60


def download(home: Home, *words: str) -> tuple[dict[int, TrackState], tuple[LibraryItem, ...]]:
    """Run one download; return the ledger's word for each track, and the library."""

    async def run() -> tuple[dict[int, TrackState], tuple[LibraryItem, ...]]:
        with anyio.fail_after(PATIENCE_S):
            async with open_player(home) as player:
                await player.activate("perlstore")
                request = await player.download(words)
                await player.wait([request.id])
                states = {row.track_id: row.state for row in player.tracks(request.id)}
                return states, list_items(player.database).items

    return anyio.run(run)


def transcript_of(home: Home) -> Transcript:
    (path,) = home.transcripts.iterdir()
    return read_transcript(path)


def calls_of(transcript: Transcript, kind: type) -> list[Any]:
    made = [entry.call for entry in transcript.entries if isinstance(entry, Called)]
    return [call for call in made if isinstance(call, kind)]


def test_it_has_granted_tracks_downloaded_and_refuses_the_rest(home: Home) -> None:
    states, items = download(home, "track:70;72;71")
    assert states == {
        70: TrackState.COMPLETED,
        71: TrackState.COMPLETED,
        72: TrackState.REFUSED,
    }
    assert sorted(item.source_path for item in items) == sorted(
        path.relative_to(home.music).as_posix() for path in home.music.rglob("*.mp3")
    )
    assert {item.tags.title for item in items} == {"Song 70", "Song 71"}


def test_the_transcript_has_the_whole_conversation(home: Home) -> None:
    download(home, "track:70;72")
    transcript = transcript_of(home)
    assert transcript.complete
    assert calls_of(transcript, SetCallback) == [SetCallback(True), SetCallback(False)]
    assert [call.license.content_id for call in calls_of(transcript, Predeliver)] == [70]
    granted, refused = calls_of(transcript, DownloadTrack)
    assert (granted.track_id, granted.hr, refused.track_id, refused.hr) == (70, S_OK, 72, NOT_SOLD)
    (completion,) = calls_of(transcript, DownloadTrackComplete)
    assert completion == DownloadTrackComplete(S_OK, 70, granted.params)
    assert granted.params == f"order {granted.cookie}/70"


def test_a_method_that_it_does_not_have_is_not_implemented(home: Home) -> None:
    download(home, "track:70")
    entries = transcript_of(home).entries
    asked = [e.number for e in entries if isinstance(e, Called) and type(e.call) is GetCatalogURL]
    ends = [e.returned for e in entries if isinstance(e, Returned) and e.of in asked]
    assert ends == [Return(E_NOTIMPL)]


def test_every_line_of_both_sides_fits_the_schema(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_player: list[dict[str, Any]] = []
    from_surrogate: list[dict[str, Any]] = []

    class Witness(Channel):
        def send(self, data: bytes) -> None:
            from_player.append(dict([parse(data)]))
            super().send(data)

        def send_or_defer(self, data: bytes, defer: Any) -> None:
            from_player.append(dict([parse(data)]))
            super().send_or_defer(data, defer)

        def receive(self) -> tuple[str, Any] | None:
            received = super().receive()
            if received is not None:
                from_surrogate.append(dict([received]))
            return received

    monkeypatch.setattr(surrogate, "Channel", Witness)
    download(home, "track:70;72")
    assert [next(iter(line)) for line in from_player][:2] == ["load", "create"]
    assert [next(iter(line)) for line in from_surrogate][:3] == ["hello", "loaded", "created"]
    schema = json.loads(SCHEMA.read_text("utf-8"))
    for side, lines in (("PlayerMessage", from_player), ("SurrogateMessage", from_surrogate)):
        checker = Draft202012Validator(schema | {"anyOf": [{"$ref": f"#/$defs/{side}"}]})
        for line in lines:
            checker.validate(line)


def test_its_complaint_about_a_setting_names_the_file_and_the_key(
    make_home: Callable[[str], Home],
) -> None:
    home = make_home('store_url = "http://127.0.0.1:1"\nnot_sold = 72')
    with pytest.raises(SettingsError) as raised:
        download(home, "track:70")
    assert "not_sold: expected a list of numbers" in str(raised.value)
    assert str(home.partners_toml) in str(raised.value)


def test_the_program_lists_it_and_downloads_with_it(home: Home) -> None:
    (record,) = (r for r in json.loads(run(home, "--json", "partners")) if r["name"] == "perlstore")
    assert (record["status"], record["service_info"]["key"]) == ("ready", "PerlStore")
    run(home, "download", "perlstore", "track:70")
    assert [path.name for path in home.music.rglob("*.mp3")] == ["70 Song 70.mp3"]


def run(home: Home, *words: str) -> str:
    """Run `player-host` as a user does; return what it prints."""
    program = shutil.which("player-host", path=str(Path(sys.executable).parent))
    assert program is not None, "player-host is not installed beside this Python"
    done = subprocess.run(
        [program, *words],
        env=os.environ | {HOME_VARIABLE: str(home.path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
