"""A URL expires while bytes of its track lie there, and the Player dies at a named point.

Whatever the point, the next start ends what was begun: the store is told of the expiry once and
asked once, the bytes that lie there do not come again, and the track is filed once.
"""

import pytest

pytestmark = pytest.mark.long

TRACK = 103
WANTED = f"track:{TRACK}"
CUT_AT = 9_000
GONE = "BG_E_HTTP_ERROR_410"

BEFORE_THE_REQUEST = [
    "expiry committed:1",
    "attempt committed:1",
    "in DownloadTrackComplete of 103:1",
    "completion returned:1",
    "expiry told:1",
    "about to ask anew:1",
]
AFTER_THE_REQUEST = ["opened anew:1", "in Download:2"]
AFTER_THE_ANSWER = [
    "answer committed:2",
    "continuing:1",
    "continued:1",
    "intent committed:1",
    "linked:1",
    "renamed:1",
    "published:1",
    "in DownloadTrackComplete of 103:2",
    "completion returned:2",
]


@pytest.fixture
def expiring(kill_home, kill_store):
    """A home whose track breaks off at the first request, and is not there at the second."""
    kill_store.set_fault("drop-after", value=CUT_AT, track_id=TRACK, times=1)
    kill_store.set_fault("410", track_id=TRACK, times=1)
    return kill_home


def fetched(home):
    """What the store served of the track: from which byte on, and with which status."""
    return [(line["range"], line["status"]) for line in home.gets(TRACK)]


CUT, EXPIRED, REST = [(None, 200), (f"bytes={CUT_AT}-", 410), (f"bytes={CUT_AT}-", 206)]


def told(home):
    """The codes that the plug-in saw in completions, by the place of their transaction."""
    cookies = list(dict.fromkeys(line.cookie for line in home.tracks()))
    seen = home.completions()
    return {cookies.index(key[0]): {e.args["hr"] for e in seen[key]} for key in seen}


def finds_the_track_once(home, judge, *, asked=2):
    assert fetched(home) == [CUT, EXPIRED, REST]
    assert told(home) == {0: {GONE}, asked - 1: {"S_OK"}}
    assert len(home.tracks()) == asked
    judge.finds_all_in_order(home, {TRACK})


@pytest.mark.requirement("T1-DL-42", "T1-DL-45")
def test_nobody_dies(expiring, judge):
    expiring.run("download", WANTED)
    assert expiring.journal.count("Download") == 2
    finds_the_track_once(expiring, judge)


def test_an_expiry_that_was_not_committed_is_found_out_anew(expiring, judge, kill_store):
    expiring.run_until_cut("expiry not committed:1", "download", WANTED)
    kill_store.set_fault("410", track_id=TRACK, times=1)
    expiring.run("resume")
    assert fetched(expiring) == [CUT, EXPIRED, EXPIRED, REST]
    assert told(expiring) == {0: {GONE}, 1: {"S_OK"}}
    judge.finds_all_in_order(expiring, {TRACK})


@pytest.mark.requirement("T1-DL-42", "T1-DL-53")
@pytest.mark.parametrize("point", BEFORE_THE_REQUEST)
@pytest.mark.parametrize("verb", ["activate-and-wait", "resume"])
def test_a_death_before_the_store_is_asked_anew(expiring, judge, point, verb):
    expiring.run_until_cut(point, "download", WANTED)
    assert expiring.request_states() == ["open"]
    expiring.run(verb)
    finds_the_track_once(expiring, judge)


@pytest.mark.requirement("T1-DL-09", "T1-DL-45")
@pytest.mark.parametrize("point", AFTER_THE_REQUEST)
def test_a_death_before_the_answer_lets_resuming_ask_once_more(expiring, judge, point):
    expiring.run_until_cut(point, "download", WANTED)
    assert expiring.states() == {"unanswered": 1}
    expiring.run("resume")
    finds_the_track_once(expiring, judge, asked=3)


@pytest.mark.requirement("T1-DL-14", "T1-DL-25", "T1-DL-42")
@pytest.mark.parametrize("point", AFTER_THE_ANSWER)
def test_a_death_after_the_answer(expiring, judge, point):
    expiring.run_until_cut(point, "download", WANTED)
    expiring.run("activate-and-wait")
    finds_the_track_once(expiring, judge)


def test_two_deaths(expiring, judge):
    expiring.run_until_cut("expiry committed:1", "download", WANTED)
    expiring.run_until_cut("opened anew:1", "activate-and-wait")
    expiring.run("resume")
    finds_the_track_once(expiring, judge, asked=3)


@pytest.mark.requirement("T1-DL-53")
def test_a_download_that_is_cancelled_after_a_death_is_not_asked_for_anew(expiring, judge):
    expiring.run_until_cut("expiry told:1", "download", WANTED)
    expiring.mark_cancelling()
    expiring.run("activate-and-wait")
    expiring.run("activate")
    assert told(expiring) == {0: {GONE}}
    assert expiring.request_states() == ["cancelled"]
    assert expiring.journal.count("Download") == 1
    judge.finds_nothing_left(expiring)


@pytest.mark.requirement("T1-DL-42")
@pytest.mark.parametrize("point", ["expiry committed:1", "expiry told:1", "opened anew:1"])
def test_the_death_of_the_plug_in_loses_nothing(expiring, judge, point):
    expiring.run_past_cut(point, "download", WANTED)
    expiring.run("resume")
    # One more, where the store was asked through the instance that died.
    finds_the_track_once(expiring, judge, asked=len(expiring.tracks()))
    assert len(expiring.tracks()) in {2, 3}
