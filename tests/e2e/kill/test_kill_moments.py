"""`kill -9` of the player at random moments of a download of sixty tracks.

`KILL_ROUNDS` says how many moments (4), `KILL_SEED` which ones. The seed fixes what is waited
for and how long; where a kill hits is measured and told at the end of the run.
"""

import os
import random
import time

import pytest

ROUNDS = int(os.environ.get("KILL_ROUNDS", "4"))
SEED = os.environ.get("KILL_SEED", "2005")
ITEMS = tuple(f"album:{n}" for n in (1, 2, 3, 4, 7, 9))
SIZES = {1: 8, 2: 8, 3: 8, 4: 10, 7: 12, 9: 14}
TRACKS = {album * 100 + n for album, size in SIZES.items() for n in range(1, size + 1)}
BYTES_PER_SECOND = 150_000
PARTNER = "kill_partner:Witness"
TWICE = 0.25
"""How often the resuming player is killed too."""
SPAN_S = 1.6
"""From the first call into the plug-in to a little after the last, when nothing is killed."""


@pytest.fixture(autouse=True)
def slow_store(kill_store):
    kill_store.set_fault("slow", value=BYTES_PER_SECOND)


def wait_for_moment(dice, kill_home, player):
    """Wait for a moment of the dice; return what it was."""
    kind = dice.choice(["time", "time", "answer", "answer", "completion", "order"])
    if kind == "time":
        delay = dice.uniform(0, SPAN_S)
        before = kill_home.journal.count("SetCallback")
        kill_home.journal.wait_for("SetCallback", before + 1, player)
        time.sleep(delay)
        return f"{delay:.3f} s after SetCallback"
    call = {"answer": "DownloadTrack", "completion": "DownloadTrackComplete", "order": "Download"}
    more = 1 if kind == "order" else dice.randint(1, len(TRACKS) - 1)
    count = kill_home.journal.count(call[kind]) + more
    kill_home.journal.wait_for(call[kind], count, player)
    return f"after {call[kind]} number {count}"


def place_of(kill_home):
    """Say where a kill has hit, by what the ledger holds."""
    tracks = kill_home.tracks()
    answered = sum(t.state not in {"unanswered", "abandoned"} for t in tracks)
    completed = sum(t.state == "completed" for t in tracks)
    if not tracks:
        return "before the request"
    if not answered:
        return "before the first answer"
    if completed == len(TRACKS):
        return "after the last completion"
    if answered < len(TRACKS):
        return "between answers"
    if not completed:
        return "after the last answer"
    return "between completions"


@pytest.mark.requirement("T1-DL-25", "T1-DL-42", "T1-DL-50", "LIB-27")
@pytest.mark.parametrize("number", range(1, ROUNDS + 1))
def test_sixty_tracks_survive_a_kill(kill_home, judge, number, record_property):
    dice = random.Random(f"{SEED}-{number}")
    player = kill_home.begin_program("download", PARTNER, *ITEMS)
    moments = [wait_for_moment(dice, kill_home, player)]
    was_running = kill_home.kill(player)
    place = place_of(kill_home) if was_running else "after the end"
    if dice.random() < TWICE and "open" in kill_home.request_states():
        player = kill_home.begin_program("downloads", "resume")
        moments.append(wait_for_moment(dice, kill_home, player))
        kill_home.kill(player)
    record_property("kill", f"{place}|{number}: {', then '.join(moments)}")

    requests = kill_home.request_states()
    if not requests:
        kill_home.run_program("download", PARTNER, *ITEMS)
    elif "open" in requests:
        kill_home.run_program("downloads", "resume")
    judge.finds_all_in_order(kill_home, TRACKS)
