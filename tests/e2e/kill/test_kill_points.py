"""The player dies at a named point; the next start ends what it had begun, exactly."""

import pytest

pytestmark = pytest.mark.long

ALBUM = "album:1"
TRACKS = set(range(101, 109))


def dead_at(point, kill_home, verb="download", *words):
    kill_home.run_until_cut(point, verb, *(words or (ALBUM,)))
    return kill_home.states()


@pytest.mark.requirement("T1-DL-02")
def test_a_request_that_was_not_committed_leaves_nothing(kill_home, judge):
    assert dead_at("request not committed:1", kill_home) == {}
    assert kill_home.request_states() == []
    kill_home.run("download", ALBUM)
    judge.finds_all_in_order(kill_home, TRACKS)


@pytest.mark.requirement("T1-DL-02", "T1-DL-09")
@pytest.mark.parametrize("point", ["request committed:1", "in Download:1"])
def test_a_committed_request_is_asked_anew_under_another_cookie(kill_home, judge, point):
    assert dead_at(point, kill_home) == {"unanswered": 8}
    (old,) = {track.cookie for track in kill_home.tracks()}
    kill_home.run("resume")
    (download,) = kill_home.journal.entries("Download")
    assert download.args["cookie"] != old
    assert {t.state for t in kill_home.tracks() if t.cookie == old} == {"abandoned"}
    judge.finds_all_in_order(kill_home, TRACKS)


def test_a_death_before_the_return_of_download_is_noted_loses_nothing(kill_home, judge):
    dead_at("Download returned:1", kill_home)
    kill_home.run("resume")
    judge.finds_all_in_order(kill_home, TRACKS)


@pytest.mark.requirement("T1-DL-34", "T1-DL-43")
def test_a_request_whose_tracks_were_all_refused_is_closed_by_the_next_start(make_home):
    home = make_home(plugin="lingers_s = 30.0")
    assert dead_at("answer committed:6", home, "download", "album:8") == {"refused": 6}
    assert home.request_states() == ["open"]
    home.run("resume")
    assert home.request_states() == ["done"]
    assert home.completions() == {}


@pytest.mark.requirement("T1-DL-14")
def test_an_answer_that_was_not_committed_was_not_given(kill_home, judge):
    states = dead_at("answer not committed:3", kill_home)
    assert states["unanswered"] == 6
    assert kill_home.journal.count("DownloadTrack") == 2
    kill_home.run("resume")
    first, second = kill_home.journal.entries("Download")
    assert len(second.args["container_list"][0]) == 6
    assert {key[1] for key in kill_home.completions() if key[0] == first.args["cookie"]} == {
        entry.args["track_id"] for entry in kill_home.journal.entries("DownloadTrack")[:2]
    }
    judge.finds_all_in_order(kill_home, TRACKS)


@pytest.mark.requirement("T1-DL-14")
def test_an_answer_that_was_committed_counts_though_the_partner_never_heard(kill_home, judge):
    states = dead_at("answer committed:3", kill_home)
    assert states["unanswered"] == 5
    heard = {entry.key for entry in kill_home.journal.entries("DownloadTrack")}
    assert len(heard) == 2
    (unheard,) = {track.key for track in kill_home.tracks() if track.state != "unanswered"} - heard
    kill_home.run("resume")
    assert len(kill_home.completions()[unheard]) == 1
    judge.finds_all_in_order(kill_home, TRACKS)


@pytest.mark.requirement("T1-DL-25")
def test_a_transferred_file_is_no_file_of_the_library(kill_home, judge):
    assert dead_at("transferred:2", kill_home)["accepted"] >= 1
    kill_home.run("resume")
    judge.finds_all_in_order(kill_home, TRACKS)


@pytest.mark.requirement("T1-DL-25", "LIB-27")
def test_an_intent_without_its_file_is_dropped_and_the_track_published_anew(kill_home, judge):
    assert dead_at("intent committed:1", kill_home)["accepted"] >= 1
    assert kill_home.count("library_intents") >= 1
    assert kill_home.count("library_items") == 0
    kill_home.run("resume")
    judge.finds_all_in_order(kill_home, TRACKS)


