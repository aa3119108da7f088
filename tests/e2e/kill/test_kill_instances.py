"""A plug-in instance that hangs is given up and replaced; the downloads go on without it."""

import pytest

ALBUM = "album:1"
TRACKS = set(range(101, 109))
SHORT_DEADLINE = "call_deadline = 0.4"


def hanging(method, times, track_id=0):
    return f'hangs_in = "{method}"\nhangs_times = {times}\nhangs_for = {track_id}'


def attaches(kill_home):
    return [e.args["callback"] for e in kill_home.journal.entries("SetCallback")]


@pytest.mark.requirement("T1-DL-42", "T1-LIFE-01")
@pytest.mark.parametrize("times", [1, 2])
def test_a_completion_lost_with_its_instance_is_repeated_to_a_new_one(make_home, judge, times):
    home = make_home(host=SHORT_DEADLINE, plugin=hanging("DownloadTrackComplete", times, 103))
    home.run("download", ALBUM)
    assert attaches(home) == ["callback"] * (1 + times) + [None]
    assert max(t.attempts for t in home.tracks()) == 1 + times
    home.kills = times
    judge.finds_all_in_order(home, TRACKS)


@pytest.mark.requirement("T1-DL-42")
def test_a_completion_lost_three_times_is_undeliverable_and_the_rest_arrives(make_home, judge):
    home = make_home(host=SHORT_DEADLINE, plugin=hanging("DownloadTrackComplete", 3, 103))
    home.run("download", ALBUM)
    assert home.states() == {"completed": 7, "undeliverable": 1}
    assert home.request_states() == ["done"]
    home.kills = 3
    judge.finds_library(home, TRACKS)
    judge.finds_nothing_left(home)
    judge.finds_completions(home)


@pytest.mark.requirement("T1-DL-42")
def test_with_the_budget_spent_completions_wait_for_the_next_start(make_home, judge):
    home = make_home(host=SHORT_DEADLINE, plugin=hanging("DownloadTrackComplete", 4))
    home.run("download", ALBUM)
    assert home.states() == {"finished": 8}
    assert sum(track.attempts for track in home.tracks()) == 4
    assert attaches(home) == ["callback"] * 4
    assert home.request_states() == ["open"]
    home.run("activate-and-wait")
    home.kills = 4
    judge.finds_all_in_order(home, TRACKS)


@pytest.mark.requirement("T1-DL-36")
def test_an_order_lost_with_its_instance_survives_as_a_request(make_home, judge):
    home = make_home(host=SHORT_DEADLINE, plugin=hanging("Download", 1))
    home.run("download", ALBUM)
    assert home.states() == {"abandoned": 8}
    assert home.request_states() == ["open"]
    home.run("resume")
    assert {t.state for t in home.tracks() if t.reopened} == {"abandoned"}
    judge.finds_all_in_order(home, TRACKS)


@pytest.mark.requirement("T1-DL-02", "T1-DL-09")
def test_a_download_after_a_lost_instance_goes_to_the_new_one(make_home, judge):
    home = make_home(host=SHORT_DEADLINE, plugin=hanging("Download", 1))
    home.run("download-each", ALBUM, "album:2")
    assert home.states() == {"abandoned": 8, "completed": 8}
    assert home.request_states() == ["open", "done"]
    judge.finds_library(home, set(range(201, 209)))


@pytest.mark.requirement("T1-DL-42", "T1-LIFE-13")
def test_completions_wait_where_no_new_instance_starts(make_home, judge):
    plugin = hanging("DownloadTrackComplete", 1, 103)
    home = make_home(host=SHORT_DEADLINE, plugin=f"{plugin}\nstarts_again = false")
    home.run("download", ALBUM)
    assert set(home.states()) == {"completed", "finished"}
    assert home.request_states() == ["open"]
    home.settle_in()
    home.run("activate-and-wait")
    home.kills = 1
    judge.finds_all_in_order(home, TRACKS)
