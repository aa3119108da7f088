"""`kill -9` at random moments of a download of sixty tracks: the Player, its plug-in, or both.

`KILL_ROUNDS` says how many moments (1) for each, `KILL_SEED` which ones. The seed fixes what is
waited for and how long; where a kill hits is measured and told at the end of the run.
"""

import os
import random
import time

import pytest

ROUNDS = int(os.environ.get("KILL_ROUNDS", "1"))
SEED = os.environ.get("KILL_SEED", "2005")
ITEMS = tuple(f"album:{n}" for n in (1, 2, 3, 4, 7, 9))
SIZES = {1: 8, 2: 8, 3: 8, 4: 10, 7: 12, 9: 14}
TRACKS = {album * 100 + n for album, size in SIZES.items() for n in range(1, size + 1)}
BYTES_PER_SECOND = 150_000
PARTNER = "kill_partner:Witness"
VICTIMS = ("player", "surrogate", "surrogate and player")
TWICE = 0.25
"""How often the resuming player, or its plug-in, is killed too."""
SPAN_S = 1.6
"""From the first call into the plug-in to a little after the last, when nothing is killed."""
SUCCESSION_S = 0.8
"""From the death of a plug-in to a little after the first calls into the next one."""
FAILED = 1
"""The status of a Player whose plug-in could not be started."""
PARTLY_DONE = 2


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


def wait_for_second_moment(dice):
    """Wait for a moment after the plug-in's death, or in the life of its successor."""
    delay = dice.choice([0, dice.uniform(0, SUCCESSION_S)])
    time.sleep(delay)
    return f"{delay:.3f} s later"


def strike(dice, kill_home, player, victims):
    """Kill each victim at a moment; return where each kill hit, and when it was."""
    moment = wait_for_moment(dice, kill_home, player)
    if victims == "player":
        return [(place_of(kill_home, kill_home.kill(player)), moment)]
    hits = [(place_of(kill_home, kill_home.kill_surrogate(player)), moment)]
    if victims == "surrogate":
        finds_a_player_that_went_on(kill_home, player)
        return hits
    moment = wait_for_second_moment(dice)
    # Without its plug-in the Player may have ended with less than all.
    was_running = kill_home.kill(player, ended={0, FAILED, PARTLY_DONE})
    return [*hits, (place_of(kill_home, was_running), moment)]


def place_of(kill_home, was_running):
    """Say where a kill has hit, by what the ledger holds."""
    return hit_place(kill_home) if was_running else "after the end"


def hit_place(kill_home):
    tracks = [track for track in kill_home.tracks() if not track.reopened]
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


def finds_a_player_that_went_on(kill_home, player):
    """Whatever became of its plug-in, the Player ends, and says how far it got."""
    status, complaint = kill_home.end_of(player)
    assert "unanswered" not in kill_home.states()
    if not kill_home.was_started:
        assert status == FAILED, complaint
    else:
        is_open = "open" in kill_home.request_states()
        assert status == (PARTLY_DONE if is_open else 0), complaint


@pytest.mark.requirement("T1-DL-25", "T1-DL-42", "T1-DL-50", "LIB-27")
@pytest.mark.parametrize("number", range(1, ROUNDS + 1))
@pytest.mark.parametrize("victims", VICTIMS)
def test_sixty_tracks_survive_a_kill(kill_home, judge, victims, number, record_property):
    dice = random.Random(f"{SEED}-{victims}-{number}")
    player = kill_home.begin_program("download", PARTNER, *ITEMS)
    hits = strike(dice, kill_home, player, victims)
    if dice.random() < TWICE and "open" in kill_home.request_states():
        player = kill_home.begin_program("downloads", "resume")
        hits += strike(dice, kill_home, player, victims)
    for place, moment in hits:
        record_property("kill", f"{victims}|{place}|round {number}: {moment}")

    requests = kill_home.request_states()
    if not requests:
        kill_home.run_program("download", PARTNER, *ITEMS)
    elif "open" in requests:
        kill_home.run_program("downloads", "resume")
    judge.finds_all_in_order(kill_home, TRACKS)
