"""A graceful stop suspends: nothing is reported, partials stay, the next start goes on."""

import os
import signal
import time

import pytest

ALBUM = "album:1"
TRACKS = set(range(101, 109))

pytestmark = pytest.mark.skipif(os.name == "nt", reason="SIGINT cannot be sent to one process")


@pytest.fixture
def suspended(kill_home, kill_store):
    """A home whose player was interrupted while every track was on its way."""
    kill_store.set_fault("slow", value=1_000)
    player = kill_home.begin("download", ALBUM)
    kill_home.journal.wait_for("DownloadTrack", len(TRACKS), player)
    while not has_part_of_every_track(kill_home):
        time.sleep(0.01)
    player.send_signal(signal.SIGINT)
    status, complaint = kill_home.end_of(player)
    assert status == 130, complaint
    kill_store.clear_faults()
    return kill_home


def has_part_of_every_track(home):
    sizes = [size_of(home, name) for name in home.partials()]
    return len(sizes) == len(TRACKS) and all(sizes)


def size_of(home, name):
    return (home.home.incoming / name).stat().st_size


@pytest.mark.requirement("T1-DL-53", "T1-LIFE-02")
def test_a_stop_reports_no_track_and_ends_with_set_callback(suspended):
    assert suspended.completions() == {}
    last = suspended.journal.entries()[-1]
    assert (last.call, last.args) == ("SetCallback", {"callback": None})
    assert suspended.states() == {"accepted": 8}
    assert len(suspended.partials()) == 8
    assert suspended.count("transfer_partials") == 8
    assert suspended.query("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == [(0,)]


@pytest.mark.requirement("T1-DL-53", "T1-DL-42")
def test_the_next_start_asks_for_the_rest_and_completes_to_the_new_instance(suspended, judge):
    had = {track_of(name): size_of(suspended, name) for name in suspended.partials()}
    suspended.run("activate-and-wait")
    for track_id, size in had.items():
        (_, rest) = suspended.gets(track_id)
        assert (rest["range"], rest["status"]) == (f"bytes={size}-", 206)
    assert {seen[0].instance for seen in suspended.completions().values()} == {2}
    judge.finds_all_in_order(suspended, TRACKS)


def track_of(partial):
    return int(partial.partition("-")[2].removesuffix(".part"))