@pytest.mark.requirement("T1-DL-25", "T1-DL-26", "LIB-27")
@pytest.mark.parametrize("point", ["linked:1", "renamed:1"])
def test_a_file_that_got_its_name_is_finished_without_another_transfer(kill_home, judge, point):
    dead_at(point, kill_home)
    assert kill_home.count("library_items") == 0
    (named,) = [p for p in kill_home.home.music.glob("*/*/*") if p.is_file()]
    (track_id,) = [
        row[0]
        for row in kill_home.query("SELECT content_id, path FROM library_intents")
        if kill_home.home.music / row[1] == named
    ]
    kill_home.run("resume")
    assert len(kill_home.gets(track_id)) == 1
    judge.finds_all_in_order(kill_home, TRACKS)


@pytest.mark.requirement("T1-DL-19", "T1-DL-50")
def test_a_published_track_that_was_not_completed_is_completed_by_the_next_start(kill_home, judge):
    dead_at("published:1", kill_home)
    finished = {t.key for t in kill_home.tracks() if t.state == "finished"}
    assert finished
    assert kill_home.count("library_intents") == 0
    assert kill_home.completions() == {}
    kill_home.run("resume")
    for key in finished:
        assert len(kill_home.completions()[key]) == 1
        assert len(kill_home.gets(key[1])) == 1
    judge.finds_all_in_order(kill_home, TRACKS)


def completing(kill_home):
    (track,) = [t for t in kill_home.tracks() if t.state == "completing"]
    return track


def attempts_of(kill_home, key):
    (track,) = [t for t in kill_home.tracks() if t.key == key]
    return track.attempts


@pytest.mark.requirement("T1-DL-42")
def test_an_attempt_that_was_not_committed_does_not_count(kill_home, judge):
    assert dead_at("attempt not committed:2", kill_home)["completing"] == 0
    kill_home.run("resume")
    assert {track.attempts for track in kill_home.tracks() if track.state == "completed"} == {1}
    judge.finds_all_in_order(kill_home, TRACKS)


@pytest.mark.requirement("T1-DL-42")
@pytest.mark.parametrize(
    ("point", "seen_before"),
    [
        ("attempt committed:2", 0),
        ("in DownloadTrackComplete:2", 0),
        ("DownloadTrackComplete ends:2", 1),
        ("completion returned:2", 1),
    ],
)
def test_a_completion_that_was_cut_short_is_repeated_once(kill_home, judge, point, seen_before):
    assert dead_at(point, kill_home)["completed"] == 1
    cut = completing(kill_home)
    assert cut.attempts == 1
    assert len(kill_home.completions().get(cut.key, [])) == seen_before
    kill_home.run("resume")
    assert attempts_of(kill_home, cut.key) == 2
    assert len(kill_home.completions()[cut.key]) == seen_before + 1
    judge.finds_all_in_order(kill_home, TRACKS)


@pytest.mark.requirement("T1-DL-42")
def test_a_completion_that_was_committed_is_never_repeated(kill_home, judge):
    assert dead_at("completion committed:2", kill_home)["completed"] == 2
    kill_home.run("resume")
    assert {len(seen) for seen in kill_home.completions().values()} == {1}
    assert {track.attempts for track in kill_home.tracks() if track.state == "completed"} == {1}
    judge.finds_all_in_order(kill_home, TRACKS)


@pytest.mark.requirement("T1-DL-42")
def test_after_three_lost_attempts_a_completion_is_undeliverable(kill_home, judge):
    point = "in DownloadTrackComplete of 103:1"
    dead_at(point, kill_home)
    for attempt in (1, 2, 3):
        lost = completing(kill_home)
        assert (lost.track_id, lost.attempts) == (103, attempt)
        if attempt < 3:
            dead_at(point, kill_home, "resume", "")
    kill_home.run("resume")
    assert kill_home.states() == {"completed": 7, "undeliverable": 1}
    assert lost.key not in kill_home.completions()
    assert kill_home.request_states() == ["done"]
    judge.finds_library(kill_home, TRACKS)
    judge.finds_nothing_left(kill_home)
    judge.finds_completions(kill_home)


@pytest.mark.parametrize("point", ["recovered:1", "taken over:1"])
def test_a_start_that_is_killed_too_is_made_good_by_the_next(kill_home, judge, point):
    dead_at("renamed:1", kill_home)
    dead_at(point, kill_home, "resume", "")
    kill_home.run("resume")
    judge.finds_all_in_order(kill_home, TRACKS)
