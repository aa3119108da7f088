"""Machine and ledger stay together, and whoever waits is let go, also where something fails."""

import threading

import anyio
import pytest

from partner_api import S_FALSE, S_OK
from partner_api.calls import DownloadTrackComplete
from partner_api.transaction import TrackState
from player_host.clock import SystemClock
from player_host.database import Database
from player_host.downloads.ledger import Ledger
from player_host.errors import StorageError
from player_host.library.publishing import Publisher
from player_host.transcript import TranscriptWriter

pytestmark = pytest.mark.anyio

PATIENCE_S = 20.0


@pytest.mark.requirement("T1-DL-48")
async def test_half_a_surrogate_pair_is_no_usable_url(bench, shop):
    class Partner(shop):
        def Download(self, container_list, cookie):
            self.license(1)
            self.answer(cookie, 1, url="http://127.0.0.1/\ud800.mp3")

    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:1")
    assert [hr for _, hr in shop.answers] == [S_OK]
    assert tracks[1].state is TrackState.COMPLETED
    assert tracks[1].hr.failed
    assert [(track_id, hr.failed) for track_id, hr, _ in shop.completions] == [(1, True)]


@pytest.mark.requirement("T1-DL-39")
async def test_a_repeated_answer_leaves_a_file_that_was_just_published_alone(
    bench, shop, monkeypatch
):
    seen = []

    class Partner(shop):
        def Download(self, container_list, cookie):
            self.cookie = cookie
            return super().Download(container_list, cookie)

    publish = Publisher.publish_many

    def publish_then_repeat(publisher, publications):
        published = publish(publisher, publications)
        (partner,) = shop.instances
        seen.append(partner.answer(partner.cookie, 1))
        rows = publisher._database.rows("SELECT state, library_id FROM tracks")
        seen.append([tuple(row) for row in rows])
        return published

    monkeypatch.setattr(Publisher, "publish_many", publish_then_repeat)
    bench.offer(1)
    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:1")
    assert seen[0].failed or seen[0] == S_FALSE
    assert seen[1] == [("finished", 1)]
    assert tracks[1].state is TrackState.COMPLETED


async def test_an_answer_that_was_committed_is_carried_out_though_its_record_was_lost(
    bench, shop, monkeypatch, log
):
    def lose(writer, of, returned):
        monkeypatch.undo()
        writer._broken = StorageError("the disk is full")
        raise writer._broken

    class Partner(shop):
        def Download(self, container_list, cookie):
            def later():
                self.license(1)
                monkeypatch.setattr(TranscriptWriter, "returned", lose)
                self.answer(cookie, 1)

            threading.Timer(0.2, later).start()

    async def download() -> None:
        async with bench.playing(Partner) as player:
            with anyio.fail_after(PATIENCE_S):
                await bench.download(player, "track:1")

    bench.offer(1)
    with pytest.raises(StorageError):
        await download()
    assert [hr for _, hr in shop.answers] == [S_OK]
    assert "transcript.write_failed" in log.text


async def test_a_step_that_cannot_be_committed_ends_every_waiting(bench, shop, monkeypatch):
    bench.server.gate.clear()
    bench.offer(1)
    async with bench.playing(shop) as player:
        request = await player.download(("track:1",))
        monkeypatch.setattr(player.ledger, "note_tracks", _raise(StorageError("the disk is full")))
        with pytest.raises(StorageError):
            player.cancel(request.id)
        monkeypatch.undo()
        with anyio.fail_after(PATIENCE_S), pytest.raises(StorageError):
            await player.wait([request.id])


def _raise(error):
    def fail(*_):
        raise error

    return fail


async def test_waiting_ends_with_the_session(bench, shop):
    bench.server.gate.clear()
    bench.offer(1)
    async with bench.playing(shop) as player:
        request = await player.download(("track:1",))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(player.wait, [request.id])
            await anyio.lowlevel.checkpoint()
            with anyio.fail_after(PATIENCE_S):
                await player.deactivate()
        assert bench.tracks(player, request.id)[1].state is TrackState.ACCEPTED


@pytest.mark.requirement("T1-DL-53")
async def test_a_graceful_stop_ends_the_completion_under_way_and_begins_no_other(bench, shop):
    begun, go_on = threading.Event(), threading.Event()

    class Partner(shop):
        def DownloadTrackComplete(self, hr, track_id, params):
            begun.set()
            go_on.wait(PATIENCE_S)
            return super().DownloadTrackComplete(hr, track_id, params)

    bench.offer(1, 2, 3, 4)
    async with bench.playing(Partner) as player:
        request = await player.download(("track:1;2;3;4",))
        with anyio.fail_after(PATIENCE_S):
            while len(bench.library(player)) < 4 or not begun.is_set():  # noqa: ASYNC110
                await anyio.sleep(0.01)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(player.deactivate)
                await anyio.sleep(0.1)
                go_on.set()
        states = {track.state for track in bench.tracks(player, request.id).values()}
    assert len(shop.completions) == 1
    assert len(bench.calls(DownloadTrackComplete)) == 1
    assert states == {TrackState.COMPLETED, TrackState.FINISHED}


def test_a_repeat_after_the_end_looks_at_no_other_track(tmp_path):
    """The query that closes a request uses the indexes of what is open, never the whole list."""
    database = Database.open(tmp_path / "player.db")
    statements = []
    database._connection.set_trace_callback(statements.append)
    Ledger(database, SystemClock()).settle_request(1)
    database._connection.set_trace_callback(None)
    (query,) = [s for s in statements if "EXISTS" in s]
    plan = [row["detail"] for row in database.rows(f"EXPLAIN QUERY PLAN {query}")]
    database.close()
    assert any("tracks_unsettled" in step for step in plan)
    assert any("tracks_abandoned" in step for step in plan)
