"""The process of the plug-in dies, its Player lives: it goes on with a new one."""

import pytest

pytestmark = pytest.mark.long

ALBUM = "album:1"
TRACKS = set(range(101, 109))
PARTNER = "kill_partner:Witness"
ABORTED = 0x80004004
PARTLY_DONE = 2


@pytest.mark.requirement("T1-DL-09", "T1-DL-36")
def test_tracks_that_a_dead_plug_in_owes_are_settled_at_once_and_can_be_resumed(make_home, judge):
    # The deadline for answers is far longer than a Player of these tests may run.
    home = make_home(
        host="answer_deadline = 3600.0", plugin='fails_in = "Predeliver"\nfails_by = "hanging"'
    )
    player = home.begin_program("download", PARTNER, ALBUM)
    home.journal.wait_for("Download", 1, player)
    home.journal.wait_for("Fail", 1, player)
    assert home.kill_surrogate(player)
    status, complaint = home.end_of(player)
    assert status == PARTLY_DONE, complaint
    assert home.states() == {"abandoned": 8}
    assert {track.hr for track in home.tracks()} == {ABORTED}
    assert home.request_states() == ["open"]
    home.run_program("downloads", "resume")
    judge.finds_all_in_order(home, TRACKS)


@pytest.mark.requirement("T1-DL-14", "T1-DL-36")
def test_an_answer_that_was_committed_counts_though_the_dead_plug_in_never_heard(kill_home, judge):
    kill_home.run_past_cut("answer committed:3", "download", ALBUM)
    heard = {entry.key for entry in kill_home.journal.entries("DownloadTrack")}
    assert len(heard) == 2
    assert kill_home.states() == {"completed": 3, "abandoned": 5}
    (unheard,) = set(kill_home.completions()) - heard
    assert [seen.instance for seen in kill_home.completions()[unheard]] == [2]
    kill_home.run("resume")
    judge.finds_all_in_order(kill_home, TRACKS)


@pytest.mark.requirement("T1-DL-42")
def test_a_completion_that_returned_before_the_plug_in_died_is_not_repeated(kill_home, judge):
    kill_home.run_past_cut("completion returned:2", "download", ALBUM)
    kill_home.run("resume")
    for returned in kill_home.journal.entries("DownloadTrackComplete")[:2]:
        assert len(kill_home.completions()[returned.key]) == 1
    judge.finds_all_in_order(kill_home, TRACKS)


@pytest.mark.parametrize(
    "point",
    [
        "request not committed:1",
        "request committed:1",
        "Download returned:1",
        "answer not committed:3",
        "transferred:2",
        "intent committed:1",
        "published:1",
        "attempt committed:2",
        "completion committed:8",
    ],
)
def test_whenever_the_plug_in_dies_nothing_is_lost(kill_home, judge, point):
    kill_home.run_past_cut(point, "download", ALBUM)
    assert "unanswered" not in kill_home.states()
    kill_home.run("resume")
    judge.finds_all_in_order(kill_home, TRACKS)
