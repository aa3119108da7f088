"""The sample store as a process of its own, its plug-in, and a Player: the whole way."""

import json

import anyio
import pytest

from partner_api import S_OK
from partner_api.calls import DownloadTrackComplete, Predeliver
from partner_api.transaction import TrackState
from player_host.player import open_player
from sample_partners.proseware.process import StoreProcess

pytestmark = pytest.mark.anyio

PASSWORD = "demo"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with StoreProcess(access_log=tmp_path_factory.mktemp("store") / "access.log") as running:
        yield running


@pytest.fixture
def faults(store):
    yield store.set_fault
    store.clear_faults()


@pytest.fixture
def home(bench, store):
    bench.home.path.mkdir()
    bench.home.partners_toml.write_text(
        '[proseware.host]\nnetwork = "loopback"\n[proseware.settings]\n'
        f'store_url = "{store.url}"\naccount = "demo"\npassword = "{PASSWORD}"\n'
    )
    return bench.home


async def _download(bench, home, *words):
    with anyio.fail_after(20):
        async with open_player(home) as player:
            await player.activate("proseware")
            tracks = await bench.download(player, *words)
            return tracks, bench.library(player)


@pytest.mark.requirement("T1-DL-02", "T1-DL-16", "T1-DL-19", "T1-DL-25", "T1-DL-26", "T1-CAT-08")
async def test_an_album_is_bought_whole_after_the_catalogue_came_by_itself(bench, home, store):
    tracks, library = await _download(bench, home, "album:7")
    assert {row.state for row in tracks.values()} == {TrackState.COMPLETED}
    assert sorted(library) == sorted(tracks) == list(range(701, 713))
    assert len(bench.calls(Predeliver)) == 12
    assert {call.hr for call in bench.calls(DownloadTrackComplete)} == {S_OK}


@pytest.mark.parametrize(
    "kind", ["404", "500", "html", "json", "empty", "short", "wrong-media", "drop-after"]
)
async def test_a_fault_of_one_track_leaves_the_others_alone(bench, home, faults, kind):
    value = 1_000 if kind == "drop-after" else None
    faults(kind, track_id=702, value=value)
    tracks, library = await _download(bench, home, "track:701;702;703")
    assert {track_id: row.hr.succeeded for track_id, row in tracks.items()} == {
        701: True,
        702: False,
        703: True,
    }
    assert sorted(library) == [701, 703]
    assert len(bench.files()) == 2


async def test_what_the_store_refuses_is_settled_without_a_completion(bench, home):
    tracks, library = await _download(bench, home, "list:3")
    refused = {t for t, row in tracks.items() if row.state is TrackState.REFUSED}
    completed = {call.track_id for call in bench.calls(DownloadTrackComplete)}
    assert refused
    assert completed == set(tracks) - refused == set(library)


async def test_no_password_and_no_signature_is_in_transcript_or_log(bench, home, store, log):
    await _download(bench, home, "track:701")
    assert "transfer.finished" in log.text
    (path,) = home.transcripts.iterdir()
    text = path.read_text()
    served = [line for line in store.served() if line.get("track") == 701 or "701" in str(line)]
    assert served
    for words in (text, log.text):
        assert f'"{PASSWORD}"' not in words.replace('"value":"demo"', "")
        assert "signature=" not in words
        assert "sig=" not in words
        assert "expires=" not in words
    urls = [
        json.loads(line)["args"].get("url")
        for line in text.splitlines()
        if 'DownloadTrack"' in line
    ]
    assert all("?~" in url for url in urls)
