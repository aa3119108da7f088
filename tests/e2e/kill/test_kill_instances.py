"""A plug-in instance that hangs or dies is replaced; the downloads go on without it."""

import pytest

pytestmark = pytest.mark.long

ALBUM = "album:1"
TRACKS = set(range(101, 109))
ABORTED = 0x80004004
WAYS = ("hanging", "exiting")


def failing(method, times, track_id=0, by="exiting"):
    """Settings of a plug-in that fails in a method's first calls, or those for one track."""
    return (
        f'fails_in = "{method}"\nfails_times = {times}\nfails_for = {track_id}\nfails_by = "{by}"'
    )


def attaches(kill_home):
    return [e.args["callback"] for e in kill_home.journal.entries("SetCallback")]


@pytest.mark.requirement("T1-DL-42", "T1-LIFE-01")
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("by", WAYS)
def test_a_completion_lost_with_its_instance_is_repeated_to_a_new_one(make_home, judge, times, by):
    home = make_home(plugin=failing("DownloadTrackComplete", times, 103, by))
    home.run("download", ALBUM, hurry=f"DownloadTrackComplete:103:{times}" * (by == "hanging"))
    assert attaches(home) == ["callback"] * (1 + times) + [None]
    assert max(t.attempts for t in home.tracks()) == 1 + times
    home.kills = times
    judge.finds_all_in_order(home, TRACKS)


@pytest.mark.requirement("T1-DL-42")
def test_a_completion_lost_three_times_is_undeliverable_and_the_status_says_so(make_home, judge):
    home = make_home(plugin=failing("DownloadTrackComplete", 3, 103))
    home.run_program("download", "kill_partner:Witness", ALBUM, status=1)
    assert home.states() == {"completed": 7, "undeliverable": 1}
    assert home.request_states() == ["done"]
    assert home.losses == home.journal.count("Fail") == 3
    home.kills = 3
    judge.finds_library(home, TRACKS)
    judge.finds_nothing_left(home)
    judge.finds_completions(home)


@pytest.mark.requirement("T1-DL-42")
def test_with_the_budget_spent_completions_wait_for_the_next_start(make_home, judge):
    home = make_home(plugin=failing("DownloadTrackComplete", 4))
    home.run("download", ALBUM)
    assert home.states() == {"finished": 8}
    assert sum(track.attempts for track in home.tracks()) == 4
    assert attaches(home) == ["callback"] * 4
    assert home.request_states() == ["open"]
    home.run("activate-and-wait")
    home.kills = 4
    judge.finds_all_in_order(home, TRACKS)


@pytest.mark.requirement("T1-DL-36")
@pytest.mark.parametrize("by", WAYS)
def test_an_order_lost_with_its_instance_survives_as_a_request(make_home, judge, by):
    home = make_home(plugin=failing("Download", 1, by=by))
    home.run("download", ALBUM, hurry="Download:0:1" * (by == "hanging"))
    assert home.states() == {"abandoned": 8}
    assert {t.hr for t in home.tracks()} == {ABORTED}
    assert home.request_states() == ["open"]
    home.run("resume")
    assert {t.state for t in home.tracks() if t.reopened} == {"abandoned"}
    judge.finds_all_in_order(home, TRACKS)


@pytest.mark.requirement("T1-DL-02", "T1-DL-09")
def test_a_download_after_a_lost_instance_goes_to_the_new_one(make_home, judge):
    home = make_home(plugin=failing("Download", 1))
    home.run("download-each", ALBUM, "album:2")
    assert home.states() == {"abandoned": 8, "completed": 8}
    assert home.request_states() == ["open", "done"]
    judge.finds_library(home, set(range(201, 209)))


@pytest.mark.requirement("T1-DL-42", "T1-LIFE-13")
def test_completions_wait_where_no_new_instance_starts(make_home, judge):
    plugin = failing("DownloadTrackComplete", 1, 103)
    home = make_home(plugin=f"{plugin}\nstarts_again = false")
    home.run("download", ALBUM)
    # Completions come in the order in which transfers end: 103 may well be the first.
    states = {track.track_id: track.state for track in home.tracks()}
    assert states[103] == "finished"
    assert set(states.values()) <= {"completed", "finished"}
    assert home.request_states() == ["open"]
    home.settle_in()
    home.run("activate-and-wait")
    home.kills = 1
    judge.finds_all_in_order(home, TRACKS)
